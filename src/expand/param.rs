//! Parameter expansion (XCU 2.6.2).

use super::eval::{self, Place};
use super::pattern::{self, Pattern};
use super::sink::{Joined, Sink, Text};
use super::{Scope, late, pattern_text};
use crate::number::append_integer;
use crate::status::{Error, Failure};
use crate::syntax::ast::{
    Atom, Few, Parameter, ParameterExpansion, ParameterOp, PatternWord, Special, SwitchKind, TrimSide, Word,
};
use bstr::{BString, ByteSlice};
use std::borrow::Cow;

/// Expand `$name` or `${...}` into a sink.
pub(super) fn expand<S: Scope, K: Sink>(
    scope: &mut S,
    sink: &mut K,
    expansion: &ParameterExpansion,
    place: Place,
) -> Result<(), Failure> {
    let parameter = &expansion.parameter;
    if let Parameter::Special(special @ (Special::At | Special::Star)) = parameter {
        return all(scope, sink, expansion, *special, place);
    }
    match &expansion.op {
        ParameterOp::Value => {
            let from = sink.buffer().len();
            if !append(scope, parameter, sink.buffer()) {
                refuse_unset(scope, expansion)?;
            }
            place.settle(scope, sink, from);
            Ok(())
        }
        ParameterOp::Switch { kind, colon, word } => {
            let state = state(scope, parameter, sink.buffer());
            switch(scope, sink, expansion, Switch { kind: *kind, missing: state.missing(*colon), word }, place)
        }
        ParameterOp::Length => length(scope, sink, expansion, place),
        ParameterOp::Trim { side, longest, pattern } => {
            if scope.no_unset() && state(scope, parameter, sink.buffer()) == State::Unset {
                refuse_unset(scope, expansion)?;
            }
            let trim = Trim::new(scope, *side, *longest, pattern)?;
            trimmed(scope, sink, parameter, &trim, place);
            Ok(())
        }
        ParameterOp::Bad(text) => Err(bad(scope, expansion, text)),
    }
}

/// Append the value of a parameter other than `$@` and `$*`; false if it is unset.
fn append<S: Scope>(scope: &mut S, parameter: &Parameter, out: &mut Vec<u8>) -> bool {
    let value = match parameter {
        Parameter::Variable(name) => scope.variable(name),
        Parameter::Positional(n) => scope.positional(*n),
        Parameter::Special(Special::Count) => {
            append_integer(out, scope.positional_count() as i64);
            return true;
        }
        Parameter::Special(special) => return scope.special(*special, out),
    };
    if let Some(value) = value {
        out.extend_from_slice(value);
    }
    value.is_some()
}

/// What a parameter is for `${x-word}` and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unset,
    Null,
    Value,
}

impl State {
    fn of(value: Option<usize>) -> Self {
        match value {
            None => Self::Unset,
            Some(0) => Self::Null,
            Some(_) => Self::Value,
        }
    }

    /// Whether the parameter has no value to be substituted; with a colon an empty one is none.
    fn missing(self, colon: bool) -> bool {
        self == Self::Unset || colon && self == Self::Null
    }
}

/// The state of a parameter other than `$@` and `$*`; `scratch` is as before.
fn state<S: Scope>(scope: &mut S, parameter: &Parameter, scratch: &mut Vec<u8>) -> State {
    match parameter {
        Parameter::Variable(name) => State::of(scope.variable(name).map(|value| value.len())),
        Parameter::Positional(n) => State::of(scope.positional(*n).map(|value| value.len())),
        Parameter::Special(_) => {
            let from = scratch.len();
            let is_set = append(scope, parameter, scratch);
            let length = scratch.len() - from;
            scratch.truncate(from);
            State::of(is_set.then_some(length))
        }
    }
}

/// `${x-word}` and its kind, when it is known whether the parameter has a value.
struct Switch<'a> {
    kind: SwitchKind,
    missing: bool,
    word: &'a Word,
}

/// `-`, `=`, `?` and `+`. The word is expanded only where it is used.
fn switch<S: Scope, K: Sink>(
    scope: &mut S,
    sink: &mut K,
    expansion: &ParameterExpansion,
    switch: Switch<'_>,
    place: Place,
) -> Result<(), Failure> {
    let Switch { kind, missing, word } = switch;
    match (kind, missing) {
        (SwitchKind::Default, true) | (SwitchKind::Alternative, false) => {
            if place != Place::Quoted {
                return eval::parts(scope, sink, &word.parts, Place::Substituted);
            }
            // The quotes around `"${x-$@}"` are those of the parameter: without positional parameters they hold an empty text.
            let before = sink.vanish(false);
            eval::parts(scope, sink, &word.parts, place)?;
            sink.vanish(before);
            Ok(())
        }
        (SwitchKind::Alternative, true) => {
            // `"${@+...}"` without positional parameters is no field, as `"$@"` is none.
            if scope.positional_count() == 0 && expansion.parameter == Parameter::Special(Special::At) {
                value(scope, sink, &expansion.parameter, place);
            }
            Ok(())
        }
        (SwitchKind::Assign, true) => {
            assign(scope, expansion, word)?;
            value(scope, sink, &expansion.parameter, place);
            Ok(())
        }
        (SwitchKind::Error, true) => Err(complaint(scope, expansion, word)?),
        (_, false) => {
            value(scope, sink, &expansion.parameter, place);
            Ok(())
        }
    }
}

/// Substitute the value of a parameter.
fn value<S: Scope, K: Sink>(scope: &mut S, sink: &mut K, parameter: &Parameter, place: Place) {
    match parameter {
        Parameter::Special(special @ (Special::At | Special::Star)) => each(scope, sink, *special, place, None),
        parameter => {
            let from = sink.buffer().len();
            append(scope, parameter, sink.buffer());
            place.settle(scope, sink, from);
        }
    }
}

/// Expand the word of a switch to one text.
fn text<S: Scope>(scope: &mut S, word: &Word) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    eval::parts(scope, &mut Text(&mut text), &word.parts, Place::Source)?;
    Ok(text)
}

/// `${x=word}`: only variables can be assigned.
#[inline(never)]
fn assign<S: Scope>(scope: &mut S, expansion: &ParameterExpansion, word: &Word) -> Result<(), Failure> {
    let Parameter::Variable(name) = &expansion.parameter else {
        return Err(failure(scope, expansion, "cannot assign"));
    };
    let value = text(scope, word)?;
    scope.assign(name, &value)?;
    Ok(())
}

/// `${x?word}`: the error.
#[inline(never)]
fn complaint<S: Scope>(scope: &mut S, expansion: &ParameterExpansion, word: &Word) -> Result<Failure, Failure> {
    let text = text(scope, word)?;
    Ok(match &expansion.op {
        _ if !text.is_empty() || !word.parts.is_empty() => failure(scope, expansion, text),
        ParameterOp::Switch { colon: true, .. } => failure(scope, expansion, "parameter null or not set"),
        _ => failure(scope, expansion, "parameter not set"),
    })
}

/// `${#x}`
fn length<S: Scope, K: Sink>(
    scope: &mut S,
    sink: &mut K,
    expansion: &ParameterExpansion,
    place: Place,
) -> Result<(), Failure> {
    let utf8 = scope.utf8();
    let from = sink.buffer().len();
    let length = match &expansion.parameter {
        Parameter::Variable(name) => scope.variable(name).map(|value| pattern::length(value, utf8)),
        Parameter::Positional(n) => scope.positional(*n).map(|value| pattern::length(value, utf8)),
        parameter => {
            let is_set = append(scope, parameter, sink.buffer());
            let length = pattern::length(&sink.buffer()[from..], utf8);
            sink.buffer().truncate(from);
            is_set.then_some(length)
        }
    };
    if length.is_none() {
        refuse_unset(scope, expansion)?;
    }
    append_integer(sink.buffer(), length.unwrap_or(0) as i64);
    place.settle(scope, sink, from);
    Ok(())
}

/// `#`, `##`, `%` or `%%` with its pattern.
struct Trim<'a> {
    side: TrimSide,
    longest: bool,
    pattern: Cow<'a, Pattern>,
    utf8: bool,
}

impl<'a> Trim<'a> {
    fn new<S: Scope>(scope: &mut S, side: TrimSide, longest: bool, pattern: &'a PatternWord) -> Result<Self, Failure> {
        let pattern = match &pattern.fixed {
            Some(fixed) => Cow::Borrowed(fixed),
            None => {
                let text = pattern_text(scope, pattern)?;
                Cow::Owned(match text.literal() {
                    Some(_) => Pattern { atoms: Few::One(Atom::Literal(text.bytes.into())) },
                    None => late::parse_pattern(&text.bytes),
                })
            }
        };
        Ok(Self { side, longest, pattern, utf8: scope.utf8() })
    }

    fn apply<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        pattern::trim(&self.pattern, value, self.side, self.longest, self.utf8)
    }
}

/// Substitute the value of a parameter other than `$@` and `$*` without what a pattern matches.
fn trimmed<S: Scope, K: Sink>(scope: &mut S, sink: &mut K, parameter: &Parameter, trim: &Trim<'_>, place: Place) {
    let from = sink.buffer().len();
    let value = match parameter {
        Parameter::Variable(name) => scope.variable(name),
        Parameter::Positional(n) => scope.positional(*n),
        Parameter::Special(_) => {
            let mut value = Vec::new();
            append(scope, parameter, &mut value);
            sink.buffer().extend_from_slice(trim.apply(&value));
            None
        }
    };
    if let Some(value) = value {
        sink.buffer().extend_from_slice(trim.apply(value));
    }
    place.settle(scope, sink, from);
}

/// `$@` and `$*` with an operator. The standard gives most of these no meaning: `#` counts, patterns trim each
/// parameter, and the parameters are unset when there are none and null when they would join to nothing.
#[inline(never)]
fn all<S: Scope, K: Sink>(
    scope: &mut S,
    sink: &mut K,
    expansion: &ParameterExpansion,
    special: Special,
    place: Place,
) -> Result<(), Failure> {
    match &expansion.op {
        ParameterOp::Value => each(scope, sink, special, place, None),
        ParameterOp::Length => {
            let from = sink.buffer().len();
            append_integer(sink.buffer(), scope.positional_count() as i64);
            place.settle(scope, sink, from);
        }
        ParameterOp::Trim { side, longest, pattern } => {
            let trim = Trim::new(scope, *side, *longest, pattern)?;
            each(scope, sink, special, place, Some(&trim));
        }
        ParameterOp::Switch { kind, colon, word } => {
            let missing = all_state(scope, special).missing(*colon);
            return switch(scope, sink, expansion, Switch { kind: *kind, missing, word }, place);
        }
        ParameterOp::Bad(text) => return Err(bad(scope, expansion, text)),
    }
    Ok(())
}

/// The state of `$@` or `$*`.
fn all_state<S: Scope>(scope: &S, special: Special) -> State {
    let count = scope.positional_count();
    let joined_to_nothing = count <= 1 || special == Special::Star && scope.ifs().is_empty();
    if count == 0 {
        State::Unset
    } else if joined_to_nothing && (1..=count).all(|n| scope.positional(n).is_none_or(|value| value.is_empty())) {
        State::Null
    } else {
        State::Value
    }
}

/// The positional parameters (XCU 2.5.2), trimmed or as they are.
fn each<S: Scope, K: Sink>(scope: &S, sink: &mut K, special: Special, place: Place, trim: Option<&Trim<'_>>) {
    let joined = match (special, place) {
        (Special::At, Place::Quoted) => Joined::QuotedAt,
        (Special::At, _) => Joined::At,
        (_, Place::Quoted) => Joined::QuotedStar,
        _ => Joined::Star,
    };
    let count = scope.positional_count();
    if count == 0 && joined == Joined::QuotedAt {
        sink.vanish(true);
    }
    for n in 1..=count {
        if n > 1 {
            sink.between(scope, joined);
        }
        let from = sink.buffer().len();
        if let Some(value) = scope.positional(n) {
            sink.buffer().extend_from_slice(trim.map_or(value.as_bytes(), |trim| trim.apply(value)));
        }
        place.settle(scope, sink, from);
    }
}

/// With `set -u` an unset parameter is an error.
#[inline]
fn refuse_unset<S: Scope>(scope: &mut S, expansion: &ParameterExpansion) -> Result<(), Failure> {
    if scope.no_unset() { Err(failure(scope, expansion, "parameter not set")) } else { Ok(()) }
}

/// Not a form of the standard.
#[cold]
fn bad<S: Scope>(scope: &mut S, expansion: &ParameterExpansion, text: &[u8]) -> Failure {
    scope.at_line(expansion.line.0);
    let mut message = BString::from("${");
    message.extend_from_slice(text);
    message.extend_from_slice(b"}: bad substitution");
    Error::usage(message).into()
}

/// An expansion error (XCU 2.8.1) that begins with the parameter's name.
#[cold]
fn failure<S: Scope>(scope: &mut S, expansion: &ParameterExpansion, message: impl Into<BString>) -> Failure {
    scope.at_line(expansion.line.0);
    let mut name = Vec::new();
    match &expansion.parameter {
        Parameter::Variable(variable) => name.extend_from_slice(variable.text()),
        Parameter::Positional(n) => name.extend_from_slice(n.to_string().as_bytes()),
        Parameter::Special(special) => name.push(special.symbol()),
    }
    Error::usage(message).within(name).into()
}
