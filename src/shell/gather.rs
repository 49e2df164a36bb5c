//! Output of builtins that is written later, many commands at once. A write for each `echo` of a loop costs more than all the
//! rest of the loop.
//!
//! System calls: fstat, fstatfs, getrlimit, sigaction, to decide whether that can be done; write.
//!
//! Nobody may see a difference. So the bytes wait only while the shell does what nobody else can see: they are written before
//! a process is made, a file is opened, a signal is sent, anything is read that can block or be the same file, before standard error
//! is written, at the end, and after some hundred commands in any case. If a signal ends the shell before, it is as if the signal had
//! come a moment earlier. A write to a pipe puts out whole texts of commands, and no more than a pipe takes in one piece (PIPE_BUF): lines
//! of several writers are never torn. And the command that wrote must not have been told a success that turns out to be a failure: into
//! a pipe bytes wait only while SIGPIPE would end the whole process at its next step, into a file only while the disk has room and no limit
//! is set. What goes to /dev/null need not be written. All else (terminals, sockets, devices) is written at once.

use crate::sys::{fd, file, promised, signal};
use nix::errno::Errno;
use std::os::fd::RawFd;

/// So many bytes for a file are written at the latest.
const MOST_BYTES: usize = 16 << 10;

/// What is known about the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing; it was written so many times since it last mattered to others.
    Unknown(u8),
    /// A file, whose bytes may wait.
    File,
    /// A pipe, whose bytes may wait.
    Pipe,
    /// They vanish.
    Vanishes,
    /// They may not wait.
    Direct,
}

impl Default for State {
    fn default() -> Self {
        Self::Unknown(0)
    }
}

/// What is to be done with bytes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// They can wait: [`Gathered::push`].
    Wait,
    /// Write what waits, then them.
    Write,
    /// Nothing: they would vanish.
    Drop,
}

/// So many writes are made since it last mattered to others before anything is asked: that costs about as much as they do, so a group
/// of a few commands does not pay for what only many are worth.
const WRITES_BEFORE: u8 = 3;

/// Bytes on their way to one descriptor; they are in [`promised`].
#[derive(Debug, Default)]
pub struct Gathered {
    state: State,
    /// Why a write failed after its command had ended. The next command that writes fails with it.
    pub failed: Option<Errno>,
}

impl Gathered {
    /// What to do with `more` bytes for this descriptor. A subshell inside this process is `guarded`: a SIGPIPE is to end it alone.
    pub fn advise(&mut self, to: RawFd, more: usize, guarded: bool) -> Advice {
        self.state = match self.state {
            State::Unknown(writes) if writes < WRITES_BEFORE => State::Unknown(writes + 1),
            State::Unknown(_) => state_of(to),
            state => state,
        };
        let most = match self.state {
            State::Vanishes => return Advice::Drop,
            State::File => MOST_BYTES,
            State::Pipe if !guarded => libc::PIPE_BUF,
            _ => return Advice::Write,
        };
        if promised::length() + more <= most { Advice::Wait } else { Advice::Write }
    }

    /// Let bytes wait, or if there is no memory, write them.
    ///
    /// # Errors
    /// Of that write.
    pub fn push(&mut self, to: RawFd, bytes: &[u8]) -> Result<(), Errno> {
        if promised::add(to, bytes) {
            return Ok(());
        }
        promised::keep().and_then(|()| fd::write_all(to, bytes))
    }

    /// Write what waits.
    pub fn flush(&mut self) {
        if promised::length() > 0 {
            if let Err(errno) = promised::keep() {
                self.failed = Some(errno);
            }
            // The room on the disk is less now.
            self.state = State::Unknown(WRITES_BEFORE);
        }
    }

    /// Nothing waits and others act now: what is known may no longer be true.
    pub fn forget(&mut self) {
        self.state = State::default();
    }
}

/// Whether a write that is put off for a moment cannot fail by then.
fn state_of(to: RawFd) -> State {
    if !fd::is_writable(to) {
        return State::Direct;
    }
    match file::kind(to) {
        Some(libc::S_IFIFO) if signal::ends_process(libc::SIGPIPE) => State::Pipe,
        Some(libc::S_IFREG) if file::has_room(to, 256 * MOST_BYTES as u64) => State::File,
        Some(libc::S_IFCHR) if file::is_null(to) => State::Vanishes,
        _ => State::Direct,
    }
}
