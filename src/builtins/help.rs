//! `help`: the table of builtins, or the usage of some.

use crate::builtins::{Builtin, BuiltinResult, Kind, TABLE, about, operands};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;

/// `help`
pub const BUILTIN: Builtin = Builtin {
    name: "help",
    kind: Kind::Plain,
    usage: "help [builtin...]",
    about: "Print the builtins with a line for each, or the usage of some.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    if crate::builtins::message::help(shell, &BUILTIN, fields)? {
        return Ok(ExitStatus::SUCCESS);
    }
    let mut out = String::new();
    let mut status = ExitStatus::SUCCESS;
    if fields.get(first).is_none() {
        for builtin in TABLE {
            let summary = builtin.about.lines().next().unwrap_or_default();
            out.push_str(&format!("{:<9} {summary}\n", builtin.name));
        }
    }
    for name in fields.iter_from(first) {
        match TABLE.iter().find(|builtin| builtin.name.as_bytes() == name) {
            Some(builtin) => {
                out.push_str(&format!("usage: {}\n{}\n", builtin.usage.replace('\n', "\n       "), builtin.about))
            }
            None => {
                shell.report(&about(name, "no such builtin").within("help"));
                status = ExitStatus::FAILURE;
            }
        }
    }
    shell.io.write(out.as_bytes())?;
    Ok(status)
}
