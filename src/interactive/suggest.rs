//! The grey suggestion behind the line: how the newest command with the same beginning went on.

use crate::interactive::text::{to_bytes, to_text};
use crate::shell::Shell;

/// What could follow the text; empty if nothing is known.
pub fn suggestion(shell: &Shell, text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let beginning = to_bytes(text);
    let newest = shell
        .history
        .iter()
        .rev()
        .find(|entry| entry.text.len() > beginning.len() && entry.text.starts_with(&beginning));
    newest.map(|entry| to_text(&entry.text[beginning.len()..])).unwrap_or_default()
}
