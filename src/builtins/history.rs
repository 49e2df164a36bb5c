//! `history`: the commands that were typed (not in POSIX, but in every shell that people type at).

use crate::builtins::{Builtin, BuiltinResult, Kind, about, options};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::shell::history::file;
use crate::shell::vars::parse_decimal;
use crate::status::ExitStatus;
use std::io::Write;

/// `history [-c] [n]`
pub const BUILTIN: Builtin = Builtin {
    name: "history",
    kind: Kind::Regular,
    usage: "history [-c] [n]",
    about: "List the commands that were typed, or the last n, with their numbers (see fc).\n\
            -c  forget all of them, in the history file too",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (given, first) = options(fields, "c")?;
    if !given.is_empty() {
        shell.history.clear();
        return match shell.history.file.clone() {
            Some(path) => file::clear(&path).map(|()| ExitStatus::SUCCESS).map_err(Into::into),
            None => Ok(ExitStatus::SUCCESS),
        };
    }
    let count = match fields.get(first) {
        None => usize::MAX,
        Some(operand) => parse_decimal(operand)
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(|| about(operand, "not a number of commands").with_status(ExitStatus::USAGE))?,
    };
    let mut out = Vec::new();
    for entry in shell.history.iter().skip(shell.history.len().saturating_sub(count)) {
        // Writing to memory cannot fail.
        let _ = write!(out, "{:>5}  ", entry.number);
        out.extend_from_slice(&entry.text);
        out.push(b'\n');
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}
