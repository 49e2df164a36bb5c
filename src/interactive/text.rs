//! Bytes and what a person sees of them.
//!
//! The line being edited is text, because people edit characters. Bytes that are not UTF-8 (in a pasted line, a file's name, an
//! old history) are kept in it as characters of a private plane and become the same bytes again. Control characters and those
//! that turn the direction of writing are shown as visible signs: sent to the terminal as they are, a file's name
//! could move the cursor, change colours, or type for the user.

use unicode_width::UnicodeWidthChar;

/// The character that stands for the byte 0x00; the one for byte n is n further.
const BYTE_PLANE: u32 = 0x10_FE00;

/// Bytes as text; what is not UTF-8 is kept.
pub fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|&byte| char::from_u32(BYTE_PLANE + u32::from(byte))));
    }
    text
}

/// The byte that a character of [`to_text`] stands for.
fn kept_byte(character: char) -> Option<u8> {
    u32::from(character).checked_sub(BYTE_PLANE).and_then(|byte| u8::try_from(byte).ok()).filter(|byte| *byte >= 0x80)
}

/// The bytes of a text from [`to_text`].
pub fn to_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|character| kept_byte(character).is_some()) {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let mut characters = rest[at..].chars();
        bytes.extend(characters.next().and_then(kept_byte));
        rest = characters.as_str();
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// How a character is shown, if not as itself.
fn sign(character: char) -> Option<String> {
    if let Some(byte) = kept_byte(character) {
        return Some(format!("\\x{byte:02x}"));
    }
    match character {
        '\0'..='\x1f' => Some(format!("^{}", char::from(character as u8 + b'@'))),
        '\x7f' => Some("^?".to_owned()),
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => Some(format!("<{:x}>", u32::from(character))),
        _ => None,
    }
}

/// Append the visible form of a character; the columns that it takes.
pub fn push_visible(out: &mut String, character: char) -> usize {
    match sign(character) {
        Some(sign) => {
            out.push_str(&sign);
            sign.len()
        }
        None => {
            out.push(character);
            character.width().unwrap_or(0)
        }
    }
}

/// Whether a character is shown as itself and takes one column.
pub fn is_simple(character: char) -> bool {
    matches!(character, ' '..='~') || sign(character).is_none() && character.width() == Some(1)
}

/// A text for the terminal: newlines stay, all else that a terminal would obey is made visible.
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for character in to_text(bytes).chars() {
        if character == '\n' || character == '\t' {
            out.push(character);
        } else {
            push_visible(&mut out, character);
        }
    }
    out
}

/// The columns that a text takes when it is shown on one line.
pub fn width(text: &str) -> usize {
    let mut shown = String::new();
    text.chars().map(|character| push_visible(&mut shown, character)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(to_bytes(&to_text(&all)), all);
        assert_eq!(to_bytes(&to_text("aé\u{10ffff}".as_bytes())), "aé\u{10ffff}".as_bytes());
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(visible(b"a\x1b[31mb\x07\x7f\xff\n"), "a^[[31mb^G^?\\xff\n");
        assert_eq!(visible("\u{9b}x\u{202e}".as_bytes()), "<9b>x<202e>");
    }

    #[test]
    fn columns_are_counted_as_terminals_do() {
        assert_eq!(width("ab"), 2);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("\x01"), 2);
    }
}
