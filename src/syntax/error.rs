//! Syntax errors: what was found, what was expected, and where the unclosed thing was opened.

use crate::syntax::ast::HereDoc;
use crate::syntax::cursor::{Cursor, Line};
use bstr::{BStr, BString, ByteSlice};

/// A place in the source.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub(super) line: &'a Line<'a>,
    /// The offset in the text that `line` is.
    pub(super) column: usize,
    /// The number of the line.
    pub(super) number: u32,
}

impl<'a> Place<'a> {
    /// What stands here, up to the end of the text.
    fn rest(self) -> &'a [u8] {
        self.line.text.get(self.column..).unwrap_or_default()
    }

    /// The line without its newline, and the offset of the place in it.
    fn line(self) -> (&'a [u8], usize) {
        let text = &self.line.text;
        let column = self.column.min(text.len());
        let start = memchr::memrchr(b'\n', &text[..column]).map_or(0, |newline| newline + 1);
        let end = memchr::memchr(b'\n', &text[column..]).map_or(text.len(), |length| column + length);
        (&text[start..end], column - start)
    }
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.line().1 + 1)
    }
}

/// What is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Situation<'a> {
    /// Something else was expected, e.g. `a command`.
    Expected(&'static str),
    /// Something is missing for what was opened at a place.
    Unclosed {
        /// What was opened, e.g. `if`.
        opened: &'static str,
        /// What it needs next, e.g. `"then"`.
        needs: &'static str,
        /// Where it was opened.
        place: Place<'a>,
    },
    /// A list has no command: `opened` of a place needs one.
    Empty {
        /// What stands before the list, e.g. `then`.
        opened: &'static str,
        /// Where.
        place: Place<'a>,
    },
    /// Other shells know this: what to write here.
    Elsewhere(&'static str),
    /// A word or operator that cannot stand here.
    Unexpected,
    /// The limit of nesting.
    NestedTooDeeply,
}

/// A parser's failure.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    pub(super) place: Place<'a>,
    pub(super) situation: Situation<'a>,
    pub(super) at_end: bool,
}

impl<'a> nom::error::ParseError<Cursor<'a>> for Box<Failure<'a>> {
    fn from_error_kind(input: Cursor<'a>, _: nom::error::ErrorKind) -> Self {
        Box::new(Failure { place: input.place(), situation: Situation::Unexpected, at_end: input.rest().is_empty() })
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

    /// A warning: the end of the input ended a here-document.
    pub(super) fn unclosed(document: &HereDoc) -> Self {
        let message = [b"warning: the here-document is not closed by \"", &document.delimiter[..], b"\""].concat();
        Self { message: message.into(), line: document.line.0, picture: BString::default(), at_end: true }
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

/// The token at a place; none at the end of the input.
fn token(place: Place<'_>) -> Option<&BStr> {
    let rest = place.rest().trim_start_with(|character| character == ' ' || character == '\t');
    let name = match rest {
        [] => return None,
        [b'&', b'&', ..]
        | [b'|', b'|', ..]
        | [b';', b';', ..]
        | [b'<', b'<', ..]
        | [b'>', b'>', ..]
        | [b';', b'&', ..] => &rest[..2],
        [byte, ..] if b"&|;<>()\n".contains(byte) => &rest[..1],
        _ => {
            let end = rest.find_byteset(b" \t\n&|;<>()").unwrap_or(rest.len());
            &rest[..character_start(rest, end.min(40))]
        }
    };
    Some(name.as_bstr())
}

/// The place at or before `at` where a character begins.
pub fn character_start(text: &[u8], at: usize) -> usize {
    let is_start = |&at: &usize| text.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
    (0..=at).rev().find(is_start).unwrap_or(0)
}

/// What a token that stands alone belongs to.
fn partner(token: &[u8]) -> Option<&'static str> {
    Some(match token {
        b"fi" | b"then" | b"else" | b"elif" => "without \"if\"",
        b"do" | b"done" => "without \"for\", \"while\" or \"until\"",
        b"esac" | b";;" | b";&" => "outside of \"case\"",
        b"}" => "without \"{\"",
        b")" => "without \"(\"",
        _ => return None,
    })
}

impl Failure<'_> {
    /// `unexpected ...`, as a reader would name what was found.
    fn found(&self) -> BString {
        match token(self.place) {
            None => "unexpected end of input".into(),
            Some(name) if name == "\n" => "unexpected end of the line".into(),
            Some(name) => [b"unexpected \"".as_slice(), name.as_bytes(), b"\""].concat().into(),
        }
    }

    /// `"if" of line 3`; a column where the line is the one that the message names already.
    fn opening(&self, opened: &str, place: Place<'_>) -> String {
        // A quote is called by its name, because quotes of quotes are hard to read.
        let opened = if opened.contains(' ') { opened.to_owned() } else { format!("\"{opened}\"") };
        if place.number == self.place.number {
            format!("{opened} in column {}", place.line().1 + 1)
        } else {
            format!("{opened} of line {}", place.number)
        }
    }

    /// Whether a line that this is about ends with a CR, or the one before it, where the input ended: it is why no reserved word stands there.
    fn has_cr(&self) -> bool {
        let opened = match self.situation {
            Situation::Unclosed { place, .. } | Situation::Empty { place, .. } => Some(place),
            _ => None,
        };
        let text = &self.place.line.text;
        let before = text.get(..self.place.column.min(text.len())).unwrap_or_default().trim_end_with(|c| c == '\n');
        let lines = opened.map(|place| place.line().0).into_iter().chain([self.place.line().0, before]);
        lines.into_iter().any(|line| line.ends_with(b"\r"))
    }

    fn text(&self) -> BString {
        let mut text = self.found();
        let partner = token(self.place).and_then(|token| partner(token));
        match self.situation {
            Situation::Unexpected | Situation::Expected("a command") if partner.is_some() => {
                text.push(b' ');
                text.extend_from_slice(partner.unwrap_or_default().as_bytes());
            }
            Situation::Expected(what) => text.extend_from_slice(format!("; expected {what}").as_bytes()),
            Situation::Unclosed { opened, needs, place } => {
                text.extend_from_slice(format!("; {} needs {needs}", self.opening(opened, place)).as_bytes());
            }
            Situation::Empty { opened, place } => {
                text.extend_from_slice(
                    format!("; {} needs a command behind it", self.opening(opened, place)).as_bytes(),
                );
            }
            Situation::Elsewhere(instead) => text.extend_from_slice(format!("; {instead}").as_bytes()),
            Situation::NestedTooDeeply => return "nested too deeply".into(),
            Situation::Unexpected => {}
        }
        if self.has_cr() {
            text.extend_from_slice(b"; these lines have Windows line ends, and the CR is part of the word before it");
        }
        text
    }

    /// The source line and a caret.
    fn picture(&self) -> BString {
        let (shown, column) = self.place.line();
        let visible: String = shown.to_str_lossy().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if visible.trim().is_empty() || visible.len() > 500 {
            return BString::default();
        }
        let width = shown[..column].to_str_lossy().chars().count();
        format!("    {visible}\n    {}^\n", " ".repeat(width)).into()
    }
}

impl<'a> From<Box<Failure<'a>>> for SyntaxError {
    fn from(failure: Box<Failure<'a>>) -> Self {
        let mut message = BString::from("syntax error: ");
        message.extend_from_slice(&failure.text());
        Self { message, line: failure.place.number, picture: failure.picture(), at_end: failure.at_end }
    }
}
