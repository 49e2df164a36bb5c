//! Descriptors that stand for processes (pidfds), so that a signal for a job never hits a stranger.
//!
//! The kernel gives the number of a child away again once it has been waited for; whoever uses the number later means another process.
//! A pidfd means one process for ever: after its end a signal is refused (ESRCH). One is held for every child that a user can name
//! (`%job`, `$!`, the number of a job's process), for as long as it can be named; a subshell keeps that of `$!`.
//!
//! System calls: pidfd_open, pidfd_send_signal.

use crate::sys::limits::{self, Resource};
use crate::sys::pidfd;
use crate::sys::private::Private;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::os::fd::AsFd;

/// The part of the process's descriptors that may go into handles: one of so many. A child without a handle is safe by its number
/// until it has been waited for, and the table knows when that was.
const PART: u64 = 8;

/// The handles, by process id.
#[derive(Debug, Default)]
pub(super) struct Handles(BTreeMap<Pid, Private>);

impl Handles {
    /// Hold one for a child that has not been waited for. Without a free descriptor there is none.
    pub fn hold(&mut self, pid: Pid) {
        let limit = limits::getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
        if self.0.len() as u64 >= limit / PART {
            return;
        }
        if let Ok(fd) = pidfd::open(pid.as_raw()) {
            self.0.insert(pid, Private::new(fd));
        }
    }

    /// The process cannot be named any more.
    pub fn release(&mut self, pid: Pid) {
        self.0.remove(&pid);
    }

    /// Only this process can still be named.
    pub fn release_all_but(&mut self, pid: Option<Pid>) {
        self.0.retain(|&held, _| Some(held) == pid);
    }

    /// Send a signal to the process that had this number; `None`: no handle.
    pub fn send(&self, pid: Pid, signal: i32, value: Option<i32>) -> Option<Result<(), Errno>> {
        self.0.get(&pid).map(|fd| pidfd::send(fd.as_fd(), signal, value))
    }
}
