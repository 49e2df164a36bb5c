//! `--exec`: commands of the shell that serve connections.

use super::*;

#[test]
fn one_connection_is_served_in_the_shell_itself() {
    let dir = Dir::new();
    let code = "f() { read -r word rest; echo \"got $word\"; }\n\
                nc -lnv --exec f 0; echo \"$? $word $rest [$NC_PROTO]\"; f <<E\nstill here\nE";
    let mut server = Running::start(&mut dir.shell(code));
    let port = server.port();
    assert_eq!(converse(connect(port), b"hello you there\n"), b"got hello\n");
    // The variables of the handler stay, those about the connection do not, and 0 and 1 are what they were.
    assert_eq!(server.end().text(), "0 hello you there []\ngot still\n");
}

/// `exit` ends the handler, as it does in a process of its own; but a trap's `exit` ends the shell.
#[test]
fn exit_in_a_handler_is_its_status() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv --exec 'echo hi; exit 3' 0; echo \"status $?\""));
    assert_eq!(converse(connect(server.port()), b""), b"hi\n");
    assert_eq!(server.end().text(), "status 3\n");
    let code =
        "trap 'echo trapped; exit 5' USR1; nc -lnv --exec 'kill -USR1 $$; echo not reached >&2' 0; echo not reached";
    let mut server = Running::start(&mut dir.shell(code));
    assert_eq!(converse(connect(server.port()), b""), b"trapped\n");
    assert_eq!(server.end().text(), "");
}

/// A variable that cannot be set is found before there is a peer.
#[test]
fn a_read_only_variable_is_refused_before_anybody_connects() {
    let dir = Dir::new();
    for command in ["nc -lnv --fd R 0", "nc -lnv --port R 0", "recv -v R unix-dgram:s", "sock socket R inet stream"] {
        let end = run(&mut dir.shell(&format!("readonly R=1; {command}")));
        assert!(end.err.contains("R: is read only") && !end.err.contains("Listening"), "{command}: {}", end.err);
        // The call is none that its usage would make right.
        assert_eq!((end.status, end.err.lines().count()), (1, 1), "{command}: {}", end.err);
    }
}

#[test]
fn a_handler_knows_its_connection() {
    let dir = Dir::new();
    let code = "f() { env | grep ^NC_ | sort; }; nc -lnv -k --exec f 0";
    let mut server = Running::start(&mut dir.shell(code));
    let port = server.port();
    let client = connect(port);
    let own = client.local_addr().expect("it is connected").port();
    let expected = format!(
        "NC_LOCAL_ADDR=127.0.0.1\nNC_LOCAL_PORT={port}\nNC_PROTO=tcp\nNC_REMOTE_ADDR=127.0.0.1\nNC_REMOTE_PORT={own}\n"
    );
    assert_eq!(String::from_utf8_lossy(&converse(client, b"")), expected);
}

/// Nothing but 0, 1 and 2 (and what `ls` opens), also with many other connections open.
#[test]
fn handlers_get_no_other_descriptors() {
    let dir = Dir::new();
    for listen in ["-lnv -k", "-lnv"] {
        let mut server = Running::start(&mut dir.shell(&format!("nc {listen} --exec 'ls /proc/self/fd' 0")));
        let port = server.port();
        assert_eq!(converse(connect(port), b""), b"0\n1\n2\n3\n", "{listen}");
        if listen.contains('k') {
            // A function sees the same: it is executed by the handler's shell itself.
            let others: Vec<TcpStream> = (0..5).map(|_| connect(port)).collect();
            assert_eq!(converse(connect(port), b""), b"0\n1\n2\n3\n");
            drop(others);
        }
    }
    let mut server = Running::start(&mut dir.shell("f() { for d in /proc/$$/fd/*; do :; done; nc -h >/dev/null; read -r x; ls /proc/self/fd; }; nc -lunv -k --exec f 0"));
    let socket = udp(server.port());
    socket.send(b"go\n").expect("it is sent");
    assert_eq!(receive(&socket), b"0\n1\n2\n3\n");
}

/// Hanging, dying and crashing handlers harm their own connection only.
#[test]
fn handlers_do_not_harm_one_another() {
    let dir = Dir::new();
    let code = "f() { read -r what; case $what in hang) read -r never;; exit) exit 3;; kill) kill -KILL $NC_SELF;; \
                crash) sh -c 'kill -SEGV $PPID';; error) nosuchcommand;; *) echo fine;; esac; }\nnc -lnv -k --exec f 0";
    let mut server = Running::start(&mut dir.shell(code));
    let port = server.port();
    let mut hanging = connect(port);
    hanging.write_all(b"hang\n").expect("it is taken");
    for _ in 0..3 {
        for what in ["exit\n", "crash\n", "error\n"] {
            let _ = converse(connect(port), what.as_bytes());
        }
        assert_eq!(converse(connect(port), b"well\n"), b"fine\n");
    }
    hanging.write_all(b"now\n").expect("it is still there");
    let mut rest = Vec::new();
    hanging.read_to_end(&mut rest).expect("its own end");
    assert!(rest.is_empty());
}

#[test]
fn at_most_so_many_and_so_long() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv -k --max 1 --exec 'echo here; read -r x; echo \"$x\"' 0"));
    let port = server.port();
    let mut one = connect(port);
    let mut line = [0; 5];
    one.read_exact(&mut line).expect("it is served");
    // The second one is connected by the kernel, but served only when the first is through.
    let mut two = connect(port);
    two.set_read_timeout(Some(Duration::from_millis(100))).expect("a time limit");
    assert!(two.read_exact(&mut line).is_err());
    assert_eq!(converse(one, b"bye\n"), b"bye\n");
    two.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    two.read_exact(&mut line).expect("now it is served");
    assert_eq!(&line, b"here\n");

    let mut server = Running::start(&mut dir.shell("nc -lnv -k -w 0.2 --exec 'echo here; sleep 1000' 0"));
    let mut silent = connect(server.port());
    let mut all = Vec::new();
    silent.read_to_end(&mut all).expect("it is ended");
    assert_eq!(all, b"here\n");
}

/// What a client still sends does not destroy the answer of a handler that reads only a part of it.
#[test]
fn an_answer_survives_unread_data() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv -k --exec 'read -r x; echo \"answer to $x\"' 0"));
    let port = server.port();
    for _ in 0..5 {
        let mut message = b"this\n".to_vec();
        message.extend(noise(4 << 20, 11));
        assert_eq!(converse(connect(port), &message), b"answer to this\n");
    }
}

#[test]
fn received_bytes_are_never_executed() {
    let dir = Dir::new();
    let code = "f() { while IFS= read -r line; do echo \"$line\"; [ \"$line\" = \"x\" ]; x=$line; done; }; nc -lnv -k --exec f 0";
    let mut server = Running::start(&mut dir.shell(code));
    let port = server.port();
    let nasty = b"$(touch made)\n`touch made`\n; touch made\n'; touch made; '\n${x:=$(touch made)}\n\x01\x02\xff\n";
    assert_eq!(converse(connect(port), nasty), nasty);
    assert!(!dir.has("made"));
}

/// A thousand connections at once; afterwards no process and no descriptor is left, and the server has not grown.
#[test]
fn a_thousand_connections_at_once() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if hard < 3000 || setrlimit(Resource::RLIMIT_NOFILE, hard.min(8192), hard).is_err() {
        println!("skipped: needs 3000 descriptors");
        return;
    }
    let (_, processes) = getrlimit(Resource::RLIMIT_NPROC).expect("a limit");
    if processes < 4000 {
        println!("skipped: needs 4000 processes");
        return;
    }
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv -k --exec 'read -r x; echo \"$x\"' 0"));
    let port = server.port();
    let pid = server.pid();
    let descriptors = || fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    let before = descriptors();
    let mut all: Vec<TcpStream> = (0..1000).map(|_| connect(port)).collect();
    for (number, stream) in all.iter_mut().enumerate() {
        stream.write_all(format!("{number}\n").as_bytes()).expect("it is taken");
    }
    for (number, mut stream) in all.into_iter().enumerate() {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is served");
        assert_eq!(answer, format!("{number}\n"));
    }
    until("the descriptors are closed", || descriptors() == before);
    until("the handlers are collected", || children(pid).is_empty());
    let memory = memory(pid, "VmRSS:");
    assert!(memory < 20_000, "{memory} KiB");
}

/// The children of a process.
pub(crate) fn children(pid: Pid) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// A figure in KiB from /proc/PID/status.
pub(crate) fn memory(pid: Pid, field: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = text.lines().find(|line| line.starts_with(field)).expect("the field is there");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
