//! What a command name means: `type`, `command -v`, `command -V`, and `hash` (XCU 4).

use crate::builtins::{Builtin, BuiltinResult, Kind, TABLE, about, operands, options};
use crate::exec::program::{self, Search};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::shell::vars::slot;
use crate::status::ExitStatus;
use bstr::{BStr, BString};

/// `type`
pub const TYPE: Builtin = Builtin {
    name: "type",
    kind: Kind::Plain,
    usage: "type name...",
    about: "Say what each name means as a command.",
    run: |shell, fields| {
        let first = operands(fields);
        describe_all(shell, fields, first, Caller::Type, Search::Path)
    },
};

/// `hash`
pub const HASH: Builtin = Builtin {
    name: "hash",
    kind: Kind::Regular,
    usage: "hash [-r] [name...]",
    about: "Print where programs were found, or find and remember some.\n-r  forget all before",
    run: hash,
};

/// The reserved words, for `type`.
const RESERVED: [&str; 17] = [
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "time", "until",
    "while",
];

enum Meaning {
    Alias(BString),
    Keyword,
    Function,
    Special,
    Builtin,
    Program(BString),
}

fn meaning(shell: &mut Shell, name: &BStr, search: Search) -> Option<Meaning> {
    if let Some(value) = shell.aliases.get(name) {
        return Some(Meaning::Alias(value.to_owned()));
    }
    if RESERVED.iter().any(|word| word.as_bytes() == name) {
        return Some(Meaning::Keyword);
    }
    let builtin = shell.commands.builtin(name).map(|number| TABLE[usize::from(number)].kind);
    if builtin == Some(Kind::Special) {
        return Some(Meaning::Special);
    }
    if shell.commands.function(name).is_some() {
        return Some(Meaning::Function);
    }
    if builtin.is_some() {
        return Some(Meaning::Builtin);
    }
    find_program(shell, name, search).map(Meaning::Program)
}

fn find_program(shell: &mut Shell, name: &BStr, search: Search) -> Option<BString> {
    if name.contains(&b'/') {
        let path = std::ffi::CString::new(name.to_vec()).ok()?;
        crate::sys::fd::executable(&path).ok()?;
        return Some(name.to_owned());
    }
    program::search(&search.directories(shell), name).ok().map(|found| found.into_bytes().into())
}

/// The path from the root.
fn absolute(shell: &mut Shell, path: BString) -> BString {
    if path.starts_with(b"/") {
        return path;
    }
    let mut full = shell.vars.get(slot::PWD).map(|pwd| pwd.to_owned()).unwrap_or_default();
    full.push(b'/');
    full.extend_from_slice(&path);
    full
}

fn short(name: &BStr, meaning: Meaning) -> BString {
    match meaning {
        Meaning::Alias(value) => {
            let mut line = BString::from("alias ");
            crate::builtins::listing::assignment(&mut line, "", name, &value);
            line.pop();
            line
        }
        Meaning::Program(path) => path,
        _ => name.to_owned(),
    }
}

fn long(name: &BStr, meaning: Meaning) -> BString {
    let mut line = name.to_owned();
    match meaning {
        Meaning::Alias(value) => {
            line.extend_from_slice(b" is an alias for ");
            line.extend_from_slice(&value);
        }
        Meaning::Keyword => line.extend_from_slice(b" is a shell keyword"),
        Meaning::Function => line.extend_from_slice(b" is a shell function"),
        Meaning::Special => line.extend_from_slice(b" is a special shell builtin"),
        Meaning::Builtin => line.extend_from_slice(b" is a shell builtin"),
        Meaning::Program(path) => {
            line.extend_from_slice(b" is ");
            line.extend_from_slice(&path);
        }
    }
    line
}

/// Who asks: the program's path is absolute for `command` (XCU, command, -v), and as it is executed for `type`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Type,
    Command { verbose: bool },
}

fn describe_all(shell: &mut Shell, fields: &Fields, first: usize, caller: Caller, search: Search) -> BuiltinResult {
    let mut out = Vec::new();
    let mut status = ExitStatus::SUCCESS;
    let verbose = caller != Caller::Command { verbose: false };
    for name in fields.iter_from(first) {
        let meaning = match meaning(shell, name, search) {
            Some(Meaning::Program(path)) if caller != Caller::Type => Some(Meaning::Program(absolute(shell, path))),
            meaning => meaning,
        };
        match meaning {
            Some(meaning) => {
                out.extend_from_slice(&if verbose { long(name, meaning) } else { short(name, meaning) });
                out.push(b'\n');
            }
            None => {
                if verbose {
                    let caller = if caller == Caller::Type { "type" } else { "command" };
                    shell.report(&about(name, "not found").within(caller));
                }
                status = ExitStatus::FAILURE;
            }
        }
    }
    shell.io.write(&out)?;
    Ok(status)
}

/// `command -v` and `command -V`.
pub fn command(shell: &mut Shell, fields: &Fields, first: usize, verbose: bool, search: Search) -> BuiltinResult {
    describe_all(shell, fields, first, Caller::Command { verbose }, search)
}

fn hash(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "r")?;
    if !found.is_empty() {
        shell.commands.forget_paths();
    }
    // What was found before PATH was assigned is forgotten.
    let are_good = shell.commands.check_path(shell.vars.path_changes(), shell.is_virtual());
    let mut status = ExitStatus::SUCCESS;
    for name in fields.iter_from(first) {
        let slot = shell.commands.slot_of(name);
        if name.contains(&b'/')
            || shell.commands.at(slot).builtin.is_some()
            || shell.commands.at(slot).function.is_some()
        {
            continue;
        }
        match program::search(&Search::Path.directories(shell), name) {
            Ok(path) => shell.commands.set_path(slot, path),
            Err(_) => {
                shell.report(&about(name, "not found").within("hash"));
                status = ExitStatus::FAILURE;
            }
        }
    }
    if found.is_empty() && fields.get(first).is_none() && (are_good || !shell.is_virtual()) {
        let mut out = Vec::new();
        for (_, entry) in shell.commands.sorted() {
            if let Some((path, _)) = &entry.path {
                out.extend_from_slice(path.as_bytes());
                out.push(b'\n');
            }
        }
        shell.io.write(&out)?;
    }
    Ok(status)
}
