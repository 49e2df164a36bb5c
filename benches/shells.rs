//! How fast is ipcsh beside the shells that are installed? The workloads are the scripts in `benches/workloads/`, each with the
//! output it must have.
//!
//! ```text
//! cargo bench                                  # all workloads, all shells
//! cargo bench -- read echo                     # the workloads whose names hold one of these words
//! cargo bench -- --peers dash,ksh93 --quick    # fewer shells; one round instead of five
//! cargo bench -- --shell path/to/old/ipcsh     # one peer more, for instance an earlier build
//! cargo bench -- --list                        # what each workload is
//! ```
//!
//! In each round every shell runs the script once, one after the other, so that what else happens on the machine hits
//! all alike. A figure is the median time of a peer divided by ours: above 1 we are faster. `-` means that the peer
//! does not give the expected output, or not within some seconds. `C` is `baseline.c`, which only starts the same number of programs. MiB is the peak of the
//! resident memory, ours and the smallest and largest of the peers'. A wrong output of ours is a failure; time never is.

#![allow(clippy::panic, reason = "a benchmark fails by a panic")]

#[path = "shells/measure.rs"]
mod measure;
#[path = "shells/workload.rs"]
mod workload;

use measure::{Place, median};
use std::time::Duration;
use workload::Workload;

/// The other shells: name, and how they are called.
const PEERS: &[(&str, &[&str])] = &[
    ("dash", &["dash"]),
    ("bash", &["bash"]),
    ("mksh", &["mksh"]),
    ("ksh93", &["ksh93"]),
    ("yash", &["yash"]),
    ("zsh", &["zsh", "--emulate", "sh"]),
    ("busybox", &["busybox", "sh"]),
    // Of another language: it can do what needs none, such as starting.
    ("fish", &["fish", "--no-config"]),
];

/// What the command line says.
struct Choice {
    words: Vec<String>,
    peers: Option<Vec<String>>,
    others: Vec<String>,
    rounds: usize,
    list: bool,
}

/// A shell, and how it is called.
struct Shell {
    name: String,
    command: Vec<String>,
}

fn main() {
    let choice = choice(std::env::args().skip(1));
    let workloads: Vec<Workload> = workload::all().into_iter().filter(|workload| chosen(&choice, workload)).collect();
    if choice.list {
        for workload in &workloads {
            println!("{:24}{}", workload.name, workload.about);
        }
        return;
    }
    let place = Place::new();
    let shells = shells(&choice);
    let baseline = place.build_baseline();
    print!("{:22}{:>9}", "", "ipcsh");
    for shell in &shells[1..] {
        print!("{:>8}", shell.name);
    }
    println!("{:>8}{:>18}", "C", "MiB (peers)");
    let mut wrong = Vec::new();
    for workload in &workloads {
        if !row(&place, workload, &shells, baseline.as_deref(), choice.rounds) {
            wrong.push(workload.name.as_str());
        }
    }
    assert!(wrong.is_empty(), "wrong output of ipcsh: {}", wrong.join(", "));
}

/// Measure one workload and print its row; false if ipcsh gave a wrong output.
fn row(place: &Place, workload: &Workload, shells: &[Shell], baseline: Option<&str>, rounds: usize) -> bool {
    let mut right: Vec<bool> = Vec::new();
    let mut memory: Vec<f64> = Vec::new();
    for shell in shells {
        let output = place.output(workload, &shell.command);
        right.push(output.as_ref() == Some(&workload.expected));
        memory.push(if right[right.len() - 1] { place.memory(workload, &shell.command) } else { 0.0 });
    }
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); shells.len()];
    let mut base = Vec::new();
    for _ in 0..rounds {
        for (index, shell) in shells.iter().enumerate().filter(|&(index, _)| right[index]) {
            times[index].push(place.time(workload, &shell.command));
        }
        if let (Some(program), Some(count)) = (baseline, workload.baseline) {
            base.push(place.time_baseline(program, count));
        }
    }
    print!("{:22}", workload.name);
    if !right[0] {
        println!("{:>9}", "WRONG");
        return false;
    }
    let ours = median(&mut times[0]);
    print!("{:6.1} ms", ours * 1e3);
    let ratio = |times: &mut Vec<Duration>| match times.is_empty() {
        true => print!("{:>8}", "-"),
        false => print!("{:8.2}", median(times) / ours),
    };
    times[1..].iter_mut().for_each(ratio);
    if workload.baseline.is_some() {
        ratio(&mut base)
    } else {
        print!("{:8}", "")
    }
    let peers = memory[1..].iter().copied().filter(|&mib| mib > 0.0);
    let (least, most) = peers.fold((f64::MAX, 0.0), |(least, most): (f64, f64), mib| (least.min(mib), most.max(mib)));
    match memory[0] > 0.0 && most > 0.0 {
        true => println!("{:8.1} ({least:.1}-{most:.1})", memory[0]),
        false => println!(),
    }
    true
}

fn choice(arguments: impl Iterator<Item = String>) -> Choice {
    let mut choice = Choice { words: Vec::new(), peers: None, others: Vec::new(), rounds: 5, list: false };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut operand = |what: &str| arguments.next().unwrap_or_else(|| panic!("{argument}: {what} expected"));
        match argument.as_str() {
            "--peers" => choice.peers = Some(operand("names").split(',').map(str::to_owned).collect()),
            "--shell" => choice.others.push(operand("path of a shell")),
            "--rounds" => choice.rounds = operand("number").parse().expect("a number of rounds"),
            "--quick" => choice.rounds = 1,
            "--list" => choice.list = true,
            // What cargo itself passes.
            "--bench" => {}
            option if option.starts_with('-') => {
                panic!("{option}: no such option; benches/shells.rs says which there are")
            }
            _ => choice.words.push(argument),
        }
    }
    choice
}

fn chosen(choice: &Choice, workload: &Workload) -> bool {
    choice.words.is_empty() || choice.words.iter().any(|word| workload.name.contains(word.as_str()))
}

/// A copy of ipcsh, as an installed shell is one. The linker writes its output page by page, in no order, and so it lies in the page
/// cache: each start meets ten page faults more.
fn installed() -> String {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/ipcsh-measured");
    std::fs::copy(env!("CARGO_BIN_EXE_ipcsh"), path).unwrap_or_else(|error| panic!("{path}: {error}"));
    path.to_owned()
}

/// ipcsh, and behind it the peers that are installed and wanted.
fn shells(choice: &Choice) -> Vec<Shell> {
    let mut shells = vec![Shell { name: "ipcsh".into(), command: vec![installed()] }];
    for path in &choice.others {
        let path = std::fs::canonicalize(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        shells.push(Shell { name: "other".into(), command: vec![path.to_string_lossy().into_owned()] });
    }
    for (name, command) in PEERS {
        let wanted = choice.peers.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name));
        if wanted && measure::is_installed(command[0]) {
            shells.push(Shell { name: (*name).into(), command: command.iter().map(|&word| word.into()).collect() });
        }
    }
    shells
}
