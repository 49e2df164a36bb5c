//! Where builtins read and write: a descriptor, or memory while a command substitution runs inside this process.

use crate::status::Error;
use crate::sys::fd;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Where a builtin's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This descriptor.
    Fd(RawFd),
    /// The capture with this number in [`Stdio::captures`].
    Capture(usize),
    /// The descriptor was closed by `n>&-`.
    Closed,
}

/// Where the output of a command substitution goes.
#[derive(Debug)]
pub enum Capture {
    /// Into this memory, while the substitution runs inside this process.
    Memory(Vec<u8>),
    /// Into this pipe, once it has become a process.
    Pipe(OwnedFd),
}

/// Standard input, output and error of builtins. For most commands 0, 1 and 2; a builtin whose redirections can be applied to
/// it alone sees the opened descriptors here without a dup2.
#[derive(Debug)]
pub struct Stdio {
    /// Standard input; -1 when it is closed.
    pub input: RawFd,
    /// Standard output.
    pub output: Target,
    /// Standard error.
    pub error: Target,
    /// The command substitutions around the current command that run in this process; the last is the innermost.
    pub captures: Vec<Capture>,
}

impl Default for Stdio {
    fn default() -> Self {
        Self { input: 0, output: Target::Fd(1), error: Target::Fd(2), captures: Vec::new() }
    }
}

impl Stdio {
    /// Write to standard output, all of it.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write_to(self.output, bytes).map_err(|errno| Error::system("write error", errno))
    }

    fn write_to(&mut self, target: Target, bytes: &[u8]) -> Result<(), Errno> {
        match target {
            Target::Fd(fd) => fd::write_all(fd, bytes),
            Target::Closed => Err(Errno::EBADF),
            Target::Capture(number) => match self.captures.get_mut(number) {
                Some(Capture::Memory(memory)) => {
                    memory.extend_from_slice(bytes);
                    Ok(())
                }
                Some(Capture::Pipe(pipe)) => fd::write_all(pipe.as_raw_fd(), bytes),
                None => Err(Errno::EBADF),
            },
        }
    }

    /// Write to standard error. That this fails cannot be reported anywhere.
    pub fn write_error(&mut self, bytes: &[u8]) {
        let _ = self.write_to(self.error, bytes);
    }

    /// Whether standard output is memory of this process.
    #[inline]
    pub fn is_captured(&self) -> bool {
        matches!(self.output, Target::Capture(_))
    }

    /// If standard output is a capture that has become a pipe, make descriptor 1 that pipe.
    pub fn materialise(&mut self) {
        let Target::Capture(number) = self.output else { return };
        if let Some(Capture::Pipe(pipe)) = self.captures.get(number)
            && fd::dup2(pipe.as_raw_fd(), 1).is_ok()
        {
            self.output = Target::Fd(1);
        }
    }

    /// Whether the descriptor that a user calls 0, 1 or 2 is a terminal.
    pub fn is_terminal(&self, number: RawFd) -> bool {
        let real = match number {
            0 => self.input,
            1 | 2 => match if number == 1 { self.output } else { self.error } {
                Target::Fd(fd) => fd,
                Target::Capture(_) | Target::Closed => return false,
            },
            number => number,
        };
        crate::sys::tty::is_terminal(real)
    }
}
