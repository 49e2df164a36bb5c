//! From the commands of a pipeline to its status: which stages become processes ([`mod@super::pipeline`]), and the waiting for them.
//!
//! Two kinds of stages need no process. The first one, if it is a builtin such as `echo` that can neither wait for anybody nor change
//! the shell: its output is put into the pipe before the next stage begins, if the pipe can hold it. And the last one, if
//! it is no program: while it runs the shell would do nothing but wait for it, so it may as well run it itself, as it does with `( )`
//! ([`substitute::last_stage`]). Neither under job control, where a pipeline is one process group that can be stopped.

use crate::builtins::Builtin;
use crate::exec::job::{self, Stage, finish};
use crate::exec::pipeline::{End, launch};
use crate::exec::program::{self, Search};
use crate::exec::substitute::{self, Captured};
use crate::exec::{builtin, command, consequence, pure, redirect};
use crate::expand;
use crate::fields::Fields;
use crate::jobs::{Job, Process, wait};
use crate::quote;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::ast::{AndOr, Command, List, SimpleCommand};
use crate::syntax::print;
use crate::sys::fd;
use bstr::BString;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// Execute a pipeline of several commands and wait for it.
pub fn foreground(shell: &mut Shell, commands: &[Command], last: bool) -> Outcome {
    let stages: Vec<Stage<'_>> = commands.iter().map(Stage::of).collect();
    shell.vars.line = job::line_of(commands).unwrap_or(shell.vars.line);
    let text = || print::commands(commands);
    if !shell.is_subshell() && commands.iter().any(job::is_jobs) {
        // `jobs | grep`: only the parent hears of its children, and so the stage knows what the parent knows now.
        wait::poll(&mut shell.jobs);
    }
    match stages.split_last() {
        Some((&stage, others)) if runs_here(shell, stage) => with_last_here(shell, others, stage, last, text),
        _ => run(shell, &stages, last, text),
    }
}

/// Execute `( list )` as a job of its own.
pub fn subshell_job(shell: &mut Shell, body: &List) -> Outcome {
    run(shell, &[Stage::Subshell(body, &[])], false, || print::subshell(body))
}

/// Run a builtin that changes nothing of the shell, and is made for long stays, as a job of its own, as if it were a program: ^C and ^Z
/// reach it alone, and `fg` goes on with it.
pub fn builtin_job(shell: &mut Shell, builtin: &'static Builtin, fields: &Fields) -> Outcome {
    run(shell, &[Stage::Builtin(builtin, fields)], false, || {
        bstr::join(" ", fields.iter().map(|field| quote::quote(field))).into()
    })
}

/// Run a program whose redirections the shell had better not open itself, as a job of its own.
pub fn program_job(shell: &mut Shell, command: &SimpleCommand, fields: &Fields, slot: Option<u32>) -> Outcome {
    run(shell, &[Stage::Program(command, fields, slot)], false, || print::simple(command))
}

/// Each stage that still runs is a process.
fn run(shell: &mut Shell, stages: &[Stage<'_>], last: bool, text: impl FnOnce() -> BString) -> Outcome {
    // The stages of a pipeline that ends its subshell seldom ask who their parent is, and then the shell serves.
    if !substitute::is_last_writer(shell, last) || stages.iter().any(job::asks_for_parent) {
        substitute::need_parent(shell, false)?;
    }
    let capture = match shell.io.is_captured().then(fd::pipe).transpose() {
        Ok(ends) => ends,
        Err(errno) => return Err(consequence::fatal(shell, &Error::system("cannot make a pipe", errno))),
    };
    let (read, write) = capture.unzip();
    let (mut job, input, stages) = begin(shell, stages);
    let error = launch(shell, &mut job, stages, input, End::Output(write), false).err();
    if let Some(error) = &error {
        shell.report(error);
    }
    if let Some(read) = read {
        substitute::read_capture(shell, &read, job.processes.iter().map(|process| process.pid));
    }
    let status = finish(shell, job, text)?;
    Ok(error.map_or(status, |error| error.status))
}

/// The last stage runs in this process, the others in theirs.
fn with_last_here(
    shell: &mut Shell,
    stages: &[Stage<'_>],
    stage: Stage<'_>,
    last: bool,
    text: impl FnOnce() -> BString,
) -> Outcome {
    let (mut job, input, stages) = begin(shell, stages);
    if !stages.is_empty() {
        substitute::need_parent(shell, false)?;
    }
    let input = match launch(shell, &mut job, stages, input, End::Pipe, false) {
        Ok(input) => input,
        Err(error) => {
            shell.report(&error);
            finish(shell, job, text)?;
            return Ok(error.status);
        }
    };
    // Whoever waits meanwhile also collects the others.
    shell.jobs.enter(job);
    let outcome = substitute::last_stage(shell, stage, input, last);
    let job = shell.jobs.leave();
    let status = match outcome {
        Ok(status) => status,
        // Another process has gone on with this pipeline, in a subshell around it.
        Err(Flow::Forked) => return outcome,
        Err(Flow::Exit(status) | Flow::Interrupt(status)) => status,
        Err(_) => ExitStatus::SUCCESS,
    };
    // Without it, this is that other process, and the other stages are not its children.
    if let Some(mut job) = job {
        job.processes.push(Process::ended(status));
        let status = finish(shell, job, text)?;
        return outcome.map(|_| status);
    }
    outcome
}

/// Whether the last stage can run in this process: it is no program that can be started as it stands, and need not be a process
/// anyway.
fn runs_here(shell: &mut Shell, stage: Stage<'_>) -> bool {
    if shell.has_job_control() || substitute::must_fork(shell) {
        return false;
    }
    match stage {
        Stage::Command(Command::Simple(simple)) => !program::is_startable(shell, simple),
        _ => true,
    }
}

/// The job of a pipeline, with the first stage done if that needs no process: its output, and the stages behind it.
fn begin<'s, 'a>(shell: &mut Shell, stages: &'s [Stage<'a>]) -> (Job, Option<OwnedFd>, &'s [Stage<'a>]) {
    let mut job = Job::new(Vec::with_capacity(stages.len() + 1));
    job.pipefail = shell.options.has(Opt::PipeFail);
    if let Some((first, others)) = stages.split_first()
        && !shell.has_job_control()
        && let Some((input, status)) = output_of(shell, *first)
    {
        job.processes.push(Process::ended(status));
        return (job, Some(input), others);
    }
    (job, None, stages)
}

/// Run a first stage that nobody can see running: the pipe with its output, and its status.
fn output_of(shell: &mut Shell, stage: Stage<'_>) -> Option<(OwnedFd, ExitStatus)> {
    let Stage::Command(Command::Simple(simple)) = stage else { return None };
    let slot = shell.commands.slot(&simple.slot, simple.name()?);
    if !builtin::is_plain(shell, slot) || !simple.redirects.is_empty() || !pure::is_pure_command(shell, simple) {
        return None;
    }
    let mut fields = Fields::new();
    expand::fields(shell, &simple.words, &mut fields).ok()?;
    if fields.iter().any(|field| redirect::names_a_descriptor(field)) {
        return None;
    }
    // If it is to be done again by a process, so are its messages.
    let (messages, (text, outcome)) = substitute::captured(shell, Captured::Messages, |shell| {
        substitute::captured(shell, Captured::Output, |shell| command::fields(shell, &fields, Search::Path, false))
    });
    let pipe = fd::pipe_with(&text).ok()??;
    if !messages.is_empty() {
        shell.io.write_error(&messages);
    }
    Some((pipe, outcome.ok()?))
}

/// Execute an and-or list asynchronously (`&`).
#[inline(never)]
pub fn background(shell: &mut Shell, and_or: &Rc<AndOr>) -> Outcome {
    substitute::need_parent(shell, false)?;
    wait::poll(&mut shell.jobs);
    let plain = and_or.rest.is_empty() && !and_or.first.negated && and_or.first.timed.is_none();
    let stages: Vec<Stage<'_>> = if plain && !and_or.first.commands.is_empty() {
        and_or.first.commands.iter().map(Stage::of).collect()
    } else {
        vec![Stage::AndOr(and_or)]
    };
    let mut job = Job::new(Vec::with_capacity(stages.len()));
    job.pipefail = shell.options.has(Opt::PipeFail);
    let null = || fd::open(c"/dev/null", libc::O_RDONLY, 0);
    let input = if shell.has_job_control() { Ok(None) } else { null().map(Some) };
    let input = input.map_err(|errno| Error::system("cannot open /dev/null", errno));
    let started = input.and_then(|input| launch(shell, &mut job, &stages, input, End::Output(None), true));
    if let Err(error) = started {
        shell.report(&error);
        // Those that were started end by themselves; they are collected as any other child.
        return Ok(error.status);
    }
    job.text = print::job(and_or);
    job::announce_start(shell, job);
    Ok(ExitStatus::SUCCESS)
}
