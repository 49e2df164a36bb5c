//! The first four expansions, from left to right over the parts of a word (XCU 2.6).

use super::sink::Sink;
use super::{Scope, arith, param, tilde};
use crate::find;
use crate::number::append_integer;
use crate::status::Failure;
use crate::syntax::ast::{CommandSubstitution, WordPart};
use std::rc::Rc;

/// Where a part of a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the word itself: literal text is never split.
    Source,
    /// In the word of an unquoted `${x-word}`: literal text is the result of an expansion.
    Substituted,
    /// In double quotes.
    Quoted,
}

impl Place {
    /// Declare what was appended to the sink since `from` the result of an expansion that stands here.
    #[inline]
    pub fn settle<S: Scope, K: Sink>(self, scope: &S, sink: &mut K, from: usize) {
        match self {
            Self::Source | Self::Substituted => sink.result(scope, from),
            Self::Quoted => sink.quoted(from),
        }
    }
}

/// Expand the parts of a word into a sink.
pub(super) fn parts<S: Scope, K: Sink>(
    scope: &mut S,
    sink: &mut K,
    parts: &[WordPart],
    place: Place,
) -> Result<(), Failure> {
    for (index, part) in parts.iter().enumerate() {
        match part {
            WordPart::Literal(text) if place == Place::Source => sink.literal(text),
            WordPart::Literal(text) => {
                let from = sink.buffer().len();
                sink.buffer().extend_from_slice(text);
                place.settle(scope, sink, from);
            }
            WordPart::Quoted(text) => quoted(sink, text),
            WordPart::DoubleQuoted(inner) => {
                let mark = sink.open_quotes();
                self::parts(scope, sink, inner, Place::Quoted)?;
                sink.close_quotes(mark);
            }
            WordPart::Tilde(user) => tilde::expand(scope, sink, user, parts.get(index + 1)),
            WordPart::Parameter(expansion) => param::expand(scope, sink, expansion, place)?,
            WordPart::Command(command) => substitute(scope, sink, command, place)?,
            WordPart::Arithmetic(arithmetic) => {
                let from = sink.buffer().len();
                let value = arith::value(scope, arithmetic, sink.buffer())?;
                append_integer(sink.buffer(), value);
                place.settle(scope, sink, from);
            }
        }
    }
    Ok(())
}

/// Text in quotes of its own: even when it is empty it makes a field.
pub(super) fn quoted<K: Sink>(sink: &mut K, text: &[u8]) {
    let mark = sink.open_quotes();
    let from = sink.buffer().len();
    sink.buffer().extend_from_slice(text);
    sink.quoted(from);
    sink.close_quotes(mark);
}

/// Command substitution (XCU 2.6.3): the output without the newlines at its end. NULs cannot be in a value and are dropped.
fn substitute<S: Scope, K: Sink>(
    scope: &mut S,
    sink: &mut K,
    command: &Rc<CommandSubstitution>,
    place: Place,
) -> Result<(), Failure> {
    let buffer = sink.buffer();
    let from = buffer.len();
    scope.substitute(command, buffer)?;
    if find::byte(0, &buffer[from..]).is_some() {
        let mut at = 0;
        buffer.retain(|&byte| {
            at += 1;
            at <= from || byte != 0
        });
    }
    let newlines = buffer[from..].iter().rev().take_while(|&&byte| byte == b'\n').count();
    buffer.truncate(buffer.len() - newlines);
    place.settle(scope, sink, from);
    Ok(())
}
