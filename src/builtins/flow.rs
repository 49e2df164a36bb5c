//! `exit`, `return`, `break`, `continue`: changes of flow (XCU 2.15).

use crate::builtins::{Builtin, BuiltinResult, Kind, operands};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Flow};
use bstr::{BString, ByteSlice};

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

/// The status operand of `exit` and `return`.
fn status(shell: &Shell, fields: &Fields) -> Result<ExitStatus, Error> {
    let first = operands(fields);
    let Some(operand) = fields.get(first) else { return Ok(shell.status) };
    if fields.get(first + 1).is_some() {
        return Err(Error::usage("too many arguments"));
    }
    match number(operand) {
        Some(number) => Ok(ExitStatus((number & 0xff) as i32)),
        None => {
            let mut text = BString::from(operand);
            text.extend_from_slice(b": not a status (0 to 255)");
            Err(Error::usage(text))
        }
    }
}

fn number(text: &[u8]) -> Option<i64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if digits { text.to_str().ok()?.parse().ok() } else { None }
}

fn exit(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let mut status = status(shell, fields)?;
    if let (Some(before), None) = (shell.trap_status, fields.get(operands(fields))) {
        status = before;
    }
    Err(Flow::Exit(status).into())
}

fn return_(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let status = status(shell, fields)?;
    if shell.return_depth == 0 {
        // Unspecified by the standard; as dash does, it ends the script.
        return Err(Flow::Exit(status).into());
    }
    Err(Flow::Return(status).into())
}

fn loop_flow(shell: &mut Shell, fields: &Fields, flow: fn(u32) -> Flow) -> BuiltinResult {
    let first = operands(fields);
    let count = match fields.get(first) {
        None => 1,
        Some(operand) => match number(operand) {
            Some(count) if count > 0 => u32::try_from(count).unwrap_or(u32::MAX),
            _ => {
                let mut text = BString::from(operand);
                text.extend_from_slice(b": not a number of loops (1 or more)");
                return Err(Error::usage(text).into());
            }
        },
    };
    if shell.loop_depth == 0 {
        return Ok(ExitStatus::SUCCESS);
    }
    Err(flow(count.min(shell.loop_depth)).into())
}
