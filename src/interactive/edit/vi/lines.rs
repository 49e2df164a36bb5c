//! vi's commands about other lines: history and searches in it, words as the shell sees them, programs.

use super::{bell_unless, insert, more, start_insert};
use crate::expand::pattern;
use crate::interactive::edit::input::{Input, Session};
use crate::interactive::edit::line::Motion;
use crate::interactive::edit::prompt::Prompt;
use crate::interactive::edit::{Editor, Step, Stop, emacs};
use crate::interactive::text::{to_text, visible};
use crate::shell::Shell;
use rustyline::{KeyCode as K, KeyEvent, Modifiers as M};

/// So many aliases may one key type (`@`): one that names itself would go on for ever.
const MOST_ALIASES: u32 = 100;

/// Commands about history, words as the shell sees them, and programs.
pub(super) fn line_command(
    editor: &mut Editor,
    shell: &mut Shell,
    session: &mut Session,
    character: char,
    count: Option<u16>,
) -> Result<Step, Stop> {
    let times = count.unwrap_or(1).min(10_000);
    match character {
        'k' | '-' | 'j' | '+' => {
            let older = matches!(character, 'k' | '-');
            let before = editor.place();
            for _ in 0..times {
                if editor.line.vertically(!older) {
                    continue;
                }
                if !editor.recall(shell, older, false) {
                    editor.bell();
                    if older {
                        // Beyond the oldest there is nothing: the whole command has no effect.
                        editor.go_back(&before);
                    }
                    break;
                }
                editor.line.go(Motion::Start, 1);
            }
        }
        'G' => {
            let index = match count {
                None => (!shell.history.is_empty()).then_some(0),
                Some(number) => shell.history.index_of(u64::from(number)),
            };
            return Ok(bell_unless(editor, |editor| {
                let found = index.is_some() && editor.recall_entry(shell, index);
                editor.line.go(Motion::Start, 1);
                found
            }));
        }
        '/' | '?' => return search(editor, shell, session, character == '/'),
        'n' | 'N' => {
            let older = editor.vi.pattern_is_older == (character == 'n');
            return Ok(bell_unless(editor, |editor| search_again(editor, shell, older)));
        }
        '#' => {
            editor.comment_out();
            return Ok(Step::Enter);
        }
        '=' => editor.list_expansions(shell),
        '\\' => {
            editor.complete_word_here(shell);
            insert(editor);
        }
        '*' => {
            editor.expand_word_here(shell);
            insert(editor);
        }
        '@' => {
            let letter = more(editor, shell, session)?;
            let value = shell.aliases.get(format!("_{letter}").as_str().into()).map(|value| value.to_string());
            editor.vi.aliases_typed += 1;
            let Some(value) = value.filter(|_| editor.vi.aliases_typed <= MOST_ALIASES) else {
                editor.vi.replay.clear();
                return Ok(bell_unless(editor, |_| false));
            };
            for character in value.chars().rev() {
                editor.vi.replay.push_front(KeyEvent::from(character));
            }
        }
        '_' => last_words(editor, shell, count),
        'v' => {
            if let Some(number) = count {
                let index = shell.history.index_of(u64::from(number));
                if index.is_none() || !editor.recall_entry(shell, index) {
                    return Ok(bell_unless(editor, |_| false));
                }
            }
            return emacs::edit_elsewhere(editor, shell, session, "vi");
        }
        _ => return Ok(bell_unless(editor, |_| false)),
    }
    Ok(Step::Continue)
}

/// `/` (older) and `?` (newer): a pattern as in pathname expansion; `^` before it: at the start of the command.
pub(super) fn search(editor: &mut Editor, shell: &mut Shell, session: &mut Session, older: bool) -> Result<Step, Stop> {
    let sign = if older { '/' } else { '?' };
    let mut wanted = String::new();
    loop {
        editor.other_prompt = Some(Prompt::plain(&format!("{sign}{} ", visible(wanted.as_bytes()))));
        editor.dirty = true;
        match editor.next_input(shell, session)? {
            Input::Paste(text) => wanted.push_str(text.trim_end_matches('\n')),
            Input::Key(KeyEvent(K::Char(character), M::NONE)) => wanted.push(character),
            Input::Key(KeyEvent(K::Backspace, _)) if wanted.pop().is_some() => {}
            Input::Key(KeyEvent(K::Enter, _) | KeyEvent(K::Char('J' | 'M'), M::CTRL)) => break,
            _ => {
                editor.other_prompt = None;
                return Ok(Step::Continue);
            }
        }
    }
    editor.other_prompt = None;
    if !wanted.is_empty() {
        editor.vi.pattern = wanted;
    }
    editor.vi.pattern_is_older = older;
    Ok(bell_unless(editor, |editor| search_again(editor, shell, older)))
}

pub(super) fn search_again(editor: &mut Editor, shell: &Shell, older: bool) -> bool {
    let wanted = editor.vi.pattern.clone();
    let pattern = match wanted.strip_prefix('^') {
        Some(start) => format!("{start}*"),
        None => format!("*{wanted}*"),
    };
    let pattern = crate::syntax::pattern::pattern(pattern.as_bytes());
    let found = !wanted.is_empty()
        && editor.recall_matching(shell, older, |text| pattern::matches(&pattern, text.as_bytes(), true));
    if found {
        editor.line.go(Motion::Start, 1);
    }
    found
}

/// `_`: append a word of the line before, the last one or the one with a number.
pub(super) fn last_words(editor: &mut Editor, shell: &Shell, count: Option<u16>) {
    let before = shell.history.last().map(|entry| to_text(&entry.text)).unwrap_or_default();
    let word = match count {
        None => before.split_whitespace().next_back(),
        Some(number) => before.split_whitespace().nth(usize::from(number).saturating_sub(1)),
    };
    let Some(word) = word else { return editor.bell() };
    start_insert(editor, 'a');
    editor.line.insert(&format!(" {word}"));
}
