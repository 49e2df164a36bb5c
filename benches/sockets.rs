//! Sockets beside other programs: connections and lines a second against one server, and a large file through `nc`.
//!
//! ```text
//! cargo bench --bench sockets                                  # everything
//! cargo bench --bench sockets -- --count 2000 --mib 64 --rounds 3
//! ```
//!
//! In each round every program does the same once, one after the other, so that what else happens on the machine hits all alike. A figure is
//! the median; the ratio is the peer's time divided by ours: above 1 we are faster. Every answer and every file that was received is
//! compared with what was sent, outside the time that is taken; a wrong one is a failure, and time never is.

#![allow(clippy::panic, reason = "a benchmark fails by a panic")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The shells that have `/dev/tcp`.
const SHELLS: &[&str] = &["ipcsh", "ksh93", "bash"];

/// A connection, a line there, a line back, its end.
const CONNECTIONS: &str = "i=0; while [ $i -lt $2 ]; do exec 3<>/dev/tcp/127.0.0.1/$1; echo line $i >&3; read -r line <&3; exec 3>&-; \
                           i=$((i + 1)); done; echo $line";

/// The same with the verbs of `sock`.
const VERBS: &str = "i=0; while [ $i -lt $2 ]; do sock socket c inet stream; sock connect $c 127.0.0.1:$1; echo line $i >&$c; \
                     read -r line <&$c; sock close $c; i=$((i + 1)); done; echo $line";

/// Lines there and back over one connection.
const LINES: &str = "exec 3<>/dev/tcp/127.0.0.1/$1; i=0; while [ $i -lt $2 ]; do echo line $i >&3; read -r line <&3; i=$((i + 1)); \
                     done; echo $line";

/// How a program receives a file and how it sends one; `{}` is the port or path.
struct Pair {
    name: &'static str,
    program: &'static str,
    tcp: Transfer,
    unix: Transfer,
}

struct Transfer {
    receive: &'static str,
    send: &'static str,
}

/// The first one is ours.
const PAIRS: &[Pair] = &[
    Pair {
        name: "ipcsh nc",
        program: "ipcsh",
        tcp: Transfer { receive: "nc -l 127.0.0.1 {}", send: "nc 127.0.0.1 {}" },
        unix: Transfer { receive: "nc -lU {}", send: "nc -U {}" },
    },
    Pair {
        name: "socat -b 1M",
        program: "socat",
        tcp: Transfer {
            receive: "-b 1048576 -u TCP-LISTEN:{},bind=127.0.0.1,reuseaddr -",
            send: "-b 1048576 -u - TCP:127.0.0.1:{}",
        },
        unix: Transfer { receive: "-b 1048576 -u UNIX-LISTEN:{} -", send: "-b 1048576 -u - UNIX-CONNECT:{}" },
    },
    Pair {
        name: "nc.openbsd",
        program: "nc.openbsd",
        tcp: Transfer { receive: "-l 127.0.0.1 {}", send: "-N 127.0.0.1 {}" },
        unix: Transfer { receive: "-lU {}", send: "-NU {}" },
    },
    Pair {
        name: "ncat",
        program: "ncat",
        tcp: Transfer { receive: "-l 127.0.0.1 {}", send: "--send-only 127.0.0.1 {}" },
        unix: Transfer { receive: "-lU {}", send: "--send-only -U {}" },
    },
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut count, mut mib, mut rounds) = (4000, 1024, 5);
    while let Some(argument) = arguments.next() {
        let place = match argument.as_str() {
            "--count" => &mut count,
            "--mib" => &mut mib,
            "--rounds" => &mut rounds,
            // `cargo bench -- WORD` asks all benchmarks.
            _ => {
                return println!("sockets: {argument} is none of its options; benches/sockets.rs says which there are");
            }
        };
        let value = arguments.next().and_then(|value| value.parse().ok()).filter(|&value| value > 0);
        *place = value.unwrap_or_else(|| panic!("{argument}: number expected"));
    }
    let count = u32::try_from(count).expect("a smaller number");
    let installed = |shell: &&&str| **shell == "ipcsh" || is_installed(shell);
    let mut programs: Vec<(String, &str, &str)> =
        SHELLS.iter().filter(installed).map(|shell| (format!("{shell} /dev/tcp"), *shell, CONNECTIONS)).collect();
    programs.push(("ipcsh sock".into(), "ipcsh", VERBS));
    compare("connections", f64::from(count), "/s", rounds, &programs, |(_, shell, code)| {
        talk(shell, code, count, count)
    });
    let lines = count * 5;
    programs.retain(|(_, _, code)| *code == CONNECTIONS);
    compare("round trips", f64::from(lines), "/s", rounds, &programs, |(_, shell, _)| talk(shell, LINES, lines, 1));

    let place = Place::new(mib << 20);
    let pairs = PAIRS.iter().filter(|pair| pair.program == "ipcsh" || is_installed(pair.program));
    let pairs: Vec<(String, &Pair, ())> = pairs.map(|pair| (pair.name.to_owned(), pair, ())).collect();
    for (what, is_tcp) in [("TCP", true), ("UNIX", false)] {
        let title = format!("{mib} MiB, {what}");
        compare(&title, mib as f64, " MiB/s", rounds, &pairs, |(_, pair, ())| place.pass(pair, is_tcp));
    }
}

/// Measure all by turns, and print a line for each: its figure, and its time as a multiple of the first one's.
fn compare<A, B>(
    title: &str,
    amount: f64,
    unit: &str,
    rounds: usize,
    programs: &[(String, A, B)],
    run: impl Fn(&(String, A, B)) -> Duration,
) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); programs.len()];
    for _ in 0..rounds {
        for (program, times) in programs.iter().zip(&mut times) {
            times.push(run(program));
        }
    }
    println!("{title}");
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, ..), time) in programs.iter().zip(&medians) {
        println!("  {name:<20}{:>10.0}{unit:<8}{:>6.2}", amount / time, time / medians[0]);
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

fn is_installed(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists())
}

fn program(name: &str) -> Command {
    Command::new(if name == "ipcsh" { env!("CARGO_BIN_EXE_ipcsh") } else { name })
}

/// A server for so many connections that sends back whatever comes. Each run has its own, because the ports of connections that have ended
/// are taken for a while, for the same server only.
fn echo_server(connections: u32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut buffer = vec![0u8; 64 << 10];
        for connection in listener.incoming().take(connections as usize) {
            let Ok(mut connection) = connection else { continue };
            let _ = connection.set_nodelay(true);
            while let Ok(got @ 1..) = connection.read(&mut buffer) {
                if connection.write_all(&buffer[..got]).is_err() {
                    break;
                }
            }
        }
    });
    address
}

/// Let a shell exchange `count` lines with a server; the last answer is looked at.
fn talk(shell: &str, code: &str, count: u32, connections: u32) -> Duration {
    let server = echo_server(connections);
    let mut command = program(shell);
    command.args(["-c", code, shell, &server.port().to_string(), &count.to_string()]).stdin(Stdio::null());
    let start = Instant::now();
    let output = command.output().expect("the shell can be started");
    let time = start.elapsed();
    let expected = format!("line {}\n", count - 1);
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{shell}: {code}");
    time
}

/// A directory in memory if there is one, and in it a file to send.
struct Place(PathBuf);

impl Place {
    fn new(size: usize) -> Self {
        let shared = Path::new("/dev/shm");
        let parent = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("ipcsh-bench-{}", std::process::id()));
        fs::create_dir(&path).expect("a directory");
        let place = Self(path);
        let mut data = File::create(place.0.join("data")).expect("a file");
        let mut state = 1u64;
        let mut block = vec![0u8; 1 << 20];
        for _ in 0..size >> 20 {
            for word in block.chunks_exact_mut(8) {
                // xorshift (Marsaglia 2003): no two blocks are alike.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                word.copy_from_slice(&state.to_le_bytes());
            }
            data.write_all(&block).expect("room for the file");
        }
        place
    }

    /// Send the file from one process to another. The time begins when the receiver listens.
    fn pass(&self, pair: &Pair, tcp: bool) -> Duration {
        let socket = self.0.join("socket");
        // Not every program removes it.
        let _ = fs::remove_file(&socket);
        let place = if tcp { free_port().to_string() } else { "socket".to_owned() };
        let transfer = if tcp { &pair.tcp } else { &pair.unix };
        let got = File::create(self.0.join("got")).expect("a file");
        let mut receiver = Ended(self.command(pair, transfer.receive, &place).stdout(got).spawn().expect(pair.program));
        let deadline = Instant::now() + Duration::from_secs(10);
        while !(if tcp { is_listening(&place) } else { socket.exists() }) {
            assert!(Instant::now() < deadline, "{}: it does not listen", pair.name);
            std::thread::sleep(Duration::from_millis(1));
        }
        let data = File::open(self.0.join("data")).expect("the file to send");
        let start = Instant::now();
        let sent =
            self.command(pair, transfer.send, &place).stdin(data).stdout(Stdio::null()).status().expect(pair.program);
        let received = receiver.0.wait().expect("it is a child");
        let time = start.elapsed();
        assert!(sent.success() && received.success(), "{}: {sent}, {received}", pair.name);
        assert!(same(&self.0.join("data"), &self.0.join("got")), "{}: not what was sent", pair.name);
        time
    }

    fn command(&self, pair: &Pair, arguments: &str, place: &str) -> Command {
        let arguments = arguments.replace("{}", place);
        let mut command = program(pair.program);
        match pair.program {
            "ipcsh" => command.args(["-c", &arguments]),
            _ => command.args(arguments.split(' ')),
        };
        command.current_dir(&self.0).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that does not outlive the benchmark.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("it is bound").port()
}

/// Whether a socket listens at the port. (A connection made to find out would be the one that the receiver waits for.)
fn is_listening(port: &str) -> bool {
    let port: u16 = port.parse().expect("a port");
    let table = BufReader::new(File::open("/proc/net/tcp").expect("/proc/net/tcp"));
    // sl, local address, remote address, state; 0A is TCP_LISTEN.
    let wanted = format!(":{port:04X}");
    table.lines().map_while(Result::ok).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&wanted)) && fields.nth(1) == Some("0A")
    })
}

/// Whether two files are alike.
fn same(one: &Path, other: &Path) -> bool {
    let open = |path| File::open(path).expect("the file is there");
    let (mut one, mut other) = (open(one), open(other));
    let (mut a, mut b) = (vec![0u8; 1 << 20], vec![0u8; 1 << 20]);
    loop {
        let got = one.read(&mut a).expect("it can be read");
        if got == 0 {
            return other.read(&mut b).is_ok_and(|more| more == 0);
        }
        if other.read_exact(&mut b[..got]).is_err() || a[..got] != b[..got] {
            return false;
        }
    }
}
