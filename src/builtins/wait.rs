//! `wait` (XCU 4): wait for children of the shell.

use crate::builtins::{Builtin, BuiltinResult, Kind, about, options};
use crate::exec::trap;
use crate::fields::Fields;
use crate::jobs::wait::{self, Patience, Waited};
use crate::jobs::{Job, id};
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Failure, Flow};
use bstr::{BStr, ByteSlice};
use nix::unistd::Pid;

/// `wait`
pub const BUILTIN: Builtin = Builtin {
    name: "wait",
    kind: Kind::Regular,
    usage: "wait [-n] [pid | %job]...",
    about: "Wait for processes or jobs and return the status of the last one; without operands for all of them.\n\
            -n  wait for the first of them that ends and return its status (127: there is none)",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "n")?;
    // The standard has `wait` wait for what is stopped, too.
    let stops = shell.is_at_prompt() && !shell.options.has(Opt::Posix);
    let patience = Patience { interrupting: shell.interrupting(), stops };
    if !found.is_empty() {
        let waited = any(shell, fields, first, patience)?;
        return Ok(status(shell, waited)?.0);
    }
    if fields.get(first).is_none() {
        let waited = wait::for_all(&mut shell.jobs, patience);
        return Ok(match status(shell, waited)? {
            (status, true) => status,
            _ => ExitStatus::SUCCESS,
        });
    }
    let mut last = ExitStatus::SUCCESS;
    for operand in fields.iter_from(first) {
        let waited = one(shell, operand, patience)?;
        let (status, interrupted) = status(shell, waited)?;
        last = status;
        if interrupted {
            break;
        }
    }
    Ok(last)
}

fn one(shell: &mut Shell, operand: &BStr, patience: Patience) -> Result<Waited, Failure> {
    if operand.starts_with(b"%") {
        return match id::find(&shell.jobs, operand).map(|job| job.number) {
            Ok(number) => Ok(wait::for_job(&mut shell.jobs, number, patience)),
            Err(error) => {
                shell.report(&error.within("wait"));
                Ok(Waited::Unknown)
            }
        };
    }
    let waited = wait::for_pid(&mut shell.jobs, pid(operand)?, patience);
    // The status says it to a script (XCU wait); a person does not see that.
    if matches!(waited, Waited::Unknown) && shell.is_at_prompt() {
        shell.report(&about(operand, "no child of this shell, or waited for before").within("wait"));
    }
    Ok(waited)
}

fn pid(operand: &BStr) -> Result<Pid, Error> {
    let pid = operand.to_str().ok().and_then(|text| text.parse::<i32>().ok()).filter(|&pid| pid > 0);
    pid.map(Pid::from_raw)
        .ok_or_else(|| about(operand, "not a process id or a job (such as %1)").with_status(ExitStatus::USAGE))
}

/// `wait -n`: the first that ends, of these or of all jobs.
fn any(shell: &mut Shell, fields: &Fields, first: usize, patience: Patience) -> Result<Waited, Failure> {
    let mut numbers = Vec::new();
    for operand in fields.iter_from(first) {
        if operand.starts_with(b"%") {
            match id::find(&shell.jobs, operand) {
                Ok(job) => numbers.push(job.number),
                Err(error) => shell.report(&error.within("wait")),
            }
            continue;
        }
        match shell.jobs.number_of(pid(operand)?) {
            Some(number) => numbers.push(number),
            // It may have ended before.
            None => match wait::for_pid(&mut shell.jobs, pid(operand)?, patience) {
                Waited::Unknown => shell.report(&about(operand, "no such job").within("wait")),
                waited => return Ok(waited),
            },
        }
    }
    if numbers.is_empty() && fields.get(first).is_some() {
        return Ok(Waited::Unknown);
    }
    Ok(wait::for_any(&mut shell.jobs, &numbers, patience.interrupting))
}

/// The status, and whether something came before the end that was waited for: a signal, whose trap is executed here, or a stop.
fn status(shell: &mut Shell, waited: Waited) -> Result<(ExitStatus, bool), Flow> {
    match waited {
        Waited::Status(status) => Ok((status, false)),
        Waited::Unknown => Ok((ExitStatus::NOT_FOUND, false)),
        Waited::Stopped(number) => {
            let text = format!("%{number} is stopped: `bg %{number}` lets it go on");
            shell.report(&Error::new(text).within("wait"));
            Ok((shell.jobs.get(number).map_or(ExitStatus::FAILURE, Job::status), true))
        }
        Waited::Interrupted(signal) => {
            let status = ExitStatus::from_signal(signal);
            // `$?` in the action is that of this `wait`.
            shell.status = status;
            trap::run_pending(shell)?;
            Ok((status, true))
        }
    }
}
