//! What is open where a command goes on: for the prompt that asks for its next line.
//!
//! The parser's functions say it themselves where they begin a construct ([`Cursor::enter`]) and where they cross a line inside of
//! something else, and so the prompt names what the parser waits for the end of.
//!
//! [`Cursor::enter`]: crate::syntax::cursor::Cursor::enter

use bstr::{BStr, ByteSlice};
use std::cell::Cell;
use std::fmt;

/// How many constructs around each other have names. Nobody can read more.
pub const NAMED: usize = 16;

/// A construct by the word that began it, and by the word that began its present part: `if`, `then`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Construct {
    pub(super) opened: &'static str,
    pub(super) part: &'static str,
}

/// What a line that is asked for stands in; shown as `if then dquote`, the outermost first, and as nothing where only a backslash
/// has the line go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open<'a> {
    /// The constructs, the outermost first.
    pub(super) around: &'a [Cell<Construct>],
    /// What is open inside of them: a quote, or the here-document with its delimiter.
    pub(super) innermost: &'a [u8],
}

impl fmt::Display for Open<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let constructs = self.around.iter().map(Cell::get).flat_map(|construct| {
            let part = if construct.part == construct.opened { "" } else { construct.part };
            [construct.opened, part]
        });
        let innermost = self.innermost.to_str_lossy();
        let words = constructs.chain([&*innermost]).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

/// What the body of a here-document is called.
pub fn here_document(delimiter: &BStr) -> Vec<u8> {
    [b"heredoc ".as_slice(), delimiter].concat()
}
