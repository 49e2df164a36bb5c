//! Words to fields: the word expansions of XCU 2.6, in their order.
//!
//! Tilde expansion, parameter expansion, command substitution and arithmetic expansion go over a word from left to
//! right (`eval`); what they give goes into a sink. There are three: the splitting one makes fields of it
//! (`split`, field splitting) and at the end of the word expands those that are patterns (`glob`, pathname expansion);
//! the text one joins all to one text; the pattern one keeps in mind what was quoted. Quote removal has
//! no step of its own: the parser leaves out quotes and the sinks are told what was quoted.
//!
//! Everything that is not text is asked of a small trait, [`Scope`]. A word costs no memory of its own in the common
//! case: values are copied straight to the end of the field that is being built.

pub mod arith;
mod eval;
mod glob;
mod late;
mod param;
pub mod pattern;
mod sink;
mod split;
mod tilde;

#[cfg(test)]
mod tests;

use crate::fields::{Fields, Ifs};
use crate::find;
use crate::number::append_integer;
use crate::status::{Error, Failure, Flow};
use crate::syntax;
use crate::syntax::ast::{
    Arithmetic, CommandSubstitution, Name, Parameter, ParameterOp, PatternWord, Special, Word, WordPart,
};
use bstr::{BStr, BString};
use eval::Place;
use sink::{PatternText, Text};
pub use split::is_single;
use std::rc::Rc;

/// What expansion needs to know of the shell.
pub trait Scope {
    /// The value of a variable, if it is set.
    fn variable(&mut self, name: &Name) -> Option<&BStr>;
    /// The value of a variable as an integer: `Ok(0)` when unset or empty; an error when it is not an integer constant.
    fn integer(&mut self, name: &Name) -> Result<i64, Box<Error>>;
    /// Whether a variable is set.
    fn is_set(&mut self, name: &Name) -> bool;
    /// Assign; an error when the variable is read-only.
    fn assign(&mut self, name: &Name, value: &[u8]) -> Result<(), Error>;
    /// Assign an integer; an error when the variable is read-only.
    fn assign_integer(&mut self, name: &Name, value: i64) -> Result<(), Error>;
    /// `$n`, from 1.
    fn positional(&self, n: usize) -> Option<&BStr>;
    /// `$#`
    fn positional_count(&self) -> usize;
    /// Append `$?`, `$-`, `$$`, `$!` or `$0` (not `$@`, `$*`, `$#`); false if it is not set (`$!`).
    fn special(&mut self, special: Special, out: &mut Vec<u8>) -> bool;
    /// The field separators.
    fn ifs(&self) -> &Ifs;
    /// Whether characters are those of UTF-8 or bytes.
    fn utf8(&self) -> bool;
    /// `set -f`
    fn no_glob(&self) -> bool;
    /// `set -u`
    fn no_unset(&self) -> bool;
    /// The home directory of `user`, or of the empty name: the value of HOME.
    fn home(&mut self, user: &BStr) -> Option<BString>;
    /// Execute a command substitution and append its output as it is; NULs and trailing newlines are removed by the caller.
    fn substitute(&mut self, command: &Rc<CommandSubstitution>, out: &mut Vec<u8>) -> Result<(), Flow>;
    /// Remember the line of what is being expanded, for messages and LINENO.
    fn at_line(&mut self, line: u32);
}

/// Expand words to fields and append these: all expansions (XCU 2.6). The words of a command and of `for`.
/// A word that is an assignment gives exactly one field. After a failure the fields are as they were.
pub fn fields<S: Scope>(scope: &mut S, words: &[Word], out: &mut Fields) -> Result<(), Failure> {
    let start = out.len();
    for word in words {
        if let Some(plain) = word.plain() {
            out.push(plain);
            continue;
        }
        if let Err(failure) = word_fields(scope, word, out) {
            out.truncate(start);
            return Err(failure);
        }
    }
    Ok(())
}

/// The fields of one word. A single `$name` and a single `"$name"` are copied and no more.
fn word_fields<S: Scope>(scope: &mut S, word: &Word, out: &mut Fields) -> Result<(), Failure> {
    match &word.parts[..] {
        parts if word.is_assignment() => {
            eval::parts(scope, &mut Text(out.open()), parts, Place::Source)?;
            out.finish();
            return Ok(());
        }
        [WordPart::Parameter(expansion)] if matches!(expansion.op, ParameterOp::Value) => {
            if let Some(plain) = plain_value(scope, &expansion.parameter, out.open())
                && split::is_single(scope, out.pending())
            {
                if plain > 0 {
                    out.finish();
                }
                return Ok(());
            }
            out.abandon();
        }
        [WordPart::Arithmetic(arithmetic)] if !scope.ifs().splits_numbers() => {
            let value = arith::value(scope, arithmetic, out.open())?;
            append_integer(out.open(), value);
            out.finish();
            return Ok(());
        }
        [WordPart::DoubleQuoted(parts)] => {
            if let [WordPart::Parameter(expansion)] = &parts[..]
                && matches!(expansion.op, ParameterOp::Value)
                && plain_value(scope, &expansion.parameter, out.open()).is_some()
            {
                out.finish();
                return Ok(());
            }
        }
        _ => {}
    }
    split::word(scope, word, out)
}

/// Append the value of a variable or positional parameter that is set; its length. Nothing otherwise.
#[inline]
fn plain_value<S: Scope>(scope: &mut S, parameter: &Parameter, out: &mut Vec<u8>) -> Option<usize> {
    let value = match parameter {
        Parameter::Variable(name) => scope.variable(name)?,
        Parameter::Positional(n) => scope.positional(*n)?,
        Parameter::Special(_) => return None,
    };
    out.extend_from_slice(value);
    Some(value.len())
}

/// Expand a word to one text, without field splitting and pathname expansion: the value of an assignment, the target of
/// a redirection, the word of `case`. Positional parameters are joined: those of `$*` by the first character of IFS,
/// those of `$@` by blanks. After a failure `out` is as it was.
pub fn field<S: Scope>(scope: &mut S, word: &Word, out: &mut Vec<u8>) -> Result<(), Failure> {
    match word.plain() {
        Some(plain) => {
            out.extend_from_slice(plain);
            Ok(())
        }
        None => text(scope, word, Place::Source, out),
    }
}

/// Expand the body of a here-document: as inside double quotes (XCU 2.7.4). After a failure `out` is as it was.
pub fn here_document<S: Scope>(scope: &mut S, body: &Word, out: &mut Vec<u8>) -> Result<(), Failure> {
    text(scope, body, Place::Quoted, out)
}

/// Expand a prompt (PS1, PS2, PS4: XCU 2.5.3), which is as it is if it cannot be expanded. `line` is the line of what shows it.
///
/// # Errors
/// What a command substitution in it does to the flow.
pub fn prompt<S: Scope>(scope: &mut S, prompt: &[u8], line: u32) -> Result<Vec<u8>, Flow> {
    if find::any([b'$', b'`', b'\\'], prompt).is_none() {
        return Ok(prompt.to_vec());
    }
    let Ok(word) = syntax::heredoc_word(prompt, line) else { return Ok(prompt.to_vec()) };
    let mut out = Vec::new();
    let expanded = here_document(scope, &word, &mut out);
    scope.at_line(line);
    match expanded {
        Ok(()) => Ok(out),
        Err(Failure::Flow(flow)) => Err(flow),
        Err(Failure::Error(_)) => Ok(prompt.to_vec()),
    }
}

/// Append a word's one text.
fn text<S: Scope>(scope: &mut S, word: &Word, place: Place, out: &mut Vec<u8>) -> Result<(), Failure> {
    let start = out.len();
    let result = eval::parts(scope, &mut Text(out), &word.parts, place);
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// Whether a pattern of `case` matches (XCU 2.9.4.3).
pub fn case_matches<S: Scope>(scope: &mut S, pattern: &PatternWord, subject: &[u8]) -> Result<bool, Failure> {
    if let Some(fixed) = &pattern.fixed {
        return Ok(pattern::matches(fixed, subject, scope.utf8()));
    }
    let text = pattern_text(scope, pattern)?;
    if let Some(literal) = text.literal() {
        return Ok(literal == subject);
    }
    Ok(pattern::matches(&late::parse_pattern(&text.bytes), subject, scope.utf8()))
}

/// Expand a pattern that is not fixed.
fn pattern_text<S: Scope>(scope: &mut S, pattern: &PatternWord) -> Result<PatternText, Failure> {
    let mut text = PatternText::default();
    eval::parts(scope, &mut text, &pattern.word.parts, Place::Source)?;
    Ok(text)
}

/// The value of an arithmetic expansion that can neither change anything nor fail to be one; else nothing has happened.
pub fn pure_arithmetic<S: Scope>(scope: &mut S, arithmetic: &Arithmetic) -> Option<i64> {
    arith::pure_value(scope, arithmetic)
}

/// The value of an arithmetic expansion (XCU 2.6.4).
pub fn arithmetic<S: Scope>(scope: &mut S, arithmetic: &Arithmetic) -> Result<i64, Failure> {
    arith::value(scope, arithmetic, &mut Vec::new())
}
