//! `$'...'` (XCU 2.2.4).

use crate::find;
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use bstr::BString;

// dollar_single_quoted = "$'" , { dollar_single_character | "\" , escape } , "'" ;
/// From the quote on; the decoded bytes.
pub fn dollar_single_quoted(cursor: Cursor<'_>) -> Parsed<'_, BString> {
    let start = cursor;
    let mut text = BString::default();
    let mut cursor = cursor.advance(1);
    // A NUL ends the value; what follows up to the quote is dropped.
    let mut dropped = None;
    loop {
        let at = find::any([b'\'', b'\\', b'\n'], cursor.rest()).unwrap_or(cursor.rest().len());
        text.extend_from_slice(&cursor.rest()[..at]);
        cursor = cursor.advance(at);
        match cursor.rest() {
            [b'\'', ..] => {
                if let Some(length) = dropped {
                    text.truncate(length);
                }
                return Ok((cursor.advance(1), text));
            }
            // (At the end of the input: the quote is not closed.)
            [b'\\'] => {
                text.push(b'\\');
                cursor = cursor.advance(1);
            }
            [b'\\', rest @ ..] => {
                let (byte, length) = escape(rest);
                match byte {
                    Escaped::Bytes(bytes) if bytes == b"\0" => dropped = dropped.or(Some(text.len())),
                    Escaped::Bytes(bytes) => text.extend_from_slice(&bytes),
                    Escaped::Unknown => {
                        text.push(b'\\');
                        text.extend_from_slice(&rest[..length]);
                    }
                }
                if rest[0] == b'\n' {
                    match cursor.advance(1).next_line_inside(b"quote") {
                        Some(next) => cursor = next,
                        None => cursor = cursor.advance(2),
                    }
                } else {
                    cursor = cursor.advance(1 + length);
                }
            }
            rest => {
                text.extend_from_slice(&rest[..rest.len().min(1)]);
                match cursor.next_line_inside(b"quote") {
                    Some(next) => cursor = next,
                    None => {
                        let (opened, needs) = ("the quote $'", "a closing one");
                        let end = cursor.advance(rest.len());
                        return end.fail(Situation::Unclosed { opened, needs, place: start.place() });
                    }
                }
            }
        }
    }
}

enum Escaped {
    Bytes(Vec<u8>),
    Unknown,
}

// escape = '"' | "'" | "\" | "a" | "b" | "e" | "f" | "n" | "r" | "t" | "v" | "c" , letter | "x" , digit ,
//     digit | digit , digit , digit ;
/// The bytes for what stands behind a backslash, and its length.
fn escape(rest: &[u8]) -> (Escaped, usize) {
    let one = |byte: u8| (Escaped::Bytes(vec![byte]), 1);
    match rest[0] {
        byte @ (b'"' | b'\'' | b'\\' | b'?') => one(byte),
        b'a' => one(7),
        b'b' => one(8),
        b'e' | b'E' => one(0x1b),
        b'f' => one(12),
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'v' => one(11),
        b'c' if rest.len() > 1 => match rest[1] {
            b'\\' if rest.get(2) == Some(&b'\\') => (Escaped::Bytes(vec![0x1c]), 3),
            b'?' => (Escaped::Bytes(vec![0x7f]), 2),
            byte => (Escaped::Bytes(vec![byte.to_ascii_uppercase() & 0x1f]), 2),
        },
        b'x' => number(rest, 1, 16, 2),
        b'u' => unicode(rest, 4),
        b'U' => unicode(rest, 8),
        b'0'..=b'7' => number(rest, 0, 8, 3),
        _ => (Escaped::Unknown, 1),
    }
}

fn digits(rest: &[u8], from: usize, radix: u32, most: usize) -> (u32, usize) {
    let mut value = 0u32;
    let mut at = from;
    while let Some(digit) = rest.get(at).and_then(|&byte| char::from(byte).to_digit(radix)) {
        if at - from == most {
            break;
        }
        value = value.wrapping_mul(radix).wrapping_add(digit);
        at += 1;
    }
    (value, at)
}

fn number(rest: &[u8], from: usize, radix: u32, most: usize) -> (Escaped, usize) {
    let (value, end) = digits(rest, from, radix, most);
    if end == from { (Escaped::Unknown, 1) } else { (Escaped::Bytes(vec![value as u8]), end) }
}

fn unicode(rest: &[u8], most: usize) -> (Escaped, usize) {
    let (value, end) = digits(rest, 1, 16, most);
    match char::from_u32(value) {
        Some(character) if end > 1 => (Escaped::Bytes(character.to_string().into_bytes()), end),
        _ => (Escaped::Unknown, 1),
    }
}
