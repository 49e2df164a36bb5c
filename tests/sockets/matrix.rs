//! Our `nc` and other programs, each as client and as server, TCP and UNIX, data in both directions at once.

use super::*;

/// A program that copies its input to a connection and the connection to its output.
struct Peer {
    name: &'static str,
    program: &'static str,
    /// Arguments for the client; `{}` is the port or path.
    client: &'static str,
    /// Arguments for the server.
    server: &'static str,
}

const TCP: &[Peer] = &[
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

const UNIX: &[Peer] = &[
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
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
t = threading.Thread(target=send)
t.start()
while True:
    piece = s.recv(65536)
    if not piece: break
    sys.stdout.buffer.write(piece)
t.join()
"#;

fn command(dir: &Dir, peer: &Peer, arguments: &str, place: &str) -> Command {
    let arguments = arguments.replace("{}", place);
    if peer.program == "ipcsh" {
        return dir.shell(&arguments);
    }
    let mut command = dir.program(peer.program);
    command.args(arguments.split(' '));
    command
}

/// Both directions between a client and a server; the server is started first, and the client again until the server is there.
fn meet(dir: &Dir, server: &Peer, client: &Peer, place: &str) {
    let what = format!("{} serves {} at {place}", server.name, client.name);
    // netcat-openbsd as a server ends when the client has said all, so what it sends must be short enough to be sent by then.
    let (there, back) = (noise(700_000, 7), noise(if server.name == "nc.openbsd" { 9_000 } else { 500_000 }, 9));
    let (there_file, back_file) = (dir.file("there", &there), dir.file("back", &back));
    let input = |path: &Path| fs::File::open(path).expect("the file is there");
    // The server's output goes to a file, because nobody reads it while the client runs.
    let got = fs::File::create(dir.0.join("got")).expect("a file");
    let mut serving = command(dir, server, server.server, place);
    let serving = serving.stdin(input(&back_file)).stdout(got).stderr(Stdio::piped());
    let mut serving = Running { child: serving.spawn().expect("the program can be started"), out: None, err: None };
    serving.err = serving.child.stderr.take().map(BufReader::new);
    let mut end = None;
    until(&what, || {
        let attempt = run(command(dir, client, client.client, place).stdin(input(&there_file)));
        let connected = attempt.status == 0 && !attempt.out.is_empty();
        end = Some(attempt);
        connected
    });
    let (client_end, server_end) = (end.expect("it has run"), serving.end());
    assert!(client_end.out == back, "{what}: the client got {} bytes: {}", client_end.out.len(), client_end.err);
    let got = fs::read(dir.0.join("got")).expect("it is there");
    assert!(got == there, "{what}: the server got {} bytes: {}", got.len(), server_end.err);
    assert_eq!(server_end.status, 0, "{what}: {}", server_end.err);
}

fn matrix(peers: &[Peer], place: impl Fn(&Dir) -> String) {
    let dir = Dir::new();
    dir.file("peer.py", PYTHON);
    let ours = &peers[0];
    for peer in peers {
        if peer.program != "ipcsh" && !has(peer.program) {
            continue;
        }
        meet(&dir, ours, peer, &place(&dir));
        meet(&dir, peer, ours, &place(&dir));
    }
}

#[test]
fn tcp() {
    matrix(TCP, |_| free_port().to_string());
}

#[test]
fn unix() {
    matrix(UNIX, |dir| {
        // Not every peer removes its socket.
        let _ = fs::remove_file(dir.0.join("socket"));
        "socket".to_owned()
    });
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
