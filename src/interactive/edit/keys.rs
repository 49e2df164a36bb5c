//! Bytes from the terminal to keys: UTF-8, and the escape sequences of ECMA-48 and xterm.
//!
//! ESC begins a sequence and is a key too. What tells them apart is time: the bytes of a sequence come together.

use crate::interactive::text::to_text;
use rustyline::{KeyCode, KeyEvent, Modifiers};
use std::collections::VecDeque;

/// Collects the bytes of one key.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Bytes behind one that was not part of a character.
    held: VecDeque<u8>,
}

/// What a byte has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// More bytes belong to the key.
    More,
    /// A key.
    Key(KeyEvent),
    /// A paste begins.
    Paste,
}

/// What a sequence begins with.
const ESCAPE: u8 = 0x1b;
/// ^C.
const INTERRUPT: u8 = 3;
/// The bytes that end a bracketed paste.
pub const PASTE_END: &[u8] = b"\x1b[201~";

impl Decoder {
    /// Whether a key has begun.
    pub fn is_inside(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// A byte that is to be pushed again before others are read.
    pub fn take_held(&mut self) -> Option<u8> {
        self.held.pop_front()
    }

    /// Keep bytes that were read and belong to later keys.
    pub fn hold(&mut self, bytes: &[u8]) {
        self.held.extend(bytes);
    }

    /// Take a byte.
    pub fn push(&mut self, byte: u8) -> Decoded {
        if byte == INTERRUPT && self.bytes.first() == Some(&ESCAPE) {
            // It waits for no end of a sequence.
            self.bytes.clear();
        }
        self.bytes.push(byte);
        let decoded = match self.bytes[0] {
            ESCAPE => escape(&self.bytes),
            0..=0x7f => Decoded::Key(KeyEvent::new(char::from(byte), Modifiers::NONE)),
            _ => character(&self.bytes, Modifiers::NONE),
        };
        if decoded != Decoded::More && self.bytes[0] >= 0x80 && std::str::from_utf8(&self.bytes).is_err() {
            self.held.extend(&self.bytes[1..]);
        }
        if decoded != Decoded::More {
            self.bytes.clear();
        }
        decoded
    }

    /// No byte has come for a while: what there is must be the key.
    pub fn timeout(&mut self) -> KeyEvent {
        let bytes = std::mem::take(&mut self.bytes);
        match &bytes[..] {
            [0x1b, b'[' | b'O' | b']' | b'P'] => KeyEvent::alt(char::from(bytes[1])),
            [0x1b] | [0x1b, 0x1b, ..] => KeyEvent(KeyCode::Esc, Modifiers::NONE),
            [0x1b, ..] => KeyEvent(KeyCode::UnknownEscSeq, Modifiers::NONE),
            other => KeyEvent::new(to_text(other).chars().next().unwrap_or('?'), Modifiers::NONE),
        }
    }
}

/// A character beyond ASCII; a byte that cannot be part of one is kept as it is.
fn character(bytes: &[u8], modifiers: Modifiers) -> Decoded {
    let key = |text: &str| Decoded::Key(KeyEvent::new(text.chars().next().unwrap_or('?'), modifiers));
    match std::str::from_utf8(bytes) {
        Ok(text) => key(text),
        Err(error) if error.error_len().is_none() && bytes.len() < 4 => Decoded::More,
        Err(_) => key(&to_text(bytes)),
    }
}

fn escape(bytes: &[u8]) -> Decoded {
    match bytes {
        [_] | [_, b'[' | b'O'] => Decoded::More,
        // Linux console: ESC [ [ A
        [_, b'[', b'['] => Decoded::More,
        [_, b'[', b'[', last] => function(u16::from(last.wrapping_sub(b'@'))),
        [_, b'[', inner @ .., last] if (0x40..=0x7e).contains(last) => sequence(inner, *last),
        [_, b'[', ..] if bytes.len() < 64 => Decoded::More,
        [_, b'O', last] => sequence(b"", *last),
        // The terminal's answer to somebody's question: ESC ] ... BEL, or ESC P ... ESC \
        [_, b']' | b'P', .., 7 | b'\\'] => unknown(),
        [_, b']' | b'P', ..] if bytes.len() < 4096 => Decoded::More,
        [_, 0x1b, rest @ ..] => match rest {
            [] => Decoded::More,
            [b'[' | b'O'] => Decoded::More,
            _ => match escape(&bytes[1..]) {
                Decoded::Key(KeyEvent(code, modifiers)) => Decoded::Key(KeyEvent(code, modifiers | Modifiers::ALT)),
                other => other,
            },
        },
        [_, byte] if byte.is_ascii() => Decoded::Key(KeyEvent::new(char::from(*byte), Modifiers::ALT)),
        [_, rest @ ..] => character(rest, Modifiers::ALT),
        [] => Decoded::More,
    }
}

fn unknown() -> Decoded {
    Decoded::Key(KeyEvent(KeyCode::UnknownEscSeq, Modifiers::NONE))
}

fn function(number: u16) -> Decoded {
    u8::try_from(number)
        .map_or_else(|_| unknown(), |number| Decoded::Key(KeyEvent(KeyCode::F(number), Modifiers::NONE)))
}

/// `ESC [ parameters last`
fn sequence(inner: &[u8], last: u8) -> Decoded {
    let mut numbers = inner.split(|&byte| byte == b';').map(|digits| {
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok()).unwrap_or_default()
    });
    let first = numbers.next().unwrap_or_default();
    let code = match (last, first) {
        (b'A', _) => KeyCode::Up,
        (b'B', _) => KeyCode::Down,
        (b'C', _) => KeyCode::Right,
        (b'D', _) => KeyCode::Left,
        (b'H', _) | (b'~', 1 | 7) => KeyCode::Home,
        (b'F', _) | (b'~', 4 | 8) => KeyCode::End,
        (b'Z', _) => KeyCode::BackTab,
        (b'M', _) if inner.is_empty() => KeyCode::Enter,
        (b'P', _) if inner.is_empty() => KeyCode::F(1),
        (b'~', 11) => KeyCode::F(1),
        (b'~', 2) => KeyCode::Insert,
        (b'~', 3) => KeyCode::Delete,
        (b'~', 5) => KeyCode::PageUp,
        (b'~', 6) => KeyCode::PageDown,
        (b'~', 200) => return Decoded::Paste,
        _ => return unknown(),
    };
    // The second parameter is 1 more than the bits shift, alt, control.
    let bits = numbers.next().unwrap_or(1).saturating_sub(1);
    let mut modifiers = Modifiers::NONE;
    for (bit, modifier) in [(1, Modifiers::SHIFT), (2, Modifiers::ALT), (4, Modifiers::CTRL)] {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    Decoded::Key(KeyEvent(code, modifiers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<KeyEvent> {
        let mut decoder = Decoder::default();
        let mut keys: Vec<_> = bytes
            .iter()
            .flat_map(|&byte| {
                let first = decoder.push(byte);
                let held = decoder.take_held().map(|byte| decoder.push(byte));
                [Some(first), held]
            })
            .filter_map(|decoded| match decoded {
                Some(Decoded::Key(key)) => Some(key),
                _ => None,
            })
            .collect();
        if decoder.is_inside() {
            keys.push(decoder.timeout());
        }
        keys
    }

    fn key(code: KeyCode, modifiers: Modifiers) -> KeyEvent {
        KeyEvent(code, modifiers)
    }

    #[test]
    fn sequences_are_one_key() {
        assert_eq!(keys(b"\x1b[A\x1b[1;5C"), [key(KeyCode::Up, Modifiers::NONE), key(KeyCode::Right, Modifiers::CTRL)]);
        assert_eq!(
            keys(b"\x1bOH\x1b[3~"),
            [key(KeyCode::Home, Modifiers::NONE), key(KeyCode::Delete, Modifiers::NONE)]
        );
        assert_eq!(keys(b"\x1bb"), [KeyEvent::alt('b')]);
        assert_eq!(keys(b"\x1b[24;80R"), [key(KeyCode::UnknownEscSeq, Modifiers::NONE)]);
        assert_eq!(keys(b"\x1b"), [key(KeyCode::Esc, Modifiers::NONE)]);
    }

    #[test]
    fn characters_and_bytes_that_are_none() {
        assert_eq!(keys("é日".as_bytes()), [KeyEvent::from('é'), KeyEvent::from('日')]);
        let kept = |byte: u8| KeyEvent::from(to_text(&[byte]).chars().next().unwrap_or('?'));
        assert_eq!(keys(b"\xe9a\xff"), [kept(0xe9), KeyEvent::from('a'), kept(0xff)]);
    }
}
