//! The escape sequences of `echo` (XSI), of `printf`'s format and of its `%b` (XBD 5, XCU `printf`).

use crate::find;

/// Whose escape sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// `echo`: an octal number has a 0 before its up to three digits; `\c` ends the output.
    Echo,
    /// `echo -e`: the same, and `\xHH`, `\uHHHH`, `\UHHHHHHHH`.
    EchoOption,
    /// An argument of `%b`: those of `echo`, and the extensions of the format.
    Argument,
    /// The format of `printf`: an octal number has up to three digits; `\c` is nothing special. Beyond the standard `\e`, `\xHH`,
    /// `\uHHHH`, `\UHHHHHHHH`, `\"`, `\'`.
    Format,
}

/// Append `text` with its escape sequences replaced; false when `\c` has ended the output.
pub fn unescape_into(out: &mut Vec<u8>, mut text: &[u8], escapes: Escapes) -> bool {
    while let Some(backslash) = find::byte(b'\\', text) {
        out.extend_from_slice(&text[..backslash]);
        text = &text[backslash + 1..];
        if text.first() == Some(&b'c') && escapes != Escapes::Format {
            return false;
        }
        text = &text[one(out, text, escapes)..];
    }
    out.extend_from_slice(text);
    true
}

/// Append what the sequence stands for whose backslash is just before `text`; returns the sequence's length without the backslash. A
/// backslash before anything else is a backslash.
pub fn one(out: &mut Vec<u8>, text: &[u8], escapes: Escapes) -> usize {
    let simple = match text.first() {
        Some(b'\\') => b'\\',
        Some(b'a') => 0x07,
        Some(b'b') => 0x08,
        Some(b'e') => 0x1b,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 0x0b,
        Some(&quote @ (b'"' | b'\'')) if escapes == Escapes::Format => quote,
        Some(b'0') => return octal(out, text, escapes),
        Some(b'1'..=b'7') if matches!(escapes, Escapes::Argument | Escapes::Format) => {
            return octal(out, text, escapes);
        }
        Some(&letter @ (b'x' | b'u' | b'U')) if escapes != Escapes::Echo => return hexadecimal(out, letter, text),
        _ => {
            out.push(b'\\');
            return 0;
        }
    };
    out.push(simple);
    1
}

/// Up to three octal digits; behind an additional 0 except in a format.
fn octal(out: &mut Vec<u8>, text: &[u8], escapes: Escapes) -> usize {
    let zero = usize::from(escapes != Escapes::Format && text[0] == b'0');
    let digits = text[zero..].iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte));
    let (value, length) =
        digits.fold((0u32, zero), |(value, length), digit| (value * 8 + u32::from(digit - b'0'), length + 1));
    // Three digits can say more than a byte holds: the lower eight bits count, as in C.
    out.push(value as u8);
    length
}

/// `\xHH` is a byte, `\uHHHH` and `\UHHHHHHHH` are characters in UTF-8.
fn hexadecimal(out: &mut Vec<u8>, letter: u8, text: &[u8]) -> usize {
    let most = match letter {
        b'x' => 2,
        b'u' => 4,
        _ => 8,
    };
    let mut value = 0u32;
    let mut length = 1;
    for digit in text[1..].iter().take(most).map_while(|&byte| char::from(byte).to_digit(16)) {
        value = value.wrapping_mul(16) | digit;
        length += 1;
    }
    let character = char::from_u32(value);
    match (letter, character) {
        _ if length == 1 => {
            out.push(b'\\');
            return 0;
        }
        (b'x', _) => out.push(value as u8),
        (_, Some(character)) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        (_, None) => out.extend_from_slice("\u{fffd}".as_bytes()),
    }
    length
}

#[cfg(test)]
mod tests {
    use super::{Escapes, unescape_into};

    fn unescape(text: &str, escapes: Escapes) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let more = unescape_into(&mut out, text.as_bytes(), escapes);
        (out, more)
    }

    #[test]
    fn echo_has_the_sequences_of_xsi() {
        assert_eq!(unescape(r"\a\b\f\n\r\t\v\\", Escapes::Echo).0, b"\x07\x08\x0c\n\r\t\x0b\\");
        assert_eq!(unescape(r"\0101\08\0\101", Escapes::Echo).0, b"A\x008\0\\101");
        assert_eq!(unescape(r#"\x41\"\z\"#, Escapes::Echo).0, br#"\x41\"\z\"#);
        assert_eq!(unescape(r"a\cb", Escapes::Echo), (b"a".to_vec(), false));
    }

    #[test]
    fn a_format_has_octal_numbers_without_zero_and_no_end() {
        assert_eq!(unescape(r"\1012\0101", Escapes::Format).0, b"A2\x081");
        assert_eq!(unescape(r"a\cb", Escapes::Format), (br"a\cb".to_vec(), true));
        assert_eq!(unescape(r"\x41\xe\x\u00e9\U1f600", Escapes::Format).0, "A\x0e\\xé😀".as_bytes());
    }
}
