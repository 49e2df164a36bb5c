//! What rpcgen leaves to the C preprocessor: comments, `%` lines, `#define`, `#include` and conditions.
//!
//! All of it is blanked out and not removed, so that a place in the result is the place in the file.

use super::{Source, lexical};
use crate::number::is_name;
use crate::status::Error;
use std::path::PathBuf;

/// The names of `#include` lines, with how much was left to read behind each.
pub type Includes = Vec<(usize, PathBuf)>;

/// A condition around the current line.
struct Condition {
    /// Whether its lines count.
    on: bool,
    /// Whether one of its branches has counted.
    taken: bool,
    /// How much was left at its beginning.
    left: usize,
}

/// What the directives of a file have said so far.
#[derive(Default)]
struct State {
    conditions: Vec<Condition>,
    /// The names of `#define`, with what stands behind them.
    defined: Vec<(Vec<u8>, Vec<u8>)>,
    includes: Includes,
    /// `#define NAME OTHER`: NAME is a constant if OTHER is one.
    aliases: Vec<(String, String)>,
}

/// Blank out what the grammar does not know.
///
/// # Errors
/// A comment or condition without an end, or a directive that this cannot do.
pub fn prepare(name: &str, text: &[u8]) -> Result<(Source, Includes), Error> {
    let mut source = Source { name: name.to_owned(), text: text.to_vec(), aliases: Vec::new() };
    if let Err(left) = blank_comments(&mut source.text) {
        return Err(source.error(left, "the comment has no end"));
    }
    let mut state = State::default();
    let mut start = 0;
    while start < source.text.len() {
        let end = memchr::memchr(b'\n', &source.text[start..]).map_or(source.text.len(), |length| start + length);
        let left = source.text.len() - start;
        let line = source.text[start..end].to_vec();
        let on = state.is_on();
        let blank = match (line.first(), line.trim_ascii_start().strip_prefix(b"#")) {
            (_, Some(behind)) => match state.directive(behind, left).map_err(|what| source.error(left, what))? {
                // `#define NAME value` becomes `const NAME=value;`, which is as long or shorter.
                Some(constant) => {
                    source.text[start..end].fill(b' ');
                    source.text[start..start + constant.len()].copy_from_slice(&constant);
                    false
                }
                None => true,
            },
            (Some(b'%'), None) => true,
            _ => !on,
        };
        if blank {
            source.text[start..end].fill(b' ');
        }
        start = end + 1;
    }
    source.aliases = state.aliases;
    match state.conditions.last() {
        Some(condition) => Err(source.error(condition.left, "#endif is missing for this condition")),
        None => Ok((source, state.includes)),
    }
}

impl State {
    /// Whether the lines here count.
    fn is_on(&self) -> bool {
        self.conditions.iter().all(|condition| condition.on)
    }

    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.defined.iter().rev().find(|(known, _)| known == name).map(|(_, value)| &value[..])
    }

    fn open(&mut self, on: bool, left: usize) {
        self.conditions.push(Condition { on, taken: on, left });
    }

    /// Do what a line says, which stands behind its `#`. Returns the declaration of a constant if it defines one.
    fn directive(&mut self, line: &[u8], left: usize) -> Result<Option<Vec<u8>>, &'static str> {
        let line = line.trim_ascii_start();
        // A blank need not follow: `#if(...)`, `#include"..."`.
        let (keyword, rest) = line.split_at(line.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
        let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let operand = words.next().unwrap_or_default();
        match keyword {
            b"ifdef" => self.open(self.value(operand).is_some(), left),
            b"ifndef" => self.open(self.value(operand).is_none(), left),
            // The condition of lines that do not count is not looked at.
            b"if" => self.open(self.is_on() && self.holds(rest)?, left),
            b"elif" => {
                let Some(condition) = self.conditions.pop() else { return Err("#elif without #if") };
                let on = !condition.taken && self.is_on() && self.holds(rest)?;
                self.conditions.push(Condition { on, taken: condition.taken || on, ..condition });
            }
            b"else" => match self.conditions.last_mut() {
                Some(condition) => condition.on = !std::mem::replace(&mut condition.taken, true),
                None => return Err("#else without #if"),
            },
            b"endif" => {
                self.conditions.pop().ok_or("#endif without #if")?;
            }
            _ if !self.is_on() => {}
            b"define" => return Ok(self.define(operand, &words.collect::<Vec<_>>())),
            b"undef" => self.defined.retain(|(known, _)| known != operand),
            b"include" => {
                // `<...>` is a header of C, and of no meaning here.
                if let [b'"', name @ .., b'"'] = operand {
                    self.includes.push((left, PathBuf::from(String::from_utf8_lossy(name).into_owned())));
                }
            }
            b"" | b"pragma" | b"line" => {}
            _ => return Err("a directive that is not known"),
        }
        Ok(None)
    }

    fn define(&mut self, name: &[u8], value: &[&[u8]]) -> Option<Vec<u8>> {
        self.defined.push((name.to_vec(), value.join(&b' ')));
        let [value] = value else { return None };
        match value.first() {
            Some(first) if first.is_ascii_digit() || *first == b'-' => {
                Some([b"const ", name, b"=", value, b";"].concat())
            }
            _ if is_name(name) && is_name(value) => {
                let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
                self.aliases.push((text(name), text(value)));
                None
            }
            _ => None,
        }
    }

    /// Whether the expression behind `#if` holds. As in C a name that is not defined is 0.
    fn holds(&self, expression: &[u8]) -> Result<bool, &'static str> {
        if expression.iter().filter(|&&byte| byte == b'(').count() > MOST_BRACKETS {
            return Err("too many brackets");
        }
        let mut words = Words { state: self, rest: expression };
        let holds = words.any()?;
        if words.rest.trim_ascii().is_empty() { Ok(holds) } else { Err(CONDITION) }
    }
}

/// Each bracket takes some stack.
const MOST_BRACKETS: usize = 100;

const CONDITION: &str = "a condition of numbers, names, defined(NAME), `!`, `&&`, `||` and `==` is expected";

/// Reads the expression behind `#if`.
struct Words<'a> {
    state: &'a State,
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    fn mark(&mut self, mark: &[u8]) -> bool {
        self.rest = self.rest.trim_ascii_start();
        self.rest.strip_prefix(mark).map(|rest| self.rest = rest).is_some()
    }

    fn word(&mut self) -> &'a [u8] {
        self.rest = self.rest.trim_ascii_start();
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let end = self.rest.iter().position(|byte| !is_word(byte)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// `all || all ...`
    fn any(&mut self) -> Result<bool, &'static str> {
        let mut holds = self.all()?;
        while self.mark(b"||") {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    /// `one && one ...`
    fn all(&mut self) -> Result<bool, &'static str> {
        let mut holds = self.one()?;
        while self.mark(b"&&") {
            holds &= self.one()?;
        }
        Ok(holds)
    }

    /// `! one`, `( any )`, `defined NAME`, `defined(NAME)`, a number, a name; or two of the latter with `==` or `!=` between them.
    fn one(&mut self) -> Result<bool, &'static str> {
        let mut negative = false;
        while self.mark(b"!") {
            negative = !negative;
        }
        let holds = if self.mark(b"(") {
            let holds = self.any()?;
            if !self.mark(b")") {
                return Err(CONDITION);
            }
            holds
        } else {
            match self.word() {
                b"defined" => {
                    let bracket = self.mark(b"(");
                    let name = self.word();
                    if name.is_empty() || (bracket && !self.mark(b")")) {
                        return Err(CONDITION);
                    }
                    self.state.value(name).is_some()
                }
                word => {
                    let number = self.number(word)?;
                    if self.mark(b"==") {
                        let other = self.word();
                        number == self.number(other)?
                    } else if self.mark(b"!=") {
                        let other = self.word();
                        number != self.number(other)?
                    } else {
                        number != 0
                    }
                }
            }
        };
        Ok(holds != negative)
    }

    fn number(&self, mut word: &'a [u8]) -> Result<i64, &'static str> {
        // As many steps as there are names are enough: what is left is a circle.
        for _ in 0..=self.state.defined.len() {
            match word.first() {
                Some(first) if first.is_ascii_digit() || *first == b'-' => {
                    return lexical::constant(word).map(|(_, number)| number).map_err(|_| CONDITION);
                }
                Some(_) if is_name(word) => match self.state.value(word) {
                    Some(value) => word = value,
                    None => return Ok(0),
                },
                _ => break,
            }
        }
        Err(CONDITION)
    }
}

/// Blank out `/* */` and `//` comments but not their newlines, and not what looks like one in a text; the error is what was left where a comment
/// without an end began.
fn blank_comments(text: &mut [u8]) -> Result<(), usize> {
    let mut at = 0;
    while let Some(start) = memchr::memchr2(b'/', b'"', &text[at..]).map(|offset| at + offset) {
        let end = match (text[start], text.get(start + 1)) {
            (b'"', _) => {
                // A text ends in its line; a single quotation mark is none.
                let end = memchr::memchr2(b'"', b'\n', &text[start + 1..]).map(|length| start + 1 + length);
                at = end.filter(|&end| text[end] == b'"').unwrap_or(start) + 1;
                continue;
            }
            (_, Some(b'*')) => memchr::memmem::find(&text[start + 2..], b"*/").map(|length| start + length + 4),
            (_, Some(b'/')) => Some(memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length)),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let end = end.ok_or(text.len() - start)?;
        for byte in text[start..end].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at = end;
    }
    Ok(())
}
