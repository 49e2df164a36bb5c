//! Remote procedure calls between processes: our two sides with one another, with programs that rpcgen made, with rpcbind, and with JSON-RPC
//! programs in Python and curl. Each test is a script in a directory of its own that ends within a minute.
//!
//! A server tells its port on standard error once it listens, so nothing has to sleep. A test whose peer is missing says "skipped: needs X".

// A test says what is wrong by panicking, also outside of the functions that are marked as tests.
#![allow(clippy::panic)]

#[path = "rpc/binding.rs"]
mod binding;
#[path = "rpc/crowd.rs"]
mod crowd;
#[path = "rpc/fuzz.rs"]
mod fuzz;
#[path = "rpc/json.rs"]
mod json;
#[path = "rpc/limits.rs"]
mod limits;
#[path = "rpc/statuses.rs"]
mod statuses;
#[path = "rpc/wire.rs"]
mod wire;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const CALC: &str = include_str!("../examples/rpc/calc.x");

/// What scripts use: `serve ARGUMENTS...` starts a server and sets `port` and `server`; `stop` ends it.
const HELPERS: &str = r#"
ADD() { echo $((a + b)); }
DIV() { if [ "$b" -eq 0 ]; then echo err=1; else echo "err=0 value=$((a / b))"; fi; }
SHOUT() { printf '%s\n' "$1" | tr a-z A-Z; }
serve() {
    : >log
    rpc serve "$@" 2>log &
    server=$!
    until read -r _ _ _ place <log; do kill -0 $server || { cat log; exit 1; }; done
    port=${place##*:}
}
stop() { kill $server; wait $server; }
"#;

/// A directory for a test, removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ipcsh-rpc-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for the test");
        fs::write(path.join("calc.x"), CALC).expect("a file for the test");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file for the test");
    }

    /// Standard output of a script, and behind it what it wrote to standard error.
    fn run(&self, script: &str) -> String {
        let output = Command::new("timeout")
            .args(["-k", "5", "60", env!("CARGO_BIN_EXE_ipcsh"), "-c", &format!("{HELPERS}{script}")])
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .expect("timeout can be started");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `rpc serve ...` in a process of its own; ended when it is dropped.
struct Server {
    child: Child,
    /// The ports, in the order of the `-b` options.
    ports: Vec<u16>,
}

impl Server {
    /// Start `script`, which ends with a `rpc serve` that listens on so many ports.
    fn start(dir: &Dir, script: &str, ports: usize) -> Self {
        let mut child = Command::new("timeout")
            .args(["-k", "5", "60", env!("CARGO_BIN_EXE_ipcsh"), "-c", &format!("{HELPERS}{script}")])
            .current_dir(&dir.0)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("timeout can be started");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut port = || {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            let place = line.rsplit(':').next().and_then(|port| port.parse().ok());
            place.unwrap_or_else(|| panic!("no port in {line:?}"))
        };
        let ports = (0..ports).map(|_| port()).collect();
        // Nobody reads the rest; it must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, ports }
    }

    /// The process of the shell, which `timeout` has started.
    fn pid(&self) -> u32 {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = fs::read_to_string(children).unwrap_or_default();
        children.split_whitespace().next().and_then(|pid| pid.parse().ok()).expect("the shell runs")
    }

    /// A number of kilobytes from /proc/PID/status.
    fn kilobytes(&self, name: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the shell runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel tells");
        line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // timeout(1) hands SIGTERM on.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn has(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).exists());
    if !found {
        println!("skipped: needs {program}");
    }
    found
}

#[test]
fn calls_over_each_transport() {
    let dir = Dir::new();
    for (bind, how) in [("tcp:0", "-H 127.0.0.1:$port"), ("udp:0", "-T udp -H 127.0.0.1:$port")] {
        let printed = dir.run(&format!(
            "serve -b {bind} calc.x
             rpc call {how} calc.x::ADD a=2 b=3
             rpc call {how} calc.x::ADD '{{b=7,a=3}}'
             rpc call {how} calc.x::ADD '{{b=7}}' 2>/dev/null; echo $?
             rpc call {how} calc.x::DIV 7 0
             rpc call {how} calc.x::CALC_V1::SHOUT 'wor ld'
             rpc call {how} -j calc.x::1::DIV 7 2
             echo $RPC_STATUS $RPC_TRIES
             rpc ping {} 127.0.0.1:$port 536870978
             stop",
            if bind.starts_with("tcp") { "-T tcp" } else { "-T udp" }
        ));
        let expected = "5\n10\n2\nerr=DIVISION_BY_ZERO\nWOR LD\n{\"err\":\"OK\",\"value\":3}\nSUCCESS 1\nprogram 536870978 version 1 ready and waiting\n";
        assert_eq!(printed, expected, "{bind}");
    }
    let printed = dir.run(
        "rpc serve -b unix:sock calc.x & server=$!
         rpc import -p c_ -T unix -H sock calc.x
         until c_NULL 2>/dev/null; do :; done
         c_ADD 20 22; echo $c_SCALE; cd /; type c_ADD | head -n 1; stop; ls \"$OLDPWD\"",
    );
    assert!(printed.starts_with("42\n100\n"), "{printed}");
    assert!(printed.ends_with("\ncalc.x\nlog\n"), "the socket file is gone: {printed}");
}

/// The statuses of the contract, each with a message that says why.
#[test]
fn each_failure_has_its_status() {
    let dir = Dir::new();
    let printed = dir.run(
        "FAIL() { return 1; }; WRONG() { return 2; }; NONSENSE() { echo nonsense; }; EXIT() { exit 0; }
         cat >f.x <<'END'
         program F { version ONE { int FAIL(void) = 1; int WRONG(void) = 2; int NONSENSE(void) = 3; int MISSING(void) = 4; void EXIT(void) = 5; } = 3; } = 77;
END
         serve -b tcp:0 f.x
         at=127.0.0.1:$port
         for call in f.x::FAIL f.x::WRONG f.x::NONSENSE f.x::MISSING f.x::EXIT f.x::NOTHING; do
             rpc call -H $at $call 2>/dev/null; echo $? $RPC_STATUS
         done
         rpc call $at 77 4 1 2>/dev/null; echo $? $RPC_STATUS $RPC_DETAIL
         rpc call $at 0x4e 1 1 2>/dev/null; echo $? $RPC_STATUS
         rpc call $at 77 3 1 int 2>/dev/null; echo $?
         rpc call $at 77 3 5 'int' 1 2>/dev/null; echo $? $RPC_STATUS
         stop
         rpc call $at 77 3 0 2>/dev/null; echo $? $RPC_STATUS
         rpc call -t 0.05 -r 2 -T udp -H $at f.x::FAIL 2>/dev/null; echo $?
         rpc call f.x 2>/dev/null; echo $?",
    );
    let expected = "14 SYSTEM_ERR\n13 GARBAGE_ARGS\n14 SYSTEM_ERR\n12 PROC_UNAVAIL\n0 SUCCESS\n2 LOCAL_ERROR\n11 PROG_MISMATCH 3 3\n10 PROG_UNAVAIL\n2\n13 GARBAGE_ARGS\n18 CANNOT_CONNECT\n18\n1\n";
    assert_eq!(printed, expected);
}

/// What a protocol does not have is refused, not ignored.
#[test]
fn options_of_the_other_protocol() {
    let dir = Dir::new();
    let printed = dir.run(
        "f() { :; }
         for option in --drop-reply=1 --semantics=at-most-once --register '-b tcp:0'; do rpc serve $option json+unix:sock f 2>/dev/null; echo $?; done
         for option in --delay=1 -Hlocalhost -Ttcp -r2 --keep; do rpc call $option json+unix:sock f 2>/dev/null; echo $?; done
         rpc call -o calc.x::ADD 1 2 2>&1 | sed -n '1s/.*rpc: //p'; ls",
    );
    let expected = "2\n2\n2\n2\n1\n1\n1\n1\n1\n-o: ONC RPC has no such option\ncalc.x\n";
    assert_eq!(printed, expected);
}

/// Nobody answers on a bound socket: two tries, the second twice as long.
#[test]
fn a_silent_server_is_a_timeout() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("an address").port();
    let dir = Dir::new();
    let start = std::time::Instant::now();
    let printed = dir.run(&format!(
        "rpc call -T udp -t 0.1 -r 2 -H 127.0.0.1:{port} calc.x::ADD 1 2 2>/dev/null; echo $? $RPC_TRIES"
    ));
    assert_eq!(printed, "124 2\n");
    assert!(start.elapsed() >= std::time::Duration::from_millis(300), "the second wait is twice as long");
    let mut buffer = [0; 100];
    let mut xid = || {
        socket.recv(&mut buffer).expect("a call");
        buffer[..4].to_vec()
    };
    assert_eq!(xid(), xid(), "a retry keeps its xid");
}

/// Clients that send garbage, announce gigabytes, send half a record or nothing: the server goes on.
#[test]
fn hostile_clients_harm_nobody() {
    let dir = Dir::new();
    let printed = dir.run(
        r#"serve -b tcp:0 -b udp:0 calc.x
         # The second line of the log has the other port; the first one is TCP's.
         at=127.0.0.1:$port
         exec 5<>/dev/tcp/127.0.0.1/$port; printf '\377\377\377\377' >&5
         exec 6<>/dev/tcp/127.0.0.1/$port; printf '\0\0\1\0half' >&6
         exec 7<>/dev/tcp/127.0.0.1/$port
         exec 8<>/dev/tcp/127.0.0.1/$port; head -c 100000 /dev/zero >&8 2>/dev/null
         for n in 1 2 3; do rpc call -H $at calc.x::ADD $n $n; done
         grep -c VmHWM /proc/$server/status
         while read -r name size _; do [ "$name" = VmHWM: ] && [ "$size" -lt 30000 ] && echo small; done </proc/$server/status
         stop"#,
    );
    assert_eq!(printed, "2\n4\n6\n1\nsmall\n");
}

/// A call that was executed is not executed again, or it is: that is the semantics.
#[test]
fn a_repeated_call() {
    let dir = Dir::new();
    // Two single calls and a doubled one: four executions, or three.
    for (semantics, expected) in [("at-least-once", "4\n"), ("at-most-once", "3\n")] {
        let printed = dir.run(&format!(
            "count=0; ADD() {{ count=$((count + 1)); echo $count; }}
             serve -b udp:0 --semantics={semantics} calc.x
             rpc call -T udp -H 127.0.0.1:$port calc.x::ADD 1 1 >/dev/null
             rpc call -T udp --duplicate=1 -H 127.0.0.1:$port calc.x::ADD 1 1 >/dev/null
             rpc call -T udp -H 127.0.0.1:$port calc.x::ADD 1 1 >last
             stop; cat last"
        ));
        assert_eq!(printed, expected, "{semantics}");
    }
}

/// A function that hangs is ended after its time, and harms its own call only.
#[test]
fn a_procedure_that_hangs() {
    let dir = Dir::new();
    let printed = dir.run(
        "ADD() { if [ $a -eq 0 ]; then sleep 1000; fi; echo $((a + b)); }
         serve -t 0.2 -b tcp:0 calc.x
         rpc call -H 127.0.0.1:$port calc.x::ADD 0 1 2>/dev/null; echo $?
         rpc call -H 127.0.0.1:$port calc.x::ADD 1 1; stop",
    );
    assert_eq!(printed, "14\n2\n");
}

#[test]
fn encode_and_decode() {
    let dir = Dir::new();
    dir.file("t.x", "struct pair { int a; string s<5>; }; typedef pair pairs<>; typedef struct item *list; struct item { int n; list next; };");
    let printed = dir.run(
        r#"rpc encode -x t.x::pair 1 abc
         rpc encode -x t.x::pair s=abc a=-1
         rpc encode t.x::pairs '[{a=1,s="x y"},{a=2,s=}]' | rpc decode t.x::pairs
         rpc encode t.x::list '{n=1,next={n=2,next=null}}' | rpc decode -j t.x::list
         rpc encode t.x::pair 1 abcdef; echo $?
         rpc decode -x t.x::pair 0000000100000006; echo $?
         rpc encode t.x::nothing 1; echo $?"#,
    );
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "000000010000000361626300");
    assert_eq!(lines[1], "ffffffff0000000361626300");
    assert_eq!(lines[2], "[{a=1,s=\"x y\"},{a=2,s=\"\"}]");
    assert_eq!(lines[3], r#"{"n":1,"next":{"n":2,"next":null}}"#);
    assert_eq!(&lines[4..7], ["2", "2", "2"]);
    assert!(lines[7].ends_with("s: 6 bytes, and there may be 5 at most"), "{printed}");
}

/// What `rpc stub` writes is a server and a client: the skeleton answers with a system error until its functions are written.
#[test]
fn stubs_are_scripts() {
    let dir = Dir::new();
    let printed = dir.run(
        r#"rpc stub -s calc.x >server.sh; rpc stub -c calc.x >client.sh; rpc stub calc.x >both.sh
         cat client.sh server.sh | cmp - both.sh && echo both
         : >log; ( . ./server.sh ) 2>log & server=$!
         until read -r _ _ _ place <log; do :; done
         # Where the client calls is an option that somebody adds: here the port is not registered.
         sed "s/--keep/--keep -H ${place#tcp:}/" client.sh >here.sh; . ./here.sh
         NULL; echo $?; ADD 20 22; echo $?; stop
         { sed '/^rpc serve/d' server.sh; echo 'ADD() { echo $((a + b)); }'; grep '^rpc serve' server.sh; } >done.sh
         : >log; ( . ./done.sh ) 2>log & server=$!
         until read -r _ _ _ place <log; do :; done
         sed "s/--keep/--keep -H ${place#tcp:}/" client.sh >here.sh; . ./here.sh
         ADD 20 22; ADD a=1 b=2; stop"#,
    );
    assert!(printed.starts_with("both\n0\n14\n42\n3\n"), "{printed}");
    let source = dir.run("rpc stub -s calc.x; rpc stub -c calc.x");
    for line in [
        "ADD() { # CALC_V1: a, b\n",
        "rpc serve -b tcp:0 calc.x\n",
        "ADD() { rpc call --keep calc.x::1::ADD \"$@\"; }\n",
    ] {
        assert!(source.contains(line), "{line} in\n{source}");
    }
}

#[test]
fn help_explains_the_semantics() {
    let dir = Dir::new();
    let printed = dir.run("rpc help semantics; echo $?");
    for word in ["maybe", "at-least-once", "at-most-once", "exactly-once", "Cannot be promised", "--drop-reply"] {
        assert!(printed.contains(word), "{word} in\n{printed}");
    }
    assert!(printed.ends_with("\n0\n"), "{printed}");
}

const C_CALC: &str = "
program CALC { version CALC_V1 { int ADD(pair) = 1; string SHOUT(string) = 3; } = 1; } = 0x20000042;
struct pair { int a; int b; };
";

/// The server side of C: no rpcbind, the port on standard output.
const C_SERVER: &str = r#"
#include <stdio.h>
#include <string.h>
#include <ctype.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include "c.h"
extern void calc_1(struct svc_req *, SVCXPRT *);
int *add_1_svc(pair *p, struct svc_req *r) { static int sum; (void)r; sum = p->a + p->b; return &sum; }
char **shout_3_svc(char **s, struct svc_req *r) { static char t[100], *u = t; (void)r; strncpy(t, *s, 99); for (char *p = t; *p; p++) *p = toupper(*p); return &u; }
char **shout_1_svc(char **s, struct svc_req *r) { return shout_3_svc(s, r); }
int main(void) {
    SVCXPRT *tcp = svctcp_create(RPC_ANYSOCK, 0, 0), *udp = svcudp_create(RPC_ANYSOCK);
    if (!tcp || !udp || !svc_register(tcp, CALC, CALC_V1, calc_1, 0) || !svc_register(udp, CALC, CALC_V1, calc_1, 0)) return 1;
    printf("%d %d\n", tcp->xp_port, udp->xp_port); fflush(stdout);
    svc_run(); return 1;
}
"#;

const C_CLIENT: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <rpc/rpc.h>
#include "c.h"
int main(int argc, char **argv) {
    struct sockaddr_in at; struct timeval wait = { 2, 0 }; int sock = RPC_ANYSOCK;
    memset(&at, 0, sizeof at); at.sin_family = AF_INET; at.sin_port = htons(atoi(argv[2])); at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CLIENT *c = strcmp(argv[1], "tcp") ? clntudp_create(&at, CALC, CALC_V1, wait, &sock) : clnttcp_create(&at, CALC, CALC_V1, &sock, 0, 0);
    if (!c) { clnt_pcreateerror("create"); return 1; }
    pair p = { 40, 2 }; char *text = "from c";
    int *sum = add_1(&p, c); char **loud = shout_1(&text, c);
    if (!sum || !loud) { clnt_perror(c, "call"); return 1; }
    printf("%d %s\n", *sum, *loud); return argc - 3;
}
"#;

/// The same interface in C, by rpcgen and libtirpc: their client with our server and the other way round, over TCP and UDP.
#[test]
fn programs_that_rpcgen_made() {
    if !has("rpcgen") || !has("cc") {
        return;
    }
    if !Path::new("/usr/include/tirpc/rpc/rpc.h").exists() {
        return println!("skipped: needs libtirpc-dev");
    }
    let dir = Dir::new();
    dir.file("c.x", C_CALC);
    dir.file("server.c", C_SERVER);
    dir.file("client.c", C_CLIENT);
    let printed = dir.run(
        r#"sed -n 's/^struct/&/p' c.x >order.x; sed '/^struct/d' c.x >>order.x; mv order.x c.x
         rpcgen -h -o c.h c.x && rpcgen -c -o c_xdr.c c.x && rpcgen -l -o c_clnt.c c.x && rpcgen -m -o c_svc.c c.x || exit
         cc -w -I/usr/include/tirpc -o c_server server.c c_svc.c c_xdr.c -ltirpc || exit
         cc -w -I/usr/include/tirpc -o c_client client.c c_clnt.c c_xdr.c -ltirpc || exit
         mkfifo ports; ./c_server >ports & read -r tcp udp <ports
         rpc call -H 127.0.0.1:$tcp c.x::ADD 2 3; rpc call -T udp -H 127.0.0.1:$udp c.x::ADD 20 3
         rpc call -H 127.0.0.1:$tcp c.x::SHOUT 'to c'
         rpc call 127.0.0.1:$tcp 536870978 7 1 2>/dev/null; echo $? $RPC_DETAIL
         rpc call 127.0.0.1:$tcp 536870978 1 9 2>/dev/null; echo $?
         rpc call 127.0.0.1:$tcp 536870978 1 1 int 1 2>/dev/null; echo $?
         rpc call 127.0.0.1:$tcp 536870979 1 1 2>/dev/null; echo $?
         kill $!; wait
         serve -b tcp:0 c.x; ./c_client tcp $port; stop
         serve -b udp:0 c.x; ./c_client udp $port; stop"#,
    );
    assert_eq!(printed, "5\n23\nTO C\n11 1 1\n12\n13\n10\n42 FROM C\n42 FROM C\n");
}
