//! `nc` at a prompt is a job as a program is: ^Z stops it, `fg` and `bg` go on with it, ^C ends it and removes what it has made. What is to
//! leave something in the shell stays in the shell.

use crate::terminal::*;
use nix::unistd::Pid;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

#[test]
fn a_listener_is_stopped_and_goes_on() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    for command in ["nc -lnv 0", "command nc -lnv 0 2>&1"] {
        t.run("clear");
        t.line(command);
        let job = t.in_job();
        t.see("Listening on 127.0.0.1 ");
        t.key(CTRL_Z);
        t.prompt();
        t.stopped(job);
        let told = t.run("echo $?; jobs");
        let state = told.strip_prefix("148\n[1] + Stopped nc -lnv 0");
        assert!(state.is_some(), "{told}");
        t.line("fg");
        assert_eq!(t.in_job(), job);
        let row = t.rows().into_iter().find(|row| row.starts_with("Listening on")).expect("it was seen");
        let port = row.rsplit(' ').next().and_then(|port| port.parse::<u16>().ok()).expect("a port");
        let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        client.write_all(b"hello\n").expect("it is sent");
        t.see("hello");
        t.line("well done");
        let mut answer = [0; 10];
        client.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"well done\n");
        drop(client);
        t.prompt();
        assert_eq!(t.run("echo $?"), "0");
    }
    t.exit();
}

#[test]
fn a_client_in_the_background_leaves_the_input_to_the_shell() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
    server.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let port = server.local_addr().expect("it is bound").port();
    let hears = |text: &str| {
        let mut buffer = [0; 100];
        let (length, peer) = server.recv_from(&mut buffer).expect("a datagram");
        assert_eq!(&buffer[..length], text.as_bytes());
        peer
    };
    t.line(&format!("nc -u 127.0.0.1 {port}"));
    let job = t.in_job();
    t.line("one");
    hears("one\n");
    t.key(CTRL_Z);
    t.prompt();
    t.stopped(job);
    t.run("bg");
    // What is typed now is not its, and the kernel stops who tries to read it.
    t.line("sleep 1000");
    t.until("it runs", |t| t.foreground().is_some_and(|group| group != job && group != t.pid()));
    t.line("two");
    t.stopped(job);
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("jobs"), format!("[1] + Stopped (SIGTTIN) nc -u 127.0.0.1 {port}"));
    t.line("fg");
    assert_eq!(t.in_job(), job);
    t.line("three");
    let peer = hears("three\n");
    server.send_to(b"and back\n", peer).expect("it is sent");
    t.see("and back");
    t.key(CTRL_C);
    t.prompt();
    t.gone(job);
    assert_eq!(t.run("echo $?"), "130");
    t.exit();
}

#[test]
fn a_file_is_removed_by_an_interrupt_and_a_hang_up() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.line("nc -lU s");
    t.in_job();
    let file = t.home().join("s");
    t.until("it listens", |_| file.exists());
    t.key(CTRL_C);
    t.prompt();
    assert!(!file.exists());
    t.line("nc -lU s");
    t.in_job();
    t.until("it listens", |_| file.exists());
    t.key(CTRL_Z);
    t.prompt();
    assert_eq!(t.run("kill %1; wait %1; echo $?; ls"), "143");
    t.line("nc -lU s");
    t.in_job();
    t.until("it listens", |_| file.exists());
    let mut closed = t.hang_up();
    closed.wait();
    wait_until("its file is removed", || !closed.home().join("s").exists());
}

#[test]
fn what_concerns_the_shell_stays_in_it() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("it is bound").port();
    t.line(&format!("nc --fd c 127.0.0.1 {port}; nc --exec 'read -r x' 127.0.0.1 {port}"));
    let first = server.accept().expect("it connects").0;
    let mut second = server.accept().expect("it connects").0;
    second.write_all(b"a line\n").expect("it is sent");
    t.prompt();
    assert_eq!(t.run("echo \"$x\"; echo hi >&$c; sock close $c"), "a line");
    let mut text = String::new();
    (&first).read_to_string(&mut text).expect("text");
    assert_eq!(text, "hi\n");
    t.exit();
}

/// Continued for a signal that ends it, it ends: it does not read again first, which would stop it once more.
#[test]
fn what_was_stopped_for_input_ends_at_the_first_kill() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("it is bound").port();
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let (tcp_client, udp_port) = (format!("nc 127.0.0.1 {port}"), udp.local_addr().expect("it is bound").port());
    let (udp_client, framed) =
        (format!("nc -u 127.0.0.1 {udp_port}"), format!("nc -u --framed=nul 127.0.0.1 {udp_port}"));
    for command in [&*tcp_client, &*udp_client, &*framed, "recv fd:0", "send udp:127.0.0.1:9", "read x"] {
        t.run("clear");
        t.line(&format!("{command} &"));
        t.prompt();
        let told = t.run("echo $!");
        let job = Pid::from_raw(
            told.lines().next().unwrap_or_default().trim().parse().unwrap_or_else(|_| panic!("a process id: {told}")),
        );
        // (One that does not read: the input has to wait for the job. ^C takes it away.)
        t.line("sleep 1000");
        t.until("it runs", |t| t.foreground().is_some_and(|group| group != job && group != t.pid()));
        t.line("typed");
        t.stopped(job);
        t.key(CTRL_C);
        t.prompt();
        t.run("kill %1");
        t.line("wait");
        t.prompt();
        t.gone(job);
        assert_eq!(t.run("jobs"), "", "{command}");
    }
    t.exit();
}
