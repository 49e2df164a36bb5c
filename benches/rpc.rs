//! Calls of procedure 0 and of ADD over one connection, one after the other: how many round trips a second, beside other programs.
//!
//! `cargo bench --bench rpc [-- CALLS]` prints a table: the median of five rounds in which all take turns, and how many times as fast our stub with our
//! server is. Servers are one in ipcsh, whose procedures are shell functions, and one in Python and one in C that do nothing but answer procedure 0. C with C
//! (`round_trip.c`: send and recv and nothing else) shows what the kernel takes for two processes that sleep while they wait. rpcinfo, which connects
//! anew for each call, is there for scale.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 5;

const SERVER: &str =
    "NULL() { :; }; ADD() { echo $((a + b)); }; DIV() { :; }; SHOUT() { :; }; rpc serve -b tcp:0 calc.x";

const STUBS: &str = "rpc import -H 127.0.0.1:$1 calc.x; i=0; while [ $i -lt $2 ]; do $3; i=$((i + 1)); done";

const PYTHON_CLIENT: &str = "
import socket, struct, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
procedure, arguments = (1, struct.pack('>2i', 1, 2)) if sys.argv[3] == 'ADD 1 2' else (0, b'')
for xid in range(int(sys.argv[2])):
    call = struct.pack('>10I', xid, 0, 2, 0x20000042, 1, procedure, 0, 0, 0, 0) + arguments
    s.sendall(struct.pack('>I', 0x80000000 | len(call)) + call)
    reply = b''
    while len(reply) < 4 or len(reply) < 4 + (struct.unpack('>I', reply[:4])[0] & 0x7fffffff):
        reply += s.recv(65536)
    assert struct.unpack('>I', reply[4:8])[0] == xid
";

const PYTHON_SERVER: &str = "
import socket, struct, sys
l = socket.create_server(('127.0.0.1', 0))
print('listening on tcp:127.0.0.1:%d' % l.getsockname()[1], file=sys.stderr, flush=True)
while True:
    s = l.accept()[0]
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while (call := s.recv(65536)):
        reply = call[4:8] + struct.pack('>5I', 1, 0, 0, 0, 0)
        s.sendall(struct.pack('>I', 0x80000000 | len(reply)) + reply)
";

/// A server that tells its port on standard error; ended at the end.
struct Server(Child, String);

impl Server {
    fn start(mut command: Command) -> Option<Self> {
        let mut child = command.stderr(Stdio::piped()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stderr.take()?).read_line(&mut line).ok()?;
        let port = line.trim().rsplit(':').next()?.to_owned();
        Some(Self(child, port))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program without input and output, beside the interface.
fn command(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rpc"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Who calls whom.
struct Row<'a> {
    name: &'static str,
    calls: u32,
    /// The calls, one after the other; false: they failed.
    run: Box<dyn Fn() -> bool + 'a>,
}

impl<'a> Row<'a> {
    fn new(name: &'static str, calls: u32, run: impl Fn() -> bool + 'a) -> Self {
        Self { name, calls, run: Box::new(run) }
    }
}

/// All rows take turns; the median of each, in calls a second, and what the first row has for each of them.
fn measure(rows: &[Row<'_>]) {
    let once = |row: &Row<'_>| {
        let start = Instant::now();
        (row.run)().then(|| f64::from(row.calls) / start.elapsed().as_secs_f64())
    };
    let mut rates = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for (row, rates) in rows.iter().zip(&mut rates) {
            rates.extend(once(row));
        }
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        (rates.len() == ROUNDS).then(|| rates[ROUNDS / 2])
    };
    let medians: Vec<Option<f64>> = rates.iter_mut().map(median).collect();
    let ours = medians.first().copied().flatten().unwrap_or(f64::NAN);
    for (row, median) in rows.iter().zip(medians) {
        match median {
            Some(rate) => println!("{:<44} {rate:>9.0} calls/s {:>7.2}", row.name, ours / rate),
            None => println!("{:<44}   skipped", row.name),
        }
    }
}

/// The program in C, if there is a compiler.
fn round_trip() -> Option<String> {
    let program = std::env::temp_dir().join(format!("ipcsh-round-trip-{}", std::process::id()));
    let program = program.to_string_lossy().into_owned();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/round_trip.c");
    let built = Command::new("cc").args(["-O2", "-o", &program]).arg(source).status();
    built.is_ok_and(|status| status.success()).then_some(program)
}

fn main() {
    let calls = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(20_000u32);
    let shell = env!("CARGO_BIN_EXE_ipcsh");
    let Some(ours) = Server::start(command(shell, &["-c", SERVER])) else {
        return println!("the server does not start");
    };
    let python = Server::start(command("python3", &["-c", PYTHON_SERVER]));
    let program = round_trip();
    let c = program.as_ref().and_then(|program| Server::start(command(program, &[])));
    let count = calls.to_string();
    let stub = |server: &Server, call: &str| command(shell, &["-c", STUBS, "bench", &server.1, &count, call]);
    let in_python = |server: &Server, call: &str| command("python3", &["-c", PYTHON_CLIENT, &server.1, &count, call]);
    let in_c = |server: &Server| program.as_ref().map(|program| command(program, &[&server.1, &count]));
    let succeeds = |command: Option<Command>| {
        command.is_some_and(|mut command| command.status().is_ok_and(|status| status.success()))
    };
    println!("{:62}   ours is x times as fast", "");
    let port: u32 = ours.1.parse().unwrap_or_default();
    let address = format!("127.0.0.1.{}.{}", port / 256, port % 256);
    let rpcinfo = || succeeds(Some(command("rpcinfo", &["-a", &address, "-T", "tcp", "536870978", "1"])));
    measure(&[
        Row::new("NULL: stub in ipcsh -> ipcsh", calls, || succeeds(Some(stub(&ours, "NULL")))),
        Row::new("NULL: Python -> ipcsh", calls, || succeeds(Some(in_python(&ours, "NULL")))),
        Row::new("NULL: C -> ipcsh", calls, || succeeds(in_c(&ours))),
        Row::new("NULL: stub in ipcsh -> Python", calls, || succeeds(python.as_ref().map(|to| stub(to, "NULL")))),
        Row::new("NULL: Python -> Python", calls, || succeeds(python.as_ref().map(|to| in_python(to, "NULL")))),
        Row::new("NULL: stub in ipcsh -> C", calls, || succeeds(c.as_ref().map(|to| stub(to, "NULL")))),
        Row::new("NULL: C -> C", calls, || succeeds(c.as_ref().and_then(in_c))),
        Row::new("NULL: rpcinfo -> ipcsh, a process for each", 200, || (0..200).all(|_| rpcinfo())),
    ]);
    measure(&[
        Row::new("ADD: stub in ipcsh -> ipcsh", calls, || succeeds(Some(stub(&ours, "ADD 1 2")))),
        Row::new("ADD: Python -> ipcsh", calls, || succeeds(Some(in_python(&ours, "ADD 1 2")))),
    ]);
    if let Some(program) = &program {
        let _ = std::fs::remove_file(program);
    }
}
