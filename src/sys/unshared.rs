//! Descriptors that are this process's alone. A program does not get them (FD_CLOEXEC); a forked child that goes on as a shell has copies, and
//! closes them first: else the port of a server would be taken, and its clients would wait, as long as any subshell that a procedure has
//! begun goes on, though the server has ended.
//!
//! System calls: close.

use crate::sys::fd;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

/// Open descriptors that some processes shall close.
#[derive(Debug)]
struct List(Mutex<Vec<RawFd>>);

/// Those that no forked child keeps.
static UNSHARED: List = List(Mutex::new(Vec::new()));

/// Private copies of descriptors that are something else for a while. Who puts them back needs them, also in a child that goes on in the
/// middle of a command; a process with a command of its own does not.
static REPLACED: List = List(Mutex::new(Vec::new()));

impl List {
    fn with<T>(&self, change: impl FnOnce(&mut Vec<RawFd>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Close them all. The process ends without destructors, so nothing is closed twice.
    fn close(&self) {
        for number in self.with(std::mem::take) {
            // It is open: the mark goes with the descriptor.
            let _ = fd::close(number);
        }
    }
}

/// A mark on an open descriptor; drop it together with the descriptor.
#[derive(Debug)]
pub struct Unshared(RawFd, &'static List);

impl Unshared {
    /// From now on forked children close their copy.
    pub fn mark(fd: &OwnedFd) -> Self {
        Self::on(&UNSHARED, fd)
    }

    /// From now on [`close_replaced`] closes a child's copy.
    pub fn mark_replaced(fd: &OwnedFd) -> Self {
        Self::on(&REPLACED, fd)
    }

    fn on(list: &'static List, fd: &OwnedFd) -> Self {
        list.with(|numbers| numbers.push(fd.as_raw_fd()));
        Self(fd.as_raw_fd(), list)
    }
}

impl Drop for Unshared {
    fn drop(&mut self) {
        // Marks mostly go in the reverse order of their coming.
        self.1.with(|numbers| numbers.iter().rposition(|&fd| fd == self.0).map(|place| numbers.swap_remove(place)));
    }
}

/// In a forked child.
pub(super) fn close_all() {
    UNSHARED.close();
}

/// In a child that never goes back to the commands around its own: a background job with a copy of a pipe's end would keep its reader waiting.
pub fn close_replaced() {
    REPLACED.close();
}
