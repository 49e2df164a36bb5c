//! Bytes to tree: the Shell Command Language of POSIX.1-2024, XCU 2.2 to 2.10. Knows nothing of processes.
//!
//! Combinators come from nom's `complete` modules only: a shell knows by its grammar, and not by the end of
//! its buffer, whether it needs another line.

pub mod ast;

use crate::status::Error;
use bstr::{BStr, BString};

/// Where lines come from.
pub trait LineSource {
    /// The next line with its newline (the last one may lack it), or `None` at the end of the input.
    fn next_line(&mut self, prompt: Prompt) -> Result<Option<BString>, ReadError>;
}

/// Which prompt a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// PS1: a command begins.
    Primary,
    /// PS2: a command goes on.
    Continuation,
}

/// Why there is no line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// SIGINT at the prompt: what was typed so far is dropped.
    Interrupted,
    /// The input could not be read.
    Failed(Error),
}

/// The aliases, as the parser sees them.
pub trait AliasLookup {
    /// The value of an alias.
    fn alias(&self, name: &BStr) -> Option<&BStr>;
}

/// Lines of a text in memory: `-c`, `eval`, traps, a script that was read whole.
pub struct Text {
    text: BString,
    offset: usize,
}

impl Text {
    /// The lines of `text`.
    pub fn new(text: impl Into<BString>) -> Self {
        Self { text: text.into(), offset: 0 }
    }
}

impl LineSource for Text {
    fn next_line(&mut self, _: Prompt) -> Result<Option<BString>, ReadError> {
        let rest = &self.text[self.offset..];
        if rest.is_empty() {
            return Ok(None);
        }
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = BString::from(&rest[..length]);
        self.offset += length;
        Ok(Some(line))
    }
}
