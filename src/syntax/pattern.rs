//! The pattern matching notation (XCU 2.14): text to [`Pattern`]. A backslash quotes the next character.

use crate::find;
use crate::syntax::ast::{Atom, Bracket, BracketItem, Bytes, CharClass, Few, Pattern};
use bstr::BString;
use std::collections::BTreeSet;

// pattern = { "*" | "?" | bracket | "\" , character | character } ;
/// Parse a pattern. Every text is one: a `[` that begins no bracket expression is an ordinary character.
pub fn pattern(text: &[u8]) -> Pattern {
    if !text.is_empty() && !text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\')) {
        return Pattern { atoms: Few::One(Atom::Literal(text.into())) };
    }
    let mut atoms = Vec::new();
    let mut literal = BString::default();
    let mut at = 0;
    // A `[` behind the last `]` is not closed, and neither is one that comes to where an earlier one failed: to look for the end each
    // time would take the square of the length.
    let last = find::last(b']', text).unwrap_or(0);
    let mut hopeless = BTreeSet::new();
    while at < text.len() {
        let special = match text[at] {
            b'*' => Some((Atom::AnyString, 1)),
            b'?' => Some((Atom::AnyChar, 1)),
            b'[' if at < last => {
                bracket(text, at, &mut hopeless).map(|(bracket, end)| (Atom::Bracket(Box::new(bracket)), end - at))
            }
            _ => None,
        };
        let Some((atom, length)) = special else {
            if text[at] == b'\\' && at + 1 < text.len() {
                at += 1;
            }
            literal.push(text[at]);
            at += 1;
            continue;
        };
        at += length;
        if !literal.is_empty() {
            atoms.push(Atom::Literal(Bytes::new(&std::mem::take(&mut literal))));
        }
        if !(atom == Atom::AnyString && atoms.last() == Some(&Atom::AnyString)) {
            atoms.push(atom);
        }
    }
    if !literal.is_empty() {
        atoms.push(Atom::Literal(literal.into()));
    }
    Pattern { atoms: atoms.into() }
}

/// A character as [`BracketItem`] wants it, and its length.
fn character(text: &[u8]) -> (u32, usize) {
    match bstr::decode_utf8(text) {
        (Some(character), length) => (u32::from(character), length),
        (None, _) => (0xDC00 + u32::from(text[0]), 1),
    }
}

// bracket = "[" , [ "!" | "^" ] , [ "]" ] , ( element | range | named ) , { element | range | named } , "]" ;
/// A bracket expression at an offset of the text, and its end; none if it is not closed. `hopeless` are the places behind its first
/// element from where one is not.
fn bracket(text: &[u8], start: usize, hopeless: &mut BTreeSet<usize>) -> Option<(Bracket, usize)> {
    let mut at = start + 1;
    let negated = matches!(text.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut items = Vec::new();
    let mut places = Vec::new();
    loop {
        if at > first {
            if text.get(at) == Some(&b']') {
                return Some((Bracket::new(negated, items.into()), at + 1));
            }
            places.push(at);
        }
        let next = if hopeless.contains(&at) && at > first { None } else { item(&text[at..], &mut items) };
        let Some(length) = next else {
            hopeless.extend(places);
            return None;
        };
        at += length;
    }
}

/// One item of a bracket expression, and its length.
fn item(text: &[u8], items: &mut Vec<BracketItem>) -> Option<usize> {
    let (item, length) = match text {
        [] => return None,
        [b'[', b':' | b'=' | b'.', ..] => named(text)?,
        _ => element(text).map(|(low, length)| (BracketItem::Char(low), length))?,
    };
    // A range, unless the hyphen is the last character.
    let (item, length) = match (item, &text[length..]) {
        (BracketItem::Char(low), [b'-', high @ ..]) if high.first().is_some_and(|&byte| byte != b']') => {
            let (item, behind) = range(low, high)?;
            (item, length + 1 + behind)
        }
        (item, _) => (item, length),
    };
    items.push(item);
    Some(length)
}

// range = element , "-" , element ;
/// The range from `low` to what stands behind the hyphen.
fn range(low: u32, behind: &[u8]) -> Option<(BracketItem, usize)> {
    let (high, length) = match behind {
        [b'[', b'.' | b'=', ..] => match named(behind)? {
            (BracketItem::Char(high) | BracketItem::Equivalence(high), length) => (high, length),
            _ => return None,
        },
        behind => element(behind)?,
    };
    Some((BracketItem::Range(low, high), length))
}

// element = "a" | "b" | "z" | "0" | "é" | "\" , character ;
/// One character, which a backslash may quote.
fn element(text: &[u8]) -> Option<(u32, usize)> {
    if text[0] == b'\\' && text.len() > 1 {
        let (value, length) = character(&text[1..]);
        return Some((value, length + 1));
    }
    // A slash never is in a bracket expression of a path, but it may be in one of a string.
    Some(character(text))
}

/// No class has a longer name, with the `:]` behind it.
const LONGEST_NAME: usize = 64;

// named = "[:" , class , ":]" | "[=" , letter , "=]" | "[." , letter , ".]" ;
/// `[:class:]`, `[=x=]`, `[.x.]`
fn named(text: &[u8]) -> Option<(BracketItem, usize)> {
    let kind = text[1];
    let near = &text[2..text.len().min(2 + LONGEST_NAME)];
    let end = near.windows(2).position(|pair| pair == [kind, b']'])? + 2;
    let name = &text[2..end];
    let item = match kind {
        b':' => BracketItem::Class(class(name)),
        _ => {
            let (value, length) = character(name.first().map(|_| name)?);
            if length != name.len() {
                return None;
            }
            if kind == b'=' { BracketItem::Equivalence(value) } else { BracketItem::Char(value) }
        }
    };
    Some((item, end + 2))
}

// class = "alnum" | "alpha" | "blank" | "cntrl" | "digit" | "graph" | "lower" | "print" | "punct" | "space" |
//     "upper" | "xdigit" ;
fn class(name: &[u8]) -> CharClass {
    match name {
        b"alnum" => CharClass::Alnum,
        b"alpha" => CharClass::Alpha,
        b"blank" => CharClass::Blank,
        b"cntrl" => CharClass::Cntrl,
        b"digit" => CharClass::Digit,
        b"graph" => CharClass::Graph,
        b"lower" => CharClass::Lower,
        b"print" => CharClass::Print,
        b"punct" => CharClass::Punct,
        b"space" => CharClass::Space,
        b"upper" => CharClass::Upper,
        b"xdigit" => CharClass::Xdigit,
        _ => CharClass::Unknown,
    }
}
