//! vi's movements within the line.

use super::more;
use crate::interactive::edit::input::Session;
use crate::interactive::edit::line::{Line, Motion};
use crate::interactive::edit::{Editor, Stop};
use crate::shell::Shell;
use rustyline::{At, CharSearch, Word};
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// The line of the command that the cursor is on.
pub(super) fn line_bounds(editor: &Editor) -> Range<usize> {
    let (text, cursor) = (editor.line.text(), editor.line.cursor());
    let start = text[..cursor].rfind('\n').map_or(0, |at| at + 1);
    start..text[cursor..].find('\n').map_or(text.len(), |at| cursor + at)
}

/// Where a motion leads, and whether the character there belongs to it; `None` if the key is no motion.
pub(super) fn motion(
    editor: &mut Editor,
    shell: &mut Shell,
    session: &mut Session,
    character: char,
    count: Option<u16>,
) -> Result<Option<(usize, bool)>, Stop> {
    let times = count.unwrap_or(1).min(10_000);
    let here = editor.line.cursor();
    let bounds = line_bounds(editor);
    let word = if character.is_uppercase() { Word::Big } else { Word::Vi };
    let line = &mut editor.line;
    let (there, inclusive) = match character {
        'h' => (target(line, Motion::Left, times).max(bounds.start), false),
        'l' | ' ' => (target(line, Motion::Right, times).min(bounds.end), false),
        '0' => (bounds.start, false),
        '$' => (bounds.end, false),
        '^' => {
            let text = &line.text()[bounds.clone()];
            (bounds.start + text.find(|c: char| !c.is_whitespace()).unwrap_or(0), false)
        }
        '|' => {
            let text = &line.text()[bounds.clone()];
            let offset = text.char_indices().nth(usize::from(times.max(1) - 1)).map_or(text.len(), |(at, _)| at);
            (bounds.start + offset, false)
        }
        'w' | 'W' => ((0..times).fold(here, |at, _| next_word(line.text(), at, character == 'W')), false),
        'e' | 'E' => (target(line, Motion::WordRight(At::BeforeEnd, word), times), true),
        'b' | 'B' => (target(line, Motion::WordLeft(word), times), false),
        'f' | 'F' | 't' | 'T' => {
            let wanted = more(editor, shell, session)?;
            let search = match character {
                'f' => CharSearch::Forward(wanted),
                'F' => CharSearch::Backward(wanted),
                't' => CharSearch::ForwardBefore(wanted),
                _ => CharSearch::BackwardAfter(wanted),
            };
            editor.vi.last_search = Some(search);
            return Ok(Some(find(editor, search, times)));
        }
        ';' | ',' => {
            let Some(search) = editor.vi.last_search else { return Ok(Some((here, false))) };
            let search = if character == ';' { search } else { opposite(search) };
            return Ok(Some(find(editor, search, times)));
        }
        _ => return Ok(None),
    };
    Ok(Some((there, inclusive)))
}

/// Where the word behind the one at an offset begins; the end of the text if there is none. (rustyline's motion would be on the
/// last character then, which is no beginning.)
fn next_word(text: &str, from: usize, big: bool) -> usize {
    let kind = |character: char| match character {
        _ if character.is_whitespace() => 0,
        _ if big || character.is_alphanumeric() || character == '_' => 1,
        _ => 2,
    };
    let mut before = None;
    for (at, character) in text[from..].char_indices().filter(|(_, character)| character.width() != Some(0)) {
        let kind = kind(character);
        if kind != 0 && before.is_some_and(|before| before != kind) {
            return from + at;
        }
        before = Some(kind);
    }
    text.len()
}

pub(super) fn target(line: &mut Line, motion: Motion, times: u16) -> usize {
    let here = line.cursor();
    line.go(motion, times);
    let there = line.cursor();
    line.move_to(here);
    there
}

pub(super) fn find(editor: &mut Editor, search: CharSearch, times: u16) -> (usize, bool) {
    let here = editor.line.cursor();
    if !editor.line.go(Motion::Search(search), times) {
        editor.bell();
        return (here, false);
    }
    let there = editor.line.cursor();
    editor.line.move_to(here);
    (there, there > here)
}

pub(super) fn opposite(search: CharSearch) -> CharSearch {
    match search {
        CharSearch::Forward(c) => CharSearch::Backward(c),
        CharSearch::Backward(c) => CharSearch::Forward(c),
        CharSearch::ForwardBefore(c) => CharSearch::BackwardAfter(c),
        CharSearch::BackwardAfter(c) => CharSearch::ForwardBefore(c),
    }
}
