//! Where builtins read and write: a descriptor, or memory while a command substitution runs inside this process.

use crate::status::Error;
use crate::sys::fd;
use nix::errno::Errno;
use std::os::fd::RawFd;

/// Where a builtin's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This descriptor.
    Fd(RawFd),
    /// The innermost capture.
    Capture,
    /// The descriptor was closed by `n>&-`.
    Closed,
}

/// Standard input, output and error of builtins. For most commands 0, 1 and 2; a builtin whose redirections can be applied to
/// it alone sees the opened descriptors here without a dup2.
#[derive(Debug)]
pub struct Stdio {
    /// Standard input.
    pub input: RawFd,
    /// Standard output.
    pub output: Target,
    /// Standard error.
    pub error: Target,
    /// What was captured, for each in-process command substitution around the current command; the last is the innermost.
    pub captures: Vec<Vec<u8>>,
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
        self.write_to(self.output, bytes)
    }

    fn write_to(&mut self, target: Target, bytes: &[u8]) -> Result<(), Error> {
        let result = match target {
            Target::Capture => {
                if let Some(capture) = self.captures.last_mut() {
                    capture.extend_from_slice(bytes);
                }
                Ok(())
            }
            Target::Fd(fd) => fd::write_all(fd, bytes),
            Target::Closed => Err(Errno::EBADF),
        };
        result.map_err(|errno| Error::system("write error", errno))
    }

    /// Write to standard error. That this fails cannot be reported anywhere.
    pub fn write_error(&mut self, bytes: &[u8]) {
        let _ = self.write_to(self.error, bytes);
    }
}
