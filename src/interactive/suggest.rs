//! The grey suggestion behind the line: how the newest command with the same beginning went on.

use crate::interactive::text::{to_bytes, to_text};
use crate::shell::Shell;

/// What is suggested, and for which line. The history does not change while a line is edited.
#[derive(Debug, Default)]
pub struct Suggestion {
    line: String,
    text: String,
}

impl Suggestion {
    /// What could follow the line; empty if nothing is known.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Nothing is suggested, and nothing is known.
    pub fn clear(&mut self) {
        self.line.clear();
        self.text.clear();
    }

    /// What was suggested, which is no suggestion any more.
    pub fn take(&mut self) -> String {
        self.line.clear();
        std::mem::take(&mut self.text)
    }

    /// Find what could follow a line. What begins with a longer line begins with a shorter one, too: so the history is searched when
    /// something else is typed than what was suggested, and not for every key.
    pub fn update(&mut self, shell: &Shell, line: &str) {
        if line.trim().is_empty() {
            return self.clear();
        }
        let typed = line.strip_prefix(&self.line[..]).filter(|_| !self.line.is_empty());
        let left = typed.and_then(|typed| self.text.strip_prefix(typed)).filter(|left| !left.is_empty());
        self.text = match (typed, left) {
            (Some(_), None) if self.text.is_empty() => String::new(),
            (_, Some(left)) => left.to_owned(),
            _ => search(shell, line),
        };
        line.clone_into(&mut self.line);
    }
}

fn search(shell: &Shell, line: &str) -> String {
    let beginning = to_bytes(line);
    let newest = shell
        .history
        .iter()
        .rev()
        .find(|entry| entry.text.len() > beginning.len() && entry.text.starts_with(&beginning));
    newest.map(|entry| to_text(&entry.text[beginning.len()..])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_before_is_what_is_searched_for() {
        let mut shell = Shell::new(crate::builtins::find);
        for text in ["make all", "ls -l one", "make", "ls -l", "make al"] {
            shell.history.add(text.as_bytes());
        }
        let mut suggestion = Suggestion::default();
        for line in [
            "",
            " ",
            "m",
            "ma",
            "mak",
            "make",
            "make al",
            "make all",
            "make",
            "l",
            "ls",
            "ls -l",
            "ls -l x",
            "ls -l x y",
            "ls -",
            "é",
        ] {
            suggestion.update(&shell, line);
            let wanted = if line.trim().is_empty() { String::new() } else { search(&shell, line) };
            assert_eq!(suggestion.text(), wanted, "{line}");
        }
    }
}
