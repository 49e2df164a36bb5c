//! Why a message did not go or come: what was tried, the reason, and the exit status that stands for it.

use crate::status::reason;
use crate::sys::interrupt::Cut;
use nix::errno::Errno;
use std::fmt;

/// The reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The system refused.
    Refused(Errno),
    /// A non-blocking attempt found nothing, or no room; with the system's word for it.
    WouldBlock(Errno),
    /// The deadline has passed.
    TimedOut,
    /// This signal was caught.
    Interrupted(i32),
    /// The caller asked for something that cannot be.
    Usage(String),
    /// There is no such place, in the resolver's words.
    Nowhere(String),
    /// It cannot be done, for a reason that is none of the system's.
    Other(String),
}

/// What was tried, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What was tried, and on what.
    pub tried: String,
    /// The reason.
    pub why: Why,
}

impl Error {
    /// The system refused.
    pub fn refused(tried: impl Into<String>, errno: Errno) -> Self {
        Self { tried: tried.into(), why: Why::Refused(errno) }
    }

    /// A wrong call.
    pub fn usage(tried: impl Into<String>, why: impl Into<String>) -> Self {
        Self { tried: tried.into(), why: Why::Usage(why.into()) }
    }

    /// A host or service that cannot be found.
    pub fn nowhere(tried: impl Into<String>, why: impl Into<String>) -> Self {
        Self { tried: tried.into(), why: Why::Nowhere(why.into()) }
    }

    /// A reason of our own.
    pub fn other(tried: impl Into<String>, why: impl Into<String>) -> Self {
        Self { tried: tried.into(), why: Why::Other(why.into()) }
    }

    /// A wait that has ended without its result.
    pub fn stopped(tried: impl Into<String>, cut: Cut) -> Self {
        let why = match cut {
            Cut::Signal(signal) => Why::Interrupted(signal),
            Cut::Timeout => Why::TimedOut,
            Cut::Failed(errno) => Why::Refused(errno),
        };
        Self { tried: tried.into(), why }
    }

    /// The exit status of `send`, `recv` and `mq`: 1 the system refused, 2 usage, 3 would block, 4 no such place or nobody
    /// listens, 5 permission, 124 time-out, 128 + n signal n.
    pub fn status(&self) -> i32 {
        match &self.why {
            Why::Usage(_) => 2,
            Why::WouldBlock(_) => 3,
            Why::TimedOut => 124,
            Why::Interrupted(signal) => 128 + signal,
            Why::Nowhere(_) => 4,
            Why::Other(_) => 1,
            Why::Refused(errno) => match errno {
                Errno::ENOENT | Errno::ENXIO | Errno::ECONNREFUSED | Errno::EIDRM | Errno::ESRCH => 4,
                Errno::EACCES | Errno::EPERM => 5,
                Errno::ETIMEDOUT => 124,
                _ => 1,
            },
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.tried)?;
        match &self.why {
            Why::Refused(errno) | Why::WouldBlock(errno) => f.write_str(&words(*errno)),
            Why::TimedOut => f.write_str("timed out"),
            Why::Interrupted(signal) => {
                write!(f, "interrupted by signal {}", crate::sys::signames::name_or_number(*signal))
            }
            Why::Usage(why) | Why::Nowhere(why) | Why::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

/// The errno of an error of the standard library; EIO for one that the library has made itself.
pub fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

/// An errno's symbol and words: `ENOMSG: No message of desired type`.
pub fn words(errno: Errno) -> String {
    format!("{errno:?}: {}", reason(errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_errno_and_has_its_status() {
        let error = Error::refused("sysv:1", Errno::ENOENT);
        assert_eq!(error.to_string(), "sysv:1: ENOENT: No such file or directory");
        assert_eq!(error.status(), 4);
        assert_eq!(Error::refused("x", Errno::EACCES).status(), 5);
        assert_eq!(Error::refused("x", Errno::E2BIG).status(), 1);
        assert_eq!(Error::stopped("x", Cut::Signal(2)).status(), 130);
        assert_eq!(Error::stopped("x", Cut::Timeout).status(), 124);
    }
}
