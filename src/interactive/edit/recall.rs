//! Going through the history while editing; [`super::search`] searches it.

use super::Editor;
use super::line::Motion;
use crate::interactive::complete::scan;
use crate::interactive::sought::Sought;
use crate::interactive::text::to_text;
use crate::shell::Shell;
use std::collections::HashMap;
use std::ops::Range;

/// Where in the history the line comes from.
#[derive(Debug, Default)]
pub struct Recall {
    /// The entry that is shown; `None`: the line that the user began.
    pub(super) at: Option<usize>,
    /// What has become of the entries that were edited, and of that line, until one of them is entered.
    edited: HashMap<Option<usize>, String>,
    /// What entries begin with; empty for all.
    prefix: String,
    /// What was searched for last.
    pub(super) last_search: String,
    /// The word of an entry that the last key has inserted.
    pub last_word: Option<LastWord>,
}

/// A line and where it comes from.
pub struct Place {
    text: String,
    cursor: usize,
    at: Option<usize>,
}

/// A word that was inserted: where it is, and the index of its entry.
pub type LastWord = (Range<usize>, usize);

impl Recall {
    /// What has become of an entry, if it was changed.
    pub(super) fn edited_entry(&self, index: usize) -> Option<&str> {
        self.edited.get(&Some(index)).map(|text| &text[..])
    }

    /// A new line begins.
    pub fn begin(&mut self) {
        self.at = None;
        self.edited.clear();
        self.last_word = None;
        self.prefix.clear();
    }
}

impl Editor {
    /// To the entry before or behind the one that is shown. With `by_prefix` only those count that begin with what was typed.
    pub fn recall(&mut self, shell: &Shell, older: bool, by_prefix: bool) -> bool {
        let count = shell.history.len();
        self.keep_changes(shell);
        if self.recall.at.is_none() {
            if !older {
                return false;
            }
            self.recall.prefix = if by_prefix { self.line.text().to_owned() } else { String::new() };
        }
        let mut at = self.recall.at.unwrap_or(count);
        loop {
            let next = if older { at.checked_sub(1) } else { Some(at + 1).filter(|&next| next <= count) };
            let Some(next) = next else { return false };
            at = next;
            let index = (at < count).then_some(at);
            let text = self.text_of(shell, index);
            let fits =
                Sought::new(&self.recall.prefix).at_start(&text).is_some() || self.recall.edited.contains_key(&index);
            if index.is_none() || fits && (shell.history.repeats || text != self.line.text()) {
                self.show(shell, index, text.len());
                return true;
            }
        }
    }

    /// To the entry with this index, or with `None` back to the line that the user began.
    pub fn recall_entry(&mut self, shell: &Shell, index: Option<usize>) -> bool {
        if index.is_some_and(|index| index >= shell.history.len()) {
            return false;
        }
        self.show(shell, index, usize::MAX);
        true
    }

    /// An entry, or with `None` the user's own line, as it has been left.
    pub(super) fn text_of(&self, shell: &Shell, index: Option<usize>) -> String {
        let entry = || index.and_then(|index| shell.history.get(index)).map(|entry| to_text(&entry.text));
        self.recall.edited.get(&index).cloned().or_else(entry).unwrap_or_default()
    }

    /// What has been changed in what is shown stays there. In vi mode it has become the line that the user edits, and the entry
    /// is as it was (XCU, sh, vi Line Editing Command Mode).
    pub(super) fn keep_changes(&mut self, shell: &Shell) {
        if self.line.text() != self.text_of(shell, self.recall.at) {
            if self.vi.on {
                self.recall.at = None;
            }
            self.recall.edited.insert(self.recall.at, self.line.text().to_owned());
        }
    }

    /// Go to an entry or to the user's own line.
    pub(super) fn show(&mut self, shell: &Shell, index: Option<usize>, cursor: usize) {
        self.keep_changes(shell);
        let text = self.text_of(shell, index);
        self.recall.at = index;
        self.line.begin(&text, cursor);
    }

    /// The index of the entry that is shown; the number of entries for the user's own line.
    pub fn recalled(&self, shell: &Shell) -> usize {
        self.recall.at.unwrap_or(shell.history.len())
    }

    /// What is shown now, to [`Editor::go_back`] to.
    pub fn place(&self) -> Place {
        Place { text: self.line.text().to_owned(), cursor: self.line.cursor(), at: self.recall.at }
    }

    /// To where a search or a motion began.
    pub fn go_back(&mut self, to: &Place) {
        self.line.begin(&to.text, to.cursor);
        self.recall.at = to.at;
    }

    /// vi's `/` and `?`: the nearest entry for which `matches`, from the one that is shown.
    pub fn recall_matching(&mut self, shell: &Shell, older: bool, matches: impl Fn(&str) -> bool) -> bool {
        self.keep_changes(shell);
        let start = self.recalled(shell);
        let fits = |&index: &usize| shell.history.get(index).is_some_and(|entry| matches(&to_text(&entry.text)));
        let index = if older { (0..start).rev().find(fits) } else { (start + 1..shell.history.len()).find(fits) };
        index.is_some_and(|index| self.recall_entry(shell, Some(index)))
    }

    /// Alt-. : the last word of the entry before; directly behind another one, that of the entry before its entry instead.
    pub fn insert_last_word(&mut self, shell: &Shell, last: Option<LastWord>) -> bool {
        let here = self.line.cursor();
        let (range, entries) = last.filter(|(range, _)| range.end == here).unwrap_or((here..here, shell.history.len()));
        let word = |index: usize| {
            let text = to_text(&shell.history.get(index)?.text);
            Some((index, scan::last_word(&text).to_owned())).filter(|(_, word)| !word.is_empty())
        };
        let Some((index, word)) = (0..entries).rev().find_map(word) else {
            self.recall.last_word = Some((range, entries));
            return false;
        };
        self.line.replace(range.clone(), &word);
        self.recall.last_word = Some((range.start..self.line.cursor(), index));
        true
    }

    /// What is suggested becomes the line, all of it or its first word.
    pub fn take_suggestion(&mut self, word_only: bool) -> bool {
        let suggestion = self.suggestion.take();
        if suggestion.is_empty() || !self.line.is_at_end() {
            return false;
        }
        let first = suggestion.find(|c: char| !c.is_whitespace()).unwrap_or(0);
        let end = suggestion[first..].find(char::is_whitespace).map_or(suggestion.len(), |at| first + at);
        self.line.interrupt();
        self.line.insert(if word_only { &suggestion[..end] } else { &suggestion });
        self.line.interrupt();
        self.line.go(Motion::End, 1);
        true
    }
}
