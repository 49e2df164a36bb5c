//! `exec`: become a program; without one, keep the redirections (XCU 2.15, exec).

use crate::builtins::{Builtin, BuiltinResult, Kind, operands};
use crate::exec::program;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::{ExitStatus, Failure, Flow};

/// `exec [command [argument...]]`
pub const BUILTIN: Builtin = Builtin {
    name: "exec",
    kind: Kind::Special,
    usage: "exec [command [argument...]]",
    about: "Replace the shell by a program. Without a command the redirections of exec stay in force.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    if fields.get(first).is_none() {
        return Ok(ExitStatus::SUCCESS);
    }
    let error = program::replace(shell, fields, first);
    if shell.options.has(crate::shell::Opt::Interactive) && !shell.is_subshell() {
        return Err(error.into());
    }
    shell.report(&error.clone().within("exec"));
    Err(Failure::Flow(Flow::Exit(error.status)))
}
