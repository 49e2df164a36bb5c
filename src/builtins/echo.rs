//! `echo` (XCU `echo`, with XSI: the escape sequences are always interpreted). `-n` as the first argument is an option.

use super::escape::{Escapes, unescape_into};
use super::{Builtin, BuiltinResult, Kind, write_collected};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;

/// The row of `echo`.
pub const BUILTIN: Builtin = Builtin {
    name: "echo",
    kind: Kind::Plain,
    usage: "echo [-n] [STRING...]",
    about: r"write the strings with blanks between them and a newline
-n  without the newline
Escape sequences: \a \b \c (ends the output) \e \f \n \r \t \v \\ \0NNN. printf is the portable way.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let newline = fields.get(1).is_none_or(|first| first != "-n");
    let first = if newline { 1 } else { 2 };
    write_collected(shell, |_, out| {
        for (index, field) in fields.iter_from(first).enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            if !unescape_into(out, field, Escapes::Echo) {
                return;
            }
        }
        if newline {
            out.push(b'\n');
        }
    })?;
    Ok(ExitStatus::SUCCESS)
}
