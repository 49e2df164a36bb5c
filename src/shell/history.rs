//! The commands that were typed, with their numbers (XCU, `fc`; sh, "Command History List").
//!
//! The list belongs to this shell. A file keeps it for later ones ([`mod@file`]).

pub mod file;

use bstr::BString;
use std::collections::VecDeque;

/// How many commands are kept where HISTSIZE does not say (the standard asks for 128 at least).
pub const DEFAULT_SIZE: usize = 10_000;
/// The most that HISTSIZE can ask for.
const MOST: usize = 1_000_000;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, which never changes.
    pub number: u64,
    /// Its text, without the last newline.
    pub text: BString,
}

/// The list, oldest first.
#[derive(Debug)]
pub struct History {
    entries: VecDeque<Entry>,
    next: u64,
    size: usize,
    /// The last entry is the command that is being executed.
    pub has_current: bool,
    /// Where the list is kept.
    pub file: Option<std::path::PathBuf>,
    /// Commands are remembered: the shell reads them from a person.
    pub on: bool,
    /// A command that is the same as the one before is an entry, too (POSIX mode).
    pub repeats: bool,
    /// The last entry was not executed, and is there until the next command comes.
    refused: bool,
}

impl Default for History {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            next: 1,
            size: DEFAULT_SIZE,
            has_current: false,
            file: None,
            on: false,
            repeats: false,
            refused: false,
        }
    }
}

impl History {
    /// How many commands there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry with an index; 0 is the oldest.
    pub fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The newest entry.
    pub fn last(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// All entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The index of the entry with a number.
    pub fn index_of(&self, number: u64) -> Option<usize> {
        let first = self.entries.front()?.number;
        let guess = usize::try_from(number.checked_sub(first)?).ok()?;
        // Numbers grow by one unless something was removed.
        match self.entries.get(guess) {
            Some(entry) if entry.number == number => Some(guess),
            _ => self.entries.iter().position(|entry| entry.number == number),
        }
    }

    /// How many of the entries, from the oldest on, were commands: not one that was refused.
    pub fn commands(&self) -> usize {
        self.len() - usize::from(self.refused)
    }

    /// Keep a line that was not executed until the next command, so that its user can get it back and mend it.
    pub fn refuse(&mut self, text: &[u8]) {
        self.refused = self.add(text);
    }

    /// The entries that `fc` speaks of: not the one that is being executed.
    pub fn earlier(&self) -> usize {
        self.len() - usize::from(self.has_current && !self.is_empty())
    }

    /// Set how many are kept: HISTSIZE, where that is a number.
    pub fn set_size(&mut self, value: Option<&[u8]>) {
        let number =
            value.and_then(|value| std::str::from_utf8(value).ok()).and_then(|value| value.trim().parse().ok());
        self.size = number.map_or(DEFAULT_SIZE, |number: usize| number.min(MOST));
        self.shrink();
    }

    /// How many are kept.
    pub fn size(&self) -> usize {
        self.size
    }

    fn shrink(&mut self) {
        while self.entries.len() > self.size {
            self.entries.pop_front();
        }
        self.refused &= !self.is_empty();
    }

    /// Append a command; false if it is blank, or the same as the last one where that counts once.
    pub fn add(&mut self, text: &[u8]) -> bool {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let is_repeated = |history: &Self| !history.repeats && history.last().is_some_and(|last| last.text == text);
        if text.iter().all(u8::is_ascii_whitespace) {
            return false;
        }
        if std::mem::take(&mut self.refused) {
            self.remove_last();
        }
        if is_repeated(self) {
            return false;
        }
        self.entries.push_back(Entry { number: self.next, text: BString::from(text) });
        self.next += 1;
        self.shrink();
        true
    }

    /// Append the command that is about to be executed, to the file too: so it is not lost with the shell.
    pub fn record(&mut self, text: &[u8]) {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let is_new = self.add(text);
        self.has_current = self.last().is_some_and(|last| last.text == text);
        // `fc` takes its own line out of the list, and so it is not written.
        let stays = !text.starts_with(b"fc ") && text != b"fc";
        if let (true, true, Some(path)) = (is_new, stays, &self.file) {
            // A home that cannot be written keeps no history; that is no reason to complain at each command.
            let _ = file::append(path, text);
        }
    }

    /// Remove the last entry: `fc` takes its own line out.
    pub fn remove_last(&mut self) {
        if self.entries.pop_back().is_some() {
            self.next -= 1;
        }
        self.has_current = false;
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.refused = false;
        self.has_current = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_repetitions_are_one() {
        let mut history = History::default();
        history.set_size(Some(b"2"));
        assert!(history.add(b"a\n"));
        assert!(!history.add(b"a"));
        assert!(!history.add(b" \n"));
        history.repeats = true;
        assert!(history.add(b"a"));
        assert!(!history.add(b" \n"));
        history.repeats = false;
        history.add(b"b");
        history.add(b"c");
        assert_eq!(history.len(), 2);
        assert_eq!(history.get(0).map(|entry| entry.number), Some(3));
        assert_eq!(history.index_of(4), Some(1));
        assert_eq!(history.index_of(1), None);
    }

    #[test]
    fn what_was_refused_is_there_until_the_next_command() {
        let mut history = History::default();
        history.add(b"a");
        history.refuse(b"!x");
        assert_eq!((history.len(), history.commands()), (2, 1));
        history.refuse(b"!y");
        assert_eq!((history.len(), history.commands()), (2, 1));
        history.add(b"b");
        let texts: Vec<_> = history.iter().map(|entry| (entry.number, &entry.text[..])).collect();
        assert_eq!(texts, [(1, &b"a"[..]), (2, b"b")]);
        assert_eq!(history.commands(), 2);
    }

    #[test]
    fn a_size_that_is_no_number_is_the_default() {
        let mut history = History::default();
        history.set_size(Some(b"many"));
        assert_eq!(history.size(), DEFAULT_SIZE);
        history.set_size(Some(b"0"));
        assert!(history.is_empty());
    }
}
