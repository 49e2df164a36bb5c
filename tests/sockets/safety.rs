//! What must not be left behind, opened to the network, or shown to a terminal.

use super::handlers::{children, memory};
use super::*;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};

#[test]
fn loopback_unless_told_otherwise() {
    let dir = Dir::new();
    for (arguments, address) in [
        ("-lvn 0", "127.0.0.1"),
        ("-lvn -p 0", "127.0.0.1"),
        ("-luvn 0", "127.0.0.1"),
        ("-6lvn 0", "::1"),
        ("-lvn -s 0.0.0.0 0", "0.0.0.0"),
        ("-lvn 0.0.0.0 0", "0.0.0.0"),
    ] {
        let mut server = Running::start(&mut dir.shell(&format!("nc {arguments}")));
        let line = server.line();
        assert!(line.contains(&format!(" on {address} ")), "{arguments}: {line}");
    }
    for (family, address) in [("inet", "127.0.0.1:"), ("inet6", "[::1]:")] {
        let end = run(&mut dir.shell(&format!("sock socket s {family} stream; sock bind $s :0; sock getsockname $s")));
        assert!(end.text().starts_with(address), "{}{}", end.text(), end.err);
    }
    let port = free_port();
    let receiver = Running::start(&mut dir.shell(&format!("recv tcp::{port}")));
    sleeps(&receiver);
    let name = format!("0100007F:{port:04X} 00000000:0000 0A");
    let table = || fs::read_to_string("/proc/net/tcp").expect("the table of connections");
    until("it listens on the loopback interface", || table().contains(&name));
}

#[test]
fn socket_files() {
    let dir = Dir::new();
    // The user's mask, and gone after the end.
    for (umask, mode) in [("077", 0o700), ("027", 0o750)] {
        let mut server = Running::start(&mut dir.shell(&format!("umask {umask}; nc -lvU s")));
        while !server.line().starts_with("Listening") {}
        let metadata = fs::symlink_metadata(dir.0.join("s")).expect("it is there");
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
        drop(UnixStream::connect(dir.0.join("s")).expect("it listens"));
        assert_eq!(server.end().status, 0);
        assert!(!dir.has("s"));
    }
    // Removed whatever ends the server, also when the directory has changed since.
    for (signal, code) in [
        (Signal::SIGTERM, "nc -lvU s"),
        (Signal::SIGHUP, "nc -lvkU s"),
        (Signal::SIGINT, "nc -lvkU --exec : s"),
        (Signal::SIGQUIT, "nc -lvuU s"),
        (Signal::SIGTERM, "nc -lv --seqpacket s"),
        (Signal::SIGTERM, "trap 'echo trapped; exit 4' TERM; nc -lvU s"),
    ] {
        let mut server = Running::start(&mut dir.shell(code));
        let begun = if code.contains("-lvuU") { "Bound" } else { "Listening" };
        while !server.line().starts_with(begun) {}
        assert!(dir.has("s"));
        server.signal(signal);
        let end = server.end();
        let expected = if code.starts_with("trap") { 4 } else { 128 + signal as i32 };
        assert_eq!(end.status, expected, "{code}: {}", end.err);
        assert!(!dir.has("s"), "{code}");
    }
}

/// The numbers of standard descriptors that are closed stay free: what is received does not go back to the peer.
#[test]
fn a_closed_output_is_not_the_connection() {
    let dir = Dir::new();
    for (closed, status) in [(">&-", 1), ("<&- >&-", 1), ("<&- -W 1", 0)] {
        let mut server = Running::start(&mut dir.shell(&format!("nc -lnv 0 {closed}")));
        let mut client = connect(server.port());
        client.write_all(b"hello\n").expect("it is sent");
        client.shutdown(std::net::Shutdown::Write).expect("it is connected");
        let mut back = Vec::new();
        // It may break the connection.
        let _ = client.read_to_end(&mut back);
        let end = server.end();
        assert_eq!((end.status, String::from_utf8_lossy(&back)), (status, "".into()), "{closed}: {}", end.err);
        assert_eq!(end.err.contains("EBADF"), status == 1, "{closed}: {}", end.err);
    }
}

/// The first process of a container is spared signals that have their default action, and goes on: each of its waits ends by one.
#[test]
fn signals_end_each_waiting_of_the_first_process() {
    let dir = Dir::new();
    let code = "(for i in 1 2 3; do until [ -S s$i ]; do :; done; kill -TERM 1; done) &\nfor i in 1 2 3; do nc -lU s$i; echo $i $?; done";
    let unshare =
        |command: &[&str]| run(dir.program("unshare").args(["-pf", "--mount-proc", "--kill-child"]).args(command));
    if !has("unshare") || unshare(&["true"]).status != 0 {
        println!("skipped: needs unshare, and the permission to use it");
        return;
    }
    let end = unshare(&[env!("CARGO_BIN_EXE_ipcsh"), "-c", code]);
    assert_eq!(end.text(), "1 143\n2 143\n3 143\n", "{}", end.err);
    assert!(!dir.has("s3"));
}

#[test]
fn what_is_at_the_path_already() {
    let dir = Dir::new();
    // No socket: untouched.
    dir.file("file", "precious");
    fs::create_dir(dir.0.join("directory")).expect("a directory");
    std::os::unix::fs::symlink("file", dir.0.join("link")).expect("a link");
    for path in ["file", "directory", "link"] {
        let end = run(&mut dir.shell(&format!("nc -lU {path}")));
        assert_eq!(end.status, 1);
        assert!(end.err.contains("EADDRINUSE"), "{path}: {}", end.err);
        assert!(dir.has(path));
    }
    assert_eq!(fs::read(dir.0.join("file")).expect("it is untouched"), b"precious");
    // A socket that somebody listens at: untouched.
    let live = UnixListener::bind(dir.0.join("live")).expect("a socket");
    assert_eq!(run(&mut dir.shell("nc -lU live")).status, 1);
    assert!(dir.has("live"));
    // One that is left over: taken over.
    drop(live);
    let mut server = Running::start(&mut dir.shell("nc -lvU live"));
    while !server.line().starts_with("Listening") {}
    assert_eq!(run(&mut dir.shell("echo hi | nc -U live")).status, 0);
    assert_eq!(server.end().text(), "hi\n");
    // One that has been replaced meanwhile belongs to somebody else.
    let mut server = Running::start(&mut dir.shell("nc -lvkU s"));
    while !server.line().starts_with("Listening") {}
    fs::remove_file(dir.0.join("s")).expect("it is there");
    let _other = UnixListener::bind(dir.0.join("s")).expect("a socket");
    server.signal(Signal::SIGTERM);
    server.end();
    assert!(dir.has("s"));
}

/// Wait until the process sleeps: what it has announced has begun.
pub(crate) fn sleeps(server: &Running) {
    let stat = format!("/proc/{}/stat", server.pid());
    until("it sleeps", || fs::read_to_string(&stat).is_ok_and(|text| text.contains(") S ")));
}

#[test]
fn signals_end_the_waiting() {
    let dir = Dir::new();
    for nc in [
        "nc -lnv 0",
        "nc -lnvk 0",
        "nc -lnvk --exec : 0",
        "nc -lunv 0",
        "nc -lunvk 0",
        "nc -lunvk --exec : 0",
        "sock socket s inet stream; sock bind $s 127.0.0.1:0; sock listen $s; echo go >&2; sock accept c $s",
        "sock socket s inet dgram; sock bind $s 127.0.0.1:0; echo go >&2; sock recv $s",
    ] {
        // A trapped signal: its action, 128 + n, and the script goes on.
        let mut server = Running::start(&mut dir.shell(&format!("trap 'echo usr1' USR1; {nc}; echo $?")));
        server.line();
        sleeps(&server);
        server.signal(Signal::SIGUSR1);
        let end = server.end();
        assert_eq!(end.text(), "usr1\n138\n", "{nc}: {}", end.err);
        // ^C: the script ends as by SIGINT.
        let mut server = Running::start(&mut dir.shell(&format!("{nc}; echo $?")));
        server.line();
        sleeps(&server);
        server.signal(Signal::SIGINT);
        let end = server.end();
        assert_eq!((end.status, &*end.text()), (130, ""), "{nc}");
    }
}

/// A conversation is interrupted too, from either side, whatever it waits for.
#[test]
fn signals_end_a_conversation() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    for code in [
        format!("nc 127.0.0.1 {port}"),
        format!("yes | nc 127.0.0.1 {port}"),
        format!("nc 127.0.0.1 {port} </dev/zero"),
    ] {
        let mut client = dir.shell(&format!("trap 'exit 9' TERM; {code}"));
        let client = Running::start(client.stdin(Stdio::piped()));
        let connection = listener.accept().expect("it connects").0;
        if code.contains("yes") {
            // It is the stage of the pipeline that talks; the trap is the parent's, which waits for it.
            killpg(client.pid(), Signal::SIGTERM).expect("the group is there");
        } else {
            client.signal(Signal::SIGTERM);
        }
        let status = client.end().status;
        assert!(status == 9 || status == 143, "{code}: {status}");
        drop(connection);
    }
}

/// The end of a server is the end of its handlers, and of what they have started.
#[test]
fn handlers_end_with_their_server() {
    let dir = Dir::new();
    for stubborn in ["", "trap '' TERM; "] {
        let code = format!(
            "f() {{ {stubborn}echo $$ here; sh -c '{stubborn}echo started $$; exec sleep 1000'; }}; nc -lnv -k --exec f 0"
        );
        let mut server = Running::start(&mut dir.shell(&code));
        let port = server.port();
        let mut client = BufReader::new(connect(port));
        let mut line = String::new();
        client.read_line(&mut line).expect("it is served");
        line.clear();
        client.read_line(&mut line).expect("it has started a program");
        let program: i32 = line.trim().rsplit(' ').next().and_then(|pid| pid.parse().ok()).expect("a process id");
        assert_eq!(children(server.pid()).len(), 1);
        server.signal(Signal::SIGTERM);
        assert_eq!(server.wait(), 143);
        until("the program has gone", || {
            let state = fs::read_to_string(format!("/proc/{program}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        });
    }
}

#[test]
fn a_slow_reader_costs_no_memory() {
    let dir = Dir::new();
    for source in ["</dev/zero", "<big", "-C </dev/zero", "--hex </dev/zero"] {
        let file = fs::File::create(dir.0.join("big")).expect("a file");
        file.set_len(1 << 30).expect("a sparse file");
        let mut server = dir.shell(&format!("nc -lnv 0 {source}; :"));
        let mut server = Running::start(&mut server);
        let mut client = connect(server.port());
        let mut buffer = vec![0; 1 << 20];
        // With --hex it waits for the reader of its dump at once.
        let pieces = if source.contains("hex") { 0 } else { 16 };
        for _ in 0..pieces {
            assert!(client.read(&mut buffer).expect("it sends") > 0);
        }
        let peak = memory(server.pid(), "VmHWM:");
        assert!(peak < 20_000, "{source}: {peak} KiB");
        // Also while it waits for the reader of its dump.
        server.signal(Signal::SIGTERM);
        assert_eq!(server.wait(), 143, "{source}");
    }
}

#[test]
fn a_dump_shows_no_control_characters() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv --hex 0"));
    let port = server.port();
    let nasty: Vec<u8> = (0..=255).chain(*b"\x1b]0;owned\x07\x1b[2J").collect();
    converse(connect(port), &nasty);
    let out = server.end().out;
    assert!(out.iter().all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte)), "{}", String::from_utf8_lossy(&out));
    assert!(out.starts_with(b"< 00000000  00 01 02"));
    let mut server = Running::start(&mut dir.shell("nc -lnv 0"));
    let port = server.port();
    let client = run(&mut dir.shell(&format!("printf 'hi\\n' | nc -C --hex 127.0.0.1 {port}")));
    // What is sent, and not what was read.
    assert_eq!(client.text(), format!("> 00000000  68 69 0d 0a{:39}|hi..|\n", ""));
    assert_eq!(server.end().text(), "hi\r\n");
}

/// A reader that has gone ends a writer, as in any pipeline.
#[test]
fn a_closed_output_ends_it() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv 0 | head -c 5"));
    let mut client = connect(server.port());
    let block = vec![b'x'; 1 << 16];
    while client.write_all(&block).is_ok() {}
    assert_eq!(server.end().text(), "xxxxx");
}
