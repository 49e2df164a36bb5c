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
    let Some(directory) = directory(shell, written) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(&directory) else { return Vec::new() };
    let mut names: Vec<(String, PathBuf)> = entries
        .flatten()
        .map(|entry| (to_text(&entry.file_name().into_vec()), entry.path()))
        .filter(|(entry, _)| !entry.starts_with('.') || name.starts_with('.'))
        .collect();
    names.sort();
    let same = |a: &str, exact: bool| {
        if exact { a.starts_with(&name) } else { a.to_lowercase().starts_with(&name.to_lowercase()) }
    };
    // Case is ignored where respecting it finds nothing.
    let exact = names.iter().any(|(entry, _)| same(entry, true));
    let matching = names.into_iter().filter(|(entry, _)| same(entry, exact));
    matching.filter_map(|(entry, path)| candidate(written, outer, inner, &entry, &path, wanted)).collect()
}

fn candidate(written: &str, outer: Quote, inner: Quote, name: &str, path: &Path, wanted: Wanted) -> Option<Candidate> {
    let is_directory = path.is_dir();
    if !is_directory && (wanted == Wanted::Directories || wanted == Wanted::Programs && !is_program(path)) {
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
    Some(Candidate { text, suffix, label: format!("{name}{slash}") })
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
