//! The names of commands: which there are, and which one was meant by a name that is none.

use crate::builtins::TABLE;
use crate::exec::program::{self, Search};
use crate::fields::Fields;
use crate::number::is_name;
use crate::quote::quote;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::fd;
use bstr::{BStr, BString, ByteSlice};
use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The names of builtins, functions, aliases and programs that are wanted.
pub fn commands(shell: &mut Shell, wanted: &dyn Fn(&[u8]) -> bool) -> BTreeSet<BString> {
    let mut names: BTreeSet<BString> = TABLE.iter().map(|builtin| BString::from(builtin.name)).collect();
    names.extend(shell.aliases.iter().map(|(name, _)| name.to_owned()));
    let functions = shell.commands.sorted().into_iter().filter(|(_, entry)| entry.function.is_some());
    names.extend(functions.map(|(name, _)| name.to_owned()));
    names.retain(|name| wanted(name));
    programs(shell, wanted, &mut names);
    names
}

/// Add the programs in PATH.
fn programs(shell: &mut Shell, wanted: &dyn Fn(&[u8]) -> bool, names: &mut BTreeSet<BString>) {
    let path = Search::Path.directories(shell);
    for directory in path.split(|&byte| byte == b':') {
        let directory = if directory.is_empty() { b"." } else { directory };
        let Ok(entries) = std::fs::read_dir(Path::new(OsStr::from_bytes(directory))) else { continue };
        for entry in entries.flatten() {
            let name = BString::from(entry.file_name().into_vec());
            if wanted(&name) && !names.contains(&name) && is_program(&entry.path()) {
                names.insert(name);
            }
        }
    }
}

/// Whether a path is a file that may be executed.
pub fn is_program(path: &Path) -> bool {
    CString::new(path.as_os_str().as_bytes()).is_ok_and(|path| fd::executable(&path).is_ok())
}

/// Whether a name without a slash is that of a command.
pub fn exists(shell: &mut Shell, name: &[u8]) -> bool {
    let known = shell.commands.builtin(name).is_some()
        || shell.commands.function(name).is_some()
        || shell.aliases.get(name.as_bstr()).is_some();
    if known {
        return true;
    }
    program::search(&Search::Path.directories(shell), name.as_bstr()).is_ok()
}

/// The command whose name is nearest to one that is none: at most two letters wrong, in a short name one.
pub fn nearest(shell: &mut Shell, name: &BStr) -> Option<BString> {
    let most = match name.chars().count() {
        0 | 1 => return None,
        2..=4 => 1,
        _ => 2,
    };
    let wanted: Vec<char> = name.chars().collect();
    // The name itself can be among them: an alias that its own line has made.
    let near = |other: &[u8]| other != name.as_bytes() && other.len().abs_diff(name.len()) <= 2 * most;
    let candidates = commands(shell, &near);
    let rank = |other: &BString| {
        let letters: Vec<char> = other.chars().collect();
        let wrong = distance(&wanted, &letters);
        // Letters in the wrong order are the most common mistake; the first one is seldom wrong.
        let mut sorted = (wanted.clone(), letters.clone());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        (wrong, sorted.0 != sorted.1, wanted.first() != letters.first(), letters.len().abs_diff(wanted.len()))
    };
    let best = candidates.into_iter().map(|other| (rank(&other), other)).min()?;
    (best.0.0 <= most).then_some(best.1)
}

/// Builtins that people bring from other shells, and what does their work here.
const OF_OTHER_SHELLS: [(&[&[u8]], &str); 8] = [
    (&[b"declare", b"typeset"], "variables are not declared; in a function there is `local`"),
    (&[b"let"], "write `x=$((x + 1))`"),
    (&[b"shopt", b"setopt"], "`set -o` shows and sets the options"),
    (&[b"pushd", b"popd", b"dirs"], "`cd -` goes back to the directory before"),
    (&[b"disown"], "`nohup command &` starts one that outlives the terminal"),
    (&[b"mapfile", b"readarray"], "write `while IFS= read -r line; do ...; done <file`"),
    (&[b"builtin"], "write `command name`"),
    (&[b"logout"], "write `exit`"),
];

/// The rule of the language that words break which are no command: the most common mistakes of those who learn it.
fn broken_rule(fields: &Fields) -> Option<&'static str> {
    match fields.get(0)?.as_bytes() {
        b"[[" => Some("there is no \"[[\" in this shell: write [ ... ], or \"case\" for patterns"),
        [b'[', ..] => Some("a blank is needed behind \"[\""),
        [b'=', ..] => Some("an assignment begins with a name, without a \"$\""),
        name if is_name(name) && fields.get(1)?.starts_with(b"=") => {
            Some("an assignment has no blanks around its \"=\"")
        }
        _ => None,
    }
}

/// The error of a command that could not be executed; for a person, with what was probably meant.
pub fn suggest(shell: &mut Shell, fields: &Fields, mut error: Error) -> Error {
    let name = fields.get(0).unwrap_or_default();
    if let Some(rule) = broken_rule(fields).filter(|_| error.errno.is_none()) {
        error.tried.extend_from_slice(b"; ");
        error.tried.extend_from_slice(rule.as_bytes());
        return error;
    }
    let is_directory = || Path::new(OsStr::from_bytes(name)).is_dir();
    let is_refused = error.status == ExitStatus::NOT_EXECUTABLE;
    let is_unknown = error.status == ExitStatus::NOT_FOUND && error.errno.is_none() && !name.contains(&b'/');
    if !shell.is_at_prompt() || !is_refused && !is_unknown {
        return error;
    }
    let meant = if is_refused {
        if !is_directory() {
            return error;
        }
        [b"; did you mean \"cd ", &quote(name)[..], b"\"?"].concat()
    } else if let Some((variable, _)) = name.split_once_str("=") {
        [b"; \"", variable, b"\" is no name for a variable"].concat()
    } else if is_directory() {
        [b"; it is a directory: did you mean \"cd ", &quote(name)[..], b"\"?"].concat()
    } else if name.starts_with(b"%") {
        [b"; did you mean \"fg ", &quote(name)[..], b"\"?"].concat()
    } else if let Some((_, instead)) = OF_OTHER_SHELLS.iter().find(|(names, _)| names.contains(&name.as_bytes())) {
        ["; ", *instead].concat().into()
    } else if let Some(meant) = nearest(shell, name) {
        [b"; did you mean \"", &meant[..], b"\"?"].concat()
    } else {
        return error;
    };
    let mut text = error.message();
    text.extend_from_slice(&meant);
    Error::new(text).with_status(error.status)
}

/// How many letters have to be inserted, removed, replaced or exchanged with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let mut shell = Shell::new(crate::builtins::find);
        let mut near = |name: &str| nearest(&mut shell, name.into()).map(|name| name.to_string());
        assert_eq!(near("ehco").as_deref(), Some("echo"));
        assert_eq!(near("exprot").as_deref(), Some("export"));
        assert_eq!(near("unalais").as_deref(), Some("unalias"));
        assert_eq!(near("zzzzzzzz"), None);
        assert_ne!(near("echo").as_deref(), Some("echo"));
    }
}
