//! `:`, the null utility (XCU 2.15, `colon`).

use super::{Builtin, BuiltinResult, Kind};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::ExitStatus;

/// The row of `:`.
pub const BUILTIN: Builtin = Builtin {
    name: ":",
    kind: Kind::Special,
    usage: ": [ARGUMENT...]",
    about: "do nothing, successfully; the arguments are expanded",
    run,
};

fn run(_: &mut Shell, _: &Fields) -> BuiltinResult {
    Ok(ExitStatus::SUCCESS)
}
