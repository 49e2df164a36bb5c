//! `exit`, `return`, `break`, `continue`: changes of flow (XCU 2.15).

use crate::builtins::{Builtin, BuiltinResult, Kind, about, operands, too_many_arguments};
use crate::exec::job;
use crate::fields::Fields;
use crate::shell::Shell;
use crate::shell::vars::parse_decimal;
use crate::status::{Error, ExitStatus, Flow};

/// `exit [n]`
pub const EXIT: Builtin = Builtin {
    name: "exit",
    kind: Kind::Special,
    usage: "exit [n]",
    about: "End the shell with status n, or with that of the last command.",
    run: exit,
};

/// `return [n]`
pub const RETURN: Builtin = Builtin {
    name: "return",
    kind: Kind::Special,
    usage: "return [n]",
    about: "Leave the function or `.` script with status n, or with that of the last command.",
    run: return_,
};

/// `break [n]`
pub const BREAK: Builtin = Builtin {
    name: "break",
    kind: Kind::Special,
    usage: "break [n]",
    about: "Leave the n innermost loops (1).",
    run: |shell, fields| loop_flow(shell, fields, Flow::Break),
};

/// `continue [n]`
pub const CONTINUE: Builtin = Builtin {
    name: "continue",
    kind: Kind::Special,
    usage: "continue [n]",
    about: "Go on with the next turn of the n-th innermost loop (1).",
    run: |shell, fields| loop_flow(shell, fields, Flow::Continue),
};

/// The status operand of `exit` and `return`; without one the current status, which is that from before the trap action if this
/// is what ends it.
fn status(fields: &Fields, current: ExitStatus) -> Result<ExitStatus, Error> {
    let first = operands(fields);
    let Some(operand) = fields.get(first) else { return Ok(current) };
    if fields.get(first + 1).is_some() {
        return Err(too_many_arguments());
    }
    // The standard leaves other integers than 0 to 255 open; everywhere `exit -1` means 255.
    match parse_decimal(operand) {
        Some(number) => Ok(ExitStatus((number & 0xff) as i32)),
        None => Err(about(operand, "not a status (0 to 255)").with_status(ExitStatus::USAGE)),
    }
}

fn exit(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let current = shell.in_trap.map_or(shell.status, |trap| trap.status);
    let status = status(fields, current)?;
    if !job::may_leave(shell) {
        return Ok(ExitStatus::FAILURE);
    }
    Err(Flow::Exit(status).into())
}

fn return_(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let ended_trap = shell.in_trap.filter(|trap| trap.return_depth == shell.return_depth);
    let status = status(fields, ended_trap.map_or(shell.status, |trap| trap.status))?;
    if shell.return_depth == 0 {
        if shell.is_at_prompt() {
            return Err(Error::new("only a function or a `.` script can be left (`exit` leaves the shell)").into());
        }
        // Unspecified by the standard; as dash does, it ends the script.
        return Err(Flow::Exit(status).into());
    }
    Err(Flow::Return(status).into())
}

fn loop_flow(shell: &mut Shell, fields: &Fields, flow: fn(u32) -> Flow) -> BuiltinResult {
    let first = operands(fields);
    let count = match fields.get(first) {
        None => 1,
        Some(_) if fields.get(first + 1).is_some() => return Err(too_many_arguments().into()),
        Some(operand) => match parse_decimal(operand) {
            Some(count) if count > 0 => u32::try_from(count).unwrap_or(u32::MAX),
            _ => return Err(about(operand, "not a number of loops (1 or more)").with_status(ExitStatus::USAGE).into()),
        },
    };
    if shell.loops.depth == 0 {
        // Nothing happens, which a script may rely on; a person wonders.
        if shell.is_at_prompt() && shell.function_depth == 0 {
            let name = fields.get(0).unwrap_or_default();
            shell.report(&Error::new("there is no loop around this").within(name));
        }
        return Ok(ExitStatus::SUCCESS);
    }
    // A loop around the subshell encloses nothing in it; with no other loop the command ends the subshell, as in dash.
    let own = shell.loops.depth - shell.loops.outside;
    Err(flow(count.min(if own == 0 { shell.loops.depth } else { own })).into())
}
