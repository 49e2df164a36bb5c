//! Completion of file names: the directory as the user wrote it stays, the last component is completed and quoted.

use super::Candidate;
use super::scan::{Quote, quote_after, unquote};
use crate::exec::names::is_program;
use crate::expand;
use crate::fields::Fields;
use crate::interactive::text::{to_bytes, to_text};
use crate::quote::quote;
use crate::shell::Shell;
use crate::syntax::Parser;
use crate::syntax::ast::Command;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Which files are wanted; directories always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    All,
    /// Nothing else.
    Directories,
    /// Programs.
    Programs,
}

/// The files that a word could become.
pub fn complete(shell: &mut Shell, raw: &str, wanted: Wanted) -> Vec<Candidate> {
    let (written, last) = raw.split_at(raw.rfind('/').map_or(0, |at| at + 1));
    let (outer, inner) = (quote_after(written), quote_after(raw));
    let name = unquote_in(outer, last);
    let mut found = Vec::new();
    let directories = directories(shell, written);
    let several = directories.len() > 1;
    for (written, directory) in directories {
        let names = entries(&directory, name.starts_with('.'));
        // What begins like the word; if nothing does, in whatever case; else what it is a part of.
        let lower = name.to_lowercase();
        let fits: [&dyn Fn(&str) -> bool; 3] =
            [&|entry| entry.starts_with(&name), &|entry| entry.to_lowercase().starts_with(&lower), &|entry| {
                entry.to_lowercase().contains(&lower)
            }];
        let candidate = |entry: &String| candidate(&written, outer, inner, entry, &directory, wanted);
        let tries = fits.iter().map(|fits| names.iter().filter(|entry| fits(entry)).filter_map(candidate).collect());
        found.extend(tries.into_iter().find(|found: &Vec<Candidate>| !found.is_empty()).unwrap_or_default());
    }
    if several {
        found.iter_mut().for_each(|candidate| candidate.label.clone_from(&candidate.text));
    }
    found
}

/// The names in a directory, sorted.
fn entries(directory: &Path, hidden: bool) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| to_text(&entry.file_name().into_vec()));
    let mut names: Vec<String> = names.filter(|name| hidden || !name.starts_with('.')).collect();
    names.sort();
    names
}

/// The directory that the user wrote, as it is to be written, or if there is none, all whose components begin like those that are written:
/// `/u/lo/` can be `/usr/local/`.
fn directories(shell: &mut Shell, written: &str) -> Vec<(String, PathBuf)> {
    /// More are of no help to anybody.
    const MOST: usize = 100;
    let Some(whole) = directory(shell, written) else { return Vec::new() };
    if whole.is_dir() || written.contains(['\\', '\'', '"', '$']) {
        return vec![(written.to_owned(), whole)];
    }
    // A `~` is expanded and not completed.
    let begun = if written.starts_with(['~', '/']) { written.find('/').map_or(0, |at| at + 1) } else { 0 };
    let (head, tail) = written.split_at(begun);
    let mut found: Vec<_> = directory(shell, head).map(|path| (head.to_owned(), path)).into_iter().collect();
    for component in tail.split_terminator('/') {
        let below = found.iter().flat_map(|(written, path)| {
            let names = if path.join(component).is_dir() {
                vec![component.to_owned()]
            } else {
                entries(path, component.starts_with('.'))
                    .into_iter()
                    .filter(|name| name.starts_with(component))
                    .collect()
            };
            let quoted = |name: &str| format!("{written}{}/", backslashed(name, &to_bytes(name)));
            names
                .into_iter()
                .map(|name| (quoted(&name), path.join(OsStr::from_bytes(&to_bytes(&name)))))
                .collect::<Vec<_>>()
        });
        found = below.filter(|(_, path)| path.is_dir()).take(MOST).collect();
    }
    found
}

fn candidate(
    written: &str,
    outer: Quote,
    inner: Quote,
    name: &str,
    directory: &Path,
    wanted: Wanted,
) -> Option<Candidate> {
    let path = directory.join(OsStr::from_bytes(&to_bytes(name)));
    let is_directory = path.is_dir();
    if !is_directory && (wanted == Wanted::Directories || wanted == Wanted::Programs && !is_program(&path)) {
        return None;
    }
    let (quoted, close) = quote_name(outer, inner, name);
    let slash = if is_directory { "/" } else { "" };
    let text = match is_directory {
        // A quote stays open for what is below the directory.
        true => format!("{written}{quoted}{slash}"),
        false => format!("{written}{quoted}{close}"),
    };
    let suffix = if is_directory { String::new() } else { " ".to_owned() };
    Some(Candidate { text, suffix, label: format!("{name}{slash}"), ..Candidate::default() })
}

/// A name that is no path, in the quotes that the user has begun.
pub fn quoted_like(raw: &str, name: &str) -> Candidate {
    let (quoted, close) = quote_name(Quote::None, quote_after(raw), name);
    Candidate { text: format!("{quoted}{close}"), ..Candidate::plain(name) }
}

/// A name quoted for its place: inside the quotes that are open before it, or in the style that the user has begun.
fn quote_name(outer: Quote, inner: Quote, name: &str) -> (String, &'static str) {
    let bytes = to_bytes(name);
    let (open, style) = match (outer, inner) {
        (Quote::None, Quote::Double) => ("\"", Quote::Double),
        (Quote::None, Quote::Single) => ("'", Quote::Single),
        (Quote::None, Quote::None) => ("", Quote::None),
        (outer, _) => ("", outer),
    };
    match style {
        Quote::None => (backslashed(name, &bytes), ""),
        Quote::Single => (format!("{open}{}", name.replace('\'', "'\\''")), "'"),
        Quote::Double => {
            let mut text = open.to_owned();
            for character in name.chars() {
                if "$`\"\\".contains(character) {
                    text.push('\\');
                }
                text.push(character);
            }
            (text, "\"")
        }
    }
}

fn backslashed(name: &str, bytes: &[u8]) -> String {
    if std::str::from_utf8(bytes).is_err() || name.chars().any(char::is_control) {
        return to_text(&quote(bytes));
    }
    let mut text = String::new();
    for (at, character) in name.char_indices() {
        let special = " \t!\"$&'()*;<>?[\\]`{|}^".contains(character) || at == 0 && "~#".contains(character);
        if special {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// The last component without quotes; `outer` is open before it.
fn unquote_in(outer: Quote, last: &str) -> String {
    match outer {
        Quote::None => unquote(last),
        Quote::Single => unquote(&format!("'{last}")),
        Quote::Double => unquote(&format!("\"{last}")),
    }
}

/// The directory that the user wrote, expanded; `None` if it would take more than looking at variables.
fn directory(shell: &mut Shell, written: &str) -> Option<PathBuf> {
    if written.is_empty() {
        return Some(PathBuf::from("."));
    }
    let closed = match quote_after(written) {
        Quote::None => written.to_owned(),
        Quote::Single => format!("{written}'"),
        Quote::Double => format!("{written}\""),
    };
    let fields = word_fields(shell, &closed);
    let path = fields.first()?;
    Some(PathBuf::from(OsStr::from_bytes(&to_bytes(path))))
}

/// The fields of a word, if expanding it executes nothing.
pub fn word_fields(shell: &mut Shell, word: &str) -> Vec<String> {
    if word.contains("$(") || word.contains('`') || word.contains("${") && word.contains('=') {
        return Vec::new();
    }
    let mut line = b": ".to_vec();
    line.extend_from_slice(&to_bytes(word));
    line.push(b'\n');
    let mut parser = Parser::of_text(line, 1);
    let list = match parser.next_command(&crate::syntax::NoAliases, &shell.pools) {
        Ok(Some(list)) => list,
        _ => return Vec::new(),
    };
    let command = list.items.first().and_then(|item| item.and_or.first.commands.first());
    let Some(Command::Simple(simple)) = command else { return Vec::new() };
    let mut fields = Fields::new();
    // `set -u` and the like: then there is nothing to complete.
    if expand::fields(shell, &simple.words, &mut fields).is_err() {
        return Vec::new();
    }
    fields.iter_from(1).map(|field| to_text(field)).collect()
}
