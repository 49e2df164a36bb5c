//! `eval`: execute the operands, joined with blanks, as commands (XCU 2.15, eval).

use crate::builtins::{Builtin, BuiltinResult, Kind, operands};
use crate::exec;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;
use crate::syntax::Parser;

/// `eval [argument...]`
pub const BUILTIN: Builtin = Builtin {
    name: "eval",
    kind: Kind::Special,
    usage: "eval [argument...]",
    about: "Join the arguments with blanks and execute the result as commands.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    let mut text = Vec::new();
    for (index, field) in fields.iter_from(first).enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(field);
    }
    if text.is_empty() {
        return Ok(ExitStatus::SUCCESS);
    }
    if crate::sys::stack::is_low() {
        return Err(exec::consequence::nested_too_deeply(shell, b"eval").into());
    }
    let line = shell.vars.line;
    Ok(exec::run(shell, Parser::of_text(text, line), false)?)
}
