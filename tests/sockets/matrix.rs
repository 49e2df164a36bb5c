//! Our `nc` and other programs, each as client and as server, TCP and UNIX, data in both directions at once.

use super::*;

/// A program that copies its input to a connection and the connection to its output.
#[derive(Clone, Copy)]
struct Peer<'a> {
    name: &'a str,
    program: &'a str,
    /// Arguments for the client; `{}` is the port or path.
    client: &'a str,
    /// Arguments for the server.
    server: &'a str,
}

const TCP: &[Peer<'_>] = &[
    Peer { name: "ipcsh", program: "ipcsh", client: "nc 127.0.0.1 {}", server: "nc -l 127.0.0.1 {}" },
    Peer { name: "nc.openbsd", program: "nc.openbsd", client: "-N 127.0.0.1 {}", server: "-N -l 127.0.0.1 {}" },
    Peer { name: "ncat", program: "ncat", client: "127.0.0.1 {}", server: "-l 127.0.0.1 {}" },
    Peer {
        name: "socat",
        program: "socat",
        client: "-t60 - TCP:127.0.0.1:{}",
        server: "-t60 - TCP-LISTEN:{},bind=127.0.0.1,reuseaddr",
    },
    Peer { name: "python", program: "python3", client: "peer.py connect {}", server: "peer.py listen {}" },
];

const UNIX: &[Peer<'_>] = &[
    Peer { name: "ipcsh", program: "ipcsh", client: "nc -U {}", server: "nc -lU {}" },
    Peer { name: "nc.openbsd", program: "nc.openbsd", client: "-N -U {}", server: "-N -l -U {}" },
    Peer { name: "ncat", program: "ncat", client: "-U {}", server: "-l -U {}" },
    Peer { name: "socat", program: "socat", client: "-t60 - UNIX-CONNECT:{}", server: "-t60 - UNIX-LISTEN:{}" },
    Peer { name: "python", program: "python3", client: "peer.py connect {}", server: "peer.py listen {}" },
];

/// The same in Python: `peer.py connect|listen PORT|PATH`.
const PYTHON: &str = r#"
import socket, sys, threading
what, where = sys.argv[1:]
tcp = where.isdigit()
s = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
name = ('127.0.0.1', int(where)) if tcp else where
if what == 'listen':
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(name)
    s.listen()
    s, _ = s.accept()
else:
    s.connect(name)
def send():
    while piece := sys.stdin.buffer.read(1 << 20):
        s.sendall(piece)
    s.shutdown(socket.SHUT_WR)
t = threading.Thread(target=send)
t.start()
while True:
    piece = s.recv(1 << 20)
    if not piece: break
    sys.stdout.buffer.write(piece)
t.join()
"#;

fn command(dir: &Dir, peer: &Peer<'_>, arguments: &str, place: &str) -> Command {
    let arguments = arguments.replace("{}", place);
    if peer.program == "ipcsh" {
        return dir.shell(&arguments);
    }
    let mut command = dir.program(peer.program);
    command.args(arguments.split(' '));
    command
}

/// How many bytes go from the client to the server, and back.
#[derive(Clone, Copy)]
struct Amounts(usize, usize);

impl Amounts {
    /// How long a matrix of them may take.
    fn time(self) -> Duration {
        if self.0 > 1 << 20 { Duration::from_secs(3600) } else { limit::LONGEST }
    }
}

const SHORT: Amounts = Amounts(700_000, 500_000);
const LONG: Amounts = Amounts(1 << 30, 1 << 30);

/// A file of so many bytes; one that is there already stays.
fn fill(dir: &Dir, name: &str, length: usize, seed: u64) {
    const BLOCK: usize = 1 << 20;
    if fs::metadata(dir.0.join(name)).is_ok_and(|file| file.len() == length as u64) {
        return;
    }
    let mut file = fs::File::create(dir.0.join(name)).expect("a file for the test");
    for (block, at) in (0..length).step_by(BLOCK).enumerate() {
        let bytes = noise(BLOCK.min(length - at), seed + (block as u64) * 1_000_003);
        file.write_all(&bytes).expect("room for the file");
    }
}

/// The files are alike; they may be larger than the memory.
fn assert_same(dir: &Dir, sent: &str, got: &str, what: &str) {
    let open = |name: &str| fs::File::open(dir.0.join(name)).expect("the file is there");
    let (sent_file, got_file) = (open(sent), open(got));
    let length = |file: &fs::File| file.metadata().expect("it is open").len();
    assert_eq!(length(&got_file), length(&sent_file), "{what}: the length of {got}");
    let (mut one, mut other) =
        (BufReader::with_capacity(1 << 20, sent_file), BufReader::with_capacity(1 << 20, got_file));
    let mut at = 0;
    while !one.fill_buf().expect("it can be read").is_empty() {
        let (a, b) = (one.buffer(), other.fill_buf().expect("it can be read"));
        let length = a.len().min(b.len());
        assert!(length > 0 && a[..length] == b[..length], "{what}: {got} differs after {at} bytes");
        one.consume(length);
        other.consume(length);
        at += length;
    }
}

/// Both directions between a client and a server; the server is started first, and the client again until the server is there.
fn meet(dir: &Dir, server: &Peer<'_>, client: &Peer<'_>, place: &str, Amounts(there, back): Amounts) {
    let what = format!("{} serves {} at {place}", server.name, client.name);
    fill(dir, "there", there, 7);
    fill(dir, "back", back, 9);
    let input = |name: &str| fs::File::open(dir.0.join(name)).expect("the file is there");
    // What is received goes to files, because nobody reads the server's output while the client runs.
    let output = |name: &str| fs::File::create(dir.0.join(name)).expect("a file");
    let start = |command: &mut Command, from: &str, to: &str| {
        let command = command.stdin(input(from)).stdout(output(to)).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let err = child.stderr.take().map(BufReader::new);
        Running { child, out: None, err }
    };
    let serving = start(&mut command(dir, server, server.server, place), "back", "got-there");
    let mut said = String::new();
    until(&what, || {
        let end = start(&mut command(dir, client, client.client, place), "there", "got-back").end();
        said = end.err;
        end.status == 0 && fs::metadata(dir.0.join("got-back")).is_ok_and(|file| file.len() > 0)
    });
    let end = serving.end();
    let what = format!("{what} ({} {said})", end.err);
    assert_same(dir, "back", "got-back", &what);
    assert_same(dir, "there", "got-there", &what);
    assert_eq!(end.status, 0, "{what}");
}

fn matrix(peers: &[Peer<'_>], amounts: Amounts, place: impl Fn(&Dir) -> String) {
    let dir = Dir::within(amounts.time());
    dir.file("peer.py", PYTHON);
    let ours = &peers[0];
    for peer in peers {
        if peer.program != "ipcsh" && !has(peer.program) {
            continue;
        }
        meet(&dir, ours, peer, &place(&dir), amounts);
        if peer.name != "nc.openbsd" {
            meet(&dir, peer, ours, &place(&dir), amounts);
            continue;
        }
        // As a server it ends when the client has said all, so what it sends must be short enough to be sent by then, or the client must be
        // one that says nothing, not even that.
        meet(&dir, peer, ours, &place(&dir), Amounts(amounts.0, 9_000));
        let client = ours.client.replace("nc", "nc -d");
        meet(&dir, peer, &Peer { client: &client, ..*ours }, &place(&dir), Amounts(0, amounts.1));
    }
}

fn port(_: &Dir) -> String {
    free_port().to_string()
}

fn socket(dir: &Dir) -> String {
    // Not every peer removes its socket.
    let _ = fs::remove_file(dir.0.join("socket"));
    "socket".to_owned()
}

#[test]
fn tcp() {
    matrix(TCP, SHORT, port);
}

#[test]
fn unix() {
    matrix(UNIX, SHORT, socket);
}

#[test]
#[ignore = "1 GiB in each direction, over a minute"]
fn a_gibibyte_over_tcp() {
    matrix(TCP, LONG, port);
}

#[test]
#[ignore = "1 GiB in each direction, over a minute"]
fn a_gibibyte_over_unix() {
    matrix(UNIX, LONG, socket);
}

/// bash as the client in both directions at once. It cannot end one of them, so the server ends first.
fn bash(Amounts(there, back): Amounts) {
    if !has("bash") {
        return;
    }
    let dir = Dir::within(Amounts(there, back).time());
    fill(&dir, "there", there, 7);
    fill(&dir, "back", back, 9);
    let code = "exec 3<>/dev/tcp/127.0.0.1/$0; cat there >&3 & cat <&3 >got-back; wait";
    for shell in ["bash", env!("CARGO_BIN_EXE_ipcsh")] {
        let mut server = Running::start(&mut dir.shell("nc -lnv 0 <back >got-there"));
        let port = server.port().to_string();
        let end = run(dir.program(shell).args(["-c", code, &port]));
        assert_eq!(end.status, 0, "{shell}: {}", end.err);
        assert_eq!(server.end().status, 0, "{shell}");
        assert_same(&dir, "there", "got-there", shell);
        assert_same(&dir, "back", "got-back", shell);
    }
}

#[test]
fn bash_in_both_directions() {
    bash(SHORT);
}

#[test]
#[ignore = "1 GiB in each direction"]
fn a_gibibyte_with_bash() {
    bash(LONG);
}

/// bash cannot end one direction, so the lengths are agreed on.
#[test]
fn bash_dev_tcp() {
    if !has("bash") {
        return;
    }
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv -k --exec 'head -c 10; echo done' 0"));
    let port = server.port();
    let code = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf 0123456789 >&3; cat <&3");
    assert_eq!(run(dir.program("bash").args(["-c", &code])).text(), "0123456789done\n");
    // The same in ipcsh.
    assert_eq!(run(&mut dir.shell(&code)).text(), "0123456789done\n");
}

/// Every way that bytes can take: files, pipes, sockets at our ends.
#[test]
fn large_data_through_files_and_pipes() {
    const SIZE: usize = 24 << 20;
    let dir = Dir::new();
    let data = noise(SIZE, 3);
    dir.file("data", &data);
    for (send, receive) in [
        ("nc 127.0.0.1 $port <data", "nc -lnv 0 >got"),
        ("cat data | nc 127.0.0.1 $port", "nc -lnv 0 | cat >got"),
        ("cat data | nc 127.0.0.1 $port", "nc -lnv 0 >>got"),
        ("nc -C 127.0.0.1 $port <data >/dev/null; :", "nc -lnv 0 >got </dev/null"),
    ] {
        let _ = fs::remove_file(dir.0.join("got"));
        let mut receiver = Running::start(&mut dir.shell(receive));
        let port = receiver.port();
        let sent = run(&mut dir.shell(&format!("port={port}; {send}")));
        assert_eq!(sent.status, 0, "{send}: {}", sent.err);
        let end = receiver.end();
        assert_eq!(end.status, 0, "{receive}: {}", end.err);
        let got = fs::read(dir.0.join("got")).expect("it was received");
        if send.contains("-C") {
            let carriage_returns = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\r').count();
            let bare = data.windows(2).filter(|pair| pair[1] == b'\n' && pair[0] != b'\r').count();
            assert_eq!(carriage_returns(&got), carriage_returns(&data) + bare);
        } else {
            assert!(got == data, "{send} to {receive}: {} bytes", got.len());
        }
    }
}

/// The same over a UNIX socket, from the server to the client.
#[test]
fn large_data_over_a_unix_socket() {
    let dir = Dir::new();
    let data = noise(24 << 20, 5);
    dir.file("data", &data);
    let mut server = Running::start(&mut dir.shell("nc -lvU s <data"));
    while !server.line().starts_with("Listening") {}
    let got = run(&mut dir.shell("nc -U s </dev/null"));
    assert!(got.out == data, "{} bytes: {}", got.out.len(), got.err);
    assert_eq!(server.end().status, 0);
}

/// The end of the input is passed on, and the answer that comes after it is still heard, however late either side is.
#[test]
fn half_close() {
    let dir = Dir::new();
    let mut server = Running::start(&mut dir.shell("nc -lnv --exec 'wc -c' 0"));
    let port = server.port();
    assert_eq!(run(&mut dir.shell(&format!("printf 12345 | nc 127.0.0.1 {port}"))).text().trim(), "5");
    // The client has nothing to say and says so at once; the server's answer comes later.
    nix::unistd::mkfifo(&dir.0.join("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("a fifo");
    let mut server = Running::start(&mut dir.shell("{ read -r go; echo late; } <fifo | nc -lnv 0"));
    let port = server.port();
    let client = Running::start(&mut dir.shell(&format!("nc 127.0.0.1 {port} </dev/null")));
    assert!(server.line().starts_with("Connection received"));
    fs::write(dir.0.join("fifo"), "go\n").expect("the server reads it");
    assert_eq!(client.end().text(), "late\n");
    assert_eq!(server.end().status, 0);
}

/// The peer has closed, and our own input stays open without a word: nobody is left to say it to.
#[test]
fn a_peer_that_has_gone() {
    let dir = Dir::new();
    for listen in ["nc -lnv 0", "nc -6lnv 0"] {
        let mut server = dir.shell(listen);
        let mut server = Running::start(server.stdin(Stdio::piped()));
        let line = server.line();
        let port: u16 = line.rsplit(' ').next().and_then(|port| port.parse().ok()).expect("a port");
        let host = if listen.contains('6') { "::1" } else { "127.0.0.1" };
        let mut client = TcpStream::connect((host, port)).expect("it listens");
        client.write_all(b"all there is").expect("it is taken");
        drop(client);
        let end = server.end();
        assert_eq!((end.status, &*end.text()), (0, "all there is"), "{listen}: {}", end.err);
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let unix = std::os::unix::net::UnixListener::bind(dir.0.join("s")).expect("a socket");
    for code in [format!("nc 127.0.0.1 {port}"), "nc -U s".to_owned()] {
        let mut client = dir.shell(&code);
        let client = Running::start(client.stdin(Stdio::piped()));
        if code.contains("-U") {
            drop(unix.accept().expect("it connects"));
        } else {
            drop(listener.accept().expect("it connects"));
        }
        let end = client.end();
        assert_eq!(end.status, 0, "{code}: {}", end.err);
    }
}
