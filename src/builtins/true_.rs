//! `true` and `false` (XCU `true`, `false`).

use super::{Builtin, BuiltinResult, Kind};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;

/// The row of `true`.
pub const TRUE: Builtin =
    Builtin { name: "true", kind: Kind::Plain, usage: "true", about: "do nothing, successfully", run: run_true };

/// The row of `false`.
pub const FALSE: Builtin =
    Builtin { name: "false", kind: Kind::Plain, usage: "false", about: "do nothing, unsuccessfully", run: run_false };

fn run_true(_: &mut Shell, _: &Fields) -> BuiltinResult {
    Ok(ExitStatus::SUCCESS)
}

fn run_false(_: &mut Shell, _: &Fields) -> BuiltinResult {
    Ok(ExitStatus::FAILURE)
}
