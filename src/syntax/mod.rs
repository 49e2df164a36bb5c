//! Bytes to tree: the Shell Command Language of POSIX.1-2024, XCU 2.2 to 2.10. Knows nothing of processes.
//!
//! Combinators come from nom's `complete` modules only: a shell knows by its grammar, and not by the end of
//! its buffer, whether it needs another line.

pub mod arith;
pub mod ast;
pub mod command;
pub mod compound;
pub mod cursor;
pub mod error;
pub mod escape;
pub mod heredoc;
pub mod list;
pub mod parameter;
pub mod pattern;
pub mod print;
pub mod word;

use crate::status::Error;
use ast::{List, Word};
use bstr::{BStr, BString};
use cursor::Context;
use typed_arena::Arena;

pub use error::SyntaxError;

/// Why there is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The input is not a command.
    Syntax(SyntaxError),
    /// SIGINT at the prompt.
    Interrupted,
    /// The input could not be read.
    Read(Error),
}

/// Reads commands from a source: a line when, and only when, it needs one.
pub struct Parser<'s> {
    source: Box<dyn LineSource + 's>,
    line: u32,
}

impl<'s> Parser<'s> {
    /// From the first line of a source.
    pub fn new(source: Box<dyn LineSource + 's>) -> Self {
        Self::starting_at(source, 1)
    }

    /// From a source whose first line has this number.
    pub fn starting_at(source: Box<dyn LineSource + 's>, line: u32) -> Self {
        Self { source, line: line.saturating_sub(1) }
    }

    /// The number of the line that was read last.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Forget the rest of the line after a syntax error: a command never leaves one behind.
    pub fn discard_line(&mut self) {}

    /// Whether it is known that there are no more commands.
    pub fn is_at_end(&self) -> bool {
        self.source.is_exhausted()
    }

    /// The next complete command: the list up to the newline that ends it. `None` at the end of the input.
    ///
    /// # Errors
    /// A syntax error, SIGINT at a prompt, or an error of the source.
    pub fn next_command(&mut self, aliases: &dyn AliasLookup) -> Result<Option<List>, ParseError> {
        loop {
            let arena = Arena::new();
            let context = Context::new(&arena, &mut *self.source, aliases, self.line);
            let Some(cursor) = context.first_line() else {
                return match context.read_error.take() {
                    None => Ok(None),
                    Some(ReadError::Interrupted) => Err(ParseError::Interrupted),
                    Some(ReadError::Failed(error)) => Err(ParseError::Read(error)),
                };
            };
            let result = list::complete_command(cursor);
            self.line = context.line();
            if let Some(error) = context.read_error.take() {
                return Err(match error {
                    ReadError::Interrupted => ParseError::Interrupted,
                    ReadError::Failed(error) => ParseError::Read(error),
                });
            }
            match result {
                Ok((_, list)) if list.items.is_empty() => {}
                Ok((_, list)) => return Ok(Some(list)),
                Err(error) => return Err(ParseError::Syntax(syntax_error(error))),
            }
        }
    }
}

fn syntax_error(error: nom::Err<error::Failure<'_>>) -> SyntaxError {
    match error {
        nom::Err::Error(failure) | nom::Err::Failure(failure) => failure.into(),
        nom::Err::Incomplete(_) => SyntaxError::incomplete(),
    }
}

/// A text that is expanded as the body of a here-document is: PS1, PS2, PS4, ENV.
///
/// # Errors
/// An expansion in it is not closed.
pub fn heredoc_word(text: &[u8], line: u32) -> Result<Word, SyntaxError> {
    struct NoAliases;
    impl AliasLookup for NoAliases {
        fn alias(&self, _: &BStr) -> Option<&BStr> {
            None
        }
    }
    let arena = Arena::new();
    let mut source = Text::new("");
    let context = Context::new(&arena, &mut source, &NoAliases, line);
    let cursor = context.over(text.into(), line);
    match word::parts(cursor, word::Mode::HereDoc, cursor.place()) {
        Ok((_, parts)) => Ok(word::word_of(parts, false)),
        Err(error) => Err(syntax_error(error)),
    }
}

/// Where lines come from.
pub trait LineSource {
    /// The next line with its newline (the last one may lack it), or `None` at the end of the input.
    fn next_line(&mut self, prompt: Prompt) -> Result<Option<BString>, ReadError>;

    /// Whether it is known that nothing but blank lines is left.
    fn is_exhausted(&self) -> bool {
        false
    }
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

    fn is_exhausted(&self) -> bool {
        self.text[self.offset..].iter().all(u8::is_ascii_whitespace)
    }
}
