//! What the manual pages on this machine say about programs: their options, and the subcommands that have pages of their own
//! (git-commit(1) for `git commit`). The programs themselves are never asked: who presses Tab does not want to start one.

use super::roff::{self, Described};
use crate::interactive::text::to_bytes;
use crate::shell::Shell;
use crate::shell::vars::slot;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The sections with programs: for users, for administrators, and games.
const SECTIONS: [&str; 3] = ["1", "8", "6"];
/// A page begins with its name and its synopsis: they are found in so much of it.
const HEAD: u64 = 8 << 10;
/// No page that a person reads is longer.
const LONGEST: u64 = 8 << 20;

/// The options of a program behind these operands.
pub fn options(shell: &mut Shell, program: &str, operands: &[String]) -> Vec<Described> {
    let Some(program) = base_name(program) else { return Vec::new() };
    let directories = directories(shell);
    let subcommand = operands.iter().find(|word| !word.starts_with('-')).filter(|word| is_word(word));
    let own = subcommand.and_then(|word| page(&directories, &format!("{program}-{word}"), LONGEST));
    let page = own.or_else(|| page(&directories, program, LONGEST));
    page.map(|page| roff::options(&page)).unwrap_or_default()
}

/// The subcommands of a program that begin like `prefix`, each with a few words about it: those whose page `PROGRAM-NAME` shows how
/// `PROGRAM NAME` is called.
pub fn subcommands(shell: &mut Shell, program: &str, prefix: &str) -> Vec<(String, String)> {
    let Some(program) = base_name(program) else { return Vec::new() };
    let directories = directories(shell);
    let mut found = BTreeSet::new();
    for entry in directories.iter().filter_map(|directory| std::fs::read_dir(directory.join("man1")).ok()).flatten() {
        let name = entry.map(|entry| entry.file_name()).unwrap_or_default();
        let name = name.to_str().and_then(|name| name.strip_prefix(program)?.strip_prefix('-')?.split('.').next());
        found.extend(name.filter(|name| name.starts_with(prefix) && is_word(name)).map(str::to_owned));
    }
    let described = |name: String| {
        let head = page(&directories, &format!("{program}-{name}"), HEAD)?;
        let head: String = head.lines().map(|line| roff::plain(line) + "\n").collect();
        let about = head.split_once(" - ").and_then(|(_, behind)| behind.lines().next()).unwrap_or_default();
        head.contains(&format!("{program} {name}")).then(|| (name, about.trim().to_owned()))
    };
    found.into_iter().filter_map(described).collect()
}

/// What the page of a program says it is, in a few words; none if there is no page.
pub fn title(shell: &mut Shell, program: &str) -> Option<String> {
    let program = base_name(program)?;
    let head = page(&directories(shell), program, HEAD)?;
    // mdoc(7) has a macro for it, and man(7) a hyphen.
    if let Some(about) = head.lines().find_map(|line| line.strip_prefix(".Nd ")) {
        return Some(roff::plain(about).trim().to_owned());
    }
    let head: String = head.lines().map(|line| roff::plain(line) + "\n").collect();
    let about = head.split_once(" - ").and_then(|(_, behind)| behind.lines().next());
    Some(about.unwrap_or_default().trim().to_owned())
}

/// The last component of a path.
fn base_name(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Where manual pages are: in MANPATH, or beside the directories of PATH and in the system's.
fn directories(shell: &mut Shell) -> Vec<PathBuf> {
    let split = |text: &[u8]| -> Vec<PathBuf> {
        text.split(|&byte| byte == b':')
            .filter(|part| !part.is_empty())
            .map(|part| PathBuf::from(OsString::from_vec(part.to_vec())))
            .collect()
    };
    let own = shell.vars.value_of(b"MANPATH").map(|path| split(path)).unwrap_or_default();
    if !own.is_empty() {
        return own;
    }
    let programs = shell.vars.get(slot::PATH).map(|path| split(path)).unwrap_or_default();
    let beside = programs.iter().filter_map(|directory| Some(directory.parent()?.join("share/man")));
    let mut all: Vec<PathBuf> = Vec::new();
    for directory in beside.chain(["/usr/local/share/man", "/usr/share/man"].map(PathBuf::from)) {
        if !all.contains(&directory) {
            all.push(directory);
        }
    }
    all
}

/// The beginning of the first page of this name.
fn page(directories: &[PathBuf], name: &str, limit: u64) -> Option<String> {
    let name = to_bytes(name);
    let mut places = directories.iter().flat_map(|directory| SECTIONS.map(|section| (directory, section)));
    places.find_map(|(directory, section)| {
        let mut file = name.clone();
        file.extend_from_slice(format!(".{section}").as_bytes());
        let text = read(&directory.join(format!("man{section}")).join(OsStr::from_bytes(&file)), limit)?;
        // A page may only say which other one to read.
        match text.strip_prefix(".so ").and_then(|other| other.lines().next()) {
            Some(other) => read(&directory.join(other.trim()), limit),
            None => Some(text),
        }
    })
}

/// A page's file, or else its compressed one.
fn read(path: &Path, limit: u64) -> Option<String> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        file.take(limit).read_to_end(&mut bytes).ok()?;
    } else {
        let mut compressed = path.as_os_str().to_owned();
        compressed.push(".gz");
        // (What could be read of a broken file is of use, too.)
        let _ = MultiGzDecoder::new(File::open(compressed).ok()?).take(limit).read_to_end(&mut bytes);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
