//! `exec`: become a program; without one, keep the redirections (XCU 2.15, exec).

use crate::builtins::{Builtin, BuiltinResult, Kind, options};
use crate::exec::program;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::{ExitStatus, Failure, Flow};

/// `exec [-l] [-a name] [command [argument...]]`
pub const BUILTIN: Builtin = Builtin {
    name: "exec",
    kind: Kind::Special,
    usage: "exec [-l] [-a name] [command [argument...]]",
    about: "Replace the shell by a program. Without a command the redirections of exec stay in force.\n\
            -l  put a `-` before the program's own name, which makes a login shell\n\
            -a NAME  give it another name",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (given, first) = options(fields, "la:")?;
    if fields.get(first).is_none() {
        return Ok(ExitStatus::SUCCESS);
    }
    let is_login = given.iter().any(|option| option.letter == b'l');
    let name = given.iter().rev().find_map(|option| option.argument).or(fields.get(first)).unwrap_or_default();
    let name: &[u8] = name;
    let name = if is_login { [b"-".as_slice(), name].concat() } else { name.to_vec() };
    let error = program::replace(shell, fields, first, &name);
    if shell.is_at_prompt() {
        return Err(error.into());
    }
    shell.report(&error.clone().within("exec"));
    Err(Failure::Flow(Flow::Exit(error.status)))
}
