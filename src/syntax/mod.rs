//! Bytes to tree: the Shell Command Language of POSIX.1-2024, XCU 2.2 to 2.10. Knows nothing of processes.
//!
//! Each rule of the grammar is a nom parser, `fn(Cursor) -> IResult`. Where a rule is a sequence, nom's sequences put it together; which
//! rule it is, and how often it is repeated, is seen from the next byte or word, and not tried: `alt` and `many0` would make an error
//! and drop it at every turn. None of nom's streaming parsers: a shell knows by its grammar, and not by the end of its buffer,
//! whether it needs another line.

pub mod alias;
pub mod arith;
pub mod ast;
pub mod command;
pub mod compact;
pub mod compound;
pub mod cursor;
pub mod error;
pub mod escape;
pub mod heredoc;
pub mod list;
pub mod marks;
pub mod open;
pub mod parameter;
pub mod parts;
pub mod pattern;
pub mod print;
pub mod reserved;
pub mod substitution;
pub mod word;

use crate::status::Error;
use ast::{List, Word};
use bstr::{BStr, BString, ByteSlice};
use cursor::Context;
use typed_arena::Arena;

pub use cursor::Pools;
pub use error::SyntaxError;
pub use open::Open;

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

/// Reads commands: from a text, or from a source, which it asks for a line when, and only when, it needs one.
pub struct Parser<'s> {
    source: Source<'s>,
    /// The number of the line that was read last.
    line: u32,
    /// The last command ended at a newline in an alias's value: what is left of the values (XCU 2.3.1), and of a source's line behind them.
    left: (Vec<alias::Rest>, BString),
    /// What is to be said about the last command.
    warning: Option<SyntaxError>,
}

/// Where commands come from.
enum Source<'s> {
    /// Lines, and those of the last command while they are recorded.
    Lines(Box<dyn LineSource + 's>, Option<BString>),
    /// A text, and the offsets where the last command began and where the next one begins.
    Text(BString, usize, usize),
}

/// A text's larger half is given up once it has been executed, if it is longer than this.
const LARGE: usize = 64 * 1024;

impl<'s> Parser<'s> {
    /// From a source of lines.
    pub fn new(source: Box<dyn LineSource + 's>) -> Self {
        Self { source: Source::Lines(source, None), line: 0, left: Default::default(), warning: None }
    }

    /// From a text whose first line has this number: `-c`, `eval`, traps, a script that was read whole.
    pub fn of_text(text: impl Into<BString>, line: u32) -> Self {
        let text = cursor::without_nul(text.into());
        Self { source: Source::Text(text, 0, 0), line: line.saturating_sub(1), left: Default::default(), warning: None }
    }

    /// The number of the line that was read last.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Whether it is known that there are no more commands.
    pub fn is_at_end(&self) -> bool {
        match &self.source {
            Source::Lines(..) => false,
            Source::Text(text, _, next) => self.left.0.is_empty() && text[*next..].iter().all(u8::is_ascii_whitespace),
        }
    }

    /// Whether the next command stands on a line that has been read already.
    pub fn is_within_line(&self) -> bool {
        !self.left.0.is_empty() || !self.left.1.is_empty()
    }

    /// Give up what is left of the line.
    pub fn forget_line(&mut self) {
        self.left = Default::default();
    }

    /// Whether the commands are in memory already, so that reading them can neither block nor be seen by others.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.source, Source::Text(..))
    }

    /// Whether [`Parser::last_text`] will be asked for.
    pub fn record(&mut self, on: bool) {
        if let Source::Lines(_, record) = &mut self.source {
            *record = on.then(BString::default);
        }
    }

    /// A warning about the last command: the end of the input ended a here-document.
    pub fn take_warning(&mut self) -> Option<SyntaxError> {
        self.warning.take()
    }

    /// The lines of the last command, for `set -v`.
    pub fn last_text(&self) -> &BStr {
        match &self.source {
            Source::Lines(_, record) => record.as_ref().map_or(BStr::new(""), |text| text.as_bstr()),
            Source::Text(text, last, next) => text[*last..*next].as_bstr(),
        }
    }

    /// The next complete command: the list up to the newline that ends it. `None` at the end of the input. `pools` are
    /// any ones; it is faster to use the same ones again.
    ///
    /// # Errors
    /// A syntax error, SIGINT at a prompt, or an error of the source.
    pub fn next_command(&mut self, aliases: &dyn AliasLookup, pools: &Pools) -> Result<Option<List>, ParseError> {
        match &mut self.source {
            Source::Text(text, last, next) => {
                if *next > LARGE.max(text.len() / 2) {
                    text.drain(..std::mem::take(next));
                    text.shrink_to_fit();
                }
                *last = *next;
                let length = text.len();
                while *next < length || !self.left.0.is_empty() {
                    let (left, _) = std::mem::take(&mut self.left);
                    let arena = Arena::with_capacity(1);
                    let context = Context::new(&arena, None, aliases, pools, self.line);
                    match list::complete_command(context.over(&text[*next..], self.line + 1).enter_values(&left)) {
                        Ok((end, list)) => {
                            let (values, end) = end.leave_values();
                            let (rest, number) =
                                if values.is_empty() { end.behind_command() } else { (end.rest(), end.number()) };
                            self.left.0 = values;
                            *next = length - rest.len();
                            self.line = number.saturating_sub(1);
                            self.warning = unclosed(&context);
                            if !list.items.is_empty() {
                                return Ok(Some(list));
                            }
                        }
                        Err(error) => {
                            let error = syntax_error(error);
                            *next = behind_line(text, *next, error.line().saturating_sub(self.line));
                            self.line = self.line.max(error.line());
                            return Err(ParseError::Syntax(error));
                        }
                    }
                }
                Ok(None)
            }
            Source::Lines(source, record) => loop {
                let (left, line) = std::mem::take(&mut self.left);
                let arena = Arena::with_capacity(1);
                let context = Context::new(&arena, Some(&mut **source), aliases, pools, self.line);
                let start = if left.is_empty() && line.is_empty() {
                    context.first_line()
                } else {
                    Some(context.rest_of_line(&line).enter_values(&left))
                };
                let result = start.map(list::complete_command);
                self.line = context.line();
                self.warning = unclosed(&context);
                if let Some(record) = record {
                    record.extend_from_slice(&context.read_text()[line.len()..]);
                }
                if let Some(Ok((end, _))) = &result {
                    let (values, behind) = end.leave_values();
                    self.left = (values, if end.is_in_value() { behind.rest().into() } else { BString::default() });
                }
                match context.read_error.take() {
                    Some(ReadError::Interrupted) => return Err(ParseError::Interrupted),
                    Some(ReadError::Failed(error)) => return Err(ParseError::Read(error)),
                    None => {}
                }
                match result {
                    None => return Ok(None),
                    Some(Ok((_, list))) if list.items.is_empty() => {}
                    Some(Ok((_, list))) => return Ok(Some(list)),
                    Some(Err(error)) => return Err(ParseError::Syntax(syntax_error(error))),
                }
            },
        }
    }
}

/// The warning about a here-document without its delimiter.
fn unclosed(context: &Context<'_>) -> Option<SyntaxError> {
    context.unclosed.borrow().first().map(|document| SyntaxError::unclosed(document))
}

/// The offset behind so many lines from `start` on: a command with a syntax error leaves nothing of its last line behind.
fn behind_line(text: &[u8], start: usize, lines: u32) -> usize {
    let newlines = memchr::memchr_iter(b'\n', &text[start..]);
    let last = newlines.take(lines.max(1) as usize).last();
    last.map_or(text.len(), |newline| start + newline + 1)
}

fn syntax_error(error: cursor::Fail<'_>) -> SyntaxError {
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
    let arena = Arena::with_capacity(1);
    let pools = Pools::default();
    let context = Context::new(&arena, None, &NoAliases, &pools, line);
    let cursor = context.over(text, line);
    match word::parts(cursor, word::Mode::HereDoc, cursor) {
        Ok((_, parts)) => Ok(Word::new(parts)),
        Err(error) => Err(syntax_error(error)),
    }
}

/// Where lines come from.
pub trait LineSource {
    /// The next line with its newline (the last one may lack it), or `None` at the end of the input.
    fn next_line(&mut self, prompt: Prompt<'_>) -> Result<Option<BString>, ReadError>;
}

/// Which prompt a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt<'a> {
    /// PS1: a command begins.
    Primary,
    /// PS2: a command goes on, inside of this.
    Continuation(Open<'a>),
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

    /// Whether there are none.
    fn is_empty(&self) -> bool;
}

/// No aliases at all.
pub struct NoAliases;

impl AliasLookup for NoAliases {
    fn alias(&self, _: &BStr) -> Option<&BStr> {
        None
    }

    fn is_empty(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
