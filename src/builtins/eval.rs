//! `eval`: execute the operands, joined with blanks, as commands (XCU 2.15, eval).

use crate::builtins::{Builtin, BuiltinResult, Kind, operands};
use crate::exec;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;

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
    if crate::sys::stack::is_low() {
        return Err(exec::consequence::nested_too_deeply(shell, b"eval").into());
    }
    let mut text = shell.buffers.pop().unwrap_or_default();
    for (index, field) in fields.iter_from(first).enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(field);
    }
    let line = shell.vars.line;
    let outcome = if text.is_empty() { Ok(ExitStatus::SUCCESS) } else { exec::run_text(shell, &text, line) };
    text.clear();
    shell.buffers.push(text);
    Ok(outcome?)
}
