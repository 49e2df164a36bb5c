//! `$name` and `${...}` (XCU 2.6.2).

use crate::syntax::ast::{
    Bytes, LineNumber, Name, Parameter, ParameterExpansion, ParameterOp, Special, SwitchKind, TrimSide, Word,
};
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::parts::is_in_name;
use crate::syntax::word::{Mode, parts, pattern_word};
use std::borrow::Cow;

// special = "@" | "*" | "#" | "?" | "-" | "$" | "!" | "0" ;
fn special(byte: u8) -> Option<Special> {
    Special::of(byte)
}

// simple = name | digit | special ;
/// `name`, one digit, or a special parameter, behind `$`.
pub fn simple(mut cursor: Cursor<'_>) -> Option<(Cursor<'_>, ParameterExpansion)> {
    let line = LineNumber(cursor.number());
    let byte = cursor.peek()?;
    let (cursor, parameter) = if byte.is_ascii_alphabetic() || byte == b'_' {
        let (cursor, name) = name(cursor);
        (cursor, Parameter::Variable(Name::new(name)))
    } else if let Some(special) = special(byte) {
        (cursor.advance(1), Parameter::Special(special))
    } else if byte.is_ascii_digit() {
        (cursor.advance(1), Parameter::Positional(usize::from(byte - b'0')))
    } else {
        return None;
    };
    Some((cursor, ParameterExpansion { parameter, op: ParameterOp::Value, line }))
}

// name = ( letter | "_" ) , { name_character } ;
/// Letters, digits and underscores, with line continuations between them.
#[inline]
pub fn name(cursor: Cursor<'_>) -> (Cursor<'_>, Cow<'_, [u8]>) {
    let rest = cursor.rest();
    let length = rest.iter().position(|&byte| !is_in_name(byte)).unwrap_or(rest.len());
    if rest[length..].starts_with(b"\\\n") {
        return continued_name(cursor);
    }
    (cursor.advance(length), Cow::Borrowed(&rest[..length]))
}

#[cold]
fn continued_name(cursor: Cursor<'_>) -> (Cursor<'_>, Cow<'_, [u8]>) {
    let mut at = cursor;
    let mut name = Cow::Borrowed(&b""[..]);
    loop {
        let length = at.rest().iter().position(|&byte| !is_in_name(byte)).unwrap_or(at.rest().len());
        match &mut name {
            Cow::Borrowed(b"") => name = Cow::Borrowed(&at.rest()[..length]),
            name => name.to_mut().extend_from_slice(&at.rest()[..length]),
        }
        at = at.advance(length);
        if !at.rest().starts_with(b"\\\n") || !at.peek().is_some_and(is_in_name) {
            return (at, name);
        }
    }
}

// parameter = name | digit , { digit } | special ;
fn parameter(mut cursor: Cursor<'_>) -> Option<(Cursor<'_>, Parameter)> {
    let byte = cursor.peek()?;
    if byte.is_ascii_alphanumeric() || byte == b'_' {
        let (behind, name) = name(cursor);
        if !byte.is_ascii_digit() {
            return Some((behind, Parameter::Variable(Name::new(name))));
        }
        let number = std::str::from_utf8(&name).ok()?.parse::<usize>();
        return match number {
            Ok(0) => Some((behind, Parameter::Special(Special::Zero))),
            Ok(number) => Some((behind, Parameter::Positional(number))),
            Err(_) if name.iter().all(u8::is_ascii_digit) => Some((behind, Parameter::Positional(usize::MAX))),
            Err(_) => None,
        };
    }
    special(byte).map(|special| (cursor.advance(1), Parameter::Special(special)))
}

// braced = "{" , ( length | parameter , [ operation ] ) , "}" ;
/// Behind `${`.
pub fn braced<'a>(dollar: Cursor<'a>, inside: Cursor<'a>, mode: Mode) -> Parsed<'a, ParameterExpansion> {
    let line = LineNumber(dollar.number());
    if let Some((cursor, parameter)) = length(inside) {
        return Ok((cursor, ParameterExpansion { parameter, op: ParameterOp::Length, line }));
    }
    if let Some((cursor, parameter)) = parameter(inside)
        && let (cursor, Some(op)) = operation(dollar, cursor, mode)?
    {
        return Ok((cursor, ParameterExpansion { parameter, op, line }));
    }
    let (cursor, text) = bad(dollar, inside)?;
    let parameter = Parameter::Special(Special::Zero);
    Ok((cursor, ParameterExpansion { parameter, op: ParameterOp::Bad(Box::new(text)), line }))
}

// length = "#" , parameter ;
/// `#parameter}`; `${#}`, `${#-w}`, `${#:-w}` are about `$#` itself.
fn length(inside: Cursor<'_>) -> Option<(Cursor<'_>, Parameter)> {
    let (cursor, parameter) = parameter(inside.eat(b'#')?)?;
    Some((cursor.eat(b'}')?, parameter))
}

// operation = [ ":" ] , ( "-" | "=" | "?" | "+" ) , { brace_character | single_quoted | double_quoted | dollar } |
//     trim ;
/// What stands behind the parameter; none if it is not a form of the standard.
fn operation<'a>(dollar: Cursor<'a>, mut cursor: Cursor<'a>, mode: Mode) -> Parsed<'a, Option<ParameterOp>> {
    if let Some(end) = cursor.eat(b'}') {
        return Ok((end, Some(ParameterOp::Value)));
    }
    let colon = cursor.eat(b':');
    let mut at = colon.unwrap_or(cursor);
    let kind = match at.peek() {
        Some(b'-') => SwitchKind::Default,
        Some(b'=') => SwitchKind::Assign,
        Some(b'?') => SwitchKind::Error,
        Some(b'+') => SwitchKind::Alternative,
        Some(byte @ (b'#' | b'%')) if colon.is_none() => return trim(dollar, at.advance(1), byte),
        None if at.rest().is_empty() => {
            cursor = at;
            let place = dollar.place();
            return cursor.fail(Situation::Unclosed { opened: "${", needs: "\"}\"", place });
        }
        _ => return Ok((cursor, None)),
    };
    let inner = match mode {
        mode if mode.is_quoted() => Mode::QuotedBrace,
        mode if mode.is_value() => Mode::ValueBrace,
        _ => Mode::Brace,
    };
    let (end, parts) = parts(at.advance(1), inner, dollar)?;
    let word = Box::new(Word::new(parts));
    Ok((end.advance(1), Some(ParameterOp::Switch { kind, colon: colon.is_some(), word })))
}

// trim = ( "#" | "##" | "%" | "%%" ) , ( trim_character | single_quoted | double_quoted | dollar ) , {
//     brace_character | single_quoted | double_quoted | dollar } ;
/// `#`, `##`, `%`, `%%`: quotes quote in the pattern, also inside double quotes.
fn trim<'a>(dollar: Cursor<'a>, cursor: Cursor<'a>, byte: u8) -> Parsed<'a, Option<ParameterOp>> {
    let side = if byte == b'#' { TrimSide::Prefix } else { TrimSide::Suffix };
    let (cursor, longest) = match cursor.eat(byte) {
        Some(behind) => (behind, true),
        None => (cursor, false),
    };
    let (end, parts) = parts(cursor, Mode::Brace, dollar)?;
    let pattern = Box::new(pattern_word(Word::new(parts)));
    Ok((end.advance(1), Some(ParameterOp::Trim { side, longest, pattern })))
}

/// Anything else up to `}`, as it was written: an error when it is expanded, not before (as in all shells).
fn bad<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, Bytes> {
    let (end, _) = parts(inside, Mode::Brace, dollar)?;
    let same_line = std::ptr::eq(end.line, inside.line) && end.rest().len() <= inside.rest().len();
    let text = if same_line { &inside.rest()[..inside.rest().len() - end.rest().len()] } else { b"..." };
    Ok((end.advance(1), Bytes::new(text)))
}
