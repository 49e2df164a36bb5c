//! Every letter of netcat-openbsd: the same arguments, input and peer for it and for `nc`; status, output, what the peer gets and what
//! `-v` says are compared. The expected bytes stand here as well, so both are checked even if both were wrong.

use super::*;
use std::net::SocketAddr;
use std::thread;

/// netcat-openbsd and ours, called with the same arguments.
fn both(dir: &Dir) -> Option<[(&'static str, Command); 2]> {
    if !has("nc.openbsd") {
        return None;
    }
    let mut ours = dir.program(env!("CARGO_BIN_EXE_ipcsh"));
    ours.args(["-c", "nc \"$@\"", "nc"]);
    Some([("nc.openbsd", dir.program("nc.openbsd")), ("nc", ours)])
}

/// What is said, without the name of the program, ports, and the symbols that ours adds: `(ECONNREFUSED)`.
fn said(err: &str, port: u16) -> Vec<String> {
    let lines = err.lines().filter(|line| !line.starts_with("usage:") && !line.starts_with('\t'));
    lines
        .map(|line| {
            let line =
                line.replace("nc.openbsd: ", "").replace("nc: line 1: nc: ", "").replace(&port.to_string(), "PORT");
            let line = line.rsplit_once(" (E").map_or(&*line, |(words, _)| words);
            let numbers: Vec<&str> = line
                .split(' ')
                .map(|word| if word.parse::<u16>().is_ok_and(|port| port > 1024) { "N" } else { word })
                .collect();
            numbers.join(" ")
        })
        .collect()
}

/// Says hello, then takes all that comes.
fn hello(mut stream: TcpStream) -> String {
    let _ = stream.write_all(b"hello\n");
    take(stream)
}

/// Takes all that comes.
fn take(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

/// Takes all that comes, and says nothing and does not close as long as this program runs.
fn hold(mut stream: TcpStream) -> String {
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|got| got > 0) {}
    std::mem::forget(stream);
    String::new()
}

/// Closes at once after a greeting.
fn greet(mut stream: TcpStream) -> String {
    let _ = stream.write_all(b"hello\n");
    String::new()
}

/// Who it is that connects, but for a port that is not its own choice.
fn who(stream: TcpStream) -> String {
    stream.peer_addr().map_or_else(|error| error.to_string(), |peer| peer.ip().to_string())
}

/// A client's letters, its input, what it is connected with; what that gets and what the client prints.
type Client = (&'static str, &'static str, fn(TcpStream) -> String, &'static str, &'static str);

const CLIENTS: &[Client] = &[
    ("-N HOST PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-v -N HOST PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-vn -N HOST PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-v -4 -N localhost PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-C -N HOST PORT", "a\nb\r\nc\n\n", take, "a\r\nb\r\nc\r\n\r\n", ""),
    ("-d HOST PORT", "abc\n", greet, "", "hello\n"),
    ("-D -N HOST PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-b -N HOST PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-I 4096 -O 4096 -N HOST PORT", "abc\n", hello, "abc\n", "hello\n"),
    ("-i 1 -N HOST PORT", "abc\ndef\n", take, "abc\ndef\n", ""),
    ("-q 0 HOST PORT", "abc", take, "abc", ""),
    ("-q 1 HOST PORT", "abc", take, "abc", ""),
    ("-w 1 -N HOST PORT", "abc", hold, "", ""),
    ("-w 5 -q 0 HOST PORT", "abc", take, "abc", ""),
    ("-s 127.0.0.9 -N HOST PORT", "", who, "127.0.0.9", ""),
    ("-p OWN -N HOST PORT", "", who, "127.0.0.1", ""),
    ("-z HOST PORT", "abc", take, "", ""),
    ("-zv HOST PORT", "abc", take, "", ""),
    ("-zvn HOST PORT", "abc", take, "", ""),
    ("-r -zv HOST PORT", "abc", take, "", ""),
    ("-W 1 -N HOST PORT", "", greet, "", "hello\n"),
];

#[test]
fn clients() {
    let dir = Dir::new();
    for (arguments, input, serve, got, printed) in CLIENTS {
        let Some(programs) = both(&dir) else { return };
        if arguments.starts_with("-D") && !nix::unistd::geteuid().is_root() {
            println!("skipped: needs root for -D");
            continue;
        }
        let input = dir.file("input", input);
        let mut said_by = Vec::new();
        for (name, mut program) in programs {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("it is bound").port();
            let serve = *serve;
            let server = thread::spawn(move || serve(listener.accept().expect("it connects").0));
            let arguments = arguments.replace("HOST", "127.0.0.1").replace("PORT", &port.to_string());
            program.args(arguments.replace("OWN", &free_port().to_string()).split(' '));
            let begin = Instant::now();
            let end = run(program.stdin(fs::File::open(&input).expect("it is there")));
            if arguments.starts_with("-i") {
                assert!(begin.elapsed() >= Duration::from_secs(2), "{name} {arguments}: {:?}", begin.elapsed());
            }
            assert_eq!((end.status, &*end.text()), (0, *printed), "{name} {arguments}: {}", end.err);
            // One that scans has gone before it is accepted, or not.
            assert_eq!(server.join().expect("it serves"), *got, "{name} {arguments}");
            said_by.push(said(&end.err, port));
        }
        assert_eq!(said_by[0], said_by[1], "{arguments}");
        assert_eq!(said_by[1].is_empty(), !arguments.contains('v'), "{arguments}");
    }
}

/// A server's letters and input, what a client says and gets, what the server prints; the client says it as often as the last number.
type Server = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str);

const SERVERS: &[Server] = &[
    ("-lv 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-lvn 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-lvn -s 127.0.0.1 -p PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-lvn -N 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-lvn -C 127.0.0.1 PORT", "a\nb\r\n", "hi\n", &["a\r\nb\r\n"], "hi\n"),
    ("-lvn -d 127.0.0.1 PORT", "srv\n", "hi\n", &[""], "hi\n"),
    ("-lvn -I 4096 -O 4096 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-lvn -w 5 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-4 -lvn 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-6 -lvn ::1 PORT", "srv\n", "hi\n", &["srv\n"], "hi\n"),
    ("-lvn -k 127.0.0.1 PORT", "srv\n", "hi\n", &["srv\n", ""], "hi\nhi\n"),
];

#[test]
fn servers() {
    let dir = Dir::new();
    for (arguments, input, message, answers, printed) in SERVERS {
        let Some(programs) = both(&dir) else { return };
        let input = dir.file("input", input);
        let mut said_by = Vec::new();
        for (name, mut program) in programs {
            let port = free_port();
            program.args(arguments.replace("PORT", &port.to_string()).split(' '));
            let mut server = Running::start(program.stdin(fs::File::open(&input).expect("it is there")));
            let mut lines = server.line();
            let host = if arguments.contains("::1") { "::1" } else { "127.0.0.1" };
            for answer in *answers {
                let client = TcpStream::connect((host, port)).expect("it listens");
                let got = converse(client, message.as_bytes());
                assert_eq!(String::from_utf8_lossy(&got), *answer, "{name} {arguments}");
                lines = format!("{lines}\n{}", server.line());
            }
            let keeps = arguments.contains("-k");
            if keeps {
                let mut got = vec![0; printed.len()];
                server.out.as_mut().expect("it is piped").read_exact(&mut got).expect("it is printed");
                assert_eq!(String::from_utf8_lossy(&got), *printed, "{name} {arguments}");
                server.signal(Signal::SIGTERM);
            }
            let end = server.end();
            assert_eq!(end.status, if keeps { 143 } else { 0 }, "{name} {arguments}: {}", end.err);
            assert_eq!(end.text(), if keeps { "" } else { *printed }, "{name} {arguments}");
            assert_eq!(end.err, "", "{name} {arguments}");
            said_by.push(said(&lines, port));
        }
        assert_eq!(said_by[0], said_by[1], "{arguments}");
    }
}

/// -u in both roles, with -W, which counts datagrams.
#[test]
fn datagrams() {
    let dir = Dir::new();
    let Some(programs) = both(&dir) else { return };
    for (name, mut program) in programs {
        let (socket, port) = udp_at_port();
        let server = thread::spawn(move || {
            let mut buffer = [0; 100];
            let (length, from) = socket.recv_from(&mut buffer).expect("a datagram");
            for answer in ["one ", "two ", "three "] {
                // The third may find nobody.
                let _ = socket.send_to(answer.as_bytes(), from);
            }
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        });
        let input = dir.file("input", "ask");
        program.args(["-u", "-W", "2", "127.0.0.1", &port.to_string()]);
        let end = run(program.stdin(fs::File::open(input).expect("it is there")));
        assert_eq!((end.status, &*end.text(), &*end.err), (0, "one two ", ""), "{name}");
        assert_eq!(server.join().expect("it serves"), "ask", "{name}");
    }
    let Some(programs) = both(&dir) else { return };
    for (name, mut program) in programs {
        let port = free_port();
        program.args(["-l", "-u", "-v", "-n", "-W", "1", "127.0.0.1", &port.to_string()]);
        let mut server = Running::start(&mut program);
        assert_eq!(server.line(), format!("Bound on 127.0.0.1 {port}"), "{name}");
        let (client, own) = udp_at_port();
        client.send_to(b"hi", ("127.0.0.1", port)).expect("it is sent");
        assert_eq!(server.line(), format!("Connection received on 127.0.0.1 {own}"), "{name}");
        assert_eq!(server.end().text(), "hi", "{name}");
    }
    // -b: the broadcast address of the loopback network.
    for (letters, status) in [("-u", 1), ("-ub", 0)] {
        let Some(programs) = both(&dir) else { return };
        for (name, mut program) in programs {
            let end = run(program.args([letters, "-q", "0", "127.255.255.255", "9"]));
            assert_eq!(end.status, status, "{name} {letters}: {}", end.err);
        }
    }
}

/// -U with its -l, -k, -u and -s.
#[test]
fn unix_sockets() {
    use std::os::unix::net::UnixStream;
    let dir = Dir::new();
    for (letters, clients) in [("-lvU", 1), ("-lvkU", 2)] {
        let Some(programs) = both(&dir) else { return };
        for (name, mut program) in programs {
            let _ = fs::remove_file(dir.0.join("s"));
            let mut server = Running::start(program.args([letters, "s"]));
            assert_eq!((&*server.line(), &*server.line()), ("Bound on s", "Listening on s"), "{name}");
            for _ in 0..clients {
                let mut client = UnixStream::connect(dir.0.join("s")).expect("it listens");
                client.write_all(b"hi\n").expect("it is taken");
                drop(client);
                assert_eq!(server.line(), "Connection received on s", "{name}");
            }
            let mut got = vec![0; 3 * clients];
            server.out.as_mut().expect("it is piped").read_exact(&mut got).expect("it is printed");
            if clients > 1 {
                server.signal(Signal::SIGTERM);
            }
            assert_eq!(server.end().status, if clients > 1 { 143 } else { 0 }, "{name}");
        }
    }
    let Some(programs) = both(&dir) else { return };
    for (name, mut program) in programs {
        let _ = fs::remove_file(dir.0.join("own"));
        let _ = fs::remove_file(dir.0.join("d"));
        let socket = std::os::unix::net::UnixDatagram::bind(dir.0.join("d")).expect("a socket");
        socket.set_read_timeout(Some(DEADLINE)).expect("a time limit");
        let input = dir.file("input", "ask");
        program.args(["-uU", "-s", "own", "-W", "1", "d"]);
        let client = Running::start(program.stdin(fs::File::open(input).expect("it is there")));
        let mut buffer = [0; 100];
        let (length, from) = socket.recv_from(&mut buffer).expect("a datagram");
        assert_eq!(&buffer[..length], b"ask", "{name}");
        assert!(from.as_pathname().is_some_and(|path| path.ends_with("own")), "{name}");
        socket.send_to(b"answer", dir.0.join("own")).expect("it waits");
        assert_eq!(client.end().text(), "answer", "{name}");
    }
    assert!(!dir.has("own"), "ours removes it");
}

/// -F: the connected socket is handed to whoever holds the other end of standard output.
#[test]
fn the_connection_is_passed_on() {
    const PASS: &str = "import socket, subprocess, sys\n\
        a, b = socket.socketpair()\n\
        p = subprocess.Popen(sys.argv[1:], stdout=b)\n\
        b.close()\n\
        data, fds, *_ = socket.recv_fds(a, 10, 4)\n\
        s = socket.socket(fileno=fds[0])\n\
        s.sendall(b'passed')\n\
        print(p.wait(), len(fds), a.recv(10))\n";
    if !has("python3") || !has("nc.openbsd") {
        return;
    }
    let dir = Dir::new();
    dir.file("pass.py", PASS);
    let ours = [env!("CARGO_BIN_EXE_ipcsh"), "-c", "nc \"$@\"", "nc"];
    for program in [&["nc.openbsd"][..], &ours] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let server = thread::spawn(move || take(listener.accept().expect("it connects").0));
        let end = run(dir.program("python3").arg("pass.py").args(program).args(["-F", "127.0.0.1", &port.to_string()]));
        assert_eq!(end.text(), "0 1 b''\n", "{program:?}: {}", end.err);
        assert_eq!(server.join().expect("it serves"), "passed", "{program:?}");
    }
}

/// -b -I -O set the options of the socket; the kernel doubles sizes for its own needs.
#[test]
fn options_of_the_socket() {
    if !has("python3") {
        return;
    }
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let code = format!(
        "nc -b -I 5000 -O 6000 --fd c 127.0.0.1 {port}; python3 -c '\
         import socket; s = socket.socket(fileno='$c'); print([s.getsockopt(socket.SOL_SOCKET, o) for o in (socket.SO_BROADCAST, socket.SO_RCVBUF, socket.SO_SNDBUF)])'"
    );
    assert_eq!(run(&mut dir.shell(&code)).text(), "[1, 10000, 12000]\n");
}

/// -r goes through all the ports in some order, -z with -v names the open ones, and the status says whether there is one.
#[test]
fn scans() {
    let dir = Dir::new();
    let listeners: Vec<TcpListener> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let port = |name: std::io::Result<SocketAddr>| name.expect("it is bound").port();
    let open: Vec<u16> = listeners.iter().map(|listener| port(listener.local_addr())).collect();
    let closed = free_port();
    for letters in ["-zv", "-zvr", "-zvn"] {
        let Some(programs) = both(&dir) else { return };
        let mut said_by = Vec::new();
        for (_, mut program) in programs {
            program.args([letters, "127.0.0.1"]).args([open[0], closed, open[1]].map(|port| port.to_string()));
            let end = run(&mut program);
            let mut lines = said(&end.err, closed);
            lines.sort();
            said_by.push((end.status, lines));
        }
        assert_eq!(said_by[0], said_by[1], "{letters}");
        assert_eq!(said_by[1].1.len(), 3, "{letters}: {said_by:?}");
    }
}

/// What cannot be done, and what is wrong on the command line: netcat's status and words.
#[test]
fn failures() {
    let dir = Dir::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("it is bound").port();
    for arguments in [
        "-v 127.0.0.1 PORT",
        "-v localhost PORT",
        "-6v ::1 PORT",
        "-zv 127.0.0.1 PORT",
        "-uzv 127.0.0.1 PORT",
        "nosuch.invalid 80",
        "-n localhost 80",
        "-4 ::1 80",
        "127.0.0.1 99999",
        "127.0.0.1 0",
        "127.0.0.1 abcd",
        "127.0.0.1 10-abcd",
        "127.0.0.1",
        "-l",
        "-l -z 1",
        "-k 127.0.0.1 1",
        "-U none",
        "-F -U x",
        "-w x 127.0.0.1 1",
        "-w -1 127.0.0.1 1",
        "-q x 127.0.0.1 1",
        "-i x 127.0.0.1 1",
        "-i -1 127.0.0.1 1",
        "-W 0 127.0.0.1 1",
        "-W x 127.0.0.1 1",
        "-I 0 127.0.0.1 1",
        "-O x 127.0.0.1 1",
        "-s 192.0.2.1 127.0.0.1 1",
        "-s nosuch.invalid 127.0.0.1 1",
    ] {
        let Some(programs) = both(&dir) else { return };
        let port = free_port();
        let mut ends = Vec::new();
        for (_, mut program) in programs {
            let end = run(program.args(arguments.replace("PORT", &port.to_string()).split(' ')));
            assert!(end.out.is_empty(), "{arguments}");
            ends.push((end.status, said(&end.err, port)));
        }
        assert_eq!(ends[0], ends[1], "{arguments}");
        assert_eq!(ends[1].0, 1, "{arguments}");
    }
    if !nix::unistd::geteuid().is_root() {
        let Some(programs) = both(&dir) else { return };
        for (name, mut program) in programs {
            let end = run(program.args(["-D", "127.0.0.1", "1"]));
            assert_eq!(end.status, 1, "{name}");
            assert!(end.err.contains("Permission denied"), "{name}: {}", end.err);
        }
    }
    // Here netcat does not say what it tried.
    for (arguments, words) in [
        (format!("-l 127.0.0.1 {taken}"), "Address already in use"),
        ("-l 192.0.2.1 7999".to_owned(), "Cannot assign requested address"),
        ("-lU none/s".to_owned(), "No such file or directory"),
    ] {
        let Some(programs) = both(&dir) else { return };
        for (name, mut program) in programs {
            let end = run(program.args(arguments.split(' ')));
            assert_eq!(end.status, 1, "{name} {arguments}");
            assert!(end.err.contains(words), "{name} {arguments}: {}", end.err);
        }
    }
}
