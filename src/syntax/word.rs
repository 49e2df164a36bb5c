//! Words (XCU 2.2, 2.3, 2.6): quotes, `$name`, `$(...)`, backquotes, `$((...))`; `${...}` is in [`super::parameter`].

use crate::syntax::ast::{Arithmetic, CommandSubstitution, LineNumber, Pattern, PatternWord, Word, WordPart};
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::{Place, Situation};
use crate::syntax::{arith, escape, list, parameter, pattern};
use bstr::BString;
use std::rc::Rc;

/// Where the characters stand, which decides what is special among them and where they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Outside of quotes: up to a blank, newline or operator.
    Bare,
    /// The value of an assignment: as `Bare`, and a tilde may follow each colon.
    Value,
    /// In `${x-...}` outside of quotes: up to `}`.
    Brace,
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
}

/// Collects parts and merges adjacent ones of the same literal kind.
#[derive(Default)]
pub struct Parts(Vec<WordPart>);

impl Parts {
    fn literal(&mut self, text: &[u8]) {
        match self.0.last_mut() {
            Some(WordPart::Literal(last)) => last.extend_from_slice(text),
            _ => self.0.push(WordPart::Literal(text.into())),
        }
    }

    fn quoted(&mut self, text: &[u8]) {
        match self.0.last_mut() {
            Some(WordPart::Quoted(last)) => last.extend_from_slice(text),
            _ => self.0.push(WordPart::Quoted(text.into())),
        }
    }

    fn push(&mut self, part: WordPart) {
        self.0.push(part);
    }
}

/// Make a word of parts: the field that it always becomes is found here.
pub fn word_of(parts: Vec<WordPart>, is_assignment: bool) -> Word {
    let plain = if parts.is_empty() { None } else { plain(&parts) };
    Word { parts, plain, is_assignment }
}

fn plain(parts: &[WordPart]) -> Option<BString> {
    let mut text = BString::default();
    for part in parts {
        match part {
            WordPart::Literal(literal) if memchr::memchr3(b'*', b'?', b'[', literal).is_none() => {
                text.extend_from_slice(literal);
            }
            WordPart::Quoted(quoted) => text.extend_from_slice(quoted),
            WordPart::DoubleQuoted(inner) => {
                for part in inner {
                    let WordPart::Literal(literal) = part else { return None };
                    text.extend_from_slice(literal);
                }
            }
            _ => return None,
        }
    }
    Some(text)
}

/// A pattern of a word: fixed if nothing in it is expanded.
pub fn pattern_word(word: Word) -> PatternWord {
    let fixed = fixed_pattern(&word.parts);
    PatternWord { word, fixed }
}

fn fixed_pattern(parts: &[WordPart]) -> Option<Pattern> {
    fn escape(text: &mut Vec<u8>, quoted: &[u8]) {
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
            WordPart::Quoted(quoted) => escape(&mut text, quoted),
            WordPart::DoubleQuoted(inner) => {
                for part in inner {
                    let WordPart::Literal(literal) = part else { return None };
                    escape(&mut text, literal);
                }
            }
            _ => return None,
        }
    }
    Some(pattern::parse(&text))
}

/// Whether a word can begin here.
pub fn starts_word(cursor: &mut Cursor<'_>) -> bool {
    cursor.peek().is_some_and(|byte| !b" \t\n;&|<>()".contains(&byte))
}

// word = { literal | quoted | expansion } ;
/// A word outside of quotes, with a tilde at its start.
pub fn word(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let (cursor, parts) = parts(cursor, Mode::Bare, cursor.place())?;
    Ok((cursor, word_of(parts, false)))
}

// value = { literal | quoted | expansion } ;
/// The value of an assignment.
pub fn value(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let (cursor, parts) = parts(cursor, Mode::Value, cursor.place())?;
    let mut value = word_of(parts, false);
    if value.parts.is_empty() {
        value.plain = Some(BString::default());
    }
    Ok((cursor, value))
}

/// Parts up to the end that the mode has. The cursor stays before a closing character.
pub fn parts<'a>(mut cursor: Cursor<'a>, mode: Mode, opened: Place<'a>) -> Parsed<'a, Vec<WordPart>> {
    let mut parts = Parts::default();
    let mut parens = 0u32;
    if !mode.is_quoted() {
        cursor = tilde(cursor, mode, &mut parts);
    }
    loop {
        let run = cursor.rest.iter().position(|&byte| is_special(byte)).unwrap_or(cursor.rest.len());
        if run > 0 {
            parts.literal(&cursor.rest[..run]);
            let colon = cursor.rest[run - 1] == b':';
            cursor = cursor.advance(run);
            if colon && mode == Mode::Value {
                cursor = tilde(cursor, mode, &mut parts);
            }
        }
        let Some(byte) = cursor.peek() else {
            if mode == Mode::HereDoc || matches!(mode, Mode::Bare | Mode::Value) {
                return Ok((cursor, parts.0));
            }
            match cursor.next_line() {
                Some(next) => {
                    cursor = next;
                    continue;
                }
                None => return unclosed(cursor, mode, opened),
            }
        };
        if ends(cursor, byte, mode, parens) {
            return Ok((cursor, parts.0));
        }
        cursor = match byte {
            b'\n' => {
                parts.literal(b"\n");
                match cursor.next_line() {
                    Some(next) => next,
                    None if mode == Mode::HereDoc => return Ok((cursor.advance(1), parts.0)),
                    None => return unclosed(cursor.advance(1), mode, opened),
                }
            }
            b'\'' if !mode.is_quoted() => single_quoted(cursor, &mut parts)?.0,
            b'"' if mode != Mode::Double && mode != Mode::HereDoc && mode != Mode::Arithmetic => {
                double_quoted(cursor, &mut parts)?.0
            }
            b'\\' => backslash(cursor, mode, &mut parts),
            b'$' => dollar(cursor, mode, &mut parts)?.0,
            b'`' => backquoted(cursor, mode, &mut parts)?.0,
            byte => {
                match byte {
                    b'(' => parens += 1,
                    // One that closes more than was opened: this is no arithmetic expansion.
                    b')' if parens == 0 && mode == Mode::Arithmetic => return unclosed(cursor, mode, opened),
                    b')' => parens = parens.saturating_sub(1),
                    _ => {}
                }
                parts.literal(&[byte]);
                let next = cursor.advance(1);
                if byte == b':' && mode == Mode::Value { tilde(next, mode, &mut parts) } else { next }
            }
        };
    }
}

/// Bytes that some mode looks at; all others are copied in runs.
#[inline]
fn is_special(byte: u8) -> bool {
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let special = b" \t\n;&|<>()'\"\\$`}:";
        let mut index = 0;
        while index < special.len() {
            table[special[index] as usize] = true;
            index += 1;
        }
        table
    };
    TABLE[usize::from(byte)]
}

/// Whether the mode ends before this byte.
fn ends(cursor: Cursor<'_>, byte: u8, mode: Mode, parens: u32) -> bool {
    match mode {
        Mode::Bare | Mode::Value => b" \t\n;&|<>()".contains(&byte),
        Mode::Brace | Mode::QuotedBrace => byte == b'}',
        Mode::Double => byte == b'"',
        Mode::HereDoc => false,
        Mode::Arithmetic => byte == b')' && parens == 0 && cursor.advance(1).eat(b')').is_some(),
    }
}

fn unclosed<'a, T>(cursor: Cursor<'a>, mode: Mode, place: Place<'a>) -> Parsed<'a, T> {
    let (opened, expected) = match mode {
        Mode::Brace | Mode::QuotedBrace => ("`${`", "`}`"),
        Mode::Arithmetic => ("`$((`", "`))`"),
        _ => ("double quote", "`\"`"),
    };
    cursor.fail(Situation::Unclosed { opened, expected, place })
}

/// `~` or `~user` up to a slash (in an assignment also a colon), unless something in it is quoted or expanded.
fn tilde<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts) -> Cursor<'a> {
    let [b'~', rest @ ..] = cursor.rest else { return cursor };
    let length = rest.iter().position(|&byte| !(byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte)));
    let length = length.unwrap_or(rest.len());
    let ends_here = match rest.get(length) {
        None => true,
        Some(b':') => mode == Mode::Value,
        Some(b'}') => mode == Mode::Brace,
        Some(byte) => b"/ \t\n;&|<>()".contains(byte),
    };
    let mut behind = cursor.advance(1 + length);
    let continued =
        behind.rest.starts_with(b"\\\n") && matches!(behind.peek(), None | Some(b'/' | b' ' | b'\t' | b'\n' | b';'));
    if !ends_here && !continued {
        return cursor;
    }
    parts.push(WordPart::Tilde(rest[..length].into()));
    behind
}

// single_quoted = "'" , { character } , "'" ;
fn single_quoted<'a>(cursor: Cursor<'a>, parts: &mut Parts) -> Parsed<'a, ()> {
    let place = cursor.place();
    let mut cursor = cursor.advance(1);
    parts.quoted(b"");
    loop {
        match memchr::memchr2(b'\'', b'\n', cursor.rest) {
            Some(at) if cursor.rest[at] == b'\'' => {
                parts.quoted(&cursor.rest[..at]);
                return Ok((cursor.advance(at + 1), ()));
            }
            at => {
                let length = at.map_or(cursor.rest.len(), |at| at + 1);
                parts.quoted(&cursor.rest[..length]);
                let end = cursor.advance(at.unwrap_or(length));
                match end.next_line() {
                    Some(next) => cursor = next,
                    None => {
                        let opened = "single quote";
                        return end.advance(end.rest.len()).fail(Situation::Unclosed {
                            opened,
                            expected: "`'`",
                            place,
                        });
                    }
                }
            }
        }
    }
}

// double_quoted = '"' , { character | expansion } , '"' ;
fn double_quoted<'a>(cursor: Cursor<'a>, parts: &mut Parts) -> Parsed<'a, ()> {
    let (cursor, inner) = self::parts(cursor.advance(1), Mode::Double, cursor.place())?;
    parts.push(WordPart::DoubleQuoted(inner));
    Ok((cursor.advance(1), ()))
}

/// A backslash that does not continue the line.
fn backslash<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts) -> Cursor<'a> {
    let next = cursor.advance(1);
    let Some(&byte) = next.rest.first() else {
        parts.literal(b"\\");
        return next;
    };
    if !mode.is_quoted() {
        parts.quoted(&[byte]);
        return next.advance(1);
    }
    let escapes = match byte {
        b'$' | b'`' | b'\\' => true,
        b'"' => mode != Mode::HereDoc && mode != Mode::Arithmetic,
        b'}' => mode == Mode::QuotedBrace,
        _ => false,
    };
    if escapes {
        parts.literal(&[byte]);
        next.advance(1)
    } else {
        parts.literal(b"\\");
        next
    }
}

// expansion = "$" , ( name | digit | special | "{" ... "}" | "(" ... ")" | "((" ... "))" | "'" ... "'" ) ;
fn dollar<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts) -> Parsed<'a, ()> {
    let mut next = cursor.advance(1);
    match next.peek() {
        Some(b'\'') if !mode.is_quoted() => {
            let (cursor, text) = escape::dollar_single_quoted(next)?;
            parts.quoted(&text);
            Ok((cursor, ()))
        }
        Some(b'(') => {
            cursor.enter()?;
            let (cursor, part) = parenthesised(cursor, next.advance(1))?;
            cursor.leave();
            parts.push(part);
            Ok((cursor, ()))
        }
        Some(b'{') => {
            cursor.enter()?;
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
                parts.literal(b"$");
                Ok((next, ()))
            }
        },
    }
}

/// `$(`: arithmetic if it is one, else a command substitution (XCU 2.6.3: `$((` is arithmetic where it can be).
fn parenthesised<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, WordPart> {
    if let Some(expression) = inside.eat(b'(') {
        let context = dollar.context;
        let depth = context.depth.get();
        let pending = context.pending.borrow().len();
        match arithmetic(dollar, expression) {
            Ok(done) => return Ok(done),
            Err(error) => {
                context.depth.set(depth);
                context.pending.borrow_mut().truncate(pending);
                // An unclosed or too deep one is no command either; trying would take exponential time.
                if let nom::Err::Failure(failure) = &error
                    && (failure.at_end || matches!(failure.situation, Situation::NestedTooDeeply))
                {
                    return Err(error);
                }
                // Not arithmetic; if it is no command either, that is what the message will be about.
                return command_substitution(dollar, inside).map_err(|_| error);
            }
        }
    }
    command_substitution(dollar, inside)
}

// arithmetic = "$((" , { character | expansion } , "))" ;
fn arithmetic<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, WordPart> {
    let (cursor, parts) = parts(inside, Mode::Arithmetic, dollar.place())?;
    let Some(end) = cursor.advance(1).eat(b')') else { return unclosed(cursor, Mode::Arithmetic, dollar.place()) };
    let expression = arith::prepare(&parts);
    Ok((end, WordPart::Arithmetic(Box::new(Arithmetic { text: word_of(parts, false), expression }))))
}

// command_substitution = "$(" , list , ")" ;
fn command_substitution<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, WordPart> {
    let line = LineNumber(dollar.line.number);
    let (mut cursor, body) = list::compound_list_or_nothing(inside)?;
    match cursor.peek() {
        Some(b')') => {
            let part = WordPart::Command(Rc::new(CommandSubstitution { body, line }));
            Ok((cursor.advance(1), part))
        }
        _ => cursor.fail(Situation::Unclosed { opened: "`$(`", expected: "`)`", place: dollar.place() }),
    }
}

// backquoted = "`" , list , "`" ;
fn backquoted<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts) -> Parsed<'a, ()> {
    let place = cursor.place();
    let line = cursor.line.number;
    let mut text = BString::default();
    let mut inner = cursor.advance(1);
    loop {
        let at = memchr::memchr3(b'`', b'\\', b'\n', inner.rest).unwrap_or(inner.rest.len());
        text.extend_from_slice(&inner.rest[..at]);
        inner = inner.advance(at);
        match inner.rest {
            [b'`', ..] => break,
            [b'\\', byte @ (b'$' | b'`' | b'\\'), ..] => {
                text.push(*byte);
                inner = inner.advance(2);
            }
            [b'\\', b'"', ..] if matches!(mode, Mode::Double | Mode::QuotedBrace) => {
                text.push(b'"');
                inner = inner.advance(2);
            }
            [b'\\', ..] => {
                text.push(b'\\');
                inner = inner.advance(1);
            }
            newline => {
                text.extend_from_slice(newline);
                match inner.next_line() {
                    Some(next) => inner = next,
                    None => {
                        let opened = "backquote";
                        return inner.advance(inner.rest.len()).fail(Situation::Unclosed {
                            opened,
                            expected: "a closing backquote",
                            place,
                        });
                    }
                }
            }
        }
    }
    cursor.enter()?;
    let (mut end, body) = list::whole(cursor.context.over(text, line))?;
    if end.peek().is_some() {
        return end.fail(Situation::Unexpected);
    }
    cursor.leave();
    parts.push(WordPart::Command(Rc::new(CommandSubstitution { body, line: LineNumber(line) })));
    Ok((inner.advance(1), ()))
}
