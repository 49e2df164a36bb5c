//! `[ "$i" -lt 10 ]`, `[ "$a" = b ]`, `[ -n "$x" ]`: a question whose operator is written in the script is answered from the values as they are
//! in their variables. Nothing is copied into fields, and no operator is looked for.
//!
//! Whatever is not as simple as that (an unset parameter, a text that is no number, `set -x`, a function `[`) is left to the builtin, which
//! then finds everything as it was: looking at the operands here changes nothing.

use crate::expand::{self, Scope};
use crate::number::parse_decimal;
use crate::shell::{Opt, Shell};
use crate::syntax::ast::{Parameter, ParameterOp, Prepared, SimpleCommand, Special, TestOp, Word, WordPart};
use bstr::ByteSlice;
use std::cmp::Ordering;

/// The answer of a `test` command, if it can be had here.
pub fn answer(shell: &mut Shell, command: &SimpleCommand, test: &Prepared) -> Option<bool> {
    let slot = command.slot.known()?;
    let is_bare = command.redirects.is_empty() && command.assignments.is_empty();
    if !is_bare || shell.commands.at(slot).function.is_some() || shell.options.has(Opt::XTrace) {
        return None;
    }
    match (test, &command.words[..]) {
        (Prepared::IsText(wanted), [_, _, word, ..]) => {
            Some(Text::of(shell, word)?.bytes(shell)?.is_empty() != *wanted)
        }
        (Prepared::Comparison(op), [_, left, _, right, ..]) => compare(shell, *op, left, right),
        _ => None,
    }
}

fn compare(shell: &mut Shell, op: TestOp, left: &Word, right: &Word) -> Option<bool> {
    if let TestOp::Same | TestOp::Different = op {
        let (left, right) = (Text::of(shell, left)?, Text::of(shell, right)?);
        return Some((left.bytes(shell)? == right.bytes(shell)?) == (op == TestOp::Same));
    }
    let left = integer(shell, left)?;
    let order = left.cmp(&integer(shell, right)?);
    Some(match op {
        TestOp::Same | TestOp::Equal => order == Ordering::Equal,
        TestOp::Different | TestOp::NotEqual => order != Ordering::Equal,
        TestOp::Less => order == Ordering::Less,
        TestOp::LessEqual => order != Ordering::Greater,
        TestOp::Greater => order == Ordering::Greater,
        TestOp::GreaterEqual => order != Ordering::Less,
    })
}

/// The only part of a word, and whether it is in double quotes.
#[inline]
fn only_part(word: &Word) -> Option<(&WordPart, bool)> {
    match &word.parts[..] {
        [WordPart::DoubleQuoted(inner)] => match &inner[..] {
            [part] => Some((part, true)),
            _ => None,
        },
        [part] => Some((part, false)),
        _ => None,
    }
}

/// The decimal integer that a word becomes. Outside of quotes it is one field unless IFS has something of a number in it.
#[inline]
fn integer(shell: &mut Shell, word: &Word) -> Option<i64> {
    if let Some(plain) = word.plain() {
        return parse_decimal(plain);
    }
    let (part, is_quoted) = only_part(word)?;
    if !is_quoted && shell.vars.ifs().splits_numbers() {
        return None;
    }
    match part {
        WordPart::Parameter(expansion) if matches!(expansion.op, ParameterOp::Value) => match &expansion.parameter {
            Parameter::Variable(name) => parse_decimal(shell.variable(name)?),
            Parameter::Positional(n) => parse_decimal(shell.positional(*n)?),
            Parameter::Special(Special::Count) => Some(shell.positional_count() as i64),
            Parameter::Special(_) => None,
        },
        WordPart::Arithmetic(arithmetic) => expand::pure_arithmetic(shell, arithmetic),
        _ => None,
    }
}

/// Where the text is that a word becomes.
enum Text<'w> {
    Plain(&'w [u8]),
    Variable(u32),
    Positional(usize),
}

impl<'w> Text<'w> {
    /// That of a word that is plain, or one parameter that is set and becomes one field as it is.
    #[inline]
    fn of(shell: &mut Shell, word: &'w Word) -> Option<Self> {
        if let Some(plain) = word.plain() {
            return Some(Self::Plain(plain));
        }
        let (WordPart::Parameter(expansion), is_quoted) = only_part(word)? else { return None };
        let text = match &expansion.parameter {
            _ if !matches!(expansion.op, ParameterOp::Value) => return None,
            Parameter::Variable(name) => {
                let slot = shell.vars.slot(name);
                // (This brings LINENO up to date.)
                shell.vars.get(slot)?;
                Self::Variable(slot)
            }
            Parameter::Positional(n) => Self::Positional(*n),
            Parameter::Special(_) => return None,
        };
        let is_single =
            is_quoted || text.bytes(shell).is_some_and(|text| !text.is_empty() && expand::is_single(shell, text));
        is_single.then_some(text)
    }

    #[inline]
    fn bytes<'s>(&self, shell: &'s Shell) -> Option<&'s [u8]>
    where
        'w: 's,
    {
        match *self {
            Self::Plain(text) => Some(text),
            Self::Variable(slot) => shell.vars.at(slot).value().map(|value| value.as_bytes()),
            Self::Positional(n) => shell.positional(n).map(|value| value.as_bytes()),
        }
    }
}
