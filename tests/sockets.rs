//! Sockets at the prompt: `nc`, `sock`, `/dev/tcp` against other programs, and what they must survive and not leave behind.
//!
//! Only the loopback interface is used, and free ports. Every process has a deadline and a process group that is killed at the end; nothing
//! sleeps to synchronise. A test whose peer is missing says "skipped: needs X".

#![allow(clippy::panic, reason = "a test fails by a panic")]

#[path = "sockets/addresses.rs"]
mod addresses;
#[path = "sockets/datagrams.rs"]
mod datagrams;
#[path = "sockets/examples.rs"]
mod examples;
#[path = "sockets/handlers.rs"]
mod handlers;
#[path = "sockets/letters.rs"]
mod letters;
#[path = "sockets/losses.rs"]
mod losses;
#[path = "sockets/matrix.rs"]
mod matrix;
#[path = "sockets/messages.rs"]
mod messages;
#[path = "support/place.rs"]
mod place;
#[path = "sockets/safety.rs"]
mod safety;
#[path = "sockets/verbs.rs"]
mod verbs;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use place::{Dir, has, limit};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(60);

impl Dir {
    /// ipcsh with these commands.
    fn shell(&self, code: &str) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_ipcsh"));
        command.arg("-c").arg(code);
        command
    }
}

/// A running program; dropping it kills its process group.
struct Running {
    child: Child,
    out: Option<ChildStdout>,
    err: Option<BufReader<ChildStderr>>,
}

/// What a program has left.
#[derive(Debug)]
struct End {
    /// Exit status; 128 + n for signal n.
    status: i32,
    out: Vec<u8>,
    err: String,
}

impl End {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

fn number(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        let (out, err) = (child.stdout.take(), child.stderr.take().map(BufReader::new));
        Self { child, out, err }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the process is there");
    }

    /// The next line of standard error.
    fn line(&mut self) -> String {
        let mut err = self.err.take().expect("standard error is piped");
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let got = err.read_line(&mut line);
            // Nobody receives it behind the deadline.
            let _ = send.send((got, line, err));
        });
        let Ok((Ok(1..), line, err)) = receive.recv_timeout(DEADLINE) else { panic!("no line came") };
        self.err = Some(err);
        line.trim_end().to_owned()
    }

    /// The port in the line that `-v` begins with.
    fn port(&mut self) -> u16 {
        let line = self.line();
        let port = line.rsplit(' ').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port in {line:?}"))
    }

    /// Wait for the end, and for all output: something that the program has left behind may hold the other end of a pipe for ever.
    fn end(mut self) -> End {
        let (out, err) = (all(self.out.take()), all(self.err.take()));
        let status = self.wait();
        let [out, err] =
            [out, err].map(|read| read.recv_timeout(DEADLINE).expect("the output ends soon after the program"));
        End { status, out, err: String::from_utf8_lossy(&err).into_owned() }
    }

    fn wait(&mut self) -> i32 {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return number(status);
            }
            assert!(Instant::now() < end, "it did not end in time");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Read everything, meanwhile.
fn all(reader: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut reader) = reader {
            let _ = reader.read_to_end(&mut bytes);
        }
        send.send(bytes)
    });
    receive
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// Run to the end.
fn run(command: &mut Command) -> End {
    Running::start(command).end()
}

/// Look until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A port that was free a moment ago, and that the kernel gives to nobody: a client that connects before its server listens could
/// otherwise be given the very port that it asks for, and talk to itself (RFC 9293, 3.5: simultaneous open).
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // (Below net.ipv4.ip_local_port_range; each process begins elsewhere.)
    const PORTS: std::ops::Range<u16> = 10_000..32_000;
    let process = u16::try_from(std::process::id() % 220).expect("a remainder") * 100;
    loop {
        let port = PORTS.start + (process + NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let taken = |error: io::Error| error.kind() == io::ErrorKind::AddrInUse;
        let (four, six) = (("127.0.0.1", port), ("::1", port));
        let bound = [TcpListener::bind(four).err(), TcpListener::bind(six).err(), UdpSocket::bind(four).err()];
        if !bound.into_iter().flatten().any(taken) {
            return port;
        }
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    stream.set_write_timeout(Some(DEADLINE)).expect("a time limit");
    stream
}

/// A UDP socket, and the port that is its own.
fn udp_at_port() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    let port = socket.local_addr().expect("it is bound").port();
    (socket, port)
}

/// A UDP socket that talks to a port.
fn udp(port: u16) -> UdpSocket {
    let (socket, _) = udp_at_port();
    socket.connect(("127.0.0.1", port)).expect("a port to send to");
    socket
}

/// The next datagram.
fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 70_000];
    let length = socket.recv(&mut buffer).expect("an answer");
    buffer[..length].to_vec()
}

/// Send everything, end the sending, and read all that comes.
fn converse(mut stream: TcpStream, message: &[u8]) -> Vec<u8> {
    stream.set_read_timeout(Some(DEADLINE)).expect("a time limit");
    stream.write_all(message).expect("it is taken");
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answer
}

/// Bytes that no two places have alike for long.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend_from_slice(&seed.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
