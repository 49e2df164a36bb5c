//! The line being edited: its text and cursor (rustyline's `LineBuffer`, which knows characters and words), what was killed, and
//! how it was before.

use rustyline::line_buffer::{ChangeListener, DeleteListener, Direction, LineBuffer, WordAction};
use rustyline::{At, CharSearch, Word};
use std::ops::Range;

/// The longest line. Memory is reserved at once and used as the line grows.
const LONGEST: usize = 1 << 24;
/// How many earlier states are remembered.
const MOST_UNDO: usize = 200;
/// How many killed texts are remembered.
const MOST_KILLED: usize = 32;

/// Listens to changes and does nothing: states are kept whole.
struct NoListener;

impl DeleteListener for NoListener {
    fn delete(&mut self, _: usize, _: &str, _: Direction) {}
}

impl ChangeListener for NoListener {
    fn insert_char(&mut self, _: usize, _: char) {}
    fn insert_str(&mut self, _: usize, _: &str) {}
    fn replace(&mut self, _: usize, _: &str, _: &str) {}
}

/// The line, its past, and what was killed in it.
pub struct Line {
    buffer: LineBuffer,
    past: Vec<(String, usize)>,
    /// What was undone, and can be done again until something else is.
    undone: Vec<(String, usize)>,
    /// The last change was typing: what is typed next is part of it.
    typing: bool,
    killed: Vec<String>,
    /// The last command killed: the next one that kills adds to the same text.
    killing: bool,
    /// What the last yank has put in, and which of the killed texts that was.
    yanked: Option<(Range<usize>, usize)>,
}

/// A movement of the cursor; those behind the count of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion {
    /// Characters to the left.
    Left,
    /// Characters to the right.
    Right,
    /// To the start of the line that the cursor is on.
    LineStart,
    /// To the end of the line that the cursor is on.
    LineEnd,
    /// To the first of all characters.
    Start,
    /// Behind the last of all characters.
    End,
    /// To a word's beginning on the left.
    WordLeft(Word),
    /// To a place in a word on the right.
    WordRight(At, Word),
    /// To a character on the line.
    Search(CharSearch),
}

impl Default for Line {
    fn default() -> Self {
        Self {
            buffer: LineBuffer::with_capacity(LONGEST),
            past: Vec::new(),
            undone: Vec::new(),
            typing: false,
            killed: Vec::new(),
            killing: false,
            yanked: None,
        }
    }
}

impl Line {
    /// The text.
    pub fn text(&self) -> &str {
        self.buffer.as_str()
    }

    /// The cursor's offset.
    pub fn cursor(&self) -> usize {
        self.buffer.pos()
    }

    /// Whether the cursor is behind the last character.
    pub fn is_at_end(&self) -> bool {
        self.buffer.is_cursor_at_end()
    }

    /// A new line begins; what was killed stays.
    pub fn begin(&mut self, text: &str, cursor: usize) {
        self.set(text, cursor);
        self.past.clear();
        self.undone.clear();
        self.typing = false;
        self.killing = false;
        self.yanked = None;
    }

    /// A command begins that does not go on with what the last one did.
    pub fn interrupt(&mut self) {
        self.typing = false;
        self.killing = false;
        self.yanked = None;
    }

    fn set(&mut self, text: &str, cursor: usize) {
        if text.len() <= LONGEST {
            self.buffer.update(text, cursor.min(text.len()), &mut NoListener);
        }
    }

    /// Remember the state before a change.
    pub fn checkpoint(&mut self) {
        self.undone.clear();
        self.remember();
    }

    fn remember(&mut self) {
        if self.past.last().is_none_or(|(text, _)| text != self.text()) {
            if self.past.len() == MOST_UNDO {
                self.past.remove(0);
            }
            self.past.push((self.text().to_owned(), self.cursor()));
        }
    }

    /// Put in other text.
    pub fn replace_all(&mut self, text: &str, cursor: usize) {
        self.checkpoint();
        self.set(text, cursor);
    }

    /// Replace a part; the cursor is behind the new text.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        self.checkpoint();
        self.buffer.set_pos(range.end);
        self.buffer.delete_range(range.clone(), &mut NoListener);
        self.buffer.set_pos(range.start);
        self.put(text);
    }

    fn put(&mut self, text: &str) {
        let at = self.cursor();
        if self.buffer.len() + text.len() <= LONGEST {
            self.buffer.insert_str(at, text, &mut NoListener);
            self.buffer.set_pos(at + text.len());
        }
    }

    /// Insert at the cursor.
    pub fn insert(&mut self, text: &str) {
        if !std::mem::replace(&mut self.typing, true) {
            self.checkpoint();
        }
        self.killing = false;
        self.yanked = None;
        self.put(text);
    }

    /// Put the cursor at an offset.
    pub fn move_to(&mut self, offset: usize) {
        self.buffer.set_pos(offset.min(self.buffer.len()));
    }

    /// Move; false if that is not possible.
    pub fn go(&mut self, motion: Motion, count: u16) -> bool {
        let buffer = &mut self.buffer;
        match motion {
            Motion::Left => buffer.move_backward(count),
            Motion::Right => buffer.move_forward(count),
            Motion::LineStart => buffer.move_home(),
            Motion::LineEnd => buffer.move_end(),
            Motion::Start => buffer.move_buffer_start(),
            Motion::End => buffer.move_buffer_end(),
            Motion::WordLeft(word) => buffer.move_to_prev_word(word, count),
            Motion::WordRight(at, word) => buffer.move_to_next_word(at, word, count),
            Motion::Search(search) => buffer.move_to(search, count),
        }
    }

    /// What lies between the cursor and where a movement leads.
    pub fn range(&mut self, motion: Motion, count: u16) -> Range<usize> {
        let here = self.cursor();
        self.go(motion, count);
        let there = self.cursor();
        self.buffer.set_pos(here);
        here.min(there)..here.max(there)
    }

    /// Delete a part; the cursor is where it was.
    pub fn delete(&mut self, range: Range<usize>) -> String {
        if range.is_empty() {
            return String::new();
        }
        let text = self.text()[range.clone()].to_owned();
        self.checkpoint();
        self.typing = false;
        self.buffer.set_pos(range.start);
        self.buffer.delete_range(range, &mut NoListener);
        text
    }

    /// Delete a part and keep it for [`Line::yank`]; consecutive kills are one text.
    pub fn kill(&mut self, range: Range<usize>) {
        let backward = range.end == self.cursor() && range.start != range.end;
        let text = self.delete(range);
        if text.is_empty() {
            return;
        }
        match (std::mem::replace(&mut self.killing, true), self.killed.last_mut()) {
            (true, Some(last)) if backward => last.insert_str(0, &text),
            (true, Some(last)) => last.push_str(&text),
            _ => self.keep(text),
        }
    }

    /// Keep a text as if it had been killed.
    pub fn keep(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        if self.killed.len() == MOST_KILLED {
            self.killed.remove(0);
        }
        self.killed.push(text);
    }

    /// What was killed last.
    pub fn last_killed(&self) -> Option<&str> {
        self.killed.last().map(|text| &text[..])
    }

    /// Insert what was killed last.
    pub fn yank(&mut self) {
        if let Some(last) = self.killed.len().checked_sub(1) {
            self.yank_number(last);
        }
    }

    fn yank_number(&mut self, number: usize) {
        let Some(text) = self.killed.get(number).cloned() else { return };
        self.checkpoint();
        let start = self.cursor();
        self.put(&text);
        self.interrupt();
        self.yanked = Some((start..self.cursor(), number));
    }

    /// Directly behind a yank: the text killed before that one instead.
    pub fn yank_older(&mut self) {
        let Some((range, number)) = self.yanked.take() else { return };
        self.delete(range);
        self.yank_number(number.checked_sub(1).unwrap_or(self.killed.len().saturating_sub(1)));
    }

    /// The state before the last change; false if there is none.
    pub fn undo(&mut self) -> bool {
        while let Some((text, cursor)) = self.past.pop() {
            if text != self.text() {
                self.undone.push((self.text().to_owned(), self.cursor()));
                self.set(&text, cursor);
                self.interrupt();
                return true;
            }
        }
        false
    }

    /// The state before the last [`Line::undo`]; false if something else has been done behind it.
    pub fn redo(&mut self) -> bool {
        let Some((text, cursor)) = self.undone.pop() else { return false };
        self.remember();
        self.set(&text, cursor);
        self.interrupt();
        true
    }

    /// All changes undone.
    pub fn undo_all(&mut self) {
        while self.undo() {}
    }

    /// Exchange the characters, or the words, around the cursor.
    pub fn transpose(&mut self, words: bool) {
        self.checkpoint();
        if words {
            self.buffer.transpose_words(1, &mut NoListener);
        } else {
            self.buffer.transpose_chars(&mut NoListener);
        }
    }

    /// Change the case of the word at the cursor.
    pub fn change_word(&mut self, action: WordAction) {
        self.checkpoint();
        self.buffer.edit_word(action, &mut NoListener);
    }

    /// To the same column of the line above or below; false if there is none.
    pub fn vertically(&mut self, down: bool) -> bool {
        let (text, cursor) = (self.text(), self.cursor());
        let start = text[..cursor].rfind('\n').map_or(0, |at| at + 1);
        let column = text[start..cursor].chars().count();
        let target = if down {
            text[cursor..].find('\n').map(|at| cursor + at + 1)
        } else {
            start.checked_sub(1).map(|end| text[..end].rfind('\n').map_or(0, |at| at + 1))
        };
        let Some(target) = target else { return false };
        let end = text[target..].find('\n').map_or(text.len(), |at| target + at);
        let offset = text[target..end].char_indices().nth(column).map_or(end, |(at, _)| target + at);
        self.move_to(offset);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, cursor: usize) -> Line {
        let mut line = Line::default();
        line.begin(text, cursor);
        line
    }

    #[test]
    fn typing_is_undone_at_once_and_kills_collect() {
        let mut it = line("", 0);
        it.insert("a");
        it.insert("b");
        assert!(it.undo());
        assert_eq!(it.text(), "");
        assert!(it.redo());
        assert_eq!(it.text(), "ab");
        assert!(!it.redo());
        assert!(it.undo());
        it.insert("c");
        assert!(!it.redo(), "something else was typed");
        let mut it = line("one two three", 13);
        for _ in 0..2 {
            let range = it.range(Motion::WordLeft(Word::Big), 1);
            it.kill(range);
        }
        assert_eq!(it.text(), "one ");
        it.interrupt();
        it.yank();
        assert_eq!(it.text(), "one two three");
        // What is killed behind typed characters, or where there was nothing to kill, is another text.
        let mut it = line("one", 3);
        it.kill(0..3);
        it.insert("two");
        it.kill(3..3);
        it.kill(0..3);
        it.yank();
        assert_eq!(it.text(), "two");
        it.insert("x");
        it.yank_older();
        assert_eq!(it.text(), "twox");
    }

    #[test]
    fn up_and_down_keep_the_column() {
        let mut it = line("abc\nd\nefg", 9);
        assert!(it.vertically(false));
        assert_eq!(it.cursor(), 5);
        assert!(it.vertically(false));
        assert_eq!(it.cursor(), 1);
        assert!(!it.vertically(false));
    }

    #[test]
    fn the_cursor_stays_behind_what_is_inserted() {
        let mut it = line("ad", 1);
        it.insert("b");
        it.insert("c");
        assert_eq!((it.text(), it.cursor()), ("abcd", 3));
    }

    #[test]
    fn a_hundred_kilobytes_fit() {
        let mut it = line("", 0);
        it.insert(&"x".repeat(100_000));
        it.insert("y");
        assert_eq!(it.text().len(), 100_001);
    }
}
