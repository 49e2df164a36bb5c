//! Messages through queues, beside the same loops in C and in Python: `cargo bench --bench messages [-- COUNT]`.
//!
//! A row is a loop of `benches/messages/`: `blocks` is one process that sends a block of messages and receives them, `trips` are two
//! processes that send a number to and fro. In each round every program runs once, one after the other, so that what else happens on
//! the machine hits all alike. The figures are medians: messages (or round trips) a second, and the time of a peer divided by ours:
//! above 1 we are faster. A wrong output is a failure; time never is.

#![allow(clippy::panic, reason = "a benchmark fails by a panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 7;

/// A program that knows the loops.
struct Program {
    name: &'static str,
    command: Vec<PathBuf>,
}

fn main() {
    let count = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(100_000u32);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/messages");
    let built = std::env::temp_dir().join(format!("ipcsh-loop-{}", std::process::id()));
    let programs = programs(&sources, &built);
    // A plain system allows 10 messages in a POSIX queue; its own IPC namespace can be asked for more.
    let more = ["unshare", "-i", "sh", "-c", "echo 1000 >/proc/sys/fs/mqueue/msg_max && exec \"$@\"", "sh"];
    let may = Command::new(more[0]).args(&more[1..]).arg("true").stderr(Stdio::null()).status();
    let (prefix, most): (&[&str], u32) =
        if may.is_ok_and(|status| status.success()) { (&more, 1000) } else { (&[], 10) };
    print!("{:34}{:>12}", "", "a second");
    programs[1..].iter().for_each(|peer| print!("{:>9}", peer.name));
    println!();
    for (family, loops, block) in [
        ("sysv", "blocks", 1000),
        ("sysv", "blocks", 10),
        ("posix", "blocks", most),
        ("posix", "blocks", 10),
        ("sysv", "trips", 10),
        ("posix", "trips", 10),
    ] {
        let count = if loops == "trips" { count / 5 } else { count };
        let mut times = vec![Vec::new(); programs.len()];
        for _ in 0..ROUNDS {
            for (program, times) in programs.iter().zip(&mut times) {
                let words: Vec<PathBuf> = prefix.iter().map(PathBuf::from).chain(program.command.clone()).collect();
                times.push(timed(&words, [family, loops, &count.to_string(), &block.to_string()]));
            }
        }
        let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        let what =
            if loops == "trips" { format!("{family} round trips") } else { format!("{family} blocks of {block}") };
        print!("{what:34}{:12.0}", f64::from(count) / medians[0]);
        medians[1..].iter().for_each(|time| print!("{:9.2}", time / medians[0]));
        println!();
    }
    // If it stays, it is in the temporary directory.
    let _ = std::fs::remove_file(built);
}

/// ipcsh, and behind it the peers that are installed.
fn programs(sources: &Path, built: &Path) -> Vec<Program> {
    let source = |name: &str| sources.join(name);
    let mut programs =
        vec![Program { name: "ipcsh", command: vec![env!("CARGO_BIN_EXE_ipcsh").into(), source("loop.sh")] }];
    let compiled = Command::new("cc").args(["-O2", "-o"]).arg(built).arg(source("loop.c")).arg("-lrt").status();
    match compiled.is_ok_and(|status| status.success()) {
        true => programs.push(Program { name: "C", command: vec![built.into()] }),
        false => println!("skipped: loop.c needs cc"),
    }
    let modules = Command::new("python3").args(["-c", "import sysv_ipc, posix_ipc"]).stderr(Stdio::null()).status();
    match modules.is_ok_and(|status| status.success()) {
        true => programs.push(Program { name: "Python", command: vec!["python3".into(), source("loop.py")] }),
        false => println!("skipped: loop.py needs Python's sysv_ipc and posix_ipc"),
    }
    programs
}

/// Run a loop and check what it prints: how long it took, in seconds.
fn timed(program: &[PathBuf], words: [&str; 4]) -> f64 {
    let start = Instant::now();
    let output = Command::new(&program[0]).args(&program[1..]).args(words).stdin(Stdio::null()).output();
    let time = start.elapsed().as_secs_f64();
    let output = output.unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let [_, loops, count, block] = words;
    let expected = if loops == "trips" { format!("{count}\n") } else { expected(count, block) };
    assert!(output.status.success() && output.stdout == expected.as_bytes(), "{program:?} {words:?}: wrong output");
    time
}

/// The lines 1 to `block`, again and again, `count` of them.
fn expected(count: &str, block: &str) -> String {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let lines: String = (1..=number(block)).map(|n| format!("{n}\n")).collect();
    lines.repeat(number(count) / number(block))
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
