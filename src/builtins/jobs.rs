//! `jobs`, `fg`, `bg` (XCU 4): job control.

use crate::builtins::{Builtin, BuiltinResult, Kind, operands, options};
use crate::exec::job;
use crate::fields::Fields;
use crate::jobs::report::{self, Detail, Marks};
use crate::jobs::{JobState, id, terminal, wait};
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus};
use crate::sys::signal;
use bstr::BStr;

/// `jobs`
pub const JOBS: Builtin = Builtin {
    name: "jobs",
    kind: Kind::Regular,
    usage: "jobs [-l | -p] [%job...]",
    about: "Print the jobs.\n-l  with process ids\n-p  only the process id of each group's leader",
    run: jobs,
};

/// `fg`
pub const FG: Builtin = Builtin {
    name: "fg",
    kind: Kind::Regular,
    usage: "fg [%job]",
    about: "Continue a job in the foreground.",
    run: |shell, fields| resume(shell, fields, true),
};

/// `bg`
pub const BG: Builtin = Builtin {
    name: "bg",
    kind: Kind::Regular,
    usage: "bg [%job]",
    about: "Continue a stopped job in the background.",
    run: |shell, fields| resume(shell, fields, false),
};

fn jobs(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "lp")?;
    let detail = match found.last().map(|option| option.letter) {
        Some(b'l') => Detail::Long,
        Some(_) => Detail::Leader,
        None => Detail::Short,
    };
    // In `jobs | grep` the children are the parent's, and only it can ask for them.
    if !shell.is_subshell() {
        wait::poll(&mut shell.jobs);
    }
    let mut numbers = Vec::new();
    if fields.get(first).is_none() {
        numbers.extend(shell.jobs.shown().iter().map(|job| job.number));
    }
    for operand in fields.iter_from(first) {
        numbers.push(id::find(&shell.jobs, operand)?);
    }
    let mut out = Vec::new();
    let marks = Marks::of(shell.jobs.shown().into_iter());
    for &number in &numbers {
        if let Some(job) = shell.jobs.get(number) {
            report::line(&mut out, job, marks, detail);
        }
    }
    for number in numbers {
        shell.jobs.mark_reported(number);
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

fn resume(shell: &mut Shell, fields: &Fields, foreground: bool) -> BuiltinResult {
    if !shell.options.has(Opt::Monitor) {
        return Err(Error::new("no job control").into());
    }
    let operand = fields.get(operands(fields)).unwrap_or(BStr::new(b"%+"));
    let number = id::find(&shell.jobs, operand)?;
    let Some(job) = shell.jobs.get(number) else { return Err(Error::new("no such job").into()) };
    let (leader, text, modes) = (job.leader(), job.text.clone(), job.modes.clone());
    let mut line = if foreground { Vec::new() } else { format!("[{number}] ").into_bytes() };
    line.extend_from_slice(&text);
    line.push(b'\n');
    shell.io.write(&line)?;
    if foreground {
        terminal::give(&shell.jobs, leader, modes.as_deref());
    }
    shell.jobs.mark_continued(number);
    signal::send(-leader.as_raw(), libc::SIGCONT).map_err(|errno| Error::system("cannot continue the job", errno))?;
    if !foreground {
        return Ok(ExitStatus::SUCCESS);
    }
    match shell.jobs.remove(number) {
        Some(job) if matches!(job.state(), JobState::Running) => Ok(job::finish(shell, job)?),
        Some(job) => Ok(job.status()),
        None => Ok(ExitStatus::SUCCESS),
    }
}
