//! The menu of completions below the line.
//!
//! The first Tab inserts what all candidates have in common and shows them; further ones and the arrows go through them. Whatever else
//! is typed closes the menu and leaves what was chosen.

use super::Editor;
use crate::interactive::complete::{self, Candidate, Found};
use crate::interactive::text::{push_visible, width};
use crate::shell::Shell;
use rustyline::{KeyCode as K, KeyEvent, Modifiers};
use std::ops::Range;

/// What can be chosen.
#[derive(Debug, Default)]
pub struct Menu {
    candidates: Vec<Candidate>,
    /// The part of the line that is what was chosen: no other key has changed the line while the menu is open.
    word: Range<usize>,
    chosen: Option<usize>,
}

impl Menu {
    /// Whether it is shown.
    pub fn is_open(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// Show it no more.
    pub fn close(&mut self) {
        self.candidates.clear();
        self.chosen = None;
    }

    /// The rows that show it: columns of entries, from top to bottom, and around the chosen one if there are too many.
    pub fn rows(&self, columns: usize, rows: usize) -> Vec<(String, Range<usize>)> {
        if self.candidates.is_empty() || rows < 3 {
            return Vec::new();
        }
        let labels = self.labels();
        let (widest, across, down) = shape(&labels, columns);
        let visible = down.min((rows - 2).max(1));
        let chosen_row = self.chosen.map_or(0, |chosen| chosen % down);
        let top = chosen_row.saturating_sub(visible.saturating_sub(1));
        let mut result: Vec<_> =
            (top..top + visible).map(|row| self.row(&labels, row, down, widest, columns)).collect();
        if visible < down {
            let hidden = self.candidates.len().saturating_sub(visible * across);
            let text: String = format!("... and {hidden} more").chars().take(columns.saturating_sub(1)).collect();
            result.push((text, 0..0));
        }
        result
    }

    /// What is shown of each candidate; the words about them stand below each other.
    fn labels(&self) -> Vec<String> {
        /// A longer name pushes the words behind it away, and not those of all the others.
        const LONGEST: usize = 24;
        let explained = self.candidates.iter().filter(|candidate| !candidate.about.is_empty());
        let longest = explained.map(|candidate| width(&candidate.label)).max().unwrap_or(0).min(LONGEST);
        let label = |candidate: &Candidate| match &candidate.about[..] {
            "" => candidate.label.clone(),
            about => {
                let blanks = longest.saturating_sub(width(&candidate.label)) + 2;
                format!("{}{:blanks$}{about}", candidate.label, "")
            }
        };
        self.candidates.iter().map(label).collect()
    }

    fn row(&self, labels: &[String], row: usize, down: usize, widest: usize, columns: usize) -> (String, Range<usize>) {
        let mut text = String::new();
        let mut chosen = 0..0;
        for index in (row..labels.len()).step_by(down) {
            let start = text.len();
            let mut used = 0;
            for character in labels[index].chars() {
                if used + 2 > columns {
                    break;
                }
                used += push_visible(&mut text, character);
            }
            if self.chosen == Some(index) {
                chosen = start..text.len();
            }
            if index + down < labels.len() {
                (used..widest).for_each(|_| text.push(' '));
            }
        }
        (text, chosen)
    }
}

/// The columns that an entry takes, how many entries stand beside each other, and how many below each other.
fn shape(labels: &[String], columns: usize) -> (usize, usize, usize) {
    let widest = labels.iter().map(|label| width(label)).max().unwrap_or(1) + 2;
    let across = (columns.saturating_sub(1) / widest).max(1);
    (widest, across, labels.len().div_ceil(across))
}

impl Editor {
    /// An arrow key in the menu: to the entry beside, above or below the one that is chosen; Down begins to choose. False if it is none, or
    /// not for the menu.
    pub(super) fn steer(&mut self, key: KeyEvent) -> bool {
        let KeyEvent(arrow @ (K::Up | K::Down | K::Left | K::Right), Modifiers::NONE) = key else { return false };
        let count = self.menu.candidates.len();
        let Some(chosen) = self.menu.chosen else {
            let begins = arrow == K::Down && self.menu.is_open();
            if begins {
                self.put(0);
            }
            return begins;
        };
        let (_, _, down) = shape(&self.menu.labels(), self.columns);
        let next = match arrow {
            K::Up => Some((chosen + count - 1) % count),
            K::Down => Some((chosen + 1) % count),
            K::Right => Some(chosen + down).filter(|&beside| beside < count),
            _ => chosen.checked_sub(down),
        };
        if let Some(next) = next {
            self.put(next);
        }
        next.is_some()
    }

    /// Tab and Shift-Tab.
    pub(super) fn complete(&mut self, shell: &mut Shell, forward: bool) {
        if self.menu.is_open() {
            self.choose(forward);
            return;
        }
        let Found { start, candidates } = complete::candidates(shell, self.line.text(), self.line.cursor());
        let end = self.line.cursor();
        match &candidates[..] {
            [] => self.bell(),
            [only] => {
                self.line.interrupt();
                let behind = self.line.text()[end..].starts_with(&only.suffix) && !only.suffix.is_empty();
                let suffix = if behind { "" } else { &only.suffix };
                self.line.replace(start..end, &format!("{}{suffix}", only.text));
            }
            several => {
                self.line.interrupt();
                let common = complete::common_prefix(several, &self.line.text()[start..end]);
                if let Some(common) = common {
                    self.line.replace(start..end, &common);
                }
                self.menu = Menu { candidates, word: start..self.line.cursor(), chosen: None };
            }
        }
    }

    fn choose(&mut self, forward: bool) {
        let count = self.menu.candidates.len();
        let next = match (self.menu.chosen, forward) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(chosen), true) => (chosen + 1) % count,
            (Some(chosen), false) => (chosen + count - 1) % count,
        };
        self.put(next);
    }

    /// Put an entry into the line.
    fn put(&mut self, next: usize) {
        self.menu.chosen = Some(next);
        let candidate = self.menu.candidates[next].clone();
        let word = self.menu.word.clone();
        self.line.interrupt();
        self.line.replace(word.clone(), &format!("{}{}", candidate.text, candidate.suffix));
        self.menu.word = word.start..self.line.cursor();
    }

    /// vi's `=`: show what the word could become, also if more keys have been typed.
    pub(super) fn list_expansions(&mut self, shell: &mut Shell) {
        let (_, end) = complete::word_around(self.line.text(), self.line.cursor());
        let Found { start, candidates } = complete::candidates(shell, self.line.text(), end);
        if candidates.is_empty() {
            self.bell();
        }
        self.menu = Menu { candidates, word: start..end, chosen: None };
        self.draw(shell, false);
    }

    /// vi's `\`: the longest unambiguous expansion of the word.
    pub(super) fn complete_word_here(&mut self, shell: &mut Shell) {
        let (_, end) = complete::word_around(self.line.text(), self.line.cursor());
        self.line.move_to(end);
        let Found { start, candidates } = complete::candidates(shell, self.line.text(), end);
        match &candidates[..] {
            [] => self.bell(),
            [only] => self.line.replace(start..end, &format!("{}{}", only.text, only.suffix)),
            several => match complete::common_prefix(several, &self.line.text()[start..end]) {
                Some(common) => self.line.replace(start..end, &common),
                None => self.bell(),
            },
        }
    }

    /// vi's `*`: the word becomes all that it matches.
    pub(super) fn expand_word_here(&mut self, shell: &mut Shell) {
        let (start, end) = complete::word_around(self.line.text(), self.line.cursor());
        let found = complete::pathnames(shell, &self.line.text()[start..end]);
        if found.is_empty() {
            self.line.move_to(end);
            return self.bell();
        }
        self.line.replace(start..end, &found.join(" "));
    }
}
