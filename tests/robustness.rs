//! The shell as a process among processes: what it must survive, what it must not leave behind, what must never become code.
//!
//! Every child has a deadline and a process group of its own, which is killed at the end. Nothing sleeps to synchronise: a test
//! waits for output. `SHELL_UNDER_TEST=/bin/dash cargo test --test robustness` proves the tests with another shell; what is
//! ipcsh's own choice is skipped then.

#![allow(clippy::panic, reason = "a test fails by a panic")]

#[path = "robustness/descriptors.rs"]
mod descriptors;
#[path = "robustness/input.rs"]
mod input;
#[path = "robustness/nesting.rs"]
mod nesting;
#[path = "robustness/panics.rs"]
mod panics;
#[path = "support/place.rs"]
mod place;
#[path = "robustness/signals.rs"]
mod signals;
#[path = "robustness/sizes.rs"]
mod sizes;

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, killpg, sigaction, sigprocmask,
};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use place::Dir;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long one shell may take before its process group is killed.
const DEADLINE: Duration = Duration::from_secs(30);

/// The shell that is tested.
fn shell() -> PathBuf {
    match std::env::var_os("SHELL_UNDER_TEST") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from(env!("CARGO_BIN_EXE_ipcsh")),
    }
}

/// Whether the shell is ipcsh: else what is its own choice is skipped.
fn is_ipcsh() -> bool {
    let ours = std::env::var_os("SHELL_UNDER_TEST").is_none_or(|path| path.is_empty());
    if !ours {
        println!("skipped: only for ipcsh");
    }
    ours
}

impl Dir {
    /// The shell.
    fn command(&self) -> Command {
        self.program(shell())
    }

    /// `shell script.sh` with this script.
    fn script(&self, code: impl AsRef<[u8]>) -> Command {
        self.file("script.sh", code);
        let mut command = self.command();
        command.arg("script.sh");
        command
    }
}

/// How a shell ended, and what it wrote.
#[derive(Debug)]
struct End {
    /// Exit status, 128 + n for signal n, -1 if it was killed at the deadline.
    status: i32,
    out: String,
    err: String,
}

impl End {
    /// It ended by itself, by no signal and no panic.
    #[track_caller]
    fn is_sane(&self) -> &Self {
        assert!(self.status >= 0, "not finished after {DEADLINE:?}: {}", self.short());
        assert!(self.status < 128, "ended by a signal: {}", self.short());
        assert!(self.status != 101 && !self.err.contains("panicked"), "a panic: {}", self.short());
        self
    }

    /// It printed this and ended with status 0.
    #[track_caller]
    fn prints(&self, out: &str) -> &Self {
        self.is_sane();
        assert!(self.out == out && self.status == 0, "expected {out:?} and status 0: {}", self.short());
        self
    }

    /// It refused something with a message that holds `part`.
    #[track_caller]
    fn complains(&self, part: &str) -> &Self {
        self.is_sane();
        assert!(self.err.contains(part), "expected {part:?} on standard error: {}", self.short());
        self
    }

    /// Itself in a few lines.
    fn short(&self) -> String {
        let cut = |text: &str| text.chars().take(600).collect::<String>();
        format!("status {}\nout: {:?}\nerr: {:?}", self.status, cut(&self.out), cut(&self.err))
    }
}

/// Run a command to its end or to the deadline. What it writes goes to files, so that no pipe can block it.
fn run(dir: &Dir, command: &mut Command) -> End {
    let out = File::create(dir.0.join("stdout")).expect("a file for the output");
    let err = File::create(dir.0.join("stderr")).expect("a file for the errors");
    let mut child = command.stdout(out).stderr(err).spawn().expect("the shell can be started");
    let status = finish(&mut child);
    End { status, out: dir.read("stdout"), err: dir.read("stderr") }
}

/// Run a script to its end.
fn script(code: impl AsRef<[u8]>) -> End {
    let dir = Dir::new();
    let mut command = dir.script(code);
    run(&dir, &mut command)
}

/// Wait for a child, kill its group at the deadline; its status as in [`End`].
fn finish(child: &mut Child) -> i32 {
    let pid = Pid::from_raw(child.id().cast_signed());
    let (tell, told) = mpsc::channel();
    let timed_out = std::thread::scope(|scope| {
        // WNOWAIT leaves a zombie: until `child.wait()` below nobody else can get the number of the group.
        scope.spawn(move || tell.send(waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)));
        let timed_out = told.recv_timeout(DEADLINE).is_err();
        let _ = killpg(pid, Signal::SIGKILL);
        timed_out
    });
    let status = child.wait().expect("a child can be waited for");
    if timed_out { -1 } else { status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(-1) }
}

/// A watchdog for tests that talk to a shell while it runs: kills its group at the deadline unless it is dropped before.
struct Watchdog(Option<mpsc::Sender<()>>);

impl Watchdog {
    fn new(child: &Child) -> Self {
        let (tell, told) = mpsc::channel::<()>();
        let pid = Pid::from_raw(child.id().cast_signed());
        std::thread::spawn(move || {
            if told.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = killpg(pid, Signal::SIGKILL);
            }
        });
        Self(Some(tell))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// Do `action` in the child between fork and exec. It makes system calls and nothing else.
fn before_exec(command: &mut Command, action: fn() -> nix::Result<()>) -> &mut Command {
    // SAFETY: every action in this file is async-signal-safe: a few system calls.
    unsafe { command.pre_exec(move || action().map_err(io::Error::from)) }
}

/// Close descriptor `FD`.
fn close<const FD: i32>() -> nix::Result<()> {
    nix::unistd::close(FD)
}

/// Set what a signal does.
fn set_signal(signal: Signal, handler: SigHandler) -> nix::Result<()> {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler is the default action or none at all.
    unsafe { sigaction(signal, &action) }.map(drop)
}

/// Read one line from a running shell.
fn read_line(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte).unwrap_or(0) == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8_lossy(&line).into_owned()
}
