//! The part of the terminal that belongs to the line editor: what it shows now, and how to make it show a frame.
//!
//! Only what differs is written, in one write(2). All movement is relative to the cursor, so nothing is ever asked of the terminal
//! (one that does not answer costs nothing) and what stands above is left alone.

use super::frame::{Frame, Place, Row, Style};
use std::fmt::Write;

/// What is on the screen.
#[derive(Debug, Default)]
pub struct Screen {
    rows: Vec<Row>,
    cursor: Place,
    /// The cursor waits behind the last column: the next character goes to the next row.
    pending: bool,
    style: Style,
    /// Whether colours are used.
    pub colours: bool,
    out: String,
}

impl Screen {
    /// The bytes that make the terminal show `frame`.
    pub fn draw(&mut self, frame: Frame, columns: usize) -> &[u8] {
        self.out.clear();
        let old = std::mem::take(&mut self.rows);
        let known = old.len();
        for (index, row) in frame.rows.iter().enumerate() {
            let before = old.get(index);
            let same = before.map_or(0, |before| equal_cells(before, row));
            let finished = before.is_some_and(|before| before.cells().len() == row.cells().len());
            if before.is_some() && same == row.cells().len() && finished {
                continue;
            }
            // Colours in a prompt reach as far as they like: such a row is written from its start.
            let whole = row.cells()[same.min(row.cells().len())..].iter().any(|cell| cell.style == Style::Prompt);
            let from = if whole { 0 } else { same };
            let column = row.cells()[..from].iter().map(|cell| usize::from(cell.width)).sum();
            let joined = column == 0 && index > 0 && frame.rows[index - 1].wraps && !row.cells().is_empty();
            self.go(Place { row: index, column }, known.max(index), joined);
            self.write_cells(row, from, columns);
            let shorter = before.is_some_and(|before| before.width > row.width) || whole && before.is_some();
            if shorter && row.width < columns {
                self.out.push_str("\x1b[K");
            }
        }
        self.set_style(Style::Plain);
        if known > frame.rows.len() {
            self.go(Place { row: frame.rows.len(), column: 0 }, known, false);
            self.out.push_str("\x1b[J");
        }
        self.rows = frame.rows;
        self.go(frame.cursor, known.max(self.rows.len()), false);
        self.out.as_bytes()
    }

    /// The bytes for a character of one column that was typed at the end of the line, before anything else is known of it: it looks like
    /// the one before it until the next frame. Empty where that frame has to show it.
    pub fn echo(&mut self, character: &str, columns: usize) -> &[u8] {
        self.out.clear();
        let Place { row, column } = self.cursor;
        let Some(row) = self.rows.get(row).filter(|_| !self.pending && column + 1 < columns) else { return &[] };
        let Some(index) = row.cell_at(column) else { return &[] };
        // Behind the end of the line there is at most what is suggested.
        let suggested = row.cells().get(index);
        if suggested.is_some_and(|cell| cell.style != Style::Suggestion) {
            return &[];
        }
        let style = index.checked_sub(1).map_or(Style::Plain, |before| row.cells()[before].style);
        let style = match style {
            // A blank ends words, but not what is in quotes.
            Style::Quoted | Style::Unclosed | Style::Comment => style,
            Style::Prompt => Style::Plain,
            _ if character == " " => Style::Plain,
            style => style,
        };
        self.set_style(style);
        self.out.push_str(character);
        self.set_style(Style::Plain);
        if self.rows[self.cursor.row].type_over(index, character, style) {
            self.out.push_str("\x1b[K");
        }
        self.cursor.column += 1;
        self.out.as_bytes()
    }

    /// Move to a place; rows from `known` on are not there yet and are made by newlines.
    fn go(&mut self, to: Place, known: usize, joined: bool) {
        if self.pending && joined && to.row == self.cursor.row + 1 {
            // The terminal wraps by itself, and remembers that the two rows are one line.
            self.cursor = to;
            return;
        }
        if self.cursor == to && !self.pending {
            return;
        }
        if self.pending {
            self.out.push('\r');
            self.cursor.column = 0;
            self.pending = false;
        }
        if to.row >= known {
            if known > self.cursor.row + 1 {
                let _ = write!(self.out, "\x1b[{}B", known - 1 - self.cursor.row);
                self.cursor.row = known - 1;
            }
            (self.cursor.row..to.row).for_each(|_| self.out.push_str("\r\n"));
            if to.row > self.cursor.row {
                self.cursor = Place { row: to.row, column: 0 };
            }
        }
        let (row, column) = (self.cursor.row, self.cursor.column);
        // Writing to memory cannot fail.
        let _ = match to.row {
            target if target > row => write!(self.out, "\x1b[{}B", target - row),
            target if target < row => write!(self.out, "\x1b[{}A", row - target),
            _ => Ok(()),
        };
        let _ = match to.column {
            0 if column > 0 => write!(self.out, "\r"),
            target if target > column => write!(self.out, "\x1b[{}C", target - column),
            target if target + 1 == column => write!(self.out, "\x08"),
            target if target < column => write!(self.out, "\x1b[{}D", column - target),
            _ => Ok(()),
        };
        self.cursor = to;
    }

    fn set_style(&mut self, style: Style) {
        if style == self.style {
            return;
        }
        if self.style == Style::Prompt || self.colours && self.style != Style::Plain {
            self.out.push_str("\x1b[m");
        }
        if self.colours && !style.sgr().is_empty() {
            ["\x1b[", style.sgr(), "m"].into_iter().for_each(|part| self.out.push_str(part));
        }
        self.style = style;
    }

    fn write_cells(&mut self, row: &Row, from: usize, columns: usize) {
        for (index, cell) in row.cells().iter().enumerate().skip(from) {
            // The prompt brings its own colours: they end where it ends.
            match cell.style {
                Style::Prompt if self.style == Style::Prompt => {}
                Style::Prompt => self.set_style(Style::Plain),
                style => self.set_style(style),
            }
            let text = row.text_of(index);
            self.out.push_str(text);
            if cell.style == Style::Prompt && text.contains('\x1b') {
                self.style = Style::Prompt;
            }
            self.cursor.column += usize::from(cell.width);
        }
        self.pending = row.width >= columns && !row.cells().is_empty();
        if self.pending {
            self.cursor.column = columns.saturating_sub(1);
        }
    }

    /// The bytes that clear everything of the editor's; the cursor is where the prompt began.
    pub fn erase(&mut self) -> &[u8] {
        self.out.clear();
        if !self.rows.is_empty() {
            self.set_style(Style::Plain);
            self.go(Place::default(), self.rows.len(), false);
            self.out.push_str("\r\x1b[J");
        }
        self.forget();
        self.out.as_bytes()
    }

    /// The bytes that leave what is shown, and go to the row below it.
    pub fn leave(&mut self) -> &[u8] {
        self.out.clear();
        let last = self.rows.len().saturating_sub(1);
        self.go(Place { row: last, column: self.cursor.column }, self.rows.len(), false);
        self.out.push_str("\r\n");
        self.forget();
        self.out.as_bytes()
    }

    /// Nothing is known of the screen any more: the cursor is at the start of an empty row.
    pub fn forget(&mut self) {
        self.rows.clear();
        self.cursor = Place::default();
        self.pending = false;
        self.style = Style::Plain;
    }
}

/// How many cells at the start of both rows are the same.
fn equal_cells(a: &Row, b: &Row) -> usize {
    let same = |index: usize| a.cells()[index].style == b.cells()[index].style && a.text_of(index) == b.text_of(index);
    let most = a.cells().len().min(b.cells().len());
    (0..most).find(|&index| !same(index)).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Content, Span, layout};
    use super::super::prompt::{Continuation, Prompt};
    use super::*;

    fn frame(line: &str, cursor: usize, columns: usize) -> Frame {
        let prompt = Prompt::plain("$ ");
        let continuation = Continuation::plain("$ ");
        let content = Content {
            prompt: &prompt,
            continuation: &continuation,
            line,
            spans: &[],
            cursor,
            suggestion: "",
            menu: &[],
        };
        layout(&content, columns)
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn a_key_costs_the_bytes_of_its_character() {
        let mut screen = Screen::default();
        assert_eq!(text(screen.draw(frame("", 0, 80), 80)), "$ ");
        assert_eq!(text(screen.draw(frame("a", 1, 80), 80)), "a");
        assert_eq!(text(screen.draw(frame("ab", 2, 80), 80)), "b");
        assert_eq!(text(screen.draw(frame("a", 1, 80), 80)), "\x08\x1b[K");
        assert_eq!(text(screen.draw(frame("a", 0, 80), 80)), "\x08");
    }

    #[test]
    fn a_typed_character_is_shown_before_its_frame() {
        let mut screen = Screen::default();
        screen.draw(frame("", 0, 6), 6);
        assert_eq!(text(screen.echo("a", 6)), "a");
        // Then there is nothing left to be written.
        assert_eq!(text(screen.draw(frame("a", 1, 6), 6)), "");
        assert_eq!(text(screen.draw(frame("ab", 1, 6), 6)), "b\x08");
        assert_eq!(text(screen.echo("x", 6)), "", "not at the end");
        screen.draw(frame("abc", 3, 6), 6);
        assert_eq!(text(screen.echo("d", 6)), "", "the last column");
    }

    #[test]
    fn a_typed_character_takes_the_place_of_a_suggestion() {
        let prompt = Prompt::plain("$ ");
        let continuation = Continuation::plain("> ");
        let suggesting = |line, suggestion| {
            let spans = &[Span { end: 9, style: Style::Command }];
            let cursor = str::len(line);
            let menu = &[];
            layout(&Content { prompt: &prompt, continuation: &continuation, line, spans, cursor, suggestion, menu }, 80)
        };
        let mut screen = Screen { colours: true, ..Screen::default() };
        screen.draw(suggesting("l", "s x"), 80);
        assert_eq!(text(screen.echo("s", 80)), "\x1b[32ms\x1b[m");
        assert_eq!(text(screen.draw(suggesting("ls", " x"), 80)), "");
        assert_eq!(text(screen.echo("h", 80)), "\x1b[32mh\x1b[m\x1b[K");
        assert_eq!(text(screen.draw(suggesting("lsh", ""), 80)), "");
    }

    #[test]
    fn a_long_line_wraps_by_itself() {
        let mut screen = Screen::default();
        assert_eq!(text(screen.draw(frame("abc", 3, 4), 4)), "$ abc");
        assert_eq!(text(screen.draw(frame("ab", 2, 4), 4)), "\r\x1b[K");
        assert_eq!(text(screen.leave()), "\r\n");
    }
}
