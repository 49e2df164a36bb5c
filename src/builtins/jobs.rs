//! `jobs`, `fg`, `bg` (XCU 4): job control.

use crate::builtins::{Builtin, BuiltinResult, Kind, about, options};
use crate::exec::job;
use crate::fields::Fields;
use crate::jobs::report::{self, Detail, Marks};
use crate::jobs::{JobState, id, terminal, wait};
use crate::quote::visible;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::signal;
use bstr::{BStr, BString};
use nix::unistd::Pid;

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
    run: fg,
};

/// `bg`
pub const BG: Builtin = Builtin {
    name: "bg",
    kind: Kind::Regular,
    usage: "bg [%job...]",
    about: "Continue stopped jobs in the background.",
    run: bg,
};

fn jobs(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "lp")?;
    let detail = match found.last().map(|option| option.letter) {
        Some(b'l') => Detail::Long,
        Some(_) => Detail::Leader,
        None => Detail::Short,
    };
    // In a subshell (`jobs | grep`, `$(jobs)`) the children are the parent's: only it asks for them, and only it forgets them.
    let own = !shell.is_subshell();
    if own {
        wait::poll(&mut shell.jobs);
        shell.jobs.keep_warning();
    }
    let mut numbers = Vec::new();
    if fields.get(first).is_none() {
        numbers.extend(shell.jobs.shown().iter().map(|job| job.number));
    }
    let mut status = ExitStatus::SUCCESS;
    for operand in fields.iter_from(first) {
        match id::find_shown(&shell.jobs, operand) {
            Ok(job) => numbers.push(job.number),
            Err(error) => {
                shell.report(&error.within("jobs"));
                status = ExitStatus::FAILURE;
            }
        }
    }
    let mut out = Vec::new();
    let shown = shell.jobs.shown();
    let marks = Marks::of(shown.iter().copied());
    for &number in &numbers {
        if let Some(job) = shown.iter().find(|job| job.number == number) {
            report::line(&mut out, job, marks, detail);
        }
    }
    shell.io.write(&out)?;
    if own && detail != Detail::Leader {
        numbers.iter().for_each(|&number| shell.jobs.mark_shown(number));
    }
    Ok(status)
}

/// The job that an operand of `fg` or `bg` names (without one the current job), if it can be continued as one.
fn resumable(shell: &mut Shell, operand: Option<&BStr>) -> Result<usize, Error> {
    if shell.jobs.is_empty() {
        let none = "there are no jobs";
        return Err(operand.map_or_else(|| Error::new(none), |operand| about(operand, none)));
    }
    let operand = operand.unwrap_or(BStr::new("%+"));
    let job = id::find(&shell.jobs, operand)?;
    if job.is_ended() {
        return Err(about(operand, "the job has ended"));
    }
    if job.group.is_none() {
        return Err(about(operand, "the job was started without job control"));
    }
    Ok(job.number)
}

fn prepare(shell: &mut Shell, fields: &Fields) -> Result<usize, Error> {
    let (_, first) = options(fields, "")?;
    if !shell.has_job_control() {
        return Err(Error::new("no job control"));
    }
    wait::poll(&mut shell.jobs);
    Ok(first)
}

/// SIGCONT to the whole group.
fn resume(shell: &mut Shell, number: usize, group: Pid) -> Result<(), Error> {
    shell.jobs.mark_continued(number);
    signal::send(-group.as_raw(), libc::SIGCONT).map_err(|errno| Error::system("cannot continue the job", errno))
}

fn fg(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = prepare(shell, fields)?;
    if fields.get(first + 1).is_some() {
        return Err(Error::usage("only one job can have the terminal").into());
    }
    let number = resumable(shell, fields.get(first))?;
    let Some(job) = shell.jobs.get(number) else { return Ok(ExitStatus::FAILURE) };
    let (leader, modes) = (job.leader(), job.modes.clone());
    let mut line = visible(&job.text);
    line.push(b'\n');
    shell.io.write(&line)?;
    // The terminal first: a program that goes on without it would be stopped by its next read (XCU 2.11).
    terminal::give(&shell.jobs, leader, modes.as_deref());
    let resumed = resume(shell, number, leader);
    let Some(job) = shell.jobs.remove(number) else { return Ok(ExitStatus::FAILURE) };
    let status = job::finish(shell, job, BString::default)?;
    resumed?;
    Ok(status)
}

fn bg(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = prepare(shell, fields)?;
    let mut operands: Vec<Option<&BStr>> = fields.iter_from(first).map(Some).collect();
    if operands.is_empty() {
        operands.push(None);
    }
    let mut status = ExitStatus::SUCCESS;
    for operand in operands {
        if let Err(error) = background(shell, operand) {
            shell.report(&error.within("bg"));
            status = ExitStatus::FAILURE;
        }
    }
    Ok(status)
}

fn background(shell: &mut Shell, operand: Option<&BStr>) -> Result<(), Error> {
    let number = resumable(shell, operand)?;
    let Some(job) = shell.jobs.get(number) else { return Ok(()) };
    let (leader, runs) = (job.leader(), job.state() == JobState::Running);
    let mut line = format!("[{number}] ").into_bytes();
    line.extend_from_slice(&visible(&job.text));
    line.push(b'\n');
    shell.io.write(&line)?;
    if !runs {
        resume(shell, number, leader)?;
        shell.jobs.mark_resumed(number);
    }
    Ok(())
}
