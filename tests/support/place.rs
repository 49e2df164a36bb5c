//! Where a test works: a directory of its own, programs with a small environment, and a time limit for all of it.

#![allow(dead_code, reason = "no test program uses all of it")]

#[path = "inherited.rs"]
mod inherited;
#[path = "limit.rs"]
pub mod limit;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// An empty directory, removed at the end, and a time limit until then.
pub struct Dir(pub PathBuf, limit::Limit);

impl Dir {
    pub fn new() -> Self {
        Self::within(limit::LONGEST)
    }

    /// For a test that may take so long.
    pub fn within(time: Duration) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ipcsh-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path, limit::Limit::new(time))
    }

    /// Write a file into it.
    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).expect("a file for the test");
        path
    }

    /// What is in a file; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.0.join(name)).unwrap_or_default()).into_owned()
    }

    /// Whether there is a file of this name, of whatever type.
    pub fn has(&self, name: &str) -> bool {
        self.0.join(name).symlink_metadata().is_ok()
    }

    /// A program in this directory, with a small environment, no input, and a process group of its own.
    pub fn program(&self, name: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(name);
        command
            .current_dir(&self.0)
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", &self.0)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .process_group(0);
        inherited::keep_standard(&mut command);
        command
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Whether a program is there; else say that the test is skipped.
pub fn has(program: &str) -> bool {
    let found = PATH.split(':').any(|folder| Path::new(folder).join(program).exists());
    if !found {
        println!("skipped: needs {program}");
    }
    found
}
