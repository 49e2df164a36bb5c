//! Quoting: a text that the shell reads back as the same bytes (`set`, `export -p`, `alias`, `trap`, `set -x`, the printer).

use bstr::ByteSlice;

/// Append `text` so that the shell reads it back as one word with the same bytes: as it is if nothing in it is special, else in
/// single quotes, else (control characters other than tab and newline, bytes that are not UTF-8) as `$'...'`.
pub fn quote_into(out: &mut Vec<u8>, text: &[u8]) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:,+@%^=".contains(byte);
    if !text.is_empty() && text.iter().all(plain) {
        out.extend_from_slice(text);
    } else if text.iter().any(|byte| byte.is_ascii_control() && !b"\t\n".contains(byte)) || text.to_str().is_err() {
        dollar_quote(out, text);
    } else {
        // A single quote cannot stand in single quotes: `it's` is `'it'\''s'`.
        for (index, part) in text.split(|&byte| byte == b'\'').enumerate() {
            if index > 0 {
                out.extend_from_slice(b"\\'");
            }
            if !part.is_empty() || text.is_empty() {
                out.push(b'\'');
                out.extend_from_slice(part);
                out.push(b'\'');
            }
        }
    }
}

/// `text` quoted; see [`quote_into`].
pub fn quote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(&mut out, text);
    out
}

/// `text` for a terminal, on which its control characters then do nothing: `^X`, and `\x9b` for those beyond ASCII.
pub fn visible(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\0'..='\x7f' if character.is_ascii_control() => out.extend_from_slice(&[b'^', character as u8 ^ 0x40]),
                '\u{80}'..='\u{9f}' => out.extend_from_slice(format!("\\x{:x}", u32::from(character)).as_bytes()),
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for &byte in chunk.invalid() {
            match byte {
                0x80..=0x9f => out.extend_from_slice(format!("\\x{byte:x}").as_bytes()),
                _ => out.push(byte),
            }
        }
    }
    out
}

/// `$'...'` (XCU 2.2.4). A byte that is not printable is three octal digits, so that what follows cannot extend it.
fn dollar_quote(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(b"$'");
    for chunk in text.utf8_chunks() {
        for &byte in chunk.valid().as_bytes() {
            match byte {
                b'\'' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\t' => out.extend_from_slice(b"\\t"),
                b'\r' => out.extend_from_slice(b"\\r"),
                0x1b => out.extend_from_slice(b"\\e"),
                byte if byte.is_ascii_control() => octal(out, byte),
                byte => out.push(byte),
            }
        }
        for &byte in chunk.invalid() {
            octal(out, byte);
        }
    }
    out.push(b'\'');
}

fn octal(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_only_what_needs_it() {
        assert_eq!(quote(b"a/b-c.d"), b"a/b-c.d");
        assert_eq!(quote(b""), b"''");
        assert_eq!(quote(b"it's"), b"'it'\\''s'");
        assert_eq!(quote(b"'"), b"\\'");
        assert_eq!(quote(b"a\xffb\x01"), b"$'a\\377b\\001'");
    }
}
