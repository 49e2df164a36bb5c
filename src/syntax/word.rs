//! Words (XCU 2.2, 2.3, 2.6): quotes, `$name`, `$(...)`, backquotes, `$((...))`; `${...}` is in [`super::parameter`].

use crate::find;
use crate::syntax::ast::{Few, Pattern, PatternWord, Word, WordPart, is_pattern};
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::marks::Kind;
use crate::syntax::parts::{Parts, ends_word, ordinary, run};
use crate::syntax::substitution::{backquoted, parenthesised};
use crate::syntax::{escape, parameter, pattern};

/// Where the characters stand, which decides what is special among them and where they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Outside of quotes: up to a blank, newline or operator.
    Bare,
    /// The value of an assignment: as `Bare`, and a tilde may follow each colon.
    Value,
    /// In `${x-...}` outside of quotes: up to `}`.
    Brace,
    /// The same in the value of an assignment.
    ValueBrace,
    /// In `${x-...}` inside double quotes: up to `}`.
    QuotedBrace,
    /// In double quotes: up to `"`.
    Double,
    /// In a here-document: up to its end.
    HereDoc,
    /// In `$((...))`: up to `))`.
    Arithmetic,
}

impl Mode {
    /// Whether the text is as in double quotes.
    pub fn is_quoted(self) -> bool {
        matches!(self, Self::QuotedBrace | Self::Double | Self::HereDoc | Self::Arithmetic)
    }

    /// What a prompt calls what goes on here, beside the constructs around it.
    fn name(self) -> &'static str {
        if self == Self::Double { "dquote" } else { "" }
    }

    /// Whether the text is in the value of an assignment.
    pub fn is_value(self) -> bool {
        matches!(self, Self::Value | Self::ValueBrace)
    }
}

/// A pattern of a word: fixed if nothing in it is expanded.
pub fn pattern_word(word: Word) -> PatternWord {
    let fixed = fixed_pattern(&word.parts);
    PatternWord { word, fixed }
}

fn fixed_pattern(parts: &[WordPart]) -> Option<Pattern> {
    if let [WordPart::Literal(text)] = parts {
        return Some(pattern::pattern(text));
    }
    fn push_escaped(text: &mut Vec<u8>, quoted: &[u8]) {
        for &byte in quoted {
            if byte.is_ascii() {
                text.push(b'\\');
            }
            text.push(byte);
        }
    }
    let mut text = Vec::new();
    for part in parts {
        match part {
            WordPart::Literal(literal) => text.extend_from_slice(literal),
            WordPart::Quoted(quoted) => push_escaped(&mut text, quoted),
            WordPart::DoubleQuoted(inner) => {
                for part in inner {
                    let WordPart::Literal(literal) = part else { return None };
                    push_escaped(&mut text, literal);
                }
            }
            _ => return None,
        }
    }
    Some(pattern::pattern(&text))
}

/// Whether a word can begin here.
#[inline]
pub fn starts_word(cursor: &mut Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|byte| !ends_word(byte))
}

// word = ( literal | single_quoted | double_quoted | dollar | backquoted ) , parts ;
/// A word outside of quotes, with a tilde at its start.
#[inline]
pub fn word(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    if let Some((behind, word)) = literal(cursor) {
        return Ok((behind, word));
    }
    let (cursor, parts) = parts(cursor, Mode::Bare, cursor)?;
    Ok((cursor, Word::new(parts)))
}

/// A word of ordinary characters only, as most are.
#[inline(always)]
pub fn literal(cursor: Cursor<'_>) -> Option<(Cursor<'_>, Word)> {
    let (length, looks_like_pattern) = ordinary(cursor.rest());
    if length == 0 || cursor.rest()[0] == b'~' || !cursor.rest().get(length).is_none_or(|&byte| ends_word(byte)) {
        return None;
    }
    let text = &cursor.rest()[..length];
    if looks_like_pattern && is_pattern(text) {
        return None;
    }
    Some((cursor.advance(length), Word::literal(text)))
}

// value = parts ;
/// The value of an assignment.
pub fn value(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let (cursor, parts) = parts(cursor, Mode::Value, cursor)?;
    Ok((cursor, Word::new(parts)))
}

// parts = [ tilde ] , { literal | backslash | single_quoted | double_quoted | dollar_single_quoted (*+*) | dollar |
//     backquoted } ;
/// Parts up to the end that the mode has. The cursor stays before a closing character. `opened` is where the construct began.
pub fn parts<'a>(mut cursor: Cursor<'a>, mode: Mode, opened: Cursor<'a>) -> Parsed<'a, Few<WordPart>> {
    let first = match cursor.rest() {
        [b'"', ..] if matches!(mode, Mode::Bare | Mode::Value) => Some(double_quoted(cursor)?),
        [b'$', ..] => variable(cursor),
        _ => None,
    };
    let mut parts = match first {
        None => Parts::new(cursor),
        Some((end, part)) => {
            // Most often that is all.
            if matches!(end.rest(), [byte, ..] if ends(end, *byte, mode, 0)) {
                return Ok((end, Few::One(part)));
            }
            cursor = end;
            let mut parts = Parts::new(end);
            parts.push(part);
            parts
        }
    };
    if !mode.is_quoted() && parts.is_empty() {
        cursor = tilde(cursor, mode, &mut parts);
    }
    let mut parens = 0u32;
    loop {
        let run = run(cursor.rest(), mode);
        if run > 0 {
            parts.literal(cursor, run);
            cursor = cursor.advance(run);
        }
        let Some(byte) = cursor.peek_inside(|| mode.name()) else {
            if matches!(mode, Mode::HereDoc | Mode::Bare | Mode::Value) {
                return Ok((cursor, parts.finish()));
            }
            match cursor.next_line_inside(mode.name().as_bytes()) {
                Some(next) => {
                    cursor = next;
                    continue;
                }
                None => return unclosed(cursor, mode, opened),
            }
        };
        if ends(cursor, byte, mode, parens) {
            return Ok((cursor, parts.finish()));
        }
        cursor = match byte {
            b'\n' => {
                parts.literal(cursor, 1);
                match cursor.next_line_inside(mode.name().as_bytes()) {
                    Some(next) => next,
                    None if mode == Mode::HereDoc => return Ok((cursor.advance(1), parts.finish())),
                    None => return unclosed(cursor.advance(1), mode, opened),
                }
            }
            b'\'' if !mode.is_quoted() => single_quoted(cursor, &mut parts)?.0,
            b'"' if mode != Mode::Double && mode != Mode::HereDoc && mode != Mode::Arithmetic => {
                let (end, part) = double_quoted(cursor)?;
                parts.push(part);
                end
            }
            b'\\' => backslash(cursor, mode, &mut parts),
            b'$' => {
                let (end, ()) = dollar(cursor, mode, &mut parts)?;
                cursor.mark(end, Kind::Expansion);
                end
            }
            b'`' => {
                let (end, ()) = backquoted(cursor, mode, &mut parts)?;
                cursor.mark(end, Kind::Expansion);
                end
            }
            byte => {
                match byte {
                    b'(' => parens += 1,
                    // One that closes more than was opened: this is no arithmetic expansion.
                    b')' if parens == 0 && mode == Mode::Arithmetic => {
                        // At the end of the input it is not known, and that is an error (XCU 2.6.3).
                        let mut behind = cursor.advance(1);
                        let at = if behind.peek().is_none() { behind } else { cursor };
                        return unclosed(at, mode, opened);
                    }
                    b')' => parens = parens.saturating_sub(1),
                    _ => {}
                }
                parts.literal(cursor, 1);
                let next = cursor.advance(1);
                if byte == b':' && mode.is_value() { tilde(next, mode, &mut parts) } else { next }
            }
        };
    }
}

/// Whether the mode ends before this byte.
fn ends(cursor: Cursor<'_>, byte: u8, mode: Mode, parens: u32) -> bool {
    match mode {
        Mode::Bare | Mode::Value => ends_word(byte),
        Mode::Brace | Mode::ValueBrace | Mode::QuotedBrace => byte == b'}',
        Mode::Double => byte == b'"',
        Mode::HereDoc => false,
        Mode::Arithmetic => byte == b')' && parens == 0 && cursor.advance(1).eat(b')').is_some(),
    }
}

/// The failure at the end of the input.
pub fn unclosed<'a, T>(cursor: Cursor<'a>, mode: Mode, start: Cursor<'a>) -> Parsed<'a, T> {
    let (opened, needs) = match mode {
        Mode::Brace | Mode::ValueBrace | Mode::QuotedBrace => ("${", "\"}\""),
        Mode::Arithmetic => ("$((", "\"))\""),
        _ => ("the double quote", "a closing one"),
    };
    cursor.fail(Situation::Unclosed { opened, needs, place: start.place() })
}

// tilde = "~" , { name_character | "." | "-" | "+" } , "/" ;
/// `~` or `~user` up to a slash (in an assignment also a colon), unless something in it is quoted or expanded.
fn tilde<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts<'a>) -> Cursor<'a> {
    // (Line continuations are looked through by `peek` and `eat` only.)
    let Some(mut at) = matches!(cursor.rest(), [b'~' | b'\\', ..]).then(|| cursor.eat(b'~')).flatten() else {
        return cursor;
    };
    let mut user = Vec::new();
    while let Some(byte) = at.peek().filter(|&byte| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte)) {
        user.push(byte);
        at = at.advance(1);
    }
    let ends_here = match at.peek() {
        None => true,
        Some(b':') => mode.is_value(),
        Some(b'}') => matches!(mode, Mode::Brace | Mode::ValueBrace),
        Some(byte) => b"/ \t\n;&|<>()".contains(&byte),
    };
    if !ends_here {
        return cursor;
    }
    parts.push(WordPart::Tilde(user[..].into()));
    at
}

// single_quoted = "'" , { single_character | ? a newline ? } , "'" ;
fn single_quoted<'a>(cursor: Cursor<'a>, parts: &mut Parts<'a>) -> Parsed<'a, ()> {
    let start = cursor;
    let mut cursor = cursor.advance(1);
    parts.quoted(cursor, 0);
    loop {
        match find::any([b'\'', b'\n'], cursor.rest()) {
            Some(at) if cursor.rest()[at] == b'\'' => {
                parts.quoted(cursor, at);
                let end = cursor.advance(at + 1);
                start.mark(end, Kind::Quoted);
                return Ok((end, ()));
            }
            at => {
                let length = at.map_or(cursor.rest().len(), |at| at + 1);
                parts.quoted(cursor, length);
                let end = cursor.advance(at.unwrap_or(length));
                match end.next_line_inside(b"quote") {
                    Some(next) => cursor = next,
                    None => {
                        return end.advance(end.rest().len()).fail(Situation::Unclosed {
                            opened: "the single quote",
                            needs: "a closing one",
                            place: start.place(),
                        });
                    }
                }
            }
        }
    }
}

// double_quoted = '"' , { double_character | double_escape | ? a newline ? | dollar | backquoted } , '"' ;
fn double_quoted(start: Cursor<'_>) -> Parsed<'_, WordPart> {
    let inside = start.advance(1);
    let (cursor, inner) = parts(inside, Mode::Double, start)?;
    let end = cursor.advance(1);
    start.mark(end, Kind::Quoted);
    Ok((end, WordPart::DoubleQuoted(inner.into_boxed())))
}

// backslash = "\" , character ;
/// A backslash that does not continue the line.
fn backslash<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts<'a>) -> Cursor<'a> {
    let next = cursor.advance(1).behind_value();
    let Some(&byte) = next.rest().first() else {
        parts.literal(cursor, 1);
        return next;
    };
    if byte == b'\n' {
        // The line continuation that an alias's value with a backslash at its end makes.
        return next.next_line().unwrap_or(next.advance(1));
    }
    if !mode.is_quoted() {
        // All bytes of the character, or half of it would be quoted.
        let length = if byte.is_ascii() { 1 } else { bstr::decode_utf8(next.rest()).0.map_or(1, char::len_utf8) };
        parts.quoted(next, length);
        return next.advance(length);
    }
    let escapes = match byte {
        b'$' | b'`' | b'\\' => true,
        b'"' => mode != Mode::HereDoc && mode != Mode::Arithmetic,
        b'}' => mode == Mode::QuotedBrace,
        _ => false,
    };
    if escapes {
        parts.literal(next, 1);
        next.advance(1)
    } else {
        parts.literal(cursor, 1);
        next
    }
}

/// `$name`, as most expansions are.
#[inline]
fn variable(cursor: Cursor<'_>) -> Option<(Cursor<'_>, WordPart)> {
    let name = cursor.advance(1);
    if !matches!(name.rest(), [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..]) {
        return None;
    }
    let (end, expansion) = parameter::simple(name)?;
    cursor.mark(end, Kind::Expansion);
    Some((end, WordPart::Parameter(Box::new(expansion))))
}

// dollar = "$" , ( parenthesised | braced | simple ) ;
fn dollar<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts<'a>) -> Parsed<'a, ()> {
    let mut next = cursor.advance(1);
    match next.peek() {
        Some(b'\'') if !mode.is_quoted() => {
            let (cursor, text) = escape::dollar_single_quoted(next)?;
            parts.decoded(&text, cursor);
            Ok((cursor, ()))
        }
        Some(b'(') => {
            let (cursor, part) = parenthesised(cursor, next.advance(1))?;
            parts.push(part);
            Ok((cursor, ()))
        }
        Some(b'{') => {
            cursor.enter("${")?;
            let (cursor, expansion) = parameter::braced(cursor, next.advance(1), mode)?;
            cursor.leave();
            parts.push(WordPart::Parameter(Box::new(expansion)));
            Ok((cursor, ()))
        }
        _ => match parameter::simple(next) {
            Some((cursor, expansion)) => {
                parts.push(WordPart::Parameter(Box::new(expansion)));
                Ok((cursor, ()))
            }
            None => {
                parts.literal(cursor, 1);
                Ok((next, ()))
            }
        },
    }
}
