//! What the screen shall show: the prompt, the line being edited with its colours, a suggestion, a menu, as rows of cells.
//!
//! Everything is laid out here, and [`super::screen`] only compares two frames. A cell is a character with the marks that
//! combine with it; a control character is a cell of its visible sign.

use super::prompt::{Continuation, Prompt};
use crate::interactive::text::push_visible;
use std::ops::Range;

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As the terminal writes.
    #[default]
    Plain,
    /// The prompt's own escape sequences decide.
    Prompt,
    /// A command that exists.
    Command,
    /// A command that does not.
    Unknown,
    /// A reserved word.
    Keyword,
    /// A quoted text.
    Quoted,
    /// A quote or another thing that is not closed.
    Unclosed,
    /// An expansion.
    Expansion,
    /// An operator or redirection.
    Operator,
    /// A comment.
    Comment,
    /// A path that exists.
    Path,
    /// An option of a command.
    Option,
    /// What the shell suggests.
    Suggestion,
    /// The entry of a menu that is chosen.
    Chosen,
}

impl Style {
    /// The SGR parameters.
    pub fn sgr(self) -> &'static str {
        match self {
            Self::Plain | Self::Prompt => "",
            Self::Command => "32",
            Self::Unknown => "31",
            Self::Keyword => "1;34",
            Self::Quoted => "33",
            Self::Unclosed => "4;33",
            Self::Expansion => "35",
            Self::Operator => "36",
            Self::Comment | Self::Suggestion => "90",
            Self::Path => "4",
            Self::Option => "36",
            Self::Chosen => "7",
        }
    }
}

/// A place on the screen, from the row of the prompt's beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The row.
    pub row: usize,
    /// The column.
    pub column: usize,
}

/// One cell: the end of its text in the row, its columns, its style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    end: u32,
    /// Columns.
    pub width: u8,
    /// Style.
    pub style: Style,
}

/// One row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    text: String,
    cells: Vec<Cell>,
    /// Columns that are used.
    pub width: usize,
    /// The text goes on in the next row.
    pub wraps: bool,
}

impl Row {
    /// The cells.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The number of the cell that begins at a column; that of the cells where the row ends there. None inside of a wide one.
    pub fn cell_at(&self, column: usize) -> Option<usize> {
        let mut start = 0;
        for (index, cell) in self.cells.iter().enumerate() {
            if start >= column {
                return (start == column).then_some(index);
            }
            start += usize::from(cell.width);
        }
        (start == column).then_some(self.cells.len())
    }

    /// Put a character of one column where a cell begins. What stands behind stays if it was there already; else the row ends, and the
    /// answer is whether it has become shorter.
    pub fn type_over(&mut self, index: usize, text: &str, style: Style) -> bool {
        if index < self.cells.len() && self.text_of(index) == text {
            self.cells[index].style = style;
            return false;
        }
        let ends = index < self.cells.len();
        self.text.truncate(index.checked_sub(1).map_or(0, |before| self.cells[before].end as usize));
        self.cells.truncate(index);
        self.text.push_str(text);
        self.cells.push(Cell { end: self.text.len() as u32, width: 1, style });
        self.width = self.cells.iter().map(|cell| usize::from(cell.width)).sum();
        self.wraps = false;
        ends
    }

    /// The text of a cell.
    pub fn text_of(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.cells[before].end as usize);
        &self.text[start..self.cells[index].end as usize]
    }
}

/// Rows, and where the cursor is.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The rows, at least one.
    pub rows: Vec<Row>,
    /// The cursor.
    pub cursor: Place,
}

/// A run of the line with one style, up to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it ends in the line.
    pub end: usize,
    /// Its style.
    pub style: Style,
}

/// Everything that a frame is made of.
#[derive(Debug)]
pub struct Content<'a> {
    /// The prompt.
    pub prompt: &'a Prompt,
    /// What stands before the further lines.
    pub continuation: &'a Continuation,
    /// The line.
    pub line: &'a str,
    /// Its colours; what is behind the last one is plain.
    pub spans: &'a [Span],
    /// The cursor in the line.
    pub cursor: usize,
    /// What stands in grey behind the line.
    pub suggestion: &'a str,
    /// Rows below: a text and whether some of it is chosen.
    pub menu: &'a [(String, Range<usize>)],
}

/// Puts cells into rows of `columns`.
struct Builder {
    rows: Vec<Row>,
    columns: usize,
}

impl Builder {
    fn new(columns: usize) -> Self {
        Self { rows: vec![Row::default()], columns: columns.max(1) }
    }

    /// Where the next cell of this width goes: a row that has no room is left.
    fn row_for(&mut self, width: usize) -> &mut Row {
        let full = self.rows.last().is_none_or(|row| row.width > 0 && row.width + width > self.columns);
        if full {
            if let Some(row) = self.rows.last_mut() {
                row.wraps = true;
            }
            self.rows.push(Row::default());
        }
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    fn put(&mut self, text: &str, width: usize, style: Style) {
        let columns = self.columns;
        if width == 0 && self.rows.last().is_some_and(|row| !row.cells.is_empty()) {
            // It combines with the character before it.
            let last = self.rows.len() - 1;
            let row = &mut self.rows[last];
            row.text.push_str(text);
            let end = row.text.len() as u32;
            if let Some(cell) = row.cells.last_mut() {
                cell.end = end;
            }
            return;
        }
        let row = self.row_for(width);
        let shown = if width > columns { "?" } else { text };
        let width = if width > columns { 1 } else { width };
        row.text.push_str(shown);
        row.cells.push(Cell { end: row.text.len() as u32, width: width as u8, style });
        row.width += width;
    }

    fn put_character(&mut self, character: char, style: Style, scratch: &mut String) {
        if character == '\t' {
            let used = self.rows.last().map_or(0, |row| row.width);
            let stop = (8 - used % 8).min(self.columns.saturating_sub(used)).max(1);
            (0..stop).for_each(|_| self.put(" ", 1, style));
            return;
        }
        scratch.clear();
        let width = push_visible(scratch, character);
        if scratch.chars().nth(1).is_some() {
            // A sign of several characters may be divided between rows.
            let sign = std::mem::take(scratch);
            let mut buffer = [0; 4];
            sign.chars().for_each(|part| self.put(part.encode_utf8(&mut buffer), 1, style));
            *scratch = sign;
        } else {
            self.put(scratch, width, style);
        }
    }

    fn new_row(&mut self) {
        self.rows.push(Row::default());
    }

    /// Where a cell that comes now would stand.
    fn place(&self) -> Place {
        let row = self.rows.len() - 1;
        let column = self.rows[row].width;
        if column >= self.columns { Place { row: row + 1, column: 0 } } else { Place { row, column } }
    }

    fn prompt(&mut self, prompt: &Prompt) {
        for (text, width) in prompt.cells() {
            if text == "\n" { self.new_row() } else { self.put(text, width, Style::Prompt) }
        }
    }
}

/// Lay everything out for a screen of so many columns.
pub fn layout(content: &Content<'_>, columns: usize) -> Frame {
    let mut builder = Builder::new(columns);
    builder.prompt(content.prompt);
    let mut cursor = None;
    let mut newlines = 0;
    let mut spans = content.spans.iter().peekable();
    let mut scratch = String::new();
    for (at, character) in content.line.char_indices() {
        if at == content.cursor {
            cursor = Some(builder.place());
        }
        while spans.next_if(|span| span.end <= at).is_some() {}
        let style = spans.peek().map_or(Style::Plain, |span| span.style);
        if character == '\n' {
            newlines += 1;
            builder.new_row();
            builder.prompt(content.continuation.of_line(newlines));
        } else {
            builder.put_character(character, style, &mut scratch);
        }
    }
    let cursor = cursor.unwrap_or_else(|| builder.place());
    for character in content.suggestion.chars() {
        if character == '\n' {
            newlines += 1;
            builder.new_row();
            builder.prompt(content.continuation.of_line(newlines));
        } else {
            builder.put_character(character, Style::Suggestion, &mut scratch);
        }
    }
    if cursor.row == builder.rows.len() {
        let last = builder.rows.len() - 1;
        builder.rows[last].wraps = true;
        builder.new_row();
    }
    for (text, chosen) in content.menu {
        builder.new_row();
        for (at, character) in text.char_indices() {
            let style = if chosen.contains(&at) { Style::Chosen } else { Style::Plain };
            builder.put_character(character, style, &mut scratch);
        }
    }
    Frame { rows: builder.rows, cursor }
}

impl Frame {
    /// What a screen of so many rows can show of it: the rows around the cursor.
    pub fn clip(mut self, height: usize) -> Self {
        let height = height.max(1);
        if self.rows.len() > height {
            let top = (self.cursor.row + 1).saturating_sub(height);
            self.rows.truncate(top + height);
            self.rows.drain(..top);
            self.cursor.row -= top;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(line: &str, cursor: usize, columns: usize) -> (Vec<String>, Place) {
        let prompt = Prompt::plain("$ ");
        let continuation = Continuation::plain("> ");
        let content = Content {
            prompt: &prompt,
            continuation: &continuation,
            line,
            spans: &[],
            cursor,
            suggestion: "",
            menu: &[],
        };
        let frame = layout(&content, columns);
        (frame.rows.into_iter().map(|row| row.text).collect(), frame.cursor)
    }

    #[test]
    fn lines_wrap_and_newlines_get_the_second_prompt() {
        assert_eq!(rows("ab\nc", 4, 80), (vec!["$ ab".into(), "> c".into()], Place { row: 1, column: 3 }));
        assert_eq!(rows("abc", 3, 4), (vec!["$ ab".into(), "c".into()], Place { row: 1, column: 1 }));
        // A full row: the cursor is on the next one, which exists.
        assert_eq!(rows("ab", 2, 4), (vec!["$ ab".into(), String::new()], Place { row: 1, column: 0 }));
    }

    #[test]
    fn wide_and_combining_characters_and_one_column() {
        assert_eq!(rows("日", 3, 3), (vec!["$ ".into(), "日".into()], Place { row: 1, column: 2 }));
        assert_eq!(rows("e\u{301}x", 4, 9).1, Place { row: 0, column: 4 });
        assert_eq!(rows("日", 3, 1).0, ["$", " ", "?", ""]);
    }

    #[test]
    fn a_tall_frame_is_clipped_around_the_cursor() {
        let content = Content {
            prompt: &Prompt::plain(""),
            continuation: &Continuation::plain(""),
            line: "1\n2\n3\n4",
            spans: &[],
            cursor: 7,
            suggestion: "",
            menu: &[],
        };
        let frame = layout(&content, 80).clip(2);
        assert_eq!(frame.rows.iter().map(|row| &row.text[..]).collect::<Vec<_>>(), ["3", "4"]);
        assert_eq!(frame.cursor.row, 1);
    }
}
