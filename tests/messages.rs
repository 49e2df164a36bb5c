//! Signals, messages and message queues against other programs, and what must not happen to a message.
//!
//! Each test is a script of ipcsh in a directory of its own, in which `peer` is a C program. A test whose peer is missing says "skipped: needs X".

#![allow(clippy::panic, reason = "a test fails by a panic")]

#[path = "messages/accounting.rs"]
mod accounting;
#[path = "support/inherited.rs"]
mod inherited;
#[path = "messages/kills.rs"]
mod kills;
#[path = "messages/limits.rs"]
mod limits;
#[path = "messages/queues.rs"]
mod queues;
#[path = "messages/servers.rs"]
mod servers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new name for a directory or a queue.
fn fresh(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("ipcsh-{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An empty directory, removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        let path = std::env::temp_dir().join(fresh("messages"));
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    /// ipcsh with these commands, at most for 300 seconds; `$TESTS` is the folder tests/messages, `$IPCSH` the shell.
    fn shell(&self, code: &str) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["-k", "5", "300", env!("CARGO_BIN_EXE_ipcsh"), "-c", code])
            .current_dir(&self.0)
            .env_clear()
            .env("PATH", path())
            .env("HOME", &self.0)
            .env("LC_ALL", "C.UTF-8")
            .env("TESTS", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages"))
            .env("IPCSH", env!("CARGO_BIN_EXE_ipcsh"))
            .stdin(Stdio::null());
        inherited::keep_standard(&mut command);
        command
    }

    fn run(&self, code: &str) -> Output {
        self.shell(code).output().expect("the shell can be started")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where programs are looked for: servers are in the folders of the administrator.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// The script prints exactly this, and ends with 0.
fn prints(dir: &Dir, code: &str, expected: &str) {
    let output = dir.run(code);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{code}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{code}\n{output:?}");
}

/// Whether this command of `sh` succeeds; else say that the test is skipped.
fn has(what: &str, command: &str) -> bool {
    let found = Command::new("/bin/sh").args(["-c", command]).env("PATH", path()).stdin(Stdio::null()).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: needs {what}");
    }
    found
}

/// In which system call a process sleeps can be seen (proc(5)).
const SYSCALL: &str = "read -r number rest </proc/self/syscall";

fn has_python(module: &str) -> bool {
    has(&format!("Python's {module}"), &format!("python3 -c 'import {module}'"))
}

/// A directory with the C program `peer`, if there is a C compiler.
fn with_peer() -> Option<Dir> {
    let dir = Dir::new();
    if !has("cc", "command -v cc") {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages/peer.c");
    let built = Command::new("cc").arg("-o").arg(dir.0.join("peer")).arg(source).arg("-lrt").output();
    let built = built.expect("cc can be started");
    assert!(built.status.success(), "{built:?}");
    Some(dir)
}
