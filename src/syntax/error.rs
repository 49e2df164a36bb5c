//! Syntax errors: what was found, what was expected, and where the unclosed thing was opened.

use crate::syntax::cursor::{Cursor, Line};
use bstr::{BString, ByteSlice};

/// A place in the source.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) column: usize,
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line.number, self.column + 1)
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Situation<'a> {
    /// Something else was expected.
    Expected(&'static str),
    /// `expected` is missing for what was opened at a place.
    Unclosed {
        /// What was opened, e.g. `if`.
        opened: &'static str,
        /// What is expected.
        expected: &'static str,
        /// Where it was opened.
        place: Place<'a>,
    },
    /// A word or operator that cannot stand here.
    Unexpected,
    /// The limit of nesting.
    NestedTooDeeply,
    /// A combinator's failure; never shown.
    Combinator,
}

/// A parser's failure: a few words, made only when something is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    pub(super) place: Place<'a>,
    pub(super) situation: Situation<'a>,
    pub(super) at_end: bool,
}

impl<'a> nom::error::ParseError<Cursor<'a>> for Failure<'a> {
    fn from_error_kind(input: Cursor<'a>, _: nom::error::ErrorKind) -> Self {
        Self { place: input.place(), situation: Situation::Combinator, at_end: input.rest.is_empty() }
    }

    fn append(_: Cursor<'a>, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

/// A syntax error, independent of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    message: BString,
    line: u32,
    picture: BString,
    at_end: bool,
}

impl SyntaxError {
    /// For what nom's streaming combinators would return; this parser uses none.
    pub(super) fn incomplete() -> Self {
        Self { message: "syntax error".into(), line: 0, picture: BString::default(), at_end: true }
    }

    /// One line that names the token, what was expected, and where the unclosed thing was opened.
    pub fn message(&self) -> BString {
        self.message.clone()
    }

    /// The line of the error.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Whether the input ended inside a construct.
    pub fn at_end(&self) -> bool {
        self.at_end
    }

    /// The source line and a caret below the place, each with a newline.
    pub fn picture(&self) -> Option<BString> {
        (!self.picture.is_empty()).then(|| self.picture.clone())
    }
}

/// The token at a place, as a reader would name it.
fn token(place: Place<'_>) -> BString {
    let rest = &place.line.text[place.column.min(place.line.text.len())..];
    let rest = rest.trim_start_with(|character| character == ' ' || character == '\t');
    let name = match rest {
        [] => return "the end of the input".into(),
        [b'\n', ..] => return "the end of the line".into(),
        [b'&', b'&', ..]
        | [b'|', b'|', ..]
        | [b';', b';', ..]
        | [b'<', b'<', ..]
        | [b'>', b'>', ..]
        | [b';', b'&', ..] => &rest[..2],
        [byte, ..] if b"&|;<>()".contains(byte) => &rest[..1],
        _ => {
            let end = rest.find_byteset(b" \t\n&|;<>()").unwrap_or(rest.len());
            &rest[..end.min(40)]
        }
    };
    [b"`", name, b"`"].concat().into()
}

impl<'a> From<Failure<'a>> for SyntaxError {
    fn from(failure: Failure<'a>) -> Self {
        let found = token(failure.place);
        let text = match failure.situation {
            Situation::Expected(what) => format!("expected {what}, found {found}"),
            Situation::Unclosed { opened, expected, place } if place.line.number == failure.place.line.number => {
                format!("expected {expected} for the {opened} at column {}, found {found}", place.column + 1)
            }
            Situation::Unclosed { opened, expected, place } => {
                format!("expected {expected} for the {opened} opened at line {}, found {found}", place.line.number)
            }
            Situation::NestedTooDeeply => format!("nested too deeply at {found}"),
            Situation::Unexpected | Situation::Combinator => format!("{found} cannot stand here"),
        };
        let line = failure.place.line;
        let shown = line.text.lines().next().unwrap_or_default();
        let visible: String = shown.to_str_lossy().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let column = failure.place.column.min(shown.len());
        let width = shown[..column].to_str_lossy().chars().count();
        let picture = if visible.trim().is_empty() || visible.len() > 500 {
            BString::default()
        } else {
            format!("    {visible}\n    {}^\n", " ".repeat(width)).into()
        };
        Self { message: format!("syntax error: {text}").into(), line: line.number, picture, at_end: failure.at_end }
    }
}
