//! The outcome of executing something: a status, a change of flow, or an error.
//!
//! This is a leaf of the module tree: everything may use it and it uses nothing of ours.

use bstr::{BString, ByteSlice};
use nix::errno::Errno;
use std::fmt;

/// The exit status of a command (POSIX XCU 2.8.2), 0 to 255 for a process that exited,
/// 128 + n for one that signal n ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitStatus(pub i32);

impl ExitStatus {
    /// 0: done, or true.
    pub const SUCCESS: Self = Self(0);
    /// 1: failed, or false.
    pub const FAILURE: Self = Self(1);
    /// 2: the command was called wrongly; also a syntax error.
    pub const USAGE: Self = Self(2);
    /// 126: a program was found and could not be executed.
    pub const NOT_EXECUTABLE: Self = Self(126);
    /// 127: no such command.
    pub const NOT_FOUND: Self = Self(127);
    /// 128: commands could not be read (XCU sh, EXIT STATUS).
    pub const NOT_READ: Self = Self(128);

    /// Whether the status is 0, which the shell takes for true.
    #[inline]
    pub fn is_success(self) -> bool {
        self.0 == 0
    }

    /// The status of a process that was ended by `signal`: 128 + n.
    pub fn from_signal(signal: i32) -> Self {
        Self(128 + signal)
    }

    /// 0 for true, 1 for false.
    #[inline]
    pub fn from_bool(truth: bool) -> Self {
        Self(i32::from(!truth))
    }
}

/// Why execution does not simply go on with the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `break n`: n loops are still to be left.
    Break(u32),
    /// `continue n`: n-1 loops are to be left and the next one is continued.
    Continue(u32),
    /// `return`: the innermost function or `.` script ends.
    Return(ExitStatus),
    /// `exit`, an error that ends a non-interactive shell, or `set -e`: the (sub)shell ends.
    Exit(ExitStatus),
    /// SIGINT in an interactive shell, or an error there: back to the prompt with this status.
    Interrupt(ExitStatus),
    /// The subshell that ran inside this process has become a process of its own (see
    /// `exec::substitute`); this side unwinds to where the subshell began and waits there.
    Forked,
}

/// What executing a command gives: its status, or a change of flow that `?` carries to where it is caught.
pub type Outcome = Result<ExitStatus, Flow>;

/// The status with which a (sub)shell ends whose commands had this outcome.
pub fn at_end(outcome: Outcome) -> ExitStatus {
    match outcome {
        Ok(status) | Err(Flow::Exit(status) | Flow::Return(status) | Flow::Interrupt(status)) => status,
        Err(Flow::Break(_) | Flow::Continue(_) | Flow::Forked) => ExitStatus::SUCCESS,
    }
}

/// Something that could not be done: what was tried, on what, and why.
///
/// An error is printed once, where it is caught. Its text is `tried`, and the words of `errno` behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What was tried and on what, e.g. `cd: foo` or `cannot open foo`.
    pub tried: BString,
    /// The system's reason, if it was the system that refused.
    pub errno: Option<Errno>,
    /// The exit status that the error stands for.
    pub status: ExitStatus,
}

impl Error {
    /// An error with a text of its own and status 1.
    pub fn new(tried: impl Into<BString>) -> Self {
        Self { tried: tried.into(), errno: None, status: ExitStatus::FAILURE }
    }

    /// An error of the system: what was tried, and errno.
    pub fn system(tried: impl Into<BString>, errno: Errno) -> Self {
        Self { tried: tried.into(), errno: Some(errno), status: ExitStatus::FAILURE }
    }

    /// A wrong call: status 2.
    pub fn usage(tried: impl Into<BString>) -> Self {
        Self { tried: tried.into(), errno: None, status: ExitStatus::USAGE }
    }

    /// The same error with another exit status.
    #[must_use]
    pub fn with_status(mut self, status: ExitStatus) -> Self {
        self.status = status;
        self
    }

    /// The same error with `prefix: ` before its text.
    #[must_use]
    pub fn within(mut self, prefix: impl AsRef<[u8]>) -> Self {
        let mut text = BString::from(prefix.as_ref());
        text.extend_from_slice(b": ");
        text.extend_from_slice(&self.tried);
        self.tried = text;
        self
    }

    /// The whole message as bytes, without a newline.
    pub fn message(&self) -> BString {
        let mut text = self.tried.clone();
        if let Some(errno) = self.errno {
            text.extend_from_slice(b": ");
            text.extend_from_slice(reason(errno).as_bytes());
        }
        text
    }
}

/// The words of strerror(3), which all other programs use (`Errno::desc` has words of its own).
pub fn reason(errno: Errno) -> String {
    let text = std::io::Error::from_raw_os_error(errno as i32).to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_owned()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().as_bstr().fmt(f)
    }
}

impl std::error::Error for Error {}

/// Why an expansion or a builtin did not finish: an error that is still to be reported (what it does to the
/// shell is decided by `exec::consequence`), or a change of flow that passes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// To be printed once, by whoever knows the consequence.
    Error(Error),
    /// To be handed on untouched.
    Flow(Flow),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Flow> for Failure {
    fn from(flow: Flow) -> Self {
        Self::Flow(flow)
    }
}
