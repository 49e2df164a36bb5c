//! What must not be lost: the end of what was sent, the boundaries of datagrams, answers, the files of sockets that are still used.

use super::*;
use std::os::unix::net::UnixDatagram;

/// Read to the end so slowly that the sender's buffers are full; how much came, and how it ended.
fn slowly(mut stream: TcpStream) -> (usize, std::io::Result<usize>) {
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        std::thread::sleep(Duration::from_millis(1));
        match stream.read(&mut buffer) {
            Ok(got @ 1..) => total += got,
            end => return (total, end),
        }
    }
}

/// A server that greets makes the close of who does not read that a reset, which throws away what has not arrived.
#[test]
fn the_end_of_a_message_arrives_although_the_peer_has_said_something() {
    const LENGTH: usize = 8_000_000;
    let dir = Dir::new();
    dir.file("message", noise(LENGTH, 5));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let sender = Running::start(&mut dir.shell(&format!("send -a tcp:127.0.0.1:{port} <message")));
    let mut stream = listener.accept().expect("it connects").0;
    stream.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    stream.write_all(b"220 hello\r\n").expect("it is taken");
    let (total, end) = slowly(stream);
    assert_eq!((total, end.ok()), (LENGTH, Some(0)));
    let end = sender.end();
    assert_eq!((end.status, &*end.err), (0, ""));
}

/// What arrives behind the end of a handler is no reason to throw away what the handler has said.
#[test]
fn the_end_of_a_handlers_answer_arrives_although_the_client_goes_on() {
    const LENGTH: usize = 8_000_000;
    let dir = Dir::new();
    dir.file("answer", noise(LENGTH, 6));
    let mut server = Running::start(&mut dir.shell("nc -lnv -k --exec 'cat answer; : >done' 0"));
    let client = connect(server.port());
    let mut other = client.try_clone().expect("a descriptor");
    let reader = std::thread::spawn(move || slowly(client));
    until("the handler has said all", || dir.has("done"));
    // Not while the handler itself would have found it.
    until("the handler has ended, or waits", || handlers_sleep(server.pid()));
    // It may have closed the connection already.
    let _ = other.write_all(b"late");
    let _ = other.shutdown(std::net::Shutdown::Write);
    let (total, end) = reader.join().expect("it is read");
    assert_eq!((total, end.ok()), (LENGTH, Some(0)));
}

/// Whether no child of a process runs.
fn handlers_sleep(pid: Pid) -> bool {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().all(|child| {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        [") S ", ") Z "].iter().any(|state| stat.contains(state))
    })
}

/// One that stops in the middle of a message that never ends costs no more memory than the longest message may have.
#[test]
fn a_line_has_a_longest_length() {
    let dir = Dir::new();
    let port = free_port();
    let receiver = Running::start(&mut dir.shell(&format!("recv tcp:127.0.0.1:{port}")));
    let mut stream = None;
    until("it listens", || {
        stream = TcpStream::connect(("127.0.0.1", port)).ok();
        stream.is_some()
    });
    let mut stream = stream.expect("it is connected");
    stream.set_write_timeout(Some(DEADLINE)).expect("a time limit");
    let chunk = vec![b'x'; 1 << 20];
    let sent = (0..200).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!((16..100).contains(&sent), "{sent} MiB");
    let end = receiver.end();
    assert_eq!(end.status, 1);
    assert!(end.err.contains("a message of more than 16777216 bytes (-a takes a whole stream)"), "{}", end.err);
    assert_eq!(end.out, b"");
}

/// A handler that is slow loses datagrams, and never a part of one.
#[test]
fn a_slow_handler_gets_whole_datagrams() {
    const LENGTH: usize = 50_000;
    let dir = Dir::new();
    let handler = "until test -e go; do sleep 0.01; done; cat >frames; : >done";
    let mut server = Running::start(&mut dir.shell(&format!("nc -lunv -w 1 --framed=len --exec '{handler}' 0")));
    let socket = udp(server.port());
    for number in 0..40u8 {
        socket.send(&[number; LENGTH]).expect("it is sent");
        std::thread::sleep(Duration::from_millis(2));
    }
    dir.file("go", "");
    until("the handler has ended", || dir.has("done"));
    let frames = fs::read(dir.0.join("frames")).expect("it is there");
    let frame = 4 + LENGTH;
    assert!(frames.len() >= frame && frames.len().is_multiple_of(frame), "{} bytes", frames.len());
    for frame in frames.chunks(frame) {
        assert_eq!(frame[..4], (LENGTH as u32).to_be_bytes());
        assert!(frame[4..].iter().all(|&byte| byte == frame[4]));
    }
    assert_eq!(server.wait(), 0);
}

/// What is said before anybody has asked waits for the first one who does; and one who has gone does not end the server.
#[test]
fn answers_wait_for_somebody() {
    let dir = Dir::new();
    let input = dir.file("input", "early\n");
    let mut server = dir.shell("nc -lunv -k 0");
    let mut server = Running::start(server.stdin(fs::File::open(input).expect("it is there")));
    let socket = udp(server.port());
    // It does not before it has read the whole input, which is a file.
    super::safety::sleeps(&server);
    socket.send(b"hello").expect("it is sent");
    assert_eq!(receive(&socket), b"early\n");

    let mut server = dir.shell("nc -luUv -k s");
    let mut server = Running::start(server.stdin(Stdio::piped()));
    assert_eq!(server.line(), "Bound on s");
    let mut out = BufReader::new(server.out.take().expect("it is piped"));
    let mut input = server.child.stdin.take().expect("it is piped");
    for (client, answer) in [("gone", "lost\n"), ("here", "answer\n")] {
        let socket = UnixDatagram::bind(dir.0.join(client)).expect("a socket");
        socket.set_read_timeout(Some(DEADLINE)).expect("a time limit");
        socket.send_to(b"hello\n", dir.0.join("s")).expect("it is sent");
        let mut line = String::new();
        out.read_line(&mut line).expect("it is printed");
        assert_eq!(line, "hello\n");
        if client == "gone" {
            drop(socket);
            let _ = fs::remove_file(dir.0.join(client));
            input.write_all(answer.as_bytes()).expect("it is read");
            // Until that has been sent to nobody.
            until("it is read", || unread(&input) == 0);
        } else {
            input.write_all(answer.as_bytes()).expect("it is read");
            let mut buffer = [0; 20];
            let got = socket.recv(&mut buffer).expect("an answer");
            assert_eq!(&buffer[..got], answer.as_bytes());
        }
    }
}

/// How much of what was written into a pipe has not been read.
fn unread(pipe: &std::process::ChildStdin) -> i32 {
    use std::os::fd::AsRawFd;
    let mut bytes = 0;
    // SAFETY: FIONREAD writes one int.
    unsafe { nix::libc::ioctl(pipe.as_raw_fd(), nix::libc::FIONREAD, &raw mut bytes) };
    bytes
}

/// A socket that stays open in the shell keeps the file at which it is reached; one that was not connected leaves none.
#[test]
fn the_file_of_a_datagram_socket_lives_as_long_as_it() {
    let dir = Dir::new();
    let code = "nc -luU --fd a s && nc -uU -s own --fd b s && sock send $b one && sock recvfrom $a && echo &&\n\
                sock sendto $a own two && sock recv $b && echo && rm s own";
    let end = run(&mut dir.shell(code));
    assert_eq!((&*end.text(), end.status, &*end.err), ("own\none\ntwo\n", 0, ""));
    let end = run(&mut dir.shell("nc -uU -s own none"));
    assert_eq!(end.status, 1);
    assert!(end.err.contains("none: No such file or directory (ENOENT)"), "{}", end.err);
    assert!(!dir.has("own"));
    // A file that nobody uses is taken over, as by a server; another one never is.
    let stale = UnixDatagram::bind(dir.0.join("own")).expect("a socket");
    let peer = UnixDatagram::bind(dir.0.join("peer")).expect("a socket");
    let refused = run(&mut dir.shell("nc -uU -q 0 -s own peer"));
    assert!(refused.err.contains("bind to own: Address already in use (EADDRINUSE)"), "{}", refused.err);
    drop(stale);
    let end = run(&mut dir.shell("echo hi | nc -uU -q 0 -s own peer"));
    assert_eq!((end.status, &*end.err), (0, ""));
    let mut buffer = [0; 20];
    assert_eq!(peer.recv(&mut buffer).ok(), Some(3));
    assert!(!dir.has("own"));
}

/// Of many that wait for one connection one gets it; the others go on waiting, and signals reach them.
#[test]
fn who_has_lost_the_race_for_a_connection_waits_on() {
    let dir = Dir::new();
    let code = "sock socket s inet stream; sock bind $s 127.0.0.1:0; sock listen $s 9; sock getsockname $s >&2\n\
                worker() { trap 'echo stopped; exit' TERM; : >w$1; sock accept c $s && : >got$1; until test -e never; do sleep 0.02; done; }\n\
                for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do worker $i & ids=\"$ids $!\"; done 2>errors\n\
                until test -e go; do sleep 0.02; done; kill $ids; wait; cat errors";
    let mut server = Running::start(&mut dir.shell(code));
    let address = server.line();
    let port: u16 = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address");
    let count = |prefix: &str| (1..=16).filter(|number| dir.has(&format!("{prefix}{number}"))).count();
    until("all wait", || count("w") == 16 && handlers_sleep(server.pid()));
    let connections: Vec<TcpStream> = (0..4).map(|_| connect(port)).collect();
    until("four have a connection", || count("got") == 4);
    dir.file("go", "");
    assert_eq!(server.end().text(), "stopped\n".repeat(16));
    drop(connections);
}
