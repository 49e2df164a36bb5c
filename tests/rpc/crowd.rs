//! Servers under many clients, of good will and of bad: they stay up, answer, and their memory stays flat.

use super::{Dir, Server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Procedure 0, which does nothing.
const NULL: [u8; 44] = [
    0x80, 0, 0, 40, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0x20, 0, 0, 0x42, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.ports[0])).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("a time");
    stream
}

/// Whether procedure 0 is answered.
fn answers(mut stream: &TcpStream) -> bool {
    let mut reply = [0; 28];
    stream.write_all(&NULL).is_ok() && stream.read_exact(&mut reply).is_ok() && reply[4..8] == [0, 0, 0, 7]
}

/// As many descriptors as the user may have, up to 5,000.
fn descriptors() -> u64 {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    let wanted = soft.max(hard.min(5_000));
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).expect("up to the hard limit");
    wanted.min(5_000)
}

#[test]
fn thousands_of_clients() {
    let count = (descriptors() as usize - 500).min(3_000);
    let dir = Dir::new();
    let server = Server::start(&dir, "rpc serve -b tcp:0 calc.x", 1);
    let clients: Vec<TcpStream> = (0..count).map(|_| connect(&server)).collect();
    let wrong = clients.iter().filter(|client| !answers(client)).count();
    assert_eq!(wrong, 0, "of {count} clients");
    let before = server.kilobytes("VmRSS");
    for _ in 0..3 {
        assert!(clients.iter().all(answers));
    }
    drop(clients);
    for _ in 0..count {
        assert!(answers(&connect(&server)));
    }
    let after = server.kilobytes("VmRSS");
    assert!(after < before + 4_000, "{before} kB with {count} clients, then {after}");
}

/// Those who hold all descriptors and say nothing do not keep others out.
#[test]
fn silent_clients_make_room() {
    let dir = Dir::new();
    let server = Server::start(&dir, "ulimit -n 128; rpc serve -b tcp:0 calc.x", 1);
    let silent: Vec<TcpStream> = (0..300).map(|_| connect(&server)).collect();
    for _ in 0..20 {
        assert!(answers(&connect(&server)));
    }
    let kept = connect(&server);
    for _ in 0..200 {
        let other = connect(&server);
        assert!(answers(&kept), "who speaks is kept");
        assert!(answers(&other));
    }
    drop(silent);
}

#[test]
fn garbage_leaves_memory_flat() {
    let dir = Dir::new();
    let server = Server::start(&dir, "rpc serve -b tcp:0 calc.x", 1);
    let mut state = 1u64;
    let mut garbage = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    };
    let mut attack = |rounds: usize| {
        for round in 0..rounds {
            let mut stream = connect(&server);
            // The server may hang up at any moment.
            let _ = match round % 5 {
                0 => stream.write_all(&(0..50).flat_map(|_| garbage()).collect::<Vec<u8>>()),
                1 => stream.write_all(b"\xff\xff\xff\xff"),
                2 => stream.write_all(&[&[0x80, 0, 0x40, 0][..], &NULL[4..]].concat()),
                3 => stream.write_all(&[&NULL[..], &NULL[..13]].concat()),
                _ => stream.write_all(&[&NULL[..20], b"\xff\xff\xff\xff", &NULL[24..]].concat()),
            };
        }
    };
    attack(500);
    let before = server.kilobytes("VmRSS");
    attack(3_000);
    assert!(answers(&connect(&server)));
    let after = server.kilobytes("VmRSS");
    assert!(after < before + 2_000, "{before} kB, then {after}");
    // Half records, together far more than a server puts up with.
    let half = [&[0, 0xf0, 0, 0][..], &vec![0; 8 << 20]].concat();
    let held: Vec<TcpStream> = (0..30)
        .map(|_| {
            let mut stream = connect(&server);
            let _ = stream.write_all(&half);
            stream
        })
        .collect();
    assert!(answers(&connect(&server)));
    let most = server.kilobytes("VmHWM");
    assert!(most < 200_000, "{most} kB for half records");
    drop(held);
}

/// A client that asks for much and reads nothing holds up itself only; when it reads, all is there.
#[test]
fn a_client_that_does_not_read() {
    let dir = Dir::new();
    dir.file("big.x", "program BIG { version ONE { string LONG(void) = 1; } = 1; } = 536870978;");
    let script = "text=$(head -c 100000 /dev/zero | tr '\\0' x); LONG() { echo $text; }; rpc serve -b tcp:0 big.x";
    let server = Server::start(&dir, script, 1);
    let mut greedy = connect(&server);
    let mut call = NULL;
    call[27] = 1;
    greedy.write_all(&call.repeat(500)).expect("the server reads");
    for _ in 0..20 {
        assert!(answers(&connect(&server)));
    }
    let most = server.kilobytes("VmHWM");
    assert!(most < 60_000, "{most} kB for answers that nobody reads");
    let mut reply = vec![0; 4 + 24 + 4 + 100_000];
    for number in 0..500 {
        greedy.read_exact(&mut reply).unwrap_or_else(|error| panic!("reply {number}: {error}"));
        assert_eq!((reply[7], reply[reply.len() - 1]), (7, b'x'));
    }
}

/// A TERM in the middle of a function ends the server at once, and its socket file is gone.
#[test]
fn a_signal_in_the_middle_of_a_function() {
    let dir = Dir::new();
    // A program that the function has started goes on without its shell, as always: it must not hold this test's pipes.
    for body in ["sleep 9", "while :; do :; done", "(sleep 9)", "x=$(sleep 9; echo)", "read x <fifo"] {
        for time in ["", "-t 500"] {
            let started = Instant::now();
            let printed = dir.run(&format!(
                "mkfifo fifo; ADD() {{ : >started; exec 2>/dev/null; {body}; }}
                 (exec >/dev/null; rpc serve {time} -b unix:sock calc.x) & server=$!; until rpc call -T unix -H sock calc.x::NULL 2>/dev/null; do :; done
                 rpc call -T unix -H sock calc.x::ADD 1 2 2>/dev/null & until [ -e started ]; do :; done
                 kill $server; wait $server; echo $?; kill $! 2>/dev/null; wait; ls; rm started fifo"
            ));
            assert_eq!(printed, "143\ncalc.x\nfifo\nstarted\n", "{body} {time}");
            assert!(started.elapsed() < Duration::from_secs(8), "{body} {time}");
        }
    }
}

/// What a function has left running keeps neither the port nor the clients of a server that has ended.
#[test]
fn subshells_do_not_hold_the_port() {
    let dir = Dir::new();
    for time in ["", "-t 20"] {
        let printed = dir.run(&format!(
            "ADD() {{ {{ sleep 3; : ; }} >/dev/null 2>&1 & echo $! >pid; echo 5; }}
             serve {time} -b tcp:0 calc.x; rpc call -H 127.0.0.1:$port calc.x::ADD 1 2; stop
             rpc call -t 1 -H 127.0.0.1:$port calc.x::ADD 1 2 2>/dev/null; echo $?; read -r pid <pid; kill $pid && echo running"
        ));
        assert_eq!(printed, "5\n18\nrunning\n", "{time}");
    }
}

/// A trap of the shell is executed when the server ends; one that a function sets decides from then on.
#[test]
fn traps_around_servers() {
    let dir = Dir::new();
    // A socket's file is there before somebody listens. `$$` is the process of the whole script; the server is a child of it.
    let serve = "(rpc serve -b unix:sock calc.x; echo $?) & server=$!; until rpc call -T unix -H sock calc.x::NULL 2>/dev/null; do :; done";
    let end = "kill $server; wait $server; ls";
    let printed = dir.run(&format!("(trap 'echo trapped' TERM; {}; {end}", &serve[1..]));
    assert_eq!(printed, "trapped\n143\ncalc.x\n");
    for (first, action, expected) in [
        ("", "trap 'echo later >&2' TERM", "5\n143\ncalc.x\nlater\n"),
        ("", "trap 'echo now >&2' USR1; read -r pid _ </proc/self/stat; kill -USR1 $pid", "5\ncalc.x\nnow\n"),
        ("trap 'echo never' TERM; ", "trap - TERM", "5\ncalc.x\n"),
        ("", "trap '' TERM; trap - TERM", "5\ncalc.x\n"),
    ] {
        let printed = dir.run(&format!(
            "ADD() {{ {action}; echo 5; }}; ({first}{}; rpc call -T unix -H sock calc.x::ADD 1 2; {end}",
            &serve[1..]
        ));
        assert_eq!(printed, expected, "{first}{action}");
    }
}

/// Long lists and deep values, from bytes to the arguments of a function and back.
#[test]
fn long_lists_and_deep_trees() {
    let dir = Dir::new();
    dir.file(
        "list.x",
        "struct node { int n; node *next; }; struct tree { tree *left; int n; };
         program P { version V { int COUNT(node *) = 1; tree SAME(tree *) = 2; } = 1; } = 77;",
    );
    let list = [&[0u8, 0, 0, 5, 0, 0, 0, 1].repeat(99_999)[..], &[0, 0, 0, 5, 0, 0, 0, 0]].concat();
    std::fs::write(dir.0.join("list"), &list).expect("a file");
    let tree = |depth: usize| [[0u8, 0, 0, 1].repeat(depth), vec![0; 4], [0u8, 0, 0, 3].repeat(depth + 1)].concat();
    std::fs::write(dir.0.join("tree"), tree(2_000)).expect("a file");
    std::fs::write(dir.0.join("deep"), tree(1_000_000)).expect("a file");
    let printed = dir.run(
        "value=$(rpc decode list.x::node <list); rpc encode list.x::node \"$value\" | cmp - list && echo same
         rpc decode -j list.x::node <list | cut -c 1-30
         value=$(rpc decode list.x::tree <tree); rpc encode list.x::tree $value | cmp - tree && echo same
         rpc decode list.x::tree <deep; echo $?
         COUNT() { echo ${#1}; }; serve -b tcp:0 list.x
         rpc call -H 127.0.0.1:$port list.x::COUNT '{n=1,next={n=2,next=null}}'; stop",
    );
    let (out, errors) = printed.split_at(printed.find("ipcsh: ").unwrap_or(printed.len()));
    assert_eq!(out, "same\n{\"n\":5,\"next\":{\"n\":5,\"next\":{\"\nsame\n2\n26\n");
    assert!(errors.contains("nested too deeply"), "{errors}");
}

/// Clients of a UNIX socket have no names, and are still told apart.
#[test]
fn many_clients_of_a_unix_socket() {
    let dir = Dir::new();
    let server = Server::start(&dir, "rpc serve --semantics=at-most-once -b unix:sock -b tcp:0 calc.x", 1);
    let path = dir.0.join("sock");
    let clients: Vec<UnixStream> = (0..50).map(|_| UnixStream::connect(&path).expect("the server listens")).collect();
    for mut client in &clients {
        client.write_all(&NULL).expect("the server reads");
        client.read_exact(&mut [0; 28]).expect("the server answers");
    }
    drop(server);
    assert!(!path.exists(), "the socket file is gone");
}
