//! The pattern matching notation (XCU 2.14): text to [`Pattern`]. A backslash quotes the next character.

use crate::find;
use crate::syntax::ast::{Atom, Bracket, BracketItem, Bytes, CharClass, Few, Pattern};
use bstr::BString;

// pattern = { "*" | "?" | bracket | "\" , character | character } ;
/// Parse a pattern. Every text is one: a `[` that begins no bracket expression is an ordinary character.
pub fn pattern(text: &[u8]) -> Pattern {
    if !text.is_empty() && !text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\')) {
        return Pattern { atoms: Few::One(Atom::Literal(text.into())) };
    }
    let mut atoms = Vec::new();
    let mut literal = BString::default();
    let mut at = 0;
    // A `[` behind the last `]` is not closed: to look for its end each time would take the square of the length.
    let last = find::last(b']', text).unwrap_or(0);
    while at < text.len() {
        let special = match text[at] {
            b'*' => Some((Atom::AnyString, 1)),
            b'?' => Some((Atom::AnyChar, 1)),
            b'[' if at < last => {
                bracket(&text[at..]).map(|(bracket, length)| (Atom::Bracket(Box::new(bracket)), length))
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
/// A bracket expression at the start of the text, and its length; none if it is not closed.
fn bracket(text: &[u8]) -> Option<(Bracket, usize)> {
    let mut at = 1;
    let negated = matches!(text.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut items = Vec::new();
    loop {
        match text.get(at)? {
            b']' if at > first => return Some((Bracket::new(negated, items.into()), at + 1)),
            b'[' if matches!(text.get(at + 1), Some(b':' | b'=' | b'.')) => {
                let (item, length) = named(&text[at..])?;
                at += length;
                items.push(item);
            }
            _ => {
                let (low, length) = element(&text[at..])?;
                at += length;
                items.push(BracketItem::Char(low));
            }
        }
        // A range, unless the hyphen is the last character.
        let Some(&BracketItem::Char(low)) = items.last() else { continue };
        if text.get(at) == Some(&b'-') && text.get(at + 1).is_some_and(|&byte| byte != b']') {
            let (item, length) = range(low, &text[at + 1..])?;
            at += 1 + length;
            items.pop();
            items.push(item);
        }
    }
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

// named = "[:" , class , ":]" | "[=" , letter , "=]" | "[." , letter , ".]" ;
/// `[:class:]`, `[=x=]`, `[.x.]`
fn named(text: &[u8]) -> Option<(BracketItem, usize)> {
    let kind = text[1];
    let end = text[2..].windows(2).position(|pair| pair == [kind, b']'])? + 2;
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
