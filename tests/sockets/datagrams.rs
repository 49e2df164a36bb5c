//! UDP, UNIX datagrams and seqpacket sockets: boundaries, several clients at once, handlers for each.

use super::*;

#[test]
fn boundaries_are_visible() {
    let dir = Dir::new();
    for (framing, expected) in [
        ("line", b"one\n\ntwo\n".to_vec()),
        ("nul", b"one\0\0two\0".to_vec()),
        ("len", b"\0\0\0\x03one\0\0\0\0\0\0\0\x03two".to_vec()),
    ] {
        let mut server = Running::start(&mut dir.shell(&format!("nc -lunv -k -W 3 --framed={framing} 0")));
        let socket = udp(server.port());
        for message in ["one", "", "two"] {
            socket.send(message.as_bytes()).expect("it is sent");
        }
        assert_eq!(server.end().out, expected, "{framing}");
        // And back: what was framed becomes the same datagrams.
        let (receiver, port) = udp_at_port();
        let input = dir.file("input", &expected);
        let mut client = dir.shell(&format!("nc -u -q 0 --framed={framing} 127.0.0.1 {port}"));
        assert_eq!(run(client.stdin(fs::File::open(input).expect("the file is there"))).status, 0);
        for message in ["one", "", "two"] {
            assert_eq!(receive(&receiver), message.as_bytes(), "{framing}");
        }
    }
}

#[test]
fn several_clients_at_once() {
    let dir = Dir::new();
    let handler = "while read -r line; do echo \"$NC_REMOTE_PORT: $line\"; done";
    let mut server = Running::start(&mut dir.shell(&format!("nc -lunv -k --framed=line --exec '{handler}' 0")));
    let port = server.port();
    let clients: Vec<UdpSocket> = (0..5).map(|_| udp(port)).collect();
    for round in 0..3 {
        for client in &clients {
            client.send(format!("hello {round}").as_bytes()).expect("it is sent");
        }
        for client in &clients {
            let own = client.local_addr().expect("it is bound").port();
            assert_eq!(String::from_utf8_lossy(&receive(client)), format!("{own}: hello {round}\n"));
        }
    }
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(), 128 + 15);
}

/// Handlers that cannot be started are told once a second, and not with each datagram; those that run go on.
#[test]
fn datagrams_without_a_handler_are_not_told_one_by_one() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("ulimit -n 50; nc -lunv -k --exec cat 0"));
    let port = server.port();
    let begin = Instant::now();
    let clients: Vec<UdpSocket> = (0..40).map(|_| udp(port)).collect();
    for _ in 0..10 {
        for client in &clients {
            client.send(b"hello").expect("it is sent");
        }
    }
    // `cat` may have read several of them at once.
    let answer = receive(&clients[0]);
    assert!(!answer.is_empty() && answer.chunks(5).all(|message| message == b"hello"), "{}", answer.escape_ascii());
    server.signal(Signal::SIGTERM);
    let end = server.end();
    let told = end.err.lines().filter(|line| line.contains("cannot start a handler")).count() as u64;
    assert!((1..=begin.elapsed().as_secs() + 2).contains(&told), "{told} lines\n{}", end.err);
}

/// Without a handler everything is printed, and the answer goes to the last sender.
#[test]
fn a_listener_for_all() {
    let dir = Dir::new();
    let mut server = dir.shell("nc -lunv -k --framed=line 0");
    let mut server = Running::start(server.stdin(Stdio::piped()));
    let port = server.port();
    let (one, two) = (udp(port), udp(port));
    let mut out = BufReader::new(server.out.take().expect("it is piped"));
    let mut line = String::new();
    for (client, text) in [(&one, "from one"), (&two, "from two")] {
        client.send(text.as_bytes()).expect("it is sent");
        line.clear();
        out.read_line(&mut line).expect("it is printed");
        assert_eq!(line.trim_end(), text);
    }
    let mut input = server.child.stdin.take().expect("it is piped");
    input.write_all(b"answer\n").expect("it is read");
    assert_eq!(receive(&two), b"answer");
}

#[test]
fn unix_datagrams_and_records() {
    let dir = Dir::new();
    // nc.openbsd as the other side, where it is installed.
    let peers: &[&str] = if has("nc.openbsd") { &["nc", "nc.openbsd"] } else { &["nc"] };
    for peer in peers {
        let mut server = Running::start(&mut dir.shell("nc -lvuU --framed=line -W 1 s"));
        assert_eq!(server.line(), "Bound on s");
        let sent = run(&mut dir.shell(&format!("printf 'a message' | command {peer} -uU -q 0 s")));
        assert_eq!(server.end().text(), "a message\n", "{peer}: {}", sent.err);
        assert!(!dir.has("s"));
    }
    let mut server = Running::start(&mut dir.shell("nc -lv --seqpacket --framed=line s"));
    while !server.line().starts_with("Listening") {}
    let client = run(&mut dir.shell("printf 'one\\ntwo\\n\\0three\\n' | nc --seqpacket --framed=line s"));
    assert_eq!(client.status, 0, "{}", client.err);
    assert_eq!(server.end().out, b"one\ntwo\n\0three\n");
    // The abstract namespace has no file.
    let name = format!("@ipcsh-test-{}", std::process::id());
    let mut server = Running::start(&mut dir.shell(&format!("nc -lvU {name}")));
    while !server.line().starts_with("Listening") {}
    assert_eq!(run(&mut dir.shell(&format!("echo hi | nc -U {name}"))).status, 0);
    assert_eq!(server.end().text(), "hi\n");
}

/// recv(2) says 0 for an empty record and for the end; what stands behind an empty one is not lost.
#[test]
fn an_empty_record_is_not_the_end() {
    let dir = Dir::new();
    let send = "for m in '' one '' '' two ''; do sock send $c \"$m\"; done; sock close $c";
    let connect = "sock socket c unix seqpacket; sock connect $c s";
    let len = b"\0\0\0\0\0\0\0\x03one\0\0\0\0\0\0\0\0\0\0\0\x03two\0\0\0\0";
    let mut server = Running::start(&mut dir.shell("nc -lv --seqpacket --framed=len s"));
    while !server.line().starts_with("Listening") {}
    assert_eq!(run(&mut dir.shell(&format!("{connect} && {send}"))).status, 0);
    assert_eq!(server.end().out, len);
    let mut server = Running::start(&mut dir.shell("nc -lv --seqpacket --hex s"));
    while !server.line().starts_with("Listening") {}
    assert_eq!(run(&mut dir.shell(&format!("{connect} && {send}"))).status, 0);
    assert_eq!(server.end().text().matches("||").count(), 4);
    // Sent by `nc`, received by `sock`, when the sender is there and when it has gone: status 1 is the end.
    let code = "sock socket s unix seqpacket; sock bind $s s2; sock listen $s; echo go >&2; sock accept a $s;\n\
                i=0; while sock recv $a; do echo; i=$((i + 1)); done; echo $i";
    let mut server = Running::start(&mut dir.shell(code));
    assert_eq!(server.line(), "go");
    let sent = run(&mut dir.shell("printf '\\none\\n\\n\\ntwo\\n\\n' | nc -q 0 --seqpacket --framed=line s2"));
    assert_eq!(sent.status, 0, "{}", sent.err);
    assert_eq!(server.end().text(), "\none\n\n\ntwo\n\n6\n");
    let code = format!(
        "sock socket s unix seqpacket; sock bind $s s3; sock listen $s; sock socket c unix seqpacket; sock connect $c s3; {send}\n\
         sock accept a $s; while sock recvfrom $a; do echo; done; echo end"
    );
    assert_eq!(run(&mut dir.shell(&code)).text(), "\n\n\none\n\n\n\n\n\ntwo\n\n\nend\n");
    // And the two primitives.
    let receiver = Running::start(&mut dir.shell("recv -c 7 -o '<%m>' unix-seq:s4; echo $?"));
    until("it listens", || dir.has("s4"));
    assert_eq!(run(&mut dir.shell("send unix-seq:s4 '' one '' '' two ''")).status, 0);
    assert_eq!(receiver.end().text(), "<>\n<one>\n<>\n<>\n<two>\n<>\n1\n");
}

/// What a handler writes in one call is a datagram, also if that is nothing.
#[test]
fn an_empty_answer_does_not_end_the_conversation() {
    let dir = Dir::new();
    let handler = "while read -r line; do sock send 1 \"\"; sock send 1 \"$line\"; done";
    let mut server = Running::start(&mut dir.shell(&format!("nc -lunv -k --framed=line --exec '{handler}' 0")));
    let client = udp(server.port());
    for message in ["one", "two"] {
        client.send(message.as_bytes()).expect("it is sent");
        assert_eq!(receive(&client), b"");
        assert_eq!(receive(&client), message.as_bytes());
    }
}

/// -C and -i mean for datagrams what they mean for streams; with -i each line is a datagram, as in netcat-openbsd.
#[test]
fn carriage_returns_and_pauses() {
    let dir = Dir::new();
    let (receiver, port) = udp_at_port();
    let send =
        |options: &str| run(&mut dir.shell(&format!("printf 'a\\nb\\r\\nc' | nc -u -q 0 {options} 127.0.0.1 {port}")));
    let end = send("-C --hex");
    assert_eq!((end.status, receive(&receiver)), (0, b"a\r\nb\r\nc".to_vec()), "{}", end.err);
    assert_eq!(end.text(), "> 00000000  61 0d 0a 62 0d 0a 63                              |a..b..c|\n");
    let begin = Instant::now();
    assert_eq!(send("-i 0.1").status, 0);
    assert!(begin.elapsed() >= Duration::from_millis(200));
    for message in ["a\n", "b\r\n", "c"] {
        assert_eq!(receive(&receiver), message.as_bytes());
    }
    assert_eq!(send("-i 0.1 -C --framed=line").status, 0);
    for message in ["a", "b\r", "c"] {
        assert_eq!(receive(&receiver), message.as_bytes());
    }
}

/// `read` takes a line of a datagram, and the next `read` the next line, whatever happens in between; a process reads the next datagram.
#[test]
fn read_loses_nothing_of_a_datagram() {
    let dir = Dir::new();
    let (server, port) = udp_at_port();
    let code = format!(
        "exec 3<>/dev/udp/127.0.0.1/{port}; echo hi >&3; read -r a <&3; exec 4</dev/null; sh -c 'read -r b <&3; echo \"$b\"'\n\
         read -r b <&3; echo \"$a, $b\"; while read -r c; do echo \"$c\" | cat; [ \"$c\" != end ] || break; done <&3"
    );
    let client = Running::start(&mut dir.shell(&code));
    let mut buffer = [0; 10];
    let (length, peer) = server.recv_from(&mut buffer).expect("it sends");
    assert_eq!(&buffer[..length], b"hi\n");
    // A program that reads byte by byte loses the rest of what it has begun: its datagram is one byte.
    for message in ["one\ntwo\n", "\n", "three\nfour\n", "end\n"] {
        server.send_to(message.as_bytes(), peer).expect("it is sent");
    }
    assert_eq!(client.end().text(), "\none, two\nthree\nfour\nend\n");
    // Records keep what stands behind the line, too.
    let code = "sock socket s unix seqpacket; sock bind $s @r-$$; sock listen $s; sock socket c unix seqpacket; sock connect $c @r-$$\n\
                sock accept a $s; sock send $c 'one\ntwo\n'; sock send $c 'three\n'; for i in 1 2 3; do read -r x <&$a; echo $x; done";
    assert_eq!(run(&mut dir.shell(code)).text(), "one\ntwo\nthree\n");
}

#[test]
fn refused_and_too_long() {
    let dir = Dir::new();
    let (socket, port) = udp_at_port();
    drop(socket);
    let end = run(&mut dir.shell(&format!("nc -uz 127.0.0.1 {port}")));
    assert_eq!((end.status, &*end.err), (1, ""));
    let end = run(&mut dir.shell(&format!("{{ echo; echo; }} | nc -u --framed=line 127.0.0.1 {port}")));
    assert_eq!(end.status, 1);
    assert!(end.err.contains("ECONNREFUSED"), "{}", end.err);
    let end = run(&mut dir.shell(&format!("printf '%070000d' 1 | nc -u --framed=line 127.0.0.1 {port}")));
    assert_eq!(end.status, 1);
    assert!(end.err.contains("EMSGSIZE"), "{}", end.err);
}
