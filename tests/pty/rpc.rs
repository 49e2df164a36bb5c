//! ^C during remote procedure calls: a caller who waits for an answer, a server, and a procedure in its middle.

use crate::terminal::*;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

const CALC: &str = include_str!("../../examples/rpc/calc.x");

/// A server that hears calls and never answers: each way to call it, and its connections.
struct Silent {
    tcp: TcpListener,
    unix: UnixListener,
    udp: UdpSocket,
}

impl Silent {
    fn new(home: &Path) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let unix = UnixListener::bind(home.join("sock")).expect("a socket file");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        tcp.set_nonblocking(true).expect("a socket");
        unix.set_nonblocking(true).expect("a socket");
        udp.set_nonblocking(true).expect("a socket");
        Self { tcp, unix, udp }
    }

    fn calls(&self) -> Vec<String> {
        let tcp = self.tcp.local_addr().expect("an address").port();
        let udp = self.udp.local_addr().expect("an address").port();
        vec![
            format!("rpc call -H 127.0.0.1:{tcp} calc.x::ADD 1 2"),
            format!("rpc call -T udp -t 1000 -H 127.0.0.1:{udp} calc.x::ADD 1 2"),
            String::from("rpc call -T unix -H sock calc.x::ADD 1 2"),
            format!("rpc call 127.0.0.1:{tcp} 77 1 1"),
            format!("rpc ping -T udp -t 1000 127.0.0.1:{udp} 77"),
            format!("rpc import -H 127.0.0.1:{tcp} calc.x; ADD 1 2"),
            format!("rpc call json+tcp:127.0.0.1:{tcp} m 1"),
            format!("rpc call json+http://127.0.0.1:{tcp}/ m 1"),
            String::from("rpc call json+unix:sock m 1"),
            String::from("rpc batch json+unix:sock batch"),
        ]
    }

    /// Wait for a call; what becomes of its connection.
    fn call(&self, t: &mut Terminal) -> Box<dyn Read> {
        let mut connection: Option<Box<dyn Read>> = None;
        let time = Some(Duration::from_secs(40));
        t.until("the call", |_| {
            if let Ok((stream, _)) = self.tcp.accept() {
                stream.set_read_timeout(time).expect("a time");
                connection = Some(Box::new(stream));
            } else if let Ok((stream, _)) = self.unix.accept() {
                stream.set_read_timeout(time).expect("a time");
                connection = Some(Box::new(stream));
            } else if self.udp.recv(&mut [0; 100]).is_ok() {
                connection = Some(Box::new(std::io::empty()));
            }
            connection.is_some()
        });
        connection.expect("a call")
    }
}

/// The caller has sent its call, if anything, and then closed the connection.
fn is_closed(mut connection: Box<dyn Read>) -> bool {
    match connection.read_to_end(&mut Vec::new()) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn descriptors(t: &Terminal) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", t.pid())).expect("the shell runs").count()
}

#[test]
fn a_call_that_is_not_answered() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("calc.x", CALC).file("batch", "[]").start();
    let silent = Silent::new(t.home());
    for call in silent.calls() {
        let before = (t.run("ls"), descriptors(&t));
        t.line(&format!("{call}; echo rest"));
        let connection = silent.call(&mut t);
        t.key(CTRL_C);
        t.prompt();
        assert_eq!(t.run("echo $?"), "130", "{call}");
        assert!(is_closed(connection), "{call}");
        assert_eq!((t.run("ls"), descriptors(&t)), before, "{call}");
        assert!(!t.text().contains("\nrest"), "{call}: {}", t.text());
        t.run("clear");
    }
    t.exit();
}

/// The trap runs once the call has ended, and the rest of the line is executed.
#[test]
fn a_trap_for_the_interrupt_of_a_call() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("calc.x", CALC).file("batch", "[]").start();
    let silent = Silent::new(t.home());
    t.run("trap 'echo caught' INT");
    for call in silent.calls() {
        t.line(&format!("{call}; echo status $?"));
        let connection = silent.call(&mut t);
        t.key(CTRL_C);
        t.see("status 130");
        t.prompt();
        assert!(t.text().contains("caught\n"), "{call}: {}", t.text());
        assert!(is_closed(connection), "{call}");
        t.run("clear");
    }
    t.exit();
}

/// Servers: idle, and in the middle of a procedure. The socket file goes, and a client is hung up on.
#[test]
fn a_server_is_interrupted() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("calc.x", CALC).start();
    t.run("ADD() { echo working >/dev/tty; sleep 1000; }; m() { ADD; }");
    let before = descriptors(&t);
    for (bind, call) in [
        ("-b unix:sock calc.x", "rpc call -T unix -H sock calc.x::ADD 1 2"),
        ("-t 1000 -b unix:sock calc.x", "rpc call -T unix -H sock calc.x::ADD 1 2"),
        ("json+unix:sock m", "rpc call json+unix:sock m"),
    ] {
        for trap in ["trap - INT", "trap 'echo caught' INT"] {
            for busy in [false, true] {
                let case = format!("{bind}, {trap}, busy: {busy}");
                t.run(trap);
                if busy {
                    t.run(&format!(
                        "{{ until {call} 2>/dev/null; [ $? -ne 18 ]; do :; done; echo $? >result; }} & caller=$!"
                    ));
                }
                t.line(&format!("rpc serve {bind}"));
                let socket = t.home().join("sock");
                match busy {
                    true if bind.starts_with("-t") => t.see("working"),
                    // The program of the procedure has the terminal.
                    true => drop(t.in_job()),
                    false => t.until("the socket file", |_| socket.exists()),
                }
                t.key(CTRL_C);
                if busy && !bind.starts_with("-t") && trap.contains("caught") {
                    // The key is for the group that has the terminal, and with a trap the shell goes on behind a program that has ended by it.
                    let result = t.home().join("result");
                    t.until("the end of the call", |_| result.exists());
                    t.key(CTRL_C);
                }
                t.prompt();
                // Behind it the end of the caller may be told.
                assert_eq!(t.run("echo $?").lines().next(), Some("130"), "{case}");
                assert!(!socket.exists(), "{case}");
                assert_eq!(t.text().contains("caught\n"), trap.contains("caught"), "{case}: {}", t.text());
                if busy {
                    t.run("kill $caller 2>/dev/null; wait $caller; rm -f result");
                }
                t.run("clear");
            }
        }
    }
    // One for $!.
    assert!(descriptors(&t) <= before + 1);
    t.until("the end of all procedures", |t| t.session().is_empty());
    assert_eq!(t.run("trap - INT; ls"), "calc.x");
    t.exit();
}

/// The same in a script, which the key ends, or whose trap it runs.
#[test]
fn a_script_is_interrupted() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("calc.x", CALC).file("batch", "[]").start();
    let silent = Silent::new(t.home());
    let shell = shell();
    for call in silent.calls() {
        for (trap, shown) in [("", "130\n"), ("trap \"echo caught\" INT; ", "caught\n130 rest\n0\n")] {
            t.line(&format!("{} -c '{trap}{call}; echo $? rest'", shell.display()));
            let connection = silent.call(&mut t);
            t.key(CTRL_C);
            t.prompt();
            t.run("echo $?");
            assert!(is_closed(connection), "{trap}{call}");
            let text = t.text();
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains("]$")).collect();
            let lines = lines.join("\n").replace("^C", "") + "\n";
            assert!(lines.ends_with(shown), "{trap}{call}: {lines:?}");
            t.run("clear");
        }
    }
    let serve = format!("{} -c 'm() {{ :; }}; rpc serve json+unix:place m; echo rest'", shell.display());
    t.line(&serve);
    let socket = t.home().join("place");
    t.until("the socket file", |_| socket.exists());
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("echo $?; ls"), "130\nbatch  calc.x  sock");
    t.exit();
}
