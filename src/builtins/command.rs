//! `command`: execute without functions, with a special builtin as a regular one; or say what a name is (`-v`, `-V`).

use crate::builtins::{Builtin, BuiltinResult, Kind, lookup, options};
use crate::exec::{self, program::Search};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;

/// `command [-p] [-v | -V] name [argument...]`
pub const BUILTIN: Builtin = Builtin {
    name: "command",
    kind: Kind::Regular,
    usage: "command [-p] name [argument...]\ncommand [-p] -v|-V name",
    about: "Execute a command, but no function; errors of special builtins do not end the shell.\n\
            -p  search the system's standard PATH\n-v  print what would be executed\n-V  describe it",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "pvV")?;
    if fields.get(first).is_none() {
        return Ok(ExitStatus::SUCCESS);
    }
    let standard = found.iter().any(|option| option.letter == b'p');
    let search = if standard { Search::Standard } else { Search::Path };
    let asked = found.iter().rev().find(|option| option.letter != b'p').map(|option| option.letter);
    match asked {
        Some(letter) => lookup::command(shell, fields, first, letter == b'V', search),
        None => {
            let arguments: Fields = fields.iter_from(first).collect();
            exec::command::fields(shell, &arguments, search, false).map_err(Into::into)
        }
    }
}
