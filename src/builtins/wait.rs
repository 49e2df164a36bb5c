//! `wait` (XCU 4): wait for children of the shell.

use crate::builtins::{Builtin, BuiltinResult, Kind, about, operands};
use crate::exec::trap;
use crate::fields::Fields;
use crate::jobs::wait::{self, Waited};
use crate::shell::Shell;
use crate::status::{ExitStatus, Flow};
use bstr::{BStr, ByteSlice};
use nix::unistd::Pid;

/// `wait`
pub const BUILTIN: Builtin = Builtin {
    name: "wait",
    kind: Kind::Regular,
    usage: "wait [pid | %job]...",
    about: "Wait for processes or jobs and return the status of the last one; without operands for all of them.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    let interrupting = shell.interrupting();
    if fields.get(first).is_none() {
        let waited = wait::for_all(&mut shell.jobs, interrupting);
        return Ok(match status(shell, waited)? {
            (status, true) => status,
            _ => ExitStatus::SUCCESS,
        });
    }
    let mut last = ExitStatus::SUCCESS;
    for operand in fields.iter_from(first) {
        let waited = one(shell, operand, interrupting)?;
        let (status, interrupted) = status(shell, waited)?;
        last = status;
        if interrupted {
            break;
        }
    }
    Ok(last)
}

fn one(shell: &mut Shell, operand: &BStr, interrupting: u64) -> Result<Waited, crate::status::Failure> {
    if operand.starts_with(b"%") {
        return match crate::jobs::id::find(&shell.jobs, operand) {
            Ok(number) => Ok(wait::for_job(&mut shell.jobs, number, interrupting)),
            Err(error) => {
                shell.report(&error.within("wait"));
                Ok(Waited::Unknown)
            }
        };
    }
    let pid = operand.to_str().ok().and_then(|text| text.parse::<i32>().ok()).filter(|&pid| pid > 0);
    match pid {
        Some(pid) => Ok(wait::for_pid(&mut shell.jobs, Pid::from_raw(pid), interrupting)),
        None => Err(about(operand, "not a process id or a job (such as %1)").with_status(ExitStatus::USAGE).into()),
    }
}

/// The status, and whether a signal arrived first; its trap is executed here.
fn status(shell: &mut Shell, waited: Waited) -> Result<(ExitStatus, bool), Flow> {
    match waited {
        Waited::Status(status) => Ok((status, false)),
        Waited::Unknown => Ok((ExitStatus::NOT_FOUND, false)),
        Waited::Interrupted(signal) => {
            let status = ExitStatus::from_signal(signal);
            // `$?` in the action is that of this `wait`.
            shell.status = status;
            trap::run_pending(shell)?;
            Ok((status, true))
        }
    }
}
