//! The words of the RPC language: names, numbers and marks, and how a failure is told.

use super::tree::{Ident, Value};
use nom::bytes::complete::{take_while, take_while1};
use nom::{IResult, Parser};

/// What is still to be read.
pub type Input<'a> = &'a [u8];

/// A parser's failure: how much was left, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes left at the place.
    pub left: usize,
    /// What is wrong.
    pub what: String,
}

impl nom::error::ParseError<Input<'_>> for Problem {
    fn from_error_kind(input: Input<'_>, _: nom::error::ErrorKind) -> Self {
        Self { left: input.len(), what: String::from("this cannot stand here") }
    }

    fn append(_: Input<'_>, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

pub type Parsed<'a, T> = IResult<Input<'a>, T, Problem>;

pub fn fail<T>(input: Input<'_>, what: impl Into<String>) -> Parsed<'_, T> {
    Err(nom::Err::Failure(Problem { left: input.len(), what: what.into() }))
}

pub fn blanks(input: Input<'_>) -> Input<'_> {
    input.trim_ascii_start()
}

pub fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The word that stands here, which may be empty.
pub fn peek_word(input: Input<'_>) -> Input<'_> {
    let input = blanks(input);
    &input[..input.iter().position(|&byte| !is_name(byte)).unwrap_or(input.len())]
}

/// A keyword, if it stands here.
pub fn keyword<'a>(input: Input<'a>, word: &str) -> Option<Input<'a>> {
    (peek_word(input) == word.as_bytes()).then(|| &blanks(input)[word.len()..])
}

/// A punctuation mark, if it stands here.
pub fn mark(input: Input<'_>, mark: u8) -> Option<Input<'_>> {
    blanks(input).strip_prefix(&[mark])
}

/// A punctuation mark that must stand here.
pub fn expect<'a>(input: Input<'a>, wanted: u8, behind: &str) -> Parsed<'a, ()> {
    match mark(input, wanted) {
        Some(rest) => Ok((rest, ())),
        None => fail(blanks(input), format!("`{}` is expected behind {behind}", char::from(wanted))),
    }
}

pub const KEYWORDS: &[&str] = &[
    "bool",
    "case",
    "char",
    "const",
    "default",
    "double",
    "enum",
    "float",
    "hyper",
    "int",
    "long",
    "opaque",
    "program",
    "quadruple",
    "short",
    "string",
    "struct",
    "switch",
    "typedef",
    "union",
    "unsigned",
    "version",
    "void",
];

// identifier = letter , { letter | digit | "_" } ;
pub fn identifier(input: Input<'_>) -> Parsed<'_, Ident> {
    let input = blanks(input);
    let (rest, word) = take_while(is_name).parse(input)?;
    let text = String::from_utf8_lossy(word).into_owned();
    match word.first() {
        Some(first) if !first.is_ascii_digit() && !KEYWORDS.contains(&&*text) => {
            Ok((rest, Ident { text, left: input.len() }))
        }
        Some(first) if !first.is_ascii_digit() => fail(input, format!("a name is expected, and `{text}` is a keyword")),
        _ => fail(input, "a name is expected"),
    }
}

// constant = [ "-" ] , ( decimal | "0x" , hexadecimal | "0" , octal ) ;
pub fn constant(input: Input<'_>) -> Parsed<'_, i64> {
    let input = blanks(input);
    let (digits, negative) = match input.strip_prefix(b"-") {
        Some(rest) => (blanks(rest), true),
        None => (input, false),
    };
    let (rest, word) = take_while1::<_, _, Problem>(is_name)
        .parse(digits)
        .map_err(|_| nom::Err::Failure(Problem { left: input.len(), what: String::from("a number is expected") }))?;
    let text = String::from_utf8_lossy(word);
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (&text[..], 10),
    };
    match i128::from_str_radix(digits, radix).ok().and_then(|n| i64::try_from(if negative { -n } else { n }).ok()) {
        Some(number) => Ok((rest, number)),
        None => fail(input, format!("`{text}` is no number")),
    }
}

// value = constant | identifier ;
pub fn value(input: Input<'_>) -> Parsed<'_, Value> {
    let input = blanks(input);
    if input.first().is_some_and(|&byte| byte.is_ascii_digit() || byte == b'-') {
        return constant.map(Value::Number).parse(input);
    }
    identifier.map(Value::Name).parse(input)
}

pub fn behind_keyword(input: Input<'_>) -> Input<'_> {
    let word = peek_word(input).len();
    &blanks(input)[word..]
}
