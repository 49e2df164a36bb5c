//! Searching the history while the text is typed (^R, ^S).
//!
//! The line shows the entry that is chosen, and below it stand the entries around it that contain the text, in the order of
//! the history, as far as the window has room. Any key that is not part of the search ends it and does what it does with that entry.

use super::input::{Input, Session};
use super::prompt::Prompt;
use super::{Editor, Step, Stop, emacs};
use crate::interactive::sought::Sought;
use crate::interactive::text::{push_visible, to_bytes, to_text, visible};
use crate::shell::Shell;
use rustyline::{KeyCode, KeyEvent, Modifiers};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// How many entries are shown at most.
const MOST_ROWS: usize = 8;
/// Where less fits into a row, none are.
const LEAST_COLUMNS: usize = 12;

/// A search.
#[derive(Debug)]
pub struct Search {
    wanted: String,
    /// The direction of the last step.
    older: bool,
    /// The last step, or the last key, has found something.
    found: bool,
    /// The entries that contain the text, the newest first. Of equal ones there is one.
    matches: Vec<usize>,
}

/// What a key has done to a search.
enum Change {
    /// Go to the next match.
    Step,
    /// The text has changed.
    Text,
    /// It is over, and the key is to be obeyed.
    End(KeyEvent),
    /// It is over, and nothing is left of it.
    GiveUp,
}

impl Search {
    fn prompt(&self) -> Prompt {
        let failed = if self.found { "" } else { "failed " };
        let direction = if self.older { "reverse" } else { "forward" };
        Prompt::plain(&format!("({failed}{direction}-i-search)`{}': ", visible(self.wanted.as_bytes())))
    }

    fn obey(&mut self, input: Input, last: &str) -> Change {
        let key = match input {
            Input::Paste(text) => {
                self.wanted.push_str(text.trim_end_matches('\n'));
                return Change::Text;
            }
            Input::Key(key) => key,
        };
        match key {
            KeyEvent(KeyCode::Char(character), Modifiers::NONE) => {
                self.wanted.push(character);
                Change::Text
            }
            KeyEvent(KeyCode::Char(direction @ ('R' | 'S')), Modifiers::CTRL) => {
                self.older = direction == 'R';
                // With nothing typed: what was searched for last.
                if self.wanted.is_empty() && !last.is_empty() {
                    last.clone_into(&mut self.wanted);
                    return Change::Text;
                }
                Change::Step
            }
            KeyEvent(direction @ (KeyCode::Up | KeyCode::Down), Modifiers::NONE) => {
                self.older = direction == KeyCode::Up;
                Change::Step
            }
            KeyEvent(KeyCode::Esc, _) | KeyEvent(KeyCode::Char('G'), Modifiers::CTRL) => Change::GiveUp,
            key => Change::End(key),
        }
    }
}

impl Editor {
    /// Search until a key ends it.
    pub fn search(&mut self, shell: &mut Shell, session: &mut Session, older: bool) -> Result<Step, Stop> {
        let before = self.place();
        let matches = self.matches(shell, "");
        self.search = Some(Search { wanted: String::new(), older, found: true, matches });
        loop {
            let Some(search) = &mut self.search else { return Ok(Step::Continue) };
            self.other_prompt = Some(search.prompt());
            self.dirty = true;
            let input = self.next_input(shell, session)?;
            let Some(mut search) = self.search.take() else { return Ok(Step::Continue) };
            let shorter = matches!(input, Input::Key(KeyEvent(KeyCode::Backspace, _)));
            let change = match shorter {
                true => {
                    search.wanted.pop();
                    self.go_back(&before);
                    Change::Text
                }
                false => search.obey(input, &self.recall.last_search),
            };
            let steps = match change {
                Change::Step => true,
                Change::Text => {
                    search.matches = self.matches(shell, &search.wanted);
                    false
                }
                Change::GiveUp => {
                    self.other_prompt = None;
                    self.go_back(&before);
                    return Ok(Step::Continue);
                }
                Change::End(key) => {
                    self.recall.last_search = search.wanted;
                    self.other_prompt = None;
                    return match self.vi.on {
                        true => super::vi::key(self, shell, session, key),
                        false => emacs::key(self, shell, session, key),
                    };
                }
            };
            search.found = search.wanted.is_empty() && !steps || self.choose_match(shell, &search, steps);
            if !search.found && !steps && !search.matches.is_empty() {
                // What is left lies in the other direction.
                search.older = !search.older;
                search.found = self.choose_match(shell, &search, steps);
            }
            if !search.found {
                self.bell();
            }
            self.search = Some(search);
        }
    }

    /// The entries that contain a text, the newest first, as they are now.
    fn matches(&mut self, shell: &Shell, wanted: &str) -> Vec<usize> {
        // The entry that is shown is searched as it is in the line.
        self.keep_changes(shell);
        let here = self.recall.at.map(|_| to_bytes(self.line.text()));
        let wanted = Sought::new(wanted);
        let mut seen = HashSet::new();
        let matches = |&index: &usize| {
            let text = match self.recall.edited_entry(index) {
                Some(edited) => Cow::Owned(to_bytes(edited)),
                None => Cow::Borrowed(shell.history.get(index).map_or(&[][..], |entry| &entry.text)),
            };
            // Of those that are equal to the one that is shown, it is that one.
            let is_other = self.recall.at != Some(index) && here.as_deref() == Some(&text);
            let contains = match std::str::from_utf8(&text) {
                Ok(text) => wanted.first(text),
                Err(_) => wanted.first(&to_text(&text)),
            };
            contains.is_some() && !is_other && seen.insert(text)
        };
        (0..shell.history.len()).rev().filter(matches).collect()
    }

    /// Show the nearest match; with `next` not the one that is shown. False if there is none.
    fn choose_match(&mut self, shell: &Shell, search: &Search, next: bool) -> bool {
        let here = self.recalled(shell);
        let mut matches = search.matches.iter().copied();
        let found = match search.older {
            true => matches.find(|&index| index < here || !next && index == here),
            false => matches.rfind(|&index| index > here || !next && index == here),
        };
        let Some(index) = found else { return false };
        let place = Sought::new(&search.wanted).last(&self.text_of(shell, Some(index)));
        self.show(shell, Some(index), place.unwrap_or_default().start);
        true
    }

    /// The rows that show the matches around the one that is chosen, if so many are free, each with what of it is marked.
    pub(super) fn search_rows(&self, shell: &Shell, free: usize) -> Vec<(String, Range<usize>)> {
        let Some(search) = &self.search else { return Vec::new() };
        let rows = free.min(MOST_ROWS);
        let chosen = search.matches.iter().position(|&index| Some(index) == self.recall.at);
        // One that is in the line already need not be shown twice.
        if rows == 0 || self.columns < LEAST_COLUMNS || chosen.is_some() && search.matches.len() == 1 {
            return Vec::new();
        }
        let first = chosen.map_or(0, |chosen| chosen / rows * rows);
        let page = search.matches.iter().enumerate().skip(first).take(rows);
        let row = |(at, &index): (usize, &usize)| self.search_row(shell, index, chosen == Some(at));
        let mut page: Vec<_> = page.map(row).collect();
        page.reverse();
        page
    }

    fn search_row(&self, shell: &Shell, index: usize, chosen: bool) -> (String, Range<usize>) {
        let newline = if shell.vars.utf8() { '\u{21b5}' } else { '\n' };
        let mut text = String::from(if chosen { "> " } else { "  " });
        let mut used = text.len();
        for character in self.text_of(shell, Some(index)).chars() {
            let character = match character {
                '\n' => newline,
                '\t' => ' ',
                character => character,
            };
            let end = text.len();
            used += push_visible(&mut text, character);
            if used >= self.columns {
                text.truncate(end);
                break;
            }
        }
        let marked = if chosen { 0..text.len() } else { 0..0 };
        (text, marked)
    }
}
