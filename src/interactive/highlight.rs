//! Colours of the line being edited: what the parser recognised ([`crate::syntax::marks`]), and whether it exists.

use crate::exec::names;
use crate::interactive::complete::scan::unquote;
use crate::interactive::edit::frame::{Span, Style};
use crate::interactive::events;
use crate::interactive::text::{to_bytes, to_text};
use crate::shell::Shell;
use crate::shell::vars::slot;
use crate::syntax::marks::{self, Kind, Mark};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Longer lines stay as they are: typing is more important than colours.
const LONGEST: usize = 20_000;
/// For so many words the file system is asked.
const MOST_PATHS: usize = 30;

/// The colours of a line.
pub fn spans(shell: &mut Shell, line: &str) -> Vec<Span> {
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
        if let Some(style) = style(shell, line, mark, &mut paths) {
            styles[mark.start..mark.end].fill(style);
        }
    }
    if events::are_expanded(shell) {
        let (expanded, refused) = events::places(line, &shell.history);
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

fn style(shell: &mut Shell, line: &str, mark: Mark, paths: &mut usize) -> Option<Style> {
    let text = line.get(mark.start..mark.end)?;
    Some(match mark.kind {
        Kind::Command => command(shell, text),
        Kind::Word | Kind::Assignment => {
            *paths += 1;
            if text.starts_with('-') {
                Style::Option
            } else if mark.kind == Kind::Word && *paths <= MOST_PATHS && path_exists(shell, text) {
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
fn command(shell: &mut Shell, text: &str) -> Style {
    if text.contains(['$', '`', '*', '?', '[']) {
        return Style::Plain;
    }
    let name = to_bytes(&unquote(text));
    let known = if name.contains(&b'/') {
        expanded(shell, text).is_some_and(|path| path.is_dir() || names::is_program(&path))
    } else {
        names::exists(shell, &name)
    };
    if known { Style::Command } else { Style::Unknown }
}

fn path_exists(shell: &mut Shell, text: &str) -> bool {
    !text.contains(['$', '`', '*', '?', '[', '\n']) && expanded(shell, text).is_some_and(|path| path.exists())
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
