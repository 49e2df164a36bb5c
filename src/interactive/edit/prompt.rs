//! A prompt as cells: what is shown, and escape sequences that take no columns.

use crate::interactive::text::push_visible;

/// Begins a part of a prompt that takes no columns (`\[`).
pub const HIDDEN_BEGIN: char = '\u{1}';
/// Ends such a part (`\]`).
pub const HIDDEN_END: char = '\u{2}';

/// A prompt, divided into cells.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// Each with its columns; escape sequences stand before the character behind them.
    cells: Vec<(String, usize)>,
}

impl Prompt {
    /// Without escape sequences.
    pub fn plain(text: &str) -> Self {
        Self::new(text)
    }

    /// From the text of an expanded prompt. Escape sequences of the forms `ESC [ ... letter` and `ESC ] ... BEL` take no columns,
    /// even if the user has not said so.
    pub fn new(text: &str) -> Self {
        let mut prompt = Self::default();
        let mut hidden = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let escape = match first {
                HIDDEN_BEGIN => rest.find(HIDDEN_END).map(|end| (&rest[1..end], end + 1)),
                HIDDEN_END => Some(("", 1)),
                '\x1b' => escape_length(rest).map(|length| (&rest[..length], length)),
                _ => None,
            };
            if let Some((sequence, length)) = escape {
                hidden.push_str(sequence);
                rest = &rest[length..];
                continue;
            }
            rest = &rest[first.len_utf8()..];
            if first == '\n' {
                prompt.hidden(&mut hidden);
                prompt.cells.push(("\n".to_owned(), 0));
                continue;
            }
            let mut cell = std::mem::take(&mut hidden);
            let width = if first == '\t' {
                cell.push(' ');
                1
            } else {
                push_visible(&mut cell, first)
            };
            prompt.cells.push((cell, width));
        }
        prompt.hidden(&mut hidden);
        prompt
    }

    /// Escape sequences that no character follows go to the one before.
    fn hidden(&mut self, hidden: &mut String) {
        match self.cells.last_mut() {
            Some((cell, _)) if cell != "\n" => cell.push_str(hidden),
            _ if hidden.is_empty() => {}
            _ => self.cells.push((hidden.clone(), 0)),
        }
        hidden.clear();
    }

    /// The cells, each with its columns; a newline is one.
    pub fn cells(&self) -> impl Iterator<Item = (&str, usize)> {
        self.cells.iter().map(|(text, width)| (&text[..], *width))
    }
}

/// The length of the escape sequence at the start of the text.
fn escape_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.get(1)? {
        b'[' => bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 3),
        b']' => {
            let bell = bytes[2..].iter().position(|&byte| byte == 7).map(|at| at + 3);
            bell.or_else(|| text.find("\x1b\\").map(|at| at + 2))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_take_no_columns() {
        let columns = |text: &str| Prompt::new(text).cells().map(|(_, width)| width).sum::<usize>();
        assert_eq!(columns("ab"), 2);
        assert_eq!(columns("\x1b[1;31ma\x1b[mb"), 2);
        assert_eq!(columns("\u{1}\x1b]0;title\x07\u{2}$ "), 2);
        assert_eq!(columns("a\x07"), 3);
    }
}
