//! Calls of procedure 0 and of ADD over one connection, one after the other: how many round trips a second, beside other programs.
//!
//! `cargo bench --bench rpc [-- CALLS]` prints a table. All speak to a server in ipcsh, whose procedures are shell functions, and Python also to a
//! server in Python that does nothing but answer. rpcinfo, which connects anew for each call, is there for scale.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

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
    fn start(program: &str, script: &str) -> Option<Self> {
        let mut child = command(program, script).stderr(Stdio::piped()).spawn().ok()?;
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

fn command(program: &str, script: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["-c", script]).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/rpc"));
    if program != "python3" {
        // $0 of the script.
        command.arg("bench");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// The best of three runs, in calls a second.
fn measure(name: &str, calls: u32, run: impl Fn() -> Option<std::process::ExitStatus>) {
    let once = || {
        let start = Instant::now();
        run().is_some_and(|status| status.success()).then(|| f64::from(calls) / start.elapsed().as_secs_f64())
    };
    match (0..3).filter_map(|_| once()).reduce(f64::max) {
        Some(rate) => println!("{name:<44} {rate:>9.0} calls/s"),
        None => println!("{name:<44} skipped"),
    }
}

fn main() {
    let calls = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(20_000u32);
    let shell = env!("CARGO_BIN_EXE_ipcsh");
    let Some(server) = Server::start(shell, SERVER) else { return println!("the server does not start") };
    for (label, call) in [("NULL", "NULL"), ("ADD", "ADD 1 2")] {
        let run = |program: &str, script: &str, port: &str| {
            command(program, script).args([port, &calls.to_string(), call]).status().ok()
        };
        measure(&format!("{label}: stub in ipcsh -> ipcsh"), calls, || run(shell, STUBS, &server.1));
        measure(&format!("{label}: Python -> ipcsh"), calls, || run("python3", PYTHON_CLIENT, &server.1));
        if let Some(python) = Server::start("python3", PYTHON_SERVER).filter(|_| label == "NULL") {
            measure("NULL: stub in ipcsh -> Python", calls, || run(shell, STUBS, &python.1));
            measure("NULL: Python -> Python", calls, || run("python3", PYTHON_CLIENT, &python.1));
        }
    }
    let port: u32 = server.1.parse().unwrap_or_default();
    let address = format!("127.0.0.1.{}.{}", port / 256, port % 256);
    measure("NULL: rpcinfo -> ipcsh, a process for each", 200, || {
        let one = || {
            Command::new("rpcinfo")
                .args(["-a", &address, "-T", "tcp", "536870978", "1"])
                .stdout(Stdio::null())
                .status()
                .ok()
        };
        (0..200).try_fold(None, |_, _| one().map(Some)).flatten()
    });
}
