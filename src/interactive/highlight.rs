//! Colours of the line being edited: what the parser recognised ([`crate::syntax::marks`]), and whether it exists.

use crate::exec::names;
use crate::interactive::complete::scan::unquote;
use crate::interactive::edit::frame::{Span, Style};
use crate::interactive::events;
use crate::interactive::text::{to_bytes, to_text};
use crate::shell::Shell;
use crate::shell::vars::slot;
use crate::syntax::marks::{self, Kind, Mark};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Longer lines stay as they are: typing is more important than colours.
const LONGEST: usize = 20_000;
/// For so many words the file system is asked.
const MOST_PATHS: usize = 30;

/// What has been looked up for the line that is being edited. The file system is asked once for a word, and not for every key behind it:
/// a directory in PATH can be far away.
#[derive(Debug, Default)]
pub struct Known {
    commands: HashMap<String, bool>,
    paths: HashMap<String, bool>,
}

impl Known {
    /// Another line begins, or something was executed that may have changed the answers.
    pub fn forget(&mut self) {
        self.commands.clear();
        self.paths.clear();
    }
}

/// The answer for a word, which is looked up if it is not known.
fn ask(known: &mut HashMap<String, bool>, text: &str, look_up: impl FnOnce() -> bool) -> bool {
    match known.get(text) {
        Some(answer) => *answer,
        None => *known.entry(text.to_owned()).or_insert(look_up()),
    }
}

/// The colours of a line, whose history expansions begin at `expanded_to`.
pub fn spans(shell: &mut Shell, line: &str, expanded_to: usize, known: &mut Known) -> Vec<Span> {
    if line.is_empty() || line.len() > LONGEST {
        return Vec::new();
    }
    let mut styles = vec![Style::Plain; line.len()];
    for (style, byte) in styles.iter_mut().zip(line.bytes()) {
        if b";&|<>()".contains(&byte) {
            *style = Style::Operator;
        }
    }
    let mut paths = 0;
    for mark in marks::of(line.as_bytes()) {
        if let Some(style) = style(shell, line, mark, known, &mut paths) {
            styles[mark.start..mark.end].fill(style);
        }
    }
    if events::are_expanded(shell) {
        let (expanded, refused) = events::places(line, expanded_to, &shell.history);
        expanded.into_iter().for_each(|place| styles[place].fill(Style::Expansion));
        refused.into_iter().for_each(|place| styles[place].fill(Style::Unknown));
    }
    runs(&styles)
}

/// Equal neighbours become one span.
fn runs(styles: &[Style]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (index, &style) in styles.iter().enumerate() {
        match spans.last_mut() {
            Some(last) if last.style == style => last.end = index + 1,
            _ => spans.push(Span { end: index + 1, style }),
        }
    }
    spans
}

fn style(shell: &mut Shell, line: &str, mark: Mark, known: &mut Known, paths: &mut usize) -> Option<Style> {
    let text = line.get(mark.start..mark.end)?;
    Some(match mark.kind {
        Kind::Command => command(shell, text, known),
        Kind::Word | Kind::Assignment => {
            *paths += 1;
            if text.starts_with('-') {
                Style::Option
            } else if mark.kind == Kind::Word && *paths <= MOST_PATHS && path_exists(shell, text, known) {
                Style::Path
            } else {
                Style::Plain
            }
        }
        Kind::Redirect => Style::Operator,
        Kind::Keyword => Style::Keyword,
        Kind::Quoted | Kind::HereDocument => Style::Quoted,
        Kind::Expansion => Style::Expansion,
        Kind::Comment => Style::Comment,
        Kind::Unclosed => Style::Unclosed,
        Kind::Error => Style::Unknown,
    })
}

/// Whether a command exists. What has to be expanded first is not judged.
fn command(shell: &mut Shell, text: &str, known: &mut Known) -> Style {
    if text.contains(['$', '`', '*', '?', '[']) {
        return Style::Plain;
    }
    let exists = ask(&mut known.commands, text, || {
        let name = to_bytes(&unquote(text));
        if name.contains(&b'/') {
            expanded(shell, text).is_some_and(|path| path.is_dir() || names::is_program(&path))
        } else {
            names::exists(shell, &name)
        }
    });
    if exists { Style::Command } else { Style::Unknown }
}

fn path_exists(shell: &mut Shell, text: &str, known: &mut Known) -> bool {
    !text.contains(['$', '`', '*', '?', '[', '\n'])
        && ask(&mut known.paths, text, || expanded(shell, text).is_some_and(|path| path.exists()))
}

/// The path that a word without expansions other than `~/` means.
fn expanded(shell: &mut Shell, text: &str) -> Option<PathBuf> {
    let path = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = shell.vars.get(slot::HOME).map(to_text_of)?;
            format!("{home}{}", unquote(rest))
        }
        _ => unquote(text),
    };
    (!path.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(&to_bytes(&path))))
}

fn to_text_of(bytes: &bstr::BStr) -> String {
    to_text(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_looked_up_once() {
        let path = std::env::temp_dir().join(format!("ipcsh-highlight-{}", std::process::id()));
        let mut shell = Shell::new(crate::builtins::find);
        let mut known = Known::default();
        let line = format!("echo {}", path.display());
        let mut last = |known: &mut Known| spans(&mut shell, &line, 0, known).last().map(|span| span.style);
        assert_eq!(last(&mut known), Some(Style::Plain));
        std::fs::write(&path, "").expect("a file for the test");
        assert_eq!(last(&mut known), Some(Style::Plain));
        known.forget();
        assert_eq!(last(&mut known), Some(Style::Path));
        std::fs::remove_file(&path).expect("it is there");
        assert_eq!(last(&mut known), Some(Style::Path));
    }
}
