//! A mistake of the shell itself.

use super::*;
use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use std::os::fd::AsFd;

/// Set in the process that makes one.
const MARK: &str = "IPCSH_TEST_PANIC";

#[test]
fn a_panic_is_one_line_and_leaves_the_terminal_usable() {
    let terminal = openpty(None, None).expect("a pseudo-terminal");
    let flags = |modes: &Termios| modes.local_flags;
    let before = tcgetattr(&terminal.slave).expect("it is a terminal");
    let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["--exact", "panics::child", "--nocapture"])
        .env(MARK, "1")
        .env("RUST_BACKTRACE", "1")
        .stdin(terminal.slave.try_clone().expect("a descriptor can be duplicated"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("this program can be started");
    let _watchdog = Watchdog::new(&child);
    let mut err = String::new();
    child.stderr.take().expect("it is a pipe").read_to_string(&mut err).expect("its output can be read");
    assert_eq!(finish(&mut child), 128 + libc::SIGABRT, "{err}");
    let lines: Vec<_> = err.trim_start_matches(['\r', '\n']).lines().collect();
    let [line] = lines[..] else { panic!("more than a line: {err}") };
    assert!(line.starts_with("ipcsh: internal error: what was edited: raw (tests/robustness/panics.rs:"), "{line}");
    let after = tcgetattr(&terminal.slave).expect("it is a terminal");
    assert_eq!(flags(&after), flags(&before));
    assert!(flags(&after).contains(LocalFlags::ICANON | LocalFlags::ECHO));
}

/// The other process of the test above; by itself it tests nothing.
#[test]
fn child() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    ipcsh::sys::crash::prepare();
    let modes = tcgetattr(io::stdin()).expect("it is a terminal");
    ipcsh::sys::tty::begin_editing(io::stdin(), &modes).expect("the modes can be set");
    let raw = tcgetattr(io::stdin().as_fd()).expect("it is a terminal");
    assert!(!raw.local_flags.contains(LocalFlags::ICANON));
    ipcsh::sys::stack::run_on_large_stack(|| panic!("what was edited:\nraw"));
}
