//! Descriptors that are this process's alone. A program does not get them (FD_CLOEXEC); a forked child that goes on as a shell has copies, and
//! closes them first: else the port of a server would be taken, and its clients would wait, as long as any subshell that a procedure has
//! begun goes on, though the server has ended.
//!
//! System calls: close.

use crate::sys::fd;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

static DESCRIPTORS: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn descriptors() -> MutexGuard<'static, Vec<RawFd>> {
    DESCRIPTORS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mark on an open descriptor; drop it together with the descriptor.
#[derive(Debug)]
pub struct Unshared(RawFd);

impl Unshared {
    /// From now on forked children close their copy.
    pub fn mark(fd: &OwnedFd) -> Self {
        descriptors().push(fd.as_raw_fd());
        Self(fd.as_raw_fd())
    }
}

impl Drop for Unshared {
    fn drop(&mut self) {
        let mut descriptors = descriptors();
        if let Some(place) = descriptors.iter().position(|&fd| fd == self.0) {
            descriptors.swap_remove(place);
        }
    }
}

/// In a forked child. It ends without destructors, so nothing is closed there twice.
pub(super) fn close_all() {
    for number in std::mem::take(&mut *descriptors()) {
        // It is open: the mark goes with the descriptor.
        let _ = fd::close(number);
    }
}
