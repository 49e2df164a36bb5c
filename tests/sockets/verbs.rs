//! `sock`, `--fd`, `--port`, `/dev/tcp` and `/dev/udp`.

use super::*;

#[test]
fn the_lectures_server_line_by_line() {
    let dir = Dir::new();
    let code = "sock socket s inet stream && sock setsockopt $s SO_REUSEADDR 1 && sock bind $s 127.0.0.1:0 && sock listen $s 5\n\
                sock getsockname $s >&2\n\
                sock accept c $s; sock recv $c; sock send $c 'well done'; sock getpeername $c >&2; sock shutdown $c wr\n\
                sock recv $c; echo \"end $?\"; sock close $c; sock close $s; sock send $c x";
    let mut server = Running::start(&mut dir.shell(code));
    let address = server.line();
    let port: u16 = address.strip_prefix("127.0.0.1:").and_then(|port| port.parse().ok()).expect("an address");
    let client = connect(port);
    let own = client.local_addr().expect("it is connected").to_string();
    assert_eq!(converse(client, b"hello\n"), b"well done");
    assert_eq!(server.line(), own);
    let end = server.end();
    assert_eq!(end.text(), "hello\nend 1\n");
    assert_eq!(end.status, 1);
    assert!(end.err.contains("sock: send: EBADF: "), "{}", end.err);
}

#[test]
fn every_type_of_socket() {
    let dir = Dir::new();
    for (family, kind, address) in [
        ("inet", "dgram", "127.0.0.1:0"),
        ("inet6", "dgram", "[::1]:0"),
        ("unix", "dgram", "file"),
        ("unix", "dgram", "@abstract-$$"),
    ] {
        let code = format!(
            "sock socket s {family} {kind} && sock bind $s {address} && a=$(sock getsockname $s) && sock socket c {family} {kind} &&\n\
             sock sendto $c $a 'one
two' && sock sendto $c $a '' && sock connect $c $a && sock send $c three &&\n\
             sock recv $s 5 && echo && sock recv $s && echo && sock recv $s && echo"
        );
        let end = run(&mut dir.shell(&code));
        assert_eq!(end.text(), "one\nt\n\nthree\n", "{family} {kind} {address}: {}", end.err);
    }
    for kind in ["stream", "seqpacket"] {
        let code = format!(
            "sock socket s unix {kind} && sock bind $s f-{kind} && sock listen $s && sock socket c unix {kind} && sock connect $c f-{kind} &&\n\
             sock accept a $s && sock send $c one && sock send $c two && sock recv $a; echo; sock close $c; sock recv $a; echo; sock recv $a"
        );
        let end = run(&mut dir.shell(&code));
        let expected = if kind == "stream" { "onetwo\n\n" } else { "one\ntwo\n" };
        assert_eq!((&*end.text(), end.status), (expected, 1), "{kind}: {}", end.err);
    }
}

#[test]
fn failed_calls_name_the_function_and_errno() {
    let dir = Dir::new();
    for (code, status, message) in [
        ("sock recv 1", 1, "sock: recv: ENOTSOCK: "),
        ("sock recv 99", 1, "EBADF"),
        ("sock socket s inet seqpacket", 1, "sock: socket: E"),
        ("sock socket s inet stream; sock recv $s", 1, "sock: recv: ENOTCONN: "),
        ("sock socket s inet stream; sock accept c $s", 1, ": EINVAL: Invalid argument (not listening: sock listen "),
        ("sock socket s inet stream; sock bind $s 192.0.2.1:1", 1, "sock: bind: 192.0.2.1:1: EADDRNOTAVAIL: "),
        ("sock socket s inet stream; sock connect $s nosuch.invalid:1", 1, "sock: getaddrinfo: nosuch.invalid:1: EAI_"),
        (
            "sock socket s inet stream; sock bind $s 127.0.0.1:nosuch",
            1,
            "sock: getaddrinfo: 127.0.0.1:nosuch: EAI_SERVICE: Servname not supported",
        ),
        (
            "sock socket s inet dgram; sock sendto $s [::1]:9 x",
            1,
            "sock: getaddrinfo: [::1]:9: EAI_ADDRFAMILY: Address family",
        ),
        ("sock socket s inet dgram; sock sendto $s 127.0.0.1:65536 x", 1, ": EAI_SERVICE: port number too large"),
        ("sock socket s unix stream; sock connect $s none", 1, "sock: connect: none: ENOENT: "),
        ("sock socket s inet dgram; sock listen $s", 1, ": EOPNOTSUPP: "),
        (
            "sock socket s inet stream; sock bind $s 127.0.0.1:0; sock bind $s 127.0.0.1:0",
            1,
            "sock: bind: 127.0.0.1:0: EINVAL: Invalid argument (it has a name already: sock getsockname)",
        ),
        (
            "sock socket s unix stream; sock bind $s @twice-$$; sock bind $s @twice-$$",
            1,
            "EINVAL: Invalid argument (it has a name already",
        ),
        ("sock socket s inet stream; sock bind s 127.0.0.1:0", 2, "s: descriptor expected; did you mean $s?\nusage: "),
        ("sock socket s inet stream; sock accept c s", 2, "s: descriptor expected; did you mean $s?\n"),
        ("s=text; sock listen s", 2, "s: descriptor expected\n"),
        ("sock socket s inet stream; sock setsockopt $s REUSEADDR 1", 2, "no such option; did you mean SO_REUSEADDR?"),
        ("sock socket s inet stream; sock setsockopt $s nodelay 1", 2, "no such option; did you mean TCP_NODELAY?"),
        ("sock socket s inet dgram; sock sendto $s 255.255.255.255:9 x", 1, "sock: sendto: 255.255.255.255:9: E"),
        (
            "sock socket s inet stream; sock setsockopt $s SO_RCVTIMEO 0.05; sock setsockopt $s SO_FROB 1",
            2,
            "no such option",
        ),
        (
            "sock socket s inet dgram; sock bind $s 127.0.0.1:0; sock setsockopt $s SO_RCVTIMEO 0.05; sock recv $s",
            1,
            "EAGAIN",
        ),
        ("sock", 2, "verb expected"),
        ("sock frob", 2, "no such verb\nusage: sock socket|bind|"),
        ("sock -x", 2, "no such verb\nusage: sock socket|bind|"),
        ("sock connect", 2, "descriptor expected\nusage: sock bind|connect FD ADDR\n"),
        ("sock socket 1x inet stream", 2, "bad variable name"),
        ("sock socket s ipx stream", 2, "inet, inet6 or unix expected"),
        ("sock socket s inet stream; sock bind $s nowhere", 2, "HOST:PORT expected"),
        ("readonly s; sock socket s inet stream", 1, "read only"),
        ("sock close 40", 1, "EBADF"),
    ] {
        let end = run(&mut dir.shell(code));
        assert_eq!(end.status, status, "{code}: {}", end.err);
        assert!(end.err.contains(message), "{code}: {}", end.err);
    }
    let refused = free_port();
    let end = run(&mut dir.shell(&format!("sock socket s inet stream; sock connect $s 127.0.0.1:{refused}")));
    let told = format!("sock: connect: 127.0.0.1:{refused}: ECONNREFUSED: Connection refused");
    assert!(end.err.contains(&told), "{}", end.err);
}

#[test]
fn a_connection_stays_open_in_the_shell() {
    let dir = Dir::new();
    // The shell counts its descriptors itself: a program that does so may still see the file of its own redirection there, which the
    // shell closes when it goes on after exec.
    let code = "set -- /proc/$$/fd/*; n=$#; nc -lnv --port p --fd c 0; set -- /proc/$$/fd/*; echo $(($# - n))\n\
                echo \"hello on $p\" >&$c; read -r x <&$c; echo \"$x\"; sh -c \"echo from a program\" >&$c\n\
                sock close $c; set -- /proc/$$/fd/*; echo $(($# - n))";
    let mut server = Running::start(&mut dir.shell(code));
    let port = server.port();
    let client =
        run(&mut dir
            .shell(&format!("nc --fd c 127.0.0.1 {port}; read -r x <&$c; echo \"$x\"; echo thanks >&$c; cat <&$c")));
    assert_eq!(client.text(), format!("hello on {port}\nfrom a program\n"));
    assert_eq!(server.end().text(), "1\nthanks\n0\n");
}

#[test]
fn dev_tcp_and_dev_udp() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let code = format!(
        "exec 3<>/dev/tcp/localhost/{port}; echo hello >&3; read -r x <&3; echo \"$x\"; exec 3>&-; echo again >/dev/tcp/127.0.0.1/{port}; cat </dev/tcp/127.0.0.1/{port}"
    );
    let client = Running::start(&mut dir.shell(&code));
    for (expected, answer) in [("hello\n", "world\n"), ("again\n", ""), ("", "the end\n")] {
        let mut stream = BufReader::new(listener.accept().expect("it connects").0);
        let mut line = String::new();
        if !expected.is_empty() {
            stream.read_line(&mut line).expect("it says something");
        }
        assert_eq!(line, expected);
        // It may have closed already.
        let _ = stream.get_mut().write_all(answer.as_bytes());
    }
    assert_eq!(client.end().text(), "world\nthe end\n");
    let (socket, udp) = udp_at_port();
    assert_eq!(run(&mut dir.shell(&format!("printf datagram >/dev/udp/127.0.0.1/{udp}"))).status, 0);
    let mut buffer = [0; 20];
    assert_eq!(socket.recv(&mut buffer).ok(), Some(8));
    let refused = free_port();
    let end = run(&mut dir.shell(&format!("cat </dev/tcp/127.0.0.1/{refused}; echo $?")));
    assert_eq!(end.text(), "1\n");
    let message = format!("cannot open /dev/tcp/127.0.0.1/{refused}: Connection refused (ECONNREFUSED)");
    assert!(end.err.contains(&message), "{}", end.err);
    let end = run(&mut dir.shell("cat </dev/tcp/nosuch.invalid/80; set -C; : >/dev/tcp/nosuch.invalid/http"));
    assert_eq!(end.err.matches("cannot open /dev/tcp/nosuch.invalid/").count(), 2, "{}", end.err);
    // To a POSIX shell they are names of files.
    for code in ["set -o posix; cat </dev/tcp/127.0.0.1/1", "cat </dev/tcp/127.0.0.1/1"] {
        let link = dir.0.join("sh");
        let _ = std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ipcsh"), &link);
        let program = if code.starts_with("set") { Path::new(env!("CARGO_BIN_EXE_ipcsh")) } else { &link };
        let end = run(dir.program(program).args(["-c", code]));
        assert!(end.err.contains("No such file or directory"), "{code}: {}", end.err);
    }
}
