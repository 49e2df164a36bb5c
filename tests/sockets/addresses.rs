//! `send` and `recv` on the addresses of sockets: against other programs in both directions, and every status.

use super::*;
use std::os::unix::net::{UnixDatagram, UnixListener};

/// A script with the address or port of the test in it, run by sh; skipped when its program is missing.
fn script(dir: &Dir, program: &str, code: &str, port: u16) -> Option<Command> {
    if !has(program) {
        return None;
    }
    let mut command = dir.program("sh");
    command.arg("-c").arg(code.replace("PORT", &port.to_string()));
    Some(command)
}

/// What sends `hello` (on streams with a newline, and more behind it) and ends.
const SENDERS: &[(&str, &str, &str)] = &[
    ("tcp:127.0.0.1:PORT", "nc.openbsd", "printf 'hello\\nmore\\n' | nc.openbsd -N 127.0.0.1 PORT"),
    ("tcp:127.0.0.1:PORT", "socat", "printf 'hello\\nmore\\n' | socat - TCP:127.0.0.1:PORT"),
    ("tcp:127.0.0.1:PORT", "ncat", "printf 'hello\\nmore\\n' | ncat --send-only 127.0.0.1 PORT"),
    ("tcp::PORT", "bash", "bash -c 'printf \"hello\\nmore\\n\" >/dev/tcp/127.0.0.1/PORT'"),
    ("tcp:[::1]:PORT", "nc.openbsd", "printf 'hello\\nmore\\n' | nc.openbsd -N ::1 PORT"),
    ("tcp:localhost:PORT", "python3", "python3 send.py INET STREAM localhost PORT"),
    ("tcp:[::1]:PORT", "python3", "python3 send.py INET6 STREAM ::1 PORT"),
    ("udp:127.0.0.1:PORT", "nc.openbsd", "printf hello | nc.openbsd -u -q 0 127.0.0.1 PORT"),
    ("udp:127.0.0.1:PORT", "socat", "printf hello | socat - UDP:127.0.0.1:PORT"),
    ("udp::PORT", "bash", "bash -c 'printf hello >/dev/udp/127.0.0.1/PORT'"),
    ("udp:[::1]:PORT", "python3", "python3 send.py INET6 DGRAM ::1 PORT"),
    ("unix:s", "nc.openbsd", "printf 'hello\\nmore\\n' | nc.openbsd -N -U s"),
    ("unix:s", "socat", "printf 'hello\\nmore\\n' | socat - UNIX-CONNECT:s"),
    ("unix:s", "python3", "python3 send.py UNIX STREAM s"),
    ("unix-dgram:s", "socat", "printf hello | socat - UNIX-SENDTO:s"),
    ("unix-dgram:s", "python3", "python3 send.py UNIX DGRAM s"),
    ("unix-seq:s", "socat", "printf hello | socat - UNIX-CONNECT:s,type=5"),
    ("unix-seq:s", "python3", "python3 send.py UNIX SEQPACKET s"),
    ("unix:@ipcsh-PORT", "socat", "printf 'hello\\nmore\\n' | socat - ABSTRACT-CONNECT:ipcsh-PORT"),
    ("unix-dgram:@ipcsh-PORT", "socat", "printf hello | socat - ABSTRACT-SENDTO:ipcsh-PORT"),
];

/// `send.py FAMILY TYPE HOST PORT | PATH`
const SEND: &str = "import socket, sys\n\
    family, kind, *name = sys.argv[1:]\n\
    s = socket.socket(getattr(socket, 'AF_' + family), getattr(socket, 'SOCK_' + kind))\n\
    s.connect(name[0] if family == 'UNIX' else (name[0], int(name[1])))\n\
    s.sendall(b'hello\\nmore\\n' if kind == 'STREAM' else b'hello')\n";

/// `recv.py FAMILY TYPE HOST PORT | PATH`: print everything of one connection, or two messages.
const RECV: &str = "import socket, sys\n\
    family, kind, *name = sys.argv[1:]\n\
    s = socket.socket(getattr(socket, 'AF_' + family), getattr(socket, 'SOCK_' + kind))\n\
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
    s.bind(name[0].replace('@', '\\0') if family == 'UNIX' else (name[0], int(name[1])))\n\
    if kind != 'DGRAM':\n    s.listen(); s, _ = s.accept()\n\
    if kind == 'STREAM':\n    print(s.makefile().read(), end='')\n\
    else:\n    print(s.recv(100).decode(), s.recv(100).decode(), sep='\\n')\n";

#[test]
fn from_other_programs() {
    let dir = Dir::new();
    dir.file("send.py", SEND);
    for (address, program, code) in SENDERS {
        let port = free_port();
        let Some(mut sender) = script(&dir, program, code, port) else { continue };
        let address = address.replace("PORT", &port.to_string());
        let mut receiver = Running::start(&mut dir.shell(&format!("recv {address}")));
        // Before the receiver is there, the sender is refused or sends into nothing.
        until(code, || {
            run(&mut sender);
            receiver.child.try_wait().expect("it is a child").is_some()
        });
        let end = receiver.end();
        assert_eq!((end.status, &*end.text()), (0, "hello\n"), "{code}: {}", end.err);
        assert!(!dir.has("s"), "{code}");
    }
}

/// What receives `hello` and `world`.
const RECEIVERS: &[(&str, &str, &str)] = &[
    ("tcp:127.0.0.1:PORT", "nc.openbsd", "nc.openbsd -l 127.0.0.1 PORT"),
    ("tcp:localhost:PORT", "ncat", "ncat -l 127.0.0.1 PORT"),
    ("tcp:127.0.0.1:PORT", "socat", "socat -u TCP-LISTEN:PORT,bind=127.0.0.1,reuseaddr -"),
    ("tcp:[::1]:PORT", "nc.openbsd", "nc.openbsd -6 -l ::1 PORT"),
    ("tcp::PORT", "python3", "python3 recv.py INET STREAM 127.0.0.1 PORT"),
    ("udp:127.0.0.1:PORT", "python3", "python3 recv.py INET DGRAM 127.0.0.1 PORT"),
    ("udp::PORT", "python3", "python3 recv.py INET DGRAM 127.0.0.1 PORT"),
    ("udp:localhost:PORT", "python3", "python3 recv.py INET DGRAM 127.0.0.1 PORT"),
    ("udp:[::1]:PORT", "python3", "python3 recv.py INET6 DGRAM ::1 PORT"),
    ("udp:127.0.0.1:PORT", "nc.openbsd", "nc.openbsd -l -u -W 2 127.0.0.1 PORT"),
    ("unix:s", "nc.openbsd", "nc.openbsd -l -U s"),
    ("unix:s", "socat", "socat -u UNIX-LISTEN:s -"),
    ("unix:s", "python3", "python3 recv.py UNIX STREAM s"),
    ("unix-dgram:s", "python3", "python3 recv.py UNIX DGRAM s"),
    ("unix-seq:s", "python3", "python3 recv.py UNIX SEQPACKET s"),
    ("unix-dgram:@ipcsh-PORT", "python3", "python3 recv.py UNIX DGRAM @ipcsh-PORT"),
];

#[test]
fn to_other_programs() {
    let dir = Dir::new();
    dir.file("recv.py", RECV);
    for (address, program, code) in RECEIVERS {
        let port = free_port();
        let _ = fs::remove_file(dir.0.join("s"));
        let Some(mut receiver) = script(&dir, program, code, port) else { continue };
        let receiver = Running::start(receiver.stdin(Stdio::piped()));
        let address = address.replace("PORT", &port.to_string());
        until(code, || {
            let end = run(&mut dir.shell(&format!("send {address} hello world")));
            assert!(matches!(end.status, 0 | 4), "{code}: {} {}", end.status, end.err);
            end.status == 0
        });
        let text = receiver.end().text();
        // netcat puts datagrams together.
        let expected = if code.contains("-W 2") { "helloworld" } else { "hello\nworld\n" };
        assert_eq!(text, expected, "{code}");
    }
}

/// Both at the prompt, with all that `recv` can print.
#[test]
fn what_recv_prints() {
    let dir = Dir::new();
    for (options, message, printed) in [
        ("", "'a b'", "a b\n"),
        ("-c 2", "one two", "one\ntwo\n"),
        ("-x", "abc", "616263\n"),
        ("-o '%l:%m;'", "abc", "3:abc;"),
        ("-j", "'say \"hi\"'", "{\"message\":\"say \\\"hi\\\"\",\"length\":8"),
    ] {
        for address in ["tcp:127.0.0.1:PORT", "udp:127.0.0.1:PORT", "unix:s", "unix-dgram:s", "unix-seq:s"] {
            let address = address.replace("PORT", &free_port().to_string());
            let receiver = Running::start(&mut dir.shell(&format!("recv {options} {address}")));
            let sender =
                run(&mut dir.shell(&format!("until send {address} {message} 2>err; do [ $? -eq 4 ] || exit; done")));
            assert_eq!(sender.status, 0, "{address}");
            let end = receiver.end();
            assert_eq!(end.status, 0, "{options} {address}: {}", end.err);
            assert!(end.text().starts_with(printed), "{options} {address}: {:?}", end.text());
        }
    }
    // The end of a message on a stream: a newline, a NUL, or the stream's own.
    for (send, receive, printed) in [
        ("send unix:s 'a\nb'", "recv unix:s", "a\n"),
        ("send -0 unix:s 'a\nb' c", "recv -0 -c 2 unix:s", "a\nb\0c\0"),
        ("printf 'a\nb' | send -a unix:s", "recv -a -o '%m|' unix:s", "a\nb|\n"),
        ("printf 'a\nb' | send -l unix:s", "recv -c 2 unix:s", "a\nb\n"),
    ] {
        let receiver = Running::start(&mut dir.shell(receive));
        until(receive, || dir.has("s"));
        assert_eq!(run(&mut dir.shell(&format!("until {send} 2>err; do :; done"))).status, 0);
        assert_eq!(receiver.end().text(), printed, "{send}");
    }
    // Variables.
    let receiver = Running::start(&mut dir.shell("recv -v x unix-dgram:s; echo \"$? [$x] $RECV_LEN\""));
    until("it receives", || dir.has("s"));
    assert_eq!(run(&mut dir.shell("send unix-dgram:s 'two\nlines\n'")).status, 0);
    assert_eq!(receiver.end().text(), "0 [two\nlines\n] 10\n");
}

#[test]
fn statuses() {
    let dir = Dir::new();
    let refused = free_port();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let busy = listener.local_addr().expect("it is bound").port();
    let _queue = UnixDatagram::bind(dir.0.join("full")).expect("a socket");
    let backlog = UnixListener::bind(dir.0.join("live")).expect("a socket");
    nix::sys::socket::listen(&backlog, nix::sys::socket::Backlog::new(0).expect("it is in range")).expect("a backlog");
    dir.file("file", "precious");
    let cases: &[(String, i32, &str)] = &[
        ("recv -n tcp:127.0.0.1:0".into(), 3, "EAGAIN"),
        ("recv -n udp:127.0.0.1:0".into(), 3, "EAGAIN"),
        ("recv -n unix:s".into(), 3, "EAGAIN"),
        ("recv -n unix-dgram:s".into(), 3, "EAGAIN"),
        ("recv -n unix-seq:s".into(), 3, "EAGAIN"),
        ("recv -t 0.05 tcp:[::1]:0".into(), 124, "timed out"),
        ("recv -t 0.05 udp:[::1]:0".into(), 124, "timed out"),
        ("recv -t 0.05 unix:s".into(), 124, "timed out"),
        ("recv -t 0.05 unix-dgram:@ipcsh-statuses".into(), 124, "timed out"),
        ("recv -t 0.05 unix-seq:s".into(), 124, "timed out"),
        (format!("send tcp:127.0.0.1:{refused} x"), 4, "ECONNREFUSED: Connection refused"),
        (format!("send -n tcp:[::1]:{refused} x"), 4, "ECONNREFUSED"),
        (format!("send udp:127.0.0.1:{refused} x"), 4, "ECONNREFUSED"),
        ("send unix:none x".into(), 4, "unix:none: ENOENT: No such file or directory"),
        ("send unix-dgram:none x".into(), 4, "ENOENT"),
        ("send unix-seq:@ipcsh-none x".into(), 4, "ECONNREFUSED"),
        ("send tcp:nosuch.invalid:1 x".into(), 4, "tcp:nosuch.invalid:1: EAI_NONAME: Name or service not known"),
        ("recv udp:nosuch.invalid:1".into(), 4, "EAI_NONAME: Name or service not known"),
        (format!("recv tcp:127.0.0.1:{busy}"), 1, "EADDRINUSE: Address already in use"),
        ("recv tcp:192.0.2.1:1".into(), 1, "EADDRNOTAVAIL"),
        ("recv unix:file".into(), 1, "EADDRINUSE"),
        ("recv unix:live".into(), 1, "EADDRINUSE"),
        // The queue of datagrams, of connections, and of bytes is full.
        ("while send -n unix-dgram:full x; do :; done; send -n unix-dgram:full x".into(), 3, "EAGAIN"),
        ("send -t 0.05 unix-dgram:full x".into(), 124, "timed out"),
        (format!("head -c 50000000 /dev/zero | send -n tcp:127.0.0.1:{busy}"), 3, "of 50000001 bytes were sent"),
        (format!("head -c 50000000 /dev/zero | send -t 0.1 tcp:127.0.0.1:{busy}"), 124, "timed out"),
        ("while send -n unix:live x; do :; done; send -n unix:live x".into(), 3, "EAGAIN"),
        ("send -t 0.05 unix:live x".into(), 124, "timed out"),
        ("send tcp:127.0.0.1 x".into(), 2, "takes HOST:PORT"),
        ("send tcp:::1:80 x".into(), 2, "IPv6 address as [::1]:PORT"),
        ("recv -T 1 tcp:127.0.0.1:1".into(), 2, "-T is for System V queues"),
        ("send -a udp:127.0.0.1:1 x".into(), 2, "-a is for byte streams"),
        (format!("recv unix:{}", "x".repeat(108)), 2, "1 to 107 bytes"),
    ];
    for (code, status, message) in cases {
        let end = run(&mut dir.shell(code));
        assert_eq!(end.status, *status, "{code}: {}", end.err);
        assert!(end.err.contains(message), "{code}: {}", end.err);
        assert!(!dir.has("s"), "{code}");
    }
    assert_eq!(fs::read(dir.0.join("file")).expect("it is untouched"), b"precious");
    if nix::unistd::geteuid().is_root() {
        println!("skipped: needs a user without privileges");
        return;
    }
    let end = run(&mut dir.shell(
        "mkdir -m 0 closed; send unix:closed/s x; a=$?; recv unix:closed/s; b=$?; chmod 700 closed; echo $a $b",
    ));
    assert_eq!(end.text(), "5 5\n", "{}", end.err);
}

/// Whatever ends the waiting, the file is gone and the status says what it was.
#[test]
fn signals_end_recv() {
    let dir = Dir::new();
    for address in ["unix:s", "unix-dgram:s", "unix-seq:s"] {
        for (signal, trap, status) in [
            (Signal::SIGINT, "", 130),
            (Signal::SIGTERM, "", 143),
            (Signal::SIGHUP, "", 129),
            (Signal::SIGTERM, "trap 'echo trapped; exit 7' TERM; ", 7),
            (Signal::SIGUSR1, "trap 'echo trapped' USR1; ", 128 + 10),
        ] {
            let receiver =
                Running::start(&mut dir.shell(&format!("umask 027; {trap}recv {address}; s=$?; [ -S s ]; exit $s")));
            until("it listens", || dir.has("s"));
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.0.join("s")).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o750, "{address}");
            receiver.signal(signal);
            let end = receiver.end();
            assert_eq!(end.status, status, "{address} {signal}: {}", end.err);
            assert_eq!(end.text().contains("trapped"), !trap.is_empty());
            assert!(!dir.has("s"), "{address} {signal}");
        }
    }
}
