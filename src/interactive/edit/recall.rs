//! History while editing: going through it, and searching it incrementally.

use super::input::Session;
use super::line::Motion;
use super::prompt::Prompt;
use super::{Editor, Step, Stop, emacs};
use crate::interactive::text::{to_text, visible};
use crate::shell::Shell;
use rustyline::{KeyCode, KeyEvent, Modifiers};

/// Where in the history the line comes from.
#[derive(Debug, Default)]
pub struct Recall {
    /// The entry that is shown; `None`: the line that the user began.
    at: Option<usize>,
    /// That line.
    own: String,
    /// What entries begin with; empty for all.
    prefix: String,
    /// What was searched for last.
    last_search: String,
}

impl Recall {
    /// A new line begins.
    pub fn begin(&mut self) {
        self.at = None;
        self.own.clear();
        self.prefix.clear();
    }
}

impl Editor {
    /// To the entry before or behind the one that is shown. With `by_prefix` only those count that begin with what was typed.
    pub fn recall(&mut self, shell: &Shell, older: bool, by_prefix: bool) -> bool {
        let count = shell.history.len();
        if self.recall.at.is_none() {
            if !older {
                return false;
            }
            self.recall.own = self.line.text().to_owned();
            self.recall.prefix = if by_prefix { self.recall.own.clone() } else { String::new() };
        }
        let mut at = self.recall.at.unwrap_or(count);
        loop {
            let next = if older { at.checked_sub(1) } else { Some(at + 1).filter(|&next| next <= count) };
            let Some(next) = next else { return false };
            at = next;
            let text = match shell.history.get(at) {
                Some(entry) => to_text(&entry.text),
                None => self.recall.own.clone(),
            };
            let shown = text == self.line.text();
            if at == count || !shown && text.starts_with(&self.recall.prefix) {
                self.recall.at = (at < count).then_some(at);
                self.show(&text);
                return true;
            }
        }
    }

    /// To the entry with this index, or with `None` back to the line that the user began.
    pub fn recall_entry(&mut self, shell: &Shell, index: Option<usize>) -> bool {
        if self.recall.at.is_none() {
            self.recall.own = self.line.text().to_owned();
        }
        let entry = index.and_then(|index| shell.history.get(index));
        if index.is_some() && entry.is_none() {
            return false;
        }
        let text = entry.map_or_else(|| self.recall.own.clone(), |entry| to_text(&entry.text));
        self.recall.at = index;
        self.show(&text);
        true
    }

    /// The index of the entry that is shown; the number of entries for the user's own line.
    pub fn recalled(&self, shell: &Shell) -> usize {
        self.recall.at.unwrap_or(shell.history.len())
    }

    fn show(&mut self, text: &str) {
        self.line.interrupt();
        self.line.begin(text, text.len());
    }

    /// ^R and ^S: search while the text is typed. Any key that is not part of the search ends it and does what it does.
    pub fn search(&mut self, shell: &mut Shell, session: &mut Session, mut older: bool) -> Result<Step, Stop> {
        let before = (self.line.text().to_owned(), self.line.cursor(), self.recall.at);
        let mut wanted = String::new();
        let mut found = true;
        loop {
            let failed = if found { "" } else { "failed " };
            let direction = if older { "reverse" } else { "forward" };
            let shown = visible(wanted.as_bytes());
            self.other_prompt = Some(Prompt::plain(&format!("({failed}{direction}-i-search)`{shown}': ")));
            self.dirty = true;
            let key = self.next_key(shell, session)?;
            let next = match key {
                KeyEvent(KeyCode::Char(character), Modifiers::NONE) => {
                    wanted.push(character);
                    false
                }
                KeyEvent(KeyCode::Backspace, _) => {
                    wanted.pop();
                    self.recall.at = before.2;
                    false
                }
                KeyEvent(KeyCode::Char(direction @ ('R' | 'S')), Modifiers::CTRL) => {
                    older = direction == 'R';
                    if wanted.is_empty() {
                        wanted = self.recall.last_search.clone();
                    }
                    true
                }
                KeyEvent(KeyCode::Char('G' | 'C'), Modifiers::CTRL) => {
                    self.other_prompt = None;
                    self.line.begin(&before.0, before.1);
                    self.recall.at = before.2;
                    return Ok(Step::Continue);
                }
                key => {
                    self.recall.last_search = wanted;
                    self.other_prompt = None;
                    self.dirty = true;
                    return match key {
                        KeyEvent(KeyCode::Esc, _) => Ok(Step::Continue),
                        key if self.vi.on => super::vi::key(self, shell, session, key),
                        key => emacs::key(self, shell, session, key),
                    };
                }
            };
            found = wanted.is_empty() || self.search_entry(shell, &wanted, older, next);
            if !found {
                self.bell();
            }
        }
    }

    /// Show the nearest entry that contains the text; with `next` not the one that is shown.
    fn search_entry(&mut self, shell: &Shell, wanted: &str, older: bool, next: bool) -> bool {
        let count = shell.history.len();
        let start = self.recall.at.unwrap_or(count);
        let shown = self.line.text().to_owned();
        let matches = |index: usize| {
            let text = to_text(&shell.history.get(index)?.text);
            let at = text.rfind(wanted)?;
            (!next || text != shown).then_some((index, text, at))
        };
        let found = if older {
            (0..(start + usize::from(!next)).min(count)).rev().find_map(matches)
        } else {
            (start + usize::from(next)..count).find_map(matches)
        };
        let Some((index, text, at)) = found else { return false };
        if self.recall.at.is_none() {
            self.recall.own = shown;
        }
        self.recall.at = Some(index);
        self.line.begin(&text, at);
        true
    }

    /// vi's `/` and `?`: the nearest entry for which `matches`, from the one that is shown.
    pub fn recall_matching(&mut self, shell: &Shell, older: bool, matches: impl Fn(&str) -> bool) -> bool {
        let start = self.recalled(shell);
        let fits = |&index: &usize| shell.history.get(index).is_some_and(|entry| matches(&to_text(&entry.text)));
        let index = if older { (0..start).rev().find(fits) } else { (start + 1..shell.history.len()).find(fits) };
        index.is_some_and(|index| self.recall_entry(shell, Some(index)))
    }

    /// Alt-. : the last word of the entry before.
    pub fn insert_last_word(&mut self, shell: &Shell) {
        let last = shell.history.last().map(|entry| to_text(&entry.text));
        let word = last.as_deref().and_then(|text| text.split_whitespace().next_back()).unwrap_or_default().to_owned();
        self.line.insert(&word);
    }

    /// What is suggested becomes the line, all of it or its first word.
    pub fn take_suggestion(&mut self, word_only: bool) -> bool {
        let suggestion = std::mem::take(&mut self.suggestion);
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
