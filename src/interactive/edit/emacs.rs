//! The keys of emacs mode, which is the default: those that bash, zsh and fish have in common.

use super::input::Session;
use super::line::{Line, Motion};
use super::{Editor, Step, Stop};
use crate::builtins::fc;
use crate::interactive::text::{to_bytes, to_text};
use crate::shell::{Opt, Shell};
use crate::status::Failure;
use rustyline::line_buffer::WordAction;
use rustyline::{At, CharSearch, KeyCode as K, KeyEvent, Modifiers as M, Word};

/// The user's editor, expanded when it is called.
const EDITOR: &str = "${VISUAL:-${EDITOR:-vi}}";
const LEFT_WORD: Motion = Motion::WordLeft(Word::Emacs);
const RIGHT_WORD: Motion = Motion::WordRight(At::AfterEnd, Word::Emacs);

/// Do what a key says.
pub fn key(editor: &mut Editor, shell: &mut Shell, session: &mut Session, key: KeyEvent) -> Result<Step, Stop> {
    let last_word = editor.recall.last_word.take();
    if is_typed(key) {
        if let KeyEvent(K::Char(character), _) = key {
            editor.insert(character);
        }
        return Ok(Step::Continue);
    }
    if editor.steer(key) {
        return Ok(Step::Continue);
    }
    if !matches!(key, KeyEvent(K::Tab | K::BackTab, _)) {
        editor.menu.close();
    }
    let kills = matches!(key, KeyEvent(K::Char('K' | 'U' | 'W'), M::CTRL) | KeyEvent(K::Char('d' | '\u{7f}'), M::ALT));
    let kills = kills || matches!(key, KeyEvent(K::Backspace | K::Delete, M::ALT | M::CTRL));
    let yanks = key == KeyEvent(K::Char('y'), M::ALT);
    if !kills && !yanks {
        editor.line.interrupt();
    }
    let count = 1;
    let done = match key {
        KeyEvent(K::Enter, M::NONE) | KeyEvent(K::Char('J' | 'M'), M::CTRL) => return editor.enter(shell),
        KeyEvent(K::Char('D'), M::CTRL) if editor.line.text().is_empty() => return end_of_input(editor, shell),
        // On the empty last line of a command that is not complete: give it up, and hear what it lacks.
        KeyEvent(K::Char('D'), M::CTRL) if editor.line.is_at_end() && editor.line.text().ends_with('\n') => {
            return Ok(Step::Enter);
        }
        KeyEvent(K::Char('R' | 'S'), M::CTRL) => {
            return editor.search(shell, session, key == KeyEvent::ctrl('R'));
        }
        KeyEvent(K::Char('X'), M::CTRL) => return control_x(editor, shell, session),
        KeyEvent(K::Char('e' | 'v'), M::ALT) => return edit_elsewhere(editor, shell, session, EDITOR),
        KeyEvent(K::Char('O'), M::CTRL) => return editor.enter_and_go_on(shell),
        KeyEvent(K::Char('#'), M::ALT) => {
            editor.comment_out();
            return Ok(Step::Enter);
        }
        KeyEvent(K::Char('h'), M::ALT) | KeyEvent(K::F(1), M::NONE) => editor.show_manual(shell, session)?,
        KeyEvent(K::Char('w'), M::ALT) => editor.say_what_it_is(shell),
        KeyEvent(K::Char('L'), M::ALT) => {
            editor.list_directory(shell, session)?;
            true
        }
        KeyEvent(K::Char('s'), M::ALT) => editor.toggle_sudo(shell),
        KeyEvent(K::Char('q'), M::ALT) => editor.put_aside(),
        KeyEvent(K::Char('^'), M::ALT) => editor.expand_in_place(shell),
        KeyEvent(K::Char('*'), M::ALT) => {
            editor.expand_word_here(shell);
            true
        }
        KeyEvent(K::Char('=' | '?'), M::ALT) => {
            editor.list_expansions(shell);
            true
        }
        KeyEvent(K::Tab, _) => {
            editor.complete(shell, true);
            true
        }
        KeyEvent(K::BackTab, _) => {
            editor.complete(shell, false);
            true
        }
        KeyEvent(K::Char('Q' | 'V'), M::CTRL) => {
            quoted_insert(editor, shell, session)?;
            true
        }
        KeyEvent(K::Char('.' | '_'), M::ALT) => editor.insert_last_word(shell, last_word),
        KeyEvent(K::Char(']'), M::CTRL) => {
            let search = editor.next_key(shell, session)?;
            match search {
                KeyEvent(K::Char(c), M::NONE) => editor.line.go(Motion::Search(CharSearch::Forward(c)), count),
                _ => false,
            }
        }
        key => {
            accepts(editor, shell, key)
                || moves(editor, shell, key)
                || kills_or_changes(editor, key)
                || others(editor, key)
        }
    };
    if !done {
        editor.bell();
    }
    Ok(Step::Continue)
}

/// Whether the key is a character to be inserted.
pub fn is_typed(key: KeyEvent) -> bool {
    matches!(key, KeyEvent(K::Char(_), M::NONE))
}

/// ^D on an empty line.
pub fn end_of_input(editor: &mut Editor, shell: &Shell) -> Result<Step, Stop> {
    if shell.options.has(Opt::IgnoreEof) {
        editor.print_above("Use `exit` to leave the shell.\r\n");
        return Ok(Step::Continue);
    }
    Err(Stop::EndOfInput)
}

/// The next key is inserted as it is.
pub fn quoted_insert(editor: &mut Editor, shell: &mut Shell, session: &mut Session) -> Result<(), Stop> {
    let character = editor.next_character(shell, session)?;
    editor.line.insert(character.encode_utf8(&mut [0; 4]));
    Ok(())
}

fn control_x(editor: &mut Editor, shell: &mut Shell, session: &mut Session) -> Result<Step, Stop> {
    match editor.next_key(shell, session)? {
        KeyEvent(K::Char('E'), M::CTRL) => edit_elsewhere(editor, shell, session, EDITOR),
        KeyEvent(K::Char('*'), M::NONE) => {
            editor.expand_word_here(shell);
            Ok(Step::Continue)
        }
        KeyEvent(K::Char('U'), M::CTRL) => {
            editor.line.undo();
            Ok(Step::Continue)
        }
        _ => Ok(Step::Continue),
    }
}

/// Edit the line with a program and enter what it leaves.
pub fn edit_elsewhere(
    editor: &mut Editor,
    shell: &mut Shell,
    session: &mut Session,
    program: &str,
) -> Result<Step, Stop> {
    let leave = String::from_utf8_lossy(editor.screen.leave()).into_owned();
    editor.write(&leave);
    let mut text = to_bytes(editor.line.text());
    text.push(b'\n');
    let status = shell.status;
    let edited = session.outside(|| fc::edit_text(shell, &text, program.as_bytes()));
    shell.status = status;
    editor.dirty = true;
    let edited = match edited {
        Ok(edited) => edited.ok(),
        Err(Failure::Error(error)) => {
            shell.report(&error);
            None
        }
        Err(Failure::Flow(flow)) => return Err(Stop::Flow(flow)),
    };
    match edited {
        Some(edited) => {
            let text = to_text(&edited);
            let text = text.trim_end_matches('\n');
            editor.line.replace_all(text, text.len());
            Ok(if text.is_empty() { Step::Continue } else { Step::Enter })
        }
        None => Ok(Step::Continue),
    }
}

/// To where one may be already.
fn to_edge(line: &mut Line, motion: Motion) -> bool {
    line.go(motion, 1);
    true
}

/// At the end of the line, a movement to the right takes what is suggested.
fn accepts(editor: &mut Editor, shell: &Shell, key: KeyEvent) -> bool {
    let word_only = match key {
        KeyEvent(K::Right | K::End, M::NONE) | KeyEvent(K::Char('F' | 'E'), M::CTRL) => false,
        KeyEvent(K::Char('f'), M::ALT) | KeyEvent(K::Right, M::CTRL | M::ALT) => true,
        _ => return false,
    };
    // Keys that came together have not been drawn in between.
    editor.suggest(shell);
    editor.take_suggestion(word_only)
}

fn moves(editor: &mut Editor, shell: &Shell, key: KeyEvent) -> bool {
    let line = &mut editor.line;
    match key {
        KeyEvent(K::Left, M::NONE) | KeyEvent(K::Char('B'), M::CTRL) => line.go(Motion::Left, 1),
        KeyEvent(K::Right, M::NONE) | KeyEvent(K::Char('F'), M::CTRL) => line.go(Motion::Right, 1),
        KeyEvent(K::Home, M::NONE) | KeyEvent(K::Char('A'), M::CTRL) => to_edge(line, Motion::LineStart),
        KeyEvent(K::End, M::NONE) | KeyEvent(K::Char('E'), M::CTRL) => to_edge(line, Motion::LineEnd),
        KeyEvent(K::Char('b'), M::ALT) | KeyEvent(K::Left, M::CTRL | M::ALT) => line.go(LEFT_WORD, 1),
        KeyEvent(K::Char('f'), M::ALT) | KeyEvent(K::Right, M::CTRL | M::ALT) => line.go(RIGHT_WORD, 1),
        KeyEvent(K::Home, M::CTRL) => to_edge(line, Motion::Start),
        KeyEvent(K::End, M::CTRL) => to_edge(line, Motion::End),
        KeyEvent(K::Up, M::NONE) => line.vertically(false) || editor.recall(shell, true, true),
        KeyEvent(K::Down, M::NONE) => line.vertically(true) || editor.recall(shell, false, true),
        KeyEvent(K::Char('P'), M::CTRL) => line.vertically(false) || editor.recall(shell, true, false),
        KeyEvent(K::Char('N'), M::CTRL) => line.vertically(true) || editor.recall(shell, false, false),
        KeyEvent(K::PageUp, M::NONE) | KeyEvent(K::Char('p'), M::ALT) => editor.recall(shell, true, true),
        KeyEvent(K::PageDown, M::NONE) | KeyEvent(K::Char('n'), M::ALT) => editor.recall(shell, false, true),
        KeyEvent(K::Char('<'), M::ALT) => editor.recall_entry(shell, Some(0)),
        KeyEvent(K::Char('>'), M::ALT) => editor.recall_entry(shell, None),
        _ => false,
    }
}

fn kills_or_changes(editor: &mut Editor, key: KeyEvent) -> bool {
    let line = &mut editor.line;
    let here = line.cursor();
    let range = match key {
        KeyEvent(K::Char('K'), M::CTRL) => {
            let end = line.range(Motion::LineEnd, 1);
            // At the end of a line its newline goes.
            if end.is_empty() { line.range(Motion::Right, 1) } else { end }
        }
        KeyEvent(K::Char('U'), M::CTRL) => line.range(Motion::LineStart, 1),
        KeyEvent(K::Char('W'), M::CTRL) => line.range(Motion::WordLeft(Word::Big), 1),
        KeyEvent(K::Backspace, M::ALT | M::CTRL) => line.range(LEFT_WORD, 1),
        KeyEvent(K::Char('d'), M::ALT) | KeyEvent(K::Delete, M::ALT | M::CTRL) => line.range(RIGHT_WORD, 1),
        KeyEvent(K::Backspace, _) => {
            let range = line.range(Motion::Left, 1);
            return !line.delete(range).is_empty();
        }
        KeyEvent(K::Char('H'), M::CTRL) => {
            let range = line.range(Motion::Left, 1);
            return !line.delete(range).is_empty();
        }
        KeyEvent(K::Delete, M::NONE) | KeyEvent(K::Char('D'), M::CTRL) => {
            let range = line.range(Motion::Right, 1);
            return !line.delete(range).is_empty();
        }
        KeyEvent(K::Char('Y'), M::CTRL) => {
            line.yank();
            return line.cursor() != here;
        }
        KeyEvent(K::Char('y'), M::ALT) => {
            line.yank_older();
            return true;
        }
        KeyEvent(K::Char('_'), M::CTRL) => return line.undo(),
        KeyEvent(K::Char('/'), M::ALT) => return line.redo(),
        KeyEvent(K::Char('r'), M::ALT) => {
            line.undo_all();
            return true;
        }
        KeyEvent(K::Char('T'), M::CTRL) => {
            line.transpose(false);
            return true;
        }
        KeyEvent(K::Char('t'), M::ALT) => {
            line.transpose(true);
            return true;
        }
        KeyEvent(K::Char(letter @ ('u' | 'l' | 'c')), M::ALT) => {
            line.change_word(match letter {
                'u' => WordAction::Uppercase,
                'l' => WordAction::Lowercase,
                _ => WordAction::Capitalize,
            });
            return true;
        }
        // The terminal's own character for erasing, where it is another one.
        KeyEvent(K::Char(_), M::NONE) => {
            let range = line.range(Motion::Left, 1);
            return !line.delete(range).is_empty();
        }
        _ => return false,
    };
    let any = !range.is_empty();
    line.kill(range);
    any
}

fn others(editor: &mut Editor, key: KeyEvent) -> bool {
    match key {
        KeyEvent(K::Char('L'), M::CTRL) => {
            editor.clear_screen();
            true
        }
        KeyEvent(K::Enter, M::ALT) | KeyEvent(K::Char('J'), M::CTRL_ALT) => {
            editor.line.insert("\n");
            true
        }
        // ^Z and ^G: nothing is running, nothing is to be given up.
        KeyEvent(K::Char('Z' | 'G' | '\\'), M::CTRL) | KeyEvent(K::Esc | K::UnknownEscSeq, _) => true,
        _ => false,
    }
}
