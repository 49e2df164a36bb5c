//! What `nc` prints and returns: netcat-openbsd's lines, and an errno with its symbol.

use super::*;

/// Status and a part of standard error, for calls that end by themselves.
#[test]
fn failures_are_told() {
    let dir = Dir::new();
    dir.file("file", "x");
    let refused = free_port();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("it is bound").port();
    let long = "x".repeat(120);
    let cases: &[(String, i32, &str)] = &[
        (
            format!("127.0.0.1 {refused}"),
            1,
            "nc: connect to 127.0.0.1 port PORT (tcp) failed: Connection refused (ECONNREFUSED)",
        ),
        (format!("-vz 127.0.0.1 {refused}"), 1, "(tcp) failed: Connection refused (ECONNREFUSED)"),
        (
            format!("-l 127.0.0.1 {taken}"),
            1,
            "cannot listen on 127.0.0.1 port PORT: Address already in use (EADDRINUSE)",
        ),
        ("nosuch.invalid 1".into(), 1, "getaddrinfo for host \"nosuch.invalid\" port 1: "),
        (
            "-n localhost 1".into(),
            1,
            "getaddrinfo for host \"localhost\" port 1: Name or service not known (EAI_NONAME)",
        ),
        ("-4 ::1 1".into(), 1, "getaddrinfo for host \"::1\" port 1: "),
        ("-l 192.0.2.1 0".into(), 1, "cannot listen on 192.0.2.1 port 0: "),
        ("-s 192.0.2.1 127.0.0.1 1".into(), 1, "bind failed: "),
        ("-U none".into(), 1, "none: No such file or directory (ENOENT)"),
        ("-U file".into(), 1, "file: Connection refused (ECONNREFUSED)"),
        ("-lU file".into(), 1, "cannot listen on file: Address already in use (EADDRINUSE)"),
        ("-lU none/s".into(), 1, "cannot listen on none/s: No such file or directory (ENOENT)"),
        (format!("-lU {long}"), 1, "ENAMETOOLONG"),
        ("-Q".into(), 1, "-Q: invalid option"),
        ("--frob".into(), 1, "--frob: invalid option"),
        ("-w".into(), 1, "-w: option requires an argument"),
        ("-w x 127.0.0.1 1".into(), 1, "timeout invalid: x"),
        ("-w -1 127.0.0.1 1".into(), 1, "timeout too small: -1"),
        ("-q x 127.0.0.1 1".into(), 1, "quit timer invalid: x"),
        ("-i x 127.0.0.1 1".into(), 1, "interval invalid: x"),
        ("-W 0 127.0.0.1 1".into(), 1, "receive limit too small: 0"),
        ("-O 0 127.0.0.1 1".into(), 1, "TCP send window too small: 0"),
        ("127.0.0.1 0".into(), 1, "port number too small: 0"),
        ("127.0.0.1 70000".into(), 1, "port number too large: 70000"),
        ("127.0.0.1 5-a".into(), 1, "port number invalid: a"),
        ("127.0.0.1 nosuchservice".into(), 1, "port number invalid: nosuchservice"),
        ("127.0.0.1".into(), 1, "missing port number"),
        ("-l".into(), 1, "missing port number"),
        ("-l -z 1".into(), 1, "cannot use -z and -l"),
        ("-k 127.0.0.1 1".into(), 1, "must use -l with -k"),
        ("-FU x".into(), 1, "cannot use -F and -U"),
        ("-x proxy 127.0.0.1 1".into(), 1, "use the program: env nc -x"),
        ("--framed=words -u 127.0.0.1 1".into(), 1, "line, nul or len expected"),
    ];
    for (arguments, status, message) in cases {
        let end = run(&mut dir.shell(&format!("nc {arguments}")));
        let message = message.replace("PORT", arguments.rsplit(' ').next().unwrap_or_default());
        assert_eq!(end.status, *status, "{arguments}: {}", end.err);
        assert!(end.err.contains(&message), "{arguments}: {:?} is not in {:?}", message, end.err);
        assert!(end.out.is_empty(), "{arguments}");
    }
    assert_eq!(fs::read(dir.0.join("file")).expect("it is untouched"), b"x");
    // A scan without -v only answers by its status.
    let end = run(&mut dir.shell(&format!("nc -z 127.0.0.1 {refused}")));
    assert_eq!((end.status, &*end.err), (1, ""));
    assert_eq!(run(&mut dir.shell("nc --help")).status, 0);
}

#[test]
fn what_verbose_says() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lvn 0"));
    let line = server.line();
    let port: u16 = line.strip_prefix("Listening on 127.0.0.1 ").and_then(|port| port.parse().ok()).expect("the port");
    let client = run(&mut dir.shell(&format!("nc -vn 127.0.0.1 {port}")));
    assert_eq!(client.err, format!("Connection to 127.0.0.1 {port} port [tcp/*] succeeded!\n"));
    assert!(server.line().starts_with("Connection received on 127.0.0.1 "));
    assert_eq!(server.end().status, 0);

    let mut server = Running::start(&mut dir.shell("nc -luvn -W 1 0"));
    let line = server.line();
    let port = line.strip_prefix("Bound on 127.0.0.1 ").expect("the port").to_owned();
    let client = run(&mut dir.shell(&format!("echo x | nc -uvn -q 0 127.0.0.1 {port}")));
    assert_eq!(client.err, format!("Connection to 127.0.0.1 {port} port [udp/*] succeeded!\n"));
    assert!(server.line().starts_with("Connection received on 127.0.0.1 "));
    assert_eq!(server.end().text(), "x\n");

    let mut server = Running::start(&mut dir.shell("nc -lvU s"));
    assert_eq!((server.line(), server.line()), ("Bound on s".into(), "Listening on s".into()));
    assert_eq!(run(&mut dir.shell("nc -U s")).status, 0);
    assert_eq!(server.line(), "Connection received on s");
}

/// The lines of netcat-openbsd itself, where it is installed.
#[test]
fn netcat_openbsd_says_the_same() {
    if !has("nc.openbsd") {
        return;
    }
    let dir = Dir::new();
    let open = TcpListener::bind("127.0.0.1:0").expect("a port");
    let open = open.local_addr().expect("it is bound").port();
    let refused = free_port();
    for arguments in [
        format!("-vz 127.0.0.1 {open}"),
        format!("-vzn 127.0.0.1 {open}"),
        format!("-vz -w 5 localhost {open}"),
        format!("-vz 127.0.0.1 {refused}"),
        format!("-vz 127.0.0.1 {refused} {open}"),
        "-n localhost 1".to_owned(),
        "-w x 127.0.0.1 1".to_owned(),
        "127.0.0.1 70000".to_owned(),
        "-l -z 1".to_owned(),
    ] {
        let theirs = run(dir.program("nc.openbsd").args(arguments.split(' ')));
        let ours = run(&mut dir.shell(&format!("nc {arguments}")));
        assert_eq!(ours.status, theirs.status, "{arguments}");
        for line in theirs.err.lines().map(|line| line.replace("nc.openbsd: ", "nc: ")) {
            assert!(ours.err.contains(&line), "{arguments}: {line:?} is not in {:?}", ours.err);
        }
    }
}

#[test]
fn a_connection_that_is_reset() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let mut client = dir.shell(&format!("nc 127.0.0.1 {port}"));
    let client = Running::start(client.stdin(Stdio::piped()));
    let (connection, _) = listener.accept().expect("the client connects");
    // Closing with SO_LINGER 0 sends a reset.
    let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    nix::sys::socket::setsockopt(&connection, nix::sys::socket::sockopt::Linger, &linger).expect("linger");
    drop(connection);
    let end = client.end();
    assert_eq!(end.status, 1);
    assert!(end.err.contains("Connection reset by peer (ECONNRESET)"), "{}", end.err);
}

#[test]
fn time_limits() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    // Nothing is said from either side.
    let mut idle = dir.shell(&format!("nc -w 0.2 127.0.0.1 {port}"));
    let mut idle = Running::start(idle.stdin(Stdio::piped()));
    assert_eq!(idle.wait(), 0);
    // The input has ended, and the peer stays.
    assert_eq!(run(&mut dir.shell(&format!("nc -q 0.1 127.0.0.1 {port}"))).status, 0);
    let (_socket, port) = udp_at_port();
    assert_eq!(run(&mut dir.shell(&format!("echo | nc -u -q 0 127.0.0.1 {port}"))).status, 0);
}

#[test]
fn ranges_and_lists_of_ports() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let open = listener.local_addr().expect("it is bound").port();
    let (low, high) = (open.saturating_sub(3).max(1), open.saturating_add(3));
    for random in ["", "r"] {
        let end = run(&mut dir.shell(&format!("nc -zvn{random} 127.0.0.1 {low}-{high}")));
        assert_eq!(end.status, 0);
        assert!(end.err.contains(&format!("Connection to 127.0.0.1 {open} port [tcp/*] succeeded!\n")), "{}", end.err);
    }
    let refused = free_port();
    let end = run(&mut dir.shell(&format!("nc -zvn 127.0.0.1 {refused} {open}")));
    assert_eq!(end.status, 0, "{}", end.err);
}

/// A shell in a network of its own, in which one network is unreachable and there is no way to any other.
fn in_own_network(dir: &Dir, code: &str) -> Option<Command> {
    let set_up = "ip link set lo up && ip route add unreachable 192.0.2.0/24";
    if !has("unshare") || !has("ip") {
        return None;
    }
    if run(dir.program("unshare").args(["-rn", "sh", "-c", set_up])).status != 0 {
        println!("skipped: needs network namespaces");
        return None;
    }
    let mut command = dir.program("unshare");
    command.args(["-rn", "sh", "-c", &format!("{set_up}; exec \"$0\" -c \"$1\"")]);
    command.args([env!("CARGO_BIN_EXE_ipcsh"), code]);
    Some(command)
}

#[test]
fn unreachable_hosts() {
    let dir = Dir::new();
    for (host, symbol, words) in
        [("192.0.2.1", "EHOSTUNREACH", "No route to host"), ("10.1.2.3", "ENETUNREACH", "Network is unreachable")]
    {
        for (code, message) in [
            ("nc HOST 80", "nc: connect to HOST port 80 (tcp) failed: WORDS (SYMBOL)"),
            ("nc -v HOST 80", "nc: connect to HOST port 80 (tcp) failed: WORDS (SYMBOL)"),
            ("nc -uv HOST 80", "nc: connect to HOST port 80 (udp) failed: WORDS (SYMBOL)"),
            ("nc -zv HOST 80", "nc: connect to HOST port 80 (tcp) failed: WORDS (SYMBOL)"),
            ("send tcp:HOST:80 x", "send: tcp:HOST:80: SYMBOL: WORDS"),
            ("send udp:HOST:80 x", "send: udp:HOST:80: SYMBOL: WORDS"),
            (": </dev/tcp/HOST/80", "cannot open /dev/tcp/HOST/80: WORDS (SYMBOL)"),
            ("sock socket s inet stream; sock connect $s HOST:80", "sock: connect: HOST:80: SYMBOL: WORDS"),
        ] {
            let filled = |text: &str| text.replace("HOST", host).replace("SYMBOL", symbol).replace("WORDS", words);
            let Some(mut command) = in_own_network(&dir, &filled(code)) else { return };
            let end = run(&mut command);
            assert_eq!(end.status, 1, "{}: {}", filled(code), end.err);
            assert!(end.err.contains(&filled(message)), "{}: {}", filled(code), end.err);
        }
    }
}

/// A server whose queue of connections is full does not answer: the time limit ends the connecting.
#[test]
fn a_connect_that_takes_too_long() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).expect("it is in range")).expect("a backlog");
    let _taken = connect(port);
    for (code, status, message) in [
        (format!("nc -w 0.3 127.0.0.1 {port}"), 1, format!("nc: connect to 127.0.0.1 port {port} (tcp) timed out")),
        (format!("nc -zv -w 0.3 127.0.0.1 {port}"), 1, format!("port {port} (tcp) timed out")),
        (format!("send -t 0.3 tcp:127.0.0.1:{port} x"), 124, format!("send: tcp:127.0.0.1:{port}: timed out")),
        (format!("send -n tcp:127.0.0.1:{port} x"), 3, "send: tcp:127.0.0.1:".to_owned()),
    ] {
        let end = run(&mut dir.shell(&code));
        assert_eq!(end.status, status, "{code}: {}", end.err);
        assert!(end.err.contains(&message), "{code}: {}", end.err);
    }
    // ^C ends it at once, in every command.
    for code in [
        format!("nc 127.0.0.1 {port}"),
        format!("send tcp:127.0.0.1:{port} x"),
        format!(": </dev/tcp/127.0.0.1/{port}"),
        format!("sock socket s inet stream; sock connect $s 127.0.0.1:{port}"),
    ] {
        let client = Running::start(&mut dir.shell(&format!("echo go >&2; {code}")));
        super::safety::sleeps(&client);
        client.signal(Signal::SIGINT);
        assert_eq!(client.end().status, 130, "{code}");
    }
}

/// A reset in the middle, for those who receive.
#[test]
fn a_reset_is_an_error_for_receivers() {
    let dir = Dir::new();
    for code in [
        "nc -lnv 0",
        "recv -a tcp:127.0.0.1:PORT",
        "sock socket s inet stream; sock bind $s 127.0.0.1:PORT; sock listen $s; sock accept c $s; sock recv $c; sock recv $c",
    ] {
        let port = free_port();
        let mut server = Running::start(&mut dir.shell(&code.replace("PORT", &port.to_string())));
        let port = if code.starts_with("nc") { server.port() } else { port };
        let mut client = None;
        until("it listens", || {
            client = TcpStream::connect(("127.0.0.1", port)).ok();
            client.is_some()
        });
        let mut client = client.expect("it is connected");
        client.write_all(b"some").expect("it is taken");
        let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        nix::sys::socket::setsockopt(&client, nix::sys::socket::sockopt::Linger, &linger).expect("linger");
        drop(client);
        let end = server.end();
        assert_eq!(end.status, 1, "{code}: {}", end.err);
        assert!(end.err.contains("ECONNRESET") && end.err.contains("Connection reset by peer"), "{code}: {}", end.err);
    }
}
