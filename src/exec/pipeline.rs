//! The pipeline: pipe, fork, setpgid, dup2, exec, from top to bottom. Everything that becomes a process begins here or in
//! [`program`] for the case of one single program.
//!
//! For each stage: make the pipe to the next stage; make a process that has the previous pipe as descriptor 0 and this one as
//! descriptor 1; close our copies. A read end only sees end-of-file when the last copy of the write end is closed, so a copy
//! that is forgotten anywhere is a pipeline that never ends. All our copies are close-on-exec and live in variables that are dropped in time.

use crate::exec::job::{self, Stage, child_setup, finish, ignored_signals};
use crate::exec::{self, consequence, program, redirect::Plan, substitute};
use crate::jobs::{Job, Process, wait};
use crate::shell::{Opt, Shell, Subshell};
use crate::status::{Error, ExitStatus, Outcome};
use crate::syntax::ast::{AndOr, Command, List};
use crate::syntax::print;
use crate::sys::fd;
use crate::sys::fork::{self, Fork};
use crate::sys::spawn::ChildSetup;
use bstr::BString;
use nix::unistd::Pid;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// Start the stages. If one cannot be started, the error comes with the job of those that were: their pipes are closed, so they end.
fn launch(shell: &mut Shell, stages: &[Stage<'_>], background: bool, output: Option<OwnedFd>) -> (Job, Option<Error>) {
    shell.io.settle();
    let mut job = Job::new(Vec::with_capacity(stages.len()));
    job.pipefail = shell.options.has(Opt::PipeFail);
    let mut output = output;
    let mut input = if background && !shell.has_job_control() {
        match fd::open(c"/dev/null", libc::O_RDONLY, 0) {
            Ok(null) => Some(null),
            Err(errno) => return (job, Some(Error::system("cannot open /dev/null", errno))),
        }
    } else {
        None
    };
    for (index, &stage) in stages.iter().enumerate() {
        // 1. The pipe to the next stage; the last stage writes where the pipeline writes.
        let (next, write) = if index + 1 < stages.len() {
            match fd::pipe() {
                Ok((read, write)) => (Some(read), Some(write)),
                Err(errno) => return (job, Some(Error::system("cannot make a pipe", errno))),
            }
        } else {
            (None, output.take())
        };
        // 2. The process, in the group of the first one.
        let pid = match start(shell, stage, input.take(), write, next.as_ref(), job.group, background) {
            Ok(pid) => pid,
            Err(error) => return (job, Some(error)),
        };
        // 3. Parent and child both set the group, because either may run first.
        if shell.has_job_control() {
            let group = *job.group.get_or_insert(pid);
            // EACCES: the child has already called exec, and so has set it.
            let _ = nix::unistd::setpgid(pid, group);
        }
        job.processes.push(Process::started(pid));
        // 4. `input` and `write` are closed by now: they were moved into `start`. The read end is the next stage's input.
        input = next;
    }
    (job, None)
}

/// Make one process: a program by clone and exec, anything else by fork.
fn start(
    shell: &mut Shell,
    stage: Stage<'_>,
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
    next: Option<&OwnedFd>,
    group: Option<Pid>,
    background: bool,
) -> Result<Pid, Error> {
    let mut plan = Plan::new(&shell.io);
    if let Some(input) = input {
        plan.add(input, 0);
    }
    if let Some(output) = output {
        plan.add(output, 1);
    }
    if let Stage::Command(Command::Simple(simple)) = stage
        && let Some(prepared) = program::prepare(shell, simple)
    {
        return program::spawn_stage(shell, prepared, plan, group, background);
    }
    let ignored = ignored_signals(shell, background);
    // A forked child has copies of all our descriptors. Were it to keep the read end of its own output pipe, it would never get
    // SIGPIPE; were it to keep a second write end, closing descriptor 1 would not be seen by the reader.
    plan.close_copies(next);
    let setup = child_setup(shell, group, background, ignored, &plan.descriptors);
    match fork::fork().map_err(|errno| Error::system("cannot fork", errno))? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child(_) => become_stage(shell, stage, &setup),
    }
}

/// The child's side: signals, group, descriptors; then the commands; then the end of the process.
fn become_stage(shell: &mut Shell, stage: Stage<'_>, setup: &ChildSetup<'_>) -> ! {
    shell.subshells.push(Subshell::default());
    shell.process_level = shell.subshells.len();
    let shows_jobs = matches!(stage, Stage::Command(command) if job::is_jobs(command));
    substitute::enter_stage(shell, shows_jobs, setup.group.is_some());
    // This unblocks the signals that fork blocked, after their dispositions are right.
    if let Err((_, errno)) = setup.apply() {
        shell.report(&Error::system("cannot set up the descriptors of a pipeline", errno));
        fork::exit(ExitStatus::FAILURE.0);
    }
    shell.jobs.forget_terminal();
    // From here on descriptors 0, 1 and 2 are what their numbers say, and no other copy of a substitution's pipe is left here:
    // its reader waits for the last one.
    shell.io.enter_process();
    shell.loop_depth = 0;
    let outcome = match stage {
        Stage::Command(command) => exec::command(shell, command, true),
        Stage::Subshell(list, redirects) => {
            exec::command::redirected(shell, redirects, |shell| exec::list(shell, list, true))
        }
        Stage::AndOr(and_or) => exec::and_or(shell, and_or, true),
    };
    substitute::end_process(shell, outcome)
}

/// Execute a pipeline of several commands and wait for it.
pub fn foreground(shell: &mut Shell, commands: &[Command], last: bool) -> Outcome {
    let stages: Vec<Stage<'_>> = commands.iter().map(Stage::of).collect();
    shell.vars.line = job::line_of(commands).unwrap_or(shell.vars.line);
    run(shell, &stages, last, || print::commands(commands))
}

/// Execute `( list )` as a job of its own.
pub fn subshell_job(shell: &mut Shell, body: &List) -> Outcome {
    run(shell, &[Stage::Subshell(body, &[])], false, || print::subshell(body))
}

fn run(shell: &mut Shell, stages: &[Stage<'_>], last: bool, text: impl FnOnce() -> BString) -> Outcome {
    let capture = if !shell.io.is_captured() {
        None
    } else if last {
        match fd::pipe() {
            Ok(ends) => Some(ends),
            Err(errno) => return Err(consequence::fatal(shell, &Error::system("cannot make a pipe", errno))),
        }
    } else {
        substitute::become_process(shell)?;
        None
    };
    let (read, write) = capture.unzip();
    let (job, error) = launch(shell, stages, false, write);
    if let Some(error) = &error {
        shell.report(error);
    }
    if let Some(read) = read {
        substitute::read_capture(shell, &read, job.processes.iter().map(|process| process.pid));
    }
    let status = finish(shell, job, text)?;
    Ok(error.map_or(status, |error| error.status))
}

/// Execute an and-or list asynchronously (`&`).
pub fn background(shell: &mut Shell, and_or: &Rc<AndOr>) -> Outcome {
    substitute::become_process(shell)?;
    wait::poll(&mut shell.jobs);
    let plain = and_or.rest.is_empty() && !and_or.first.negated && and_or.first.timed.is_none();
    let stages: Vec<Stage<'_>> = if plain && !and_or.first.commands.is_empty() {
        and_or.first.commands.iter().map(Stage::of).collect()
    } else {
        vec![Stage::AndOr(and_or)]
    };
    let (mut job, error) = launch(shell, &stages, true, None);
    if let Some(error) = error {
        shell.report(&error);
        // Those that were started end by themselves; they are collected as any other child.
        return Ok(error.status);
    }
    job.text = print::job(and_or);
    job::announce_start(shell, job);
    Ok(ExitStatus::SUCCESS)
}
