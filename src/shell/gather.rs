//! Output of builtins that is written later, many commands at once. A write for each `echo` of a loop costs more than all the
//! rest of the loop.
//!
//! System calls: fstat, fstatfs, getrlimit, sigaction, to decide whether that can be done; write.
//!
//! Nobody may see a difference. So the bytes wait only while the shell does what nobody else can see: they are written before
//! a process is made, a file is opened, a signal is sent, anything is read that can block or be the same file, before standard error
//! is written, at the end, and after some hundred commands in any case. If a signal ends the shell before, it is as if the signal had
//! come a moment earlier. And the command that wrote must not have been told a success that turns out to be a failure: into a pipe bytes
//! wait only while SIGPIPE has its default action (which ends the shell at its next step), into a file only while the disk has room
//! and no limit is set. All else (terminals, sockets, devices) is written at once.

use crate::sys::{fd, file, signal};
use nix::errno::Errno;
use std::os::fd::RawFd;

/// That many bytes are written at the latest.
const MOST_BYTES: usize = 16 << 10;

/// What is known about the descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was written since it last mattered to others: one write alone is not worth asking anything.
    #[default]
    Untouched,
    /// One write was made.
    Touched,
    /// Bytes may wait.
    Gathers,
    /// They may not.
    Direct,
}

/// Bytes on their way to one descriptor.
#[derive(Debug, Default)]
pub struct Gathered {
    bytes: Vec<u8>,
    state: State,
    /// Why a write failed after its command had ended. The next command that writes fails with it.
    pub failed: Option<Errno>,
}

impl Gathered {
    /// Whether bytes wait.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Write now or later.
    ///
    /// # Errors
    /// Of the write, or of an earlier one.
    pub fn write(&mut self, to: RawFd, bytes: &[u8]) -> Result<(), Errno> {
        match self.state {
            State::Gathers => {}
            State::Untouched => {
                self.state = State::Touched;
                return fd::write_all(to, bytes);
            }
            State::Touched if may_wait(to) => self.state = State::Gathers,
            State::Touched | State::Direct => {
                self.state = State::Direct;
                return fd::write_all(to, bytes);
            }
        }
        if self.bytes.len() + bytes.len() > MOST_BYTES {
            self.flush(to);
            // The room on the disk is less now.
            self.state = State::Touched;
        }
        if let Some(errno) = self.failed.take() {
            return Err(errno);
        }
        if bytes.len() > MOST_BYTES {
            return fd::write_all(to, bytes);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Write what waits.
    pub fn flush(&mut self, to: RawFd) {
        if !self.bytes.is_empty() {
            if let Err(errno) = fd::write_all(to, &self.bytes) {
                self.failed = Some(errno);
            }
            self.bytes.clear();
        }
    }

    /// Nothing waits and others act now: what is known may no longer be true.
    pub fn forget(&mut self) {
        self.state = State::Untouched;
    }
}

/// Whether a write that is put off for a moment cannot fail by then.
fn may_wait(to: RawFd) -> bool {
    match file::kind(to) {
        Some(libc::S_IFIFO) => signal::get(libc::SIGPIPE) == Ok(signal::Disposition::Default),
        Some(libc::S_IFREG) => file::has_room(to, 256 * MOST_BYTES as u64),
        _ => false,
    }
}
