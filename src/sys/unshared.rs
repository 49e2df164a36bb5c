//! Descriptors that are this process's alone. A program does not get them (FD_CLOEXEC); a forked child that goes on as a shell has copies, and
//! closes them first: else the port of a server would be taken, and its clients would wait, as long as any subshell that a procedure has
//! begun goes on, though the server has ended.
//!
//! System calls: close.

use crate::sys::fd;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

/// Those that no forked child keeps.
static UNSHARED: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn with<T>(change: impl FnOnce(&mut Vec<RawFd>) -> T) -> T {
    change(&mut UNSHARED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A mark on an open descriptor; drop it together with the descriptor.
#[derive(Debug)]
pub struct Unshared(RawFd);

impl Unshared {
    /// From now on forked children close their copy.
    pub fn mark(fd: &OwnedFd) -> Self {
        with(|numbers| numbers.push(fd.as_raw_fd()));
        Self(fd.as_raw_fd())
    }
}

impl Drop for Unshared {
    fn drop(&mut self) {
        // Marks mostly go in the reverse order of their coming.
        with(|numbers| numbers.iter().rposition(|&fd| fd == self.0).map(|place| numbers.swap_remove(place)));
    }
}

/// In a forked child. The process ends without destructors, so nothing is closed twice.
pub(super) fn close_all() {
    for number in with(std::mem::take) {
        // It is open: the mark goes with the descriptor.
        let _ = fd::close(number);
    }
}
