//! Matching of patterns (XCU 2.14).
//!
//! `*` divides a pattern into segments. What a segment matches begins where it begins: there is no choice inside it. Matching
//! therefore anchors the first and the last segment at the ends of the text and takes for those between the leftmost
//! place (or the rightmost, when a suffix is sought): no choice has ever to be taken back, and the time is at most the
//! product of the two lengths. A segment that is literal is found by substring search.
//!
//! With UTF-8 a character is a Unicode scalar value, and a byte that is no part of one is a character of its own. A literal
//! matches only whole characters: half of one in the pattern does not match half of one in the text.

use crate::find;
use crate::syntax::ast::{Atom, Bracket, BracketItem, CharClass, TrimSide};
use memchr::memmem;

pub use crate::syntax::ast::Pattern;

/// Whether `pattern` matches the whole of `text`; with `utf8` characters are those of UTF-8, else bytes.
pub fn matches(pattern: &Pattern, text: &[u8], utf8: bool) -> bool {
    match &pattern.atoms[..] {
        [Atom::Literal(literal)] => return literal[..] == *text,
        // This is what most names differ in that do not match.
        [.., Atom::Literal(literal)] if text.last() != literal.last() || !text.ends_with(literal) => return false,
        _ => {}
    }
    let mut segments = Segments::of(&pattern.atoms);
    let subject = Subject { text, utf8 };
    let Some(start) = subject.forward(segments.first, 0) else { return false };
    let Some(last) = segments.last() else { return start == text.len() };
    let Some(end) = subject.backward(last, text.len()) else { return false };
    start <= end && Subject { text: &text[..end], utf8 }.leftmost(segments, start).is_some()
}

/// `text` without the shortest or longest prefix or suffix that `pattern` matches (XCU 2.6.2); all of it if there is none.
pub fn trim<'t>(pattern: &Pattern, text: &'t [u8], side: TrimSide, longest: bool, utf8: bool) -> &'t [u8] {
    let subject = Subject { text, utf8 };
    match side {
        TrimSide::Prefix => &text[subject.prefix(&pattern.atoms, longest).unwrap_or(0)..],
        TrimSide::Suffix => &text[..subject.suffix(&pattern.atoms, longest).unwrap_or(text.len())],
    }
}

/// The number of characters of `text`.
pub fn length(text: &[u8], utf8: bool) -> usize {
    if !utf8 || text.is_ascii() {
        return text.len();
    }
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The parts of a pattern between its `*`.
struct Segments<'p> {
    /// The one before the first `*`, or the only one.
    first: &'p [Atom],
    /// What is behind the first `*`.
    rest: Option<&'p [Atom]>,
}

fn is_star(atom: &Atom) -> bool {
    matches!(atom, Atom::AnyString)
}

impl<'p> Segments<'p> {
    fn of(atoms: &'p [Atom]) -> Self {
        match atoms.iter().position(is_star) {
            Some(star) => Self { first: &atoms[..star], rest: Some(&atoms[star + 1..]) },
            None => Self { first: atoms, rest: None },
        }
    }

    /// Take the last segment, which is behind a `*`; none if there is no `*` left.
    fn last(&mut self) -> Option<&'p [Atom]> {
        let rest = self.rest?;
        match rest.iter().rposition(is_star) {
            Some(star) => {
                self.rest = Some(&rest[..star]);
                Some(&rest[star + 1..])
            }
            None => {
                self.rest = None;
                Some(rest)
            }
        }
    }

    /// Take the next segment behind the first one.
    fn next(&mut self) -> Option<&'p [Atom]> {
        let rest = self.rest?;
        match rest.iter().position(is_star) {
            Some(star) => {
                self.rest = Some(&rest[star + 1..]);
                Some(&rest[..star])
            }
            None => {
                self.rest = None;
                Some(rest)
            }
        }
    }
}

/// A text that is matched.
#[derive(Clone, Copy)]
struct Subject<'t> {
    text: &'t [u8],
    utf8: bool,
}

impl Subject<'_> {
    /// Where the prefix ends that the pattern matches.
    fn prefix(self, atoms: &[Atom], longest: bool) -> Option<usize> {
        let mut segments = Segments::of(atoms);
        let start = self.forward(segments.first, 0)?;
        if !longest || segments.rest.is_none() {
            return self.leftmost(segments, start);
        }
        let last = segments.last()?;
        let start = self.leftmost(segments, start)?;
        self.find_last(last, start, self.text.len()).map(|(_, end)| end)
    }

    /// Where the suffix begins that the pattern matches.
    fn suffix(self, atoms: &[Atom], longest: bool) -> Option<usize> {
        let mut segments = Segments::of(atoms);
        let Some(last) = segments.last() else { return self.backward(segments.first, self.text.len()) };
        let mut end = self.backward(last, self.text.len())?;
        while let Some(segment) = segments.last() {
            (end, _) = self.find_last(segment, 0, end)?;
        }
        if longest {
            Subject { text: &self.text[..end], ..self }.find(segments.first, 0).map(|(start, _)| start)
        } else {
            self.find_last(segments.first, 0, end).map(|(start, _)| start)
        }
    }

    /// Match each segment behind the first one at the leftmost place from `start` on; where the last of them ends.
    fn leftmost(self, mut segments: Segments<'_>, mut start: usize) -> Option<usize> {
        while let Some(segment) = segments.next() {
            (_, start) = self.find(segment, start)?;
        }
        Some(start)
    }

    /// The leftmost match of a segment that begins at `from` or behind it.
    fn find(self, segment: &[Atom], from: usize) -> Option<(usize, usize)> {
        let mut start = from;
        loop {
            if let [Atom::Literal(literal), ..] = segment {
                start += find(&self.text[start..], literal)?;
            }
            if self.is_boundary(start)
                && let Some(end) = self.forward(segment, start)
            {
                return Some((start, end));
            }
            if start == self.text.len() {
                return None;
            }
            start += self.character(start).1;
        }
    }

    /// The rightmost match of a segment between `from` and `to`.
    fn find_last(self, segment: &[Atom], from: usize, to: usize) -> Option<(usize, usize)> {
        let mut end = to;
        loop {
            if let [.., Atom::Literal(literal)] = segment {
                end = from + find_last(&self.text[from..end], literal)? + literal.len();
            }
            if self.is_boundary(end)
                && let Some(start) = self.backward(segment, end)
                && start >= from
            {
                return Some((start, end));
            }
            if end <= from {
                return None;
            }
            end -= self.character_before(end).1;
        }
    }

    /// Match a segment that begins at `start`; where it ends.
    fn forward(self, segment: &[Atom], start: usize) -> Option<usize> {
        let mut at = start;
        for atom in segment {
            if let Atom::Literal(literal) = atom {
                if !self.text[at..].starts_with(literal) || !self.is_boundary(at + literal.len()) {
                    return None;
                }
                at += literal.len();
            } else {
                if at == self.text.len() {
                    return None;
                }
                let (character, length) = self.character(at);
                if !self.matches_one(atom, character) {
                    return None;
                }
                at += length;
            }
        }
        Some(at)
    }

    /// Match a segment that ends at `end`; where it begins.
    fn backward(self, segment: &[Atom], end: usize) -> Option<usize> {
        let mut at = end;
        for atom in segment.iter().rev() {
            if let Atom::Literal(literal) = atom {
                at = self.text[..at].ends_with(literal).then(|| at - literal.len())?;
                if !self.is_boundary(at) {
                    return None;
                }
            } else {
                if at == 0 {
                    return None;
                }
                let (character, length) = self.character_before(at);
                if !self.matches_one(atom, character) {
                    return None;
                }
                at -= length;
            }
        }
        Some(at)
    }

    fn matches_one(self, atom: &Atom, character: u32) -> bool {
        match atom {
            Atom::AnyChar => true,
            Atom::Bracket(bracket) => bracket_matches(bracket, character, self.utf8),
            Atom::Literal(_) | Atom::AnyString => false,
        }
    }

    /// The character at `at`, which is a boundary before the end, and its length.
    #[inline]
    fn character(self, at: usize) -> (u32, usize) {
        if let byte @ 0..0x80 = self.text[at] {
            return (u32::from(byte), 1);
        }
        match bstr::decode_utf8(&self.text[at..]) {
            (Some(character), length) if self.utf8 => (u32::from(character), length),
            _ => (byte_code(self.text[at]), 1),
        }
    }

    /// The character that ends at `at`, which is a boundary and not 0, and its length.
    #[inline]
    fn character_before(self, at: usize) -> (u32, usize) {
        if let byte @ 0..0x80 = self.text[at - 1] {
            return (u32::from(byte), 1);
        }
        match bstr::decode_last_utf8(&self.text[..at]) {
            (Some(character), length) if self.utf8 => (u32::from(character), length),
            _ => (byte_code(self.text[at - 1]), 1),
        }
    }

    /// Whether a character begins at `at`, or the text ends there.
    fn is_boundary(self, at: usize) -> bool {
        let is_continuation = |byte: u8| byte & 0xC0 == 0x80;
        if !self.utf8 || !self.text.get(at).is_some_and(|&byte| is_continuation(byte)) {
            return true;
        }
        let window = at.saturating_sub(3);
        match self.text[window..at].iter().rposition(|&byte| !is_continuation(byte)) {
            Some(lead) => match bstr::decode_utf8(&self.text[window + lead..]) {
                (Some(_), length) => window + lead + length <= at,
                (None, _) => true,
            },
            None => true,
        }
    }
}

/// Substring search; a single byte by the faster function for that.
fn find(text: &[u8], literal: &[u8]) -> Option<usize> {
    match literal {
        [byte] => find::byte(*byte, text),
        _ => memmem::find(text, literal),
    }
}

/// Substring search from the end.
fn find_last(text: &[u8], literal: &[u8]) -> Option<usize> {
    match literal {
        [byte] => find::last(*byte, text),
        _ => memmem::rfind(text, literal),
    }
}

/// The code of a byte that is not part of a UTF-8 character: ASCII is itself, others are 0xDC00 + byte (see [`BracketItem`]).
fn byte_code(byte: u8) -> u32 {
    if byte.is_ascii() { u32::from(byte) } else { 0xDC00 + u32::from(byte) }
}

/// Whether a bracket expression matches a character.
fn bracket_matches(bracket: &Bracket, character: u32, utf8: bool) -> bool {
    if let (0..0x80, Some(ascii)) = (character, bracket.ascii) {
        return (ascii[character as usize / 64] >> (character % 64) & 1 == 1) != bracket.negated;
    }
    bracket.items.iter().any(|item| item_matches(item, character, utf8)) != bracket.negated
}

fn item_matches(item: &BracketItem, character: u32, utf8: bool) -> bool {
    match *item {
        BracketItem::Class(class) => class_contains(class, character, utf8),
        BracketItem::Char(member) | BracketItem::Equivalence(member) => {
            if utf8 || character < 0x80 {
                member == character
            } else {
                bytes_contain(member, member, character)
            }
        }
        BracketItem::Range(low, high) => {
            if utf8 || high < 0x80 {
                (low..=high).contains(&character)
            } else {
                bytes_contain(low, high, character)
            }
        }
    }
}

/// Whether a byte is in a range when each byte is a character: `[à-é]` is then what its bytes say, a first byte, a range
/// between two bytes, and a last byte.
fn bytes_contain(low: u32, high: u32, character: u32) -> bool {
    let byte = if character >= 0xDC00 { (character - 0xDC00) as u8 } else { character as u8 };
    let (mut low_buffer, mut high_buffer) = ([0; 4], [0; 4]);
    let low_bytes = bytes_of(low, &mut low_buffer);
    let high_bytes = bytes_of(high, &mut high_buffer);
    if low == high {
        return low_bytes.contains(&byte);
    }
    match (low_bytes, high_bytes) {
        ([before @ .., from], [to, behind @ ..]) => {
            before.contains(&byte) || (*from..=*to).contains(&byte) || behind.contains(&byte)
        }
        _ => false,
    }
}

/// The bytes of a character of a bracket expression.
fn bytes_of(character: u32, buffer: &mut [u8; 4]) -> &[u8] {
    match char::from_u32(character) {
        Some(character) => character.encode_utf8(buffer).as_bytes(),
        None => {
            buffer[0] = character.wrapping_sub(0xDC00) as u8;
            &buffer[..1]
        }
    }
}

/// Whether a character is in a class (XBD 7.3.1): by Unicode's properties with UTF-8, else only ASCII.
fn class_contains(class: CharClass, character: u32, utf8: bool) -> bool {
    if let byte @ 0..0x80 = character {
        return class.has_ascii(byte as u8);
    }
    let Some(character) = char::from_u32(character).filter(|_| utf8) else { return false };
    match class {
        CharClass::Alnum => character.is_alphanumeric(),
        CharClass::Alpha => character.is_alphabetic(),
        CharClass::Blank => is_space_separator(character),
        CharClass::Cntrl => is_control(character),
        CharClass::Graph => is_graphic(character),
        CharClass::Lower => character.is_lowercase(),
        CharClass::Print => is_graphic(character) || is_space_separator(character),
        CharClass::Punct => is_graphic(character) && !character.is_alphanumeric(),
        CharClass::Space => character.is_whitespace() && !is_no_break(character),
        CharClass::Upper => character.is_uppercase(),
        CharClass::Digit | CharClass::Xdigit | CharClass::Unknown => false,
    }
}

fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Spaces at which a line is not broken are no white space for POSIX.
fn is_no_break(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

fn is_space_separator(character: char) -> bool {
    character.is_whitespace() && !is_control(character) && !is_no_break(character)
}

fn is_graphic(character: char) -> bool {
    !is_control(character) && !is_space_separator(character)
}
