//! vi mode (`set -o vi`): XCU, sh, "Command Line Editing (vi-mode)".
//!
//! A command is read as vi reads it, key after key, and the keys of the last change are kept: `.` types them again.

mod lines;
mod motion;

use super::input::Session;
use super::line::Motion;
use super::{Editor, Step, Stop, emacs};
use crate::shell::Shell;
use lines::line_command;
use motion::{line_bounds, motion};
use rustyline::{CharSearch, KeyCode as K, KeyEvent, Modifiers as M};
use std::collections::VecDeque;
use std::ops::Range;

/// What keys mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Characters are inserted.
    #[default]
    Insert,
    /// Characters replace others (`R`).
    Replace,
    /// Keys are commands.
    Command,
}

/// The state of vi mode.
#[derive(Debug, Default)]
pub struct State {
    /// Whether it is on.
    pub on: bool,
    mode: Mode,
    /// The keys of the command that is being given.
    recording: Vec<KeyEvent>,
    /// The keys of the last change.
    last_change: Vec<KeyEvent>,
    /// Keys to be taken before those of the terminal.
    pub replay: VecDeque<KeyEvent>,
    /// How many aliases have been typed (`@`) since the last key of the terminal.
    pub aliases_typed: u32,
    last_search: Option<CharSearch>,
    pattern: String,
    pattern_is_older: bool,
}

impl State {
    /// At the start of a line: insert mode. What `.`, `;` and `n` repeat can be of an earlier line.
    pub fn begin(&mut self, on: bool) {
        self.on = on;
        self.mode = Mode::Insert;
        self.recording.clear();
        self.replay.clear();
    }

    /// Whether keys are commands.
    pub fn is_command(&self) -> bool {
        self.on && self.mode == Mode::Command
    }
}

/// Do what a key says.
pub fn key(editor: &mut Editor, shell: &mut Shell, session: &mut Session, key: KeyEvent) -> Result<Step, Stop> {
    if editor.vi.mode == Mode::Command {
        // ESC and a key that came together: the mode is this one already.
        let key = without_alt(key);
        if !matches!(key, KeyEvent(K::Tab | K::BackTab, _)) {
            editor.menu.close();
        }
        editor.vi.recording = vec![key];
        let step = command(editor, shell, session, key)?;
        if editor.vi.mode == Mode::Command {
            stay_on_character(editor);
        }
        return Ok(step);
    }
    editor.vi.recording.push(key);
    match key {
        KeyEvent(K::Esc, _) => {
            leave_insert(editor);
            Ok(Step::Continue)
        }
        KeyEvent(_, modifiers) if modifiers.contains(M::ALT) => {
            editor.vi.recording.pop();
            editor.vi.replay.push_front(without_alt(key));
            editor.vi.recording.push(KeyEvent(K::Esc, M::NONE));
            leave_insert(editor);
            Ok(Step::Continue)
        }
        KeyEvent(K::Char(_), M::NONE) if editor.vi.mode == Mode::Replace && emacs::is_typed(key) => {
            let over = character_at(editor);
            editor.line.delete(over);
            emacs::key(editor, shell, session, key)
        }
        key => emacs::key(editor, shell, session, key),
    }
}

/// ESC and a key that came together are one key to the decoder, and two in vi mode.
fn without_alt(key: KeyEvent) -> KeyEvent {
    KeyEvent(key.0, key.1.difference(M::ALT))
}

fn leave_insert(editor: &mut Editor) {
    editor.menu.close();
    editor.vi.mode = Mode::Command;
    if !editor.vi.recording.is_empty() && is_change(&editor.vi.recording) {
        editor.vi.last_change = std::mem::take(&mut editor.vi.recording);
    }
    editor.line.interrupt();
    if editor.line.cursor() > line_bounds(editor).start {
        editor.line.go(Motion::Left, 1);
    }
}

/// Whether keys are those of a change: the ones of a line's first typing are not.
fn is_change(keys: &[KeyEvent]) -> bool {
    let first = keys.iter().find(|key| !matches!(key, KeyEvent(K::Char('0'..='9'), M::NONE)));
    matches!(first, Some(KeyEvent(K::Char('a' | 'A' | 'i' | 'I' | 'c' | 'C' | 'S' | 's' | 'R' | '_'), M::NONE)))
}

/// In command mode the cursor is on a character, not behind the last one.
fn stay_on_character(editor: &mut Editor) {
    let bounds = line_bounds(editor);
    if editor.line.cursor() == bounds.end && !bounds.is_empty() {
        editor.line.go(Motion::Left, 1);
    }
}

fn character_at(editor: &mut Editor) -> Range<usize> {
    let range = editor.line.range(Motion::Right, 1);
    if editor.line.text()[range.clone()].starts_with('\n') { range.start..range.start } else { range }
}

/// The next key of a command.
fn more(editor: &mut Editor, shell: &mut Shell, session: &mut Session) -> Result<char, Stop> {
    let key = editor.next_key(shell, session)?;
    editor.vi.recording.push(key);
    Ok(match key {
        KeyEvent(K::Char(character), M::NONE) => character,
        KeyEvent(K::Tab, _) => '\t',
        _ => '\x1b',
    })
}

fn insert(editor: &mut Editor) {
    editor.vi.mode = Mode::Insert;
    editor.line.interrupt();
}

fn command(editor: &mut Editor, shell: &mut Shell, session: &mut Session, first: KeyEvent) -> Result<Step, Stop> {
    let mut key = first;
    let mut count = None;
    while let KeyEvent(K::Char(digit @ '0'..='9'), M::NONE) = key {
        if digit == '0' && count.is_none() {
            break;
        }
        let value = digit.to_digit(10).unwrap_or_default() as u16;
        count = Some(count.unwrap_or(0u16).saturating_mul(10).saturating_add(value));
        key = editor.next_key(shell, session)?;
        editor.vi.recording.push(key);
    }
    let KeyEvent(K::Char(character), M::NONE) = key else { return special_key(editor, shell, session, key) };
    let times = count.unwrap_or(1).min(10_000);
    if let Some((target, _)) = motion(editor, shell, session, character, count)? {
        editor.line.move_to(target);
        return Ok(Step::Continue);
    }
    match character {
        'c' | 'd' | 'y' => operator(editor, shell, session, character, times)?,
        'C' | 'D' | 'Y' | 'S' => {
            let bounds = line_bounds(editor);
            let range = if character == 'S' { bounds } else { editor.line.cursor()..bounds.end };
            apply(editor, if character == 'S' { 'c' } else { character.to_ascii_lowercase() }, range);
        }
        'a' | 'A' | 'i' | 'I' | 'R' => start_insert(editor, character),
        'r' => replace_characters(editor, shell, session, times)?,
        'x' | 'X' | 's' => {
            let motion = if character == 'X' { Motion::Left } else { Motion::Right };
            let bounds = line_bounds(editor);
            let range = editor.line.range(motion, times);
            let range = range.start.max(bounds.start)..range.end.min(bounds.end);
            apply(editor, if character == 's' { 'c' } else { 'd' }, range);
        }
        '~' => toggle_case(editor, times),
        'p' | 'P' => put(editor, character == 'p', times),
        'u' => return Ok(bell_unless(editor, |editor| editor.line.undo())),
        'U' => {
            editor.line.undo_all();
            return Ok(Step::Continue);
        }
        '.' => {
            repeat(editor, count);
            return Ok(Step::Continue);
        }
        _ => return line_command(editor, shell, session, character, count),
    }
    if editor.vi.mode == Mode::Command && character != 'y' && character != 'Y' {
        editor.vi.last_change = editor.vi.recording.clone();
    }
    Ok(Step::Continue)
}

fn bell_unless(editor: &mut Editor, done: impl FnOnce(&mut Editor) -> bool) -> Step {
    if !done(editor) {
        editor.bell();
    }
    Step::Continue
}

fn special_key(editor: &mut Editor, shell: &mut Shell, session: &mut Session, key: KeyEvent) -> Result<Step, Stop> {
    match key {
        KeyEvent(K::Esc, _) => Ok(Step::Continue),
        KeyEvent(K::Enter, _) | KeyEvent(K::Char('J' | 'M'), M::CTRL) => {
            let step = editor.enter(shell)?;
            if step == Step::Continue {
                insert(editor);
            }
            Ok(step)
        }
        // The first Tab shows what can be chosen, as `=` does, and further ones choose.
        KeyEvent(K::Tab | K::BackTab, _) if !editor.menu.is_open() => {
            editor.list_expansions(shell);
            Ok(Step::Continue)
        }
        KeyEvent(K::Backspace, _) => Ok(bell_unless(editor, |editor| editor.line.go(Motion::Left, 1))),
        key => emacs::key(editor, shell, session, key),
    }
}

/// `c`, `d` or `y` and the motion behind it; the same letter again is the whole line.
fn operator(
    editor: &mut Editor,
    shell: &mut Shell,
    session: &mut Session,
    letter: char,
    times: u16,
) -> Result<(), Stop> {
    let mut key = more(editor, shell, session)?;
    let mut count = None;
    while key.is_ascii_digit() && (key != '0' || count.is_some()) {
        let value = key.to_digit(10).unwrap_or_default() as u16;
        count = Some(count.unwrap_or(0u16).saturating_mul(10).saturating_add(value));
        key = more(editor, shell, session)?;
    }
    if key == letter {
        let bounds = line_bounds(editor);
        apply(editor, letter, bounds);
        return Ok(());
    }
    let here = editor.line.cursor();
    let times = times.saturating_mul(count.unwrap_or(1));
    let found = motion(editor, shell, session, key, Some(times))?;
    let Some((there, inclusive)) = found.filter(|&(there, inclusive)| there != here || inclusive) else {
        editor.bell();
        return Ok(());
    };
    let mut range = here.min(there)..here.max(there);
    if inclusive {
        range.end += editor.line.text()[range.end..].chars().next().map_or(0, char::len_utf8);
    }
    if matches!(key, 'w' | 'W') {
        let part = &editor.line.text()[range.clone()];
        // `cw` on a word changes only the word, and no word is joined with the next line.
        let words = part.trim_end();
        let end = match letter {
            'c' if !words.is_empty() => words.len(),
            _ => part[words.len()..].find('\n').map_or(part.len(), |newline| words.len() + newline),
        };
        range.end = range.start + end;
    }
    apply(editor, letter, range);
    Ok(())
}

/// Delete, change or copy a part of the line.
fn apply(editor: &mut Editor, letter: char, range: Range<usize>) {
    editor.line.interrupt();
    let start = range.start;
    if letter == 'y' {
        let text = editor.line.text()[range].to_owned();
        editor.line.keep(text);
        return;
    }
    editor.line.kill(range);
    editor.line.move_to(start);
    if letter == 'c' {
        insert(editor);
    }
}

fn start_insert(editor: &mut Editor, letter: char) {
    let bounds = line_bounds(editor);
    match letter {
        'a' if editor.line.cursor() < bounds.end => {
            editor.line.go(Motion::Right, 1);
        }
        'A' => editor.line.move_to(bounds.end),
        'I' => editor.line.move_to(bounds.start),
        _ => {}
    }
    insert(editor);
    if letter == 'R' {
        editor.vi.mode = Mode::Replace;
    }
}

fn replace_characters(editor: &mut Editor, shell: &mut Shell, session: &mut Session, times: u16) -> Result<(), Stop> {
    let with = more(editor, shell, session)?;
    let range = editor.line.range(Motion::Right, times);
    let range = range.start..range.end.min(line_bounds(editor).end);
    if with != '\x1b' && !range.is_empty() {
        let count = editor.line.text()[range.clone()].chars().count();
        let start = range.start;
        editor.line.replace(range, &with.to_string().repeat(count));
        editor.line.move_to(start + with.len_utf8() * (count - 1));
    }
    Ok(())
}

fn toggle_case(editor: &mut Editor, times: u16) {
    let range = editor.line.range(Motion::Right, times);
    let range = range.start..range.end.min(line_bounds(editor).end);
    let toggle =
        |c: char| -> String { if c.is_lowercase() { c.to_uppercase().collect() } else { c.to_lowercase().collect() } };
    let text: String = editor.line.text()[range.clone()].chars().map(toggle).collect();
    editor.line.replace(range, &text);
}

fn put(editor: &mut Editor, behind: bool, times: u16) {
    let Some(text) = editor.line.last_killed().map(|text| text.repeat(usize::from(times))) else { return };
    if behind && !editor.line.text().is_empty() {
        editor.line.go(Motion::Right, 1);
    }
    let at = editor.line.cursor();
    editor.line.replace(at..at, &text);
    editor.line.go(Motion::Left, 1);
}

/// `.`: the keys of the last change again, with another count if one is given.
fn repeat(editor: &mut Editor, count: Option<u16>) {
    let keys = editor.vi.last_change.clone();
    let digits = keys.iter().take_while(|key| matches!(key, KeyEvent(K::Char('0'..='9'), M::NONE))).count();
    let skipped = if count.is_some() { digits } else { 0 };
    let number = count.map(|count| count.to_string()).unwrap_or_default();
    let all = number.chars().map(KeyEvent::from).chain(keys[skipped..].iter().copied());
    for key in all.collect::<Vec<_>>().into_iter().rev() {
        editor.vi.replay.push_front(key);
    }
}
