//! A prompt as cells: what is shown, and escape sequences that take no columns.

use crate::interactive::text::{push_visible, to_bytes};
use crate::interactive::{prompt, syntax_state};
use crate::shell::Shell;

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

/// What stands before the lines of a command but the first.
#[derive(Debug, Default)]
pub struct Continuation {
    /// Before those that have none of their own.
    usual: Prompt,
    /// One for each line: what is open there. None where the user has set PS2.
    lines: Vec<Prompt>,
    /// What they were made for: all lines but the last, and the columns of the window.
    of: Option<(String, usize)>,
}

impl Continuation {
    /// PS2, or prompts that name what is open.
    pub fn new(text: Option<&str>) -> Self {
        let of = text.is_none().then(Default::default);
        Self { usual: Prompt::new(text.unwrap_or("> ")), lines: Vec::new(), of }
    }

    /// One and the same for all lines.
    #[cfg(test)]
    pub fn plain(text: &str) -> Self {
        Self::new(Some(text))
    }

    /// The text has changed, or the window.
    pub fn update(&mut self, shell: &Shell, text: &str, columns: usize) {
        let Some((of, width)) = &mut self.of else { return };
        // What is typed in a line changes nothing before it.
        let before = text.rfind('\n').map_or("", |newline| &text[..newline]);
        if (&of[..], *width) != (before, columns) {
            (*of, *width) = (before.to_owned(), columns);
            let open = if before.is_empty() { Vec::new() } else { syntax_state::lines(shell, &to_bytes(before)).open };
            self.lines = open.iter().map(|open| Prompt::new(&prompt::continuation(open, columns))).collect();
        }
    }

    /// What stands before the line behind so many newlines, at least one.
    pub fn of_line(&self, newlines: usize) -> &Prompt {
        newlines.checked_sub(1).and_then(|index| self.lines.get(index)).unwrap_or(&self.usual)
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
