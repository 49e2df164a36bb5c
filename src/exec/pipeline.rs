//! The pipeline: pipe, fork, setpgid, dup2, exec, from top to bottom. The stages of pipelines and what runs in the background become processes
//! here; a single program does in [`program`], and a subshell, once it needs to be one, in [`substitute::become_process`].
//!
//! For each stage: make the pipe to the next stage; make a process that has the previous pipe as descriptor 0 and this one as
//! descriptor 1; close our copies. A read end only sees end-of-file when the last copy of the write end is closed, so a copy
//! that is forgotten anywhere is a pipeline that never ends. All our copies are close-on-exec and live in variables that are dropped in time.

use crate::exec::job::{self, Stage, child_setup};
use crate::exec::{self, program, redirect, redirect::Plan, substitute};
use crate::jobs::{Job, Process};
use crate::shell::{Loops, Shell, Subshell};
use crate::status::{Error, ExitStatus, Outcome};
use crate::syntax::ast::{Command, Redirect};
use crate::sys::fd;
use crate::sys::fork::{self, Fork};
use crate::sys::spawn::ChildSetup;
use nix::unistd::Pid;
use std::os::fd::OwnedFd;

/// Where the last stage writes.
pub enum End {
    /// Where the pipeline writes; into this pipe if there is one.
    Output(Option<OwnedFd>),
    /// Into one more pipe, whose read end [`launch`] returns.
    Pipe,
}

/// Start the stages, and put their processes into the job. `input` is the standard input of the first one, if it is not the shell's.
///
/// # Errors
/// One cannot be started. The pipes of those that were are closed, so they end.
pub fn launch(
    shell: &mut Shell,
    job: &mut Job,
    stages: &[Stage<'_>],
    mut input: Option<OwnedFd>,
    mut end: End,
    background: bool,
) -> Result<Option<OwnedFd>, Error> {
    shell.io.before_process();
    for (index, &stage) in stages.iter().enumerate() {
        // 1. The pipe to the next stage; the last stage writes where the pipeline writes.
        let (next, write) = match &mut end {
            End::Output(output) if index + 1 == stages.len() => (None, output.take()),
            _ => {
                let (read, write) = fd::pipe().map_err(|errno| Error::system("cannot make a pipe", errno))?;
                (Some(read), Some(write))
            }
        };
        // 2. The process, in the group of the first one.
        let pid = start(shell, stage, input.take(), write, next.as_ref(), job.group, background)?;
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
    Ok(input)
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
    let reads_pipe = input.is_some();
    if let Some(input) = input {
        plan.add(input, 0);
    }
    if let Some(output) = output {
        plan.add(output, 1);
    }
    if let Stage::Command(Command::Simple(simple)) = stage
        && let Some(prepared) = program::prepare(shell, simple)
        && let Some(pid) = program::spawn_stage(shell, prepared, &plan, group, background)?
    {
        return Ok(pid);
    }
    // A forked child has copies of all our descriptors. Were it to keep the read end of its own output pipe, it would never get
    // SIGPIPE; were it to keep a second write end, closing descriptor 1 would not be seen by the reader.
    plan.close_copies(next);
    let setup = child_setup(shell, group, background, &plan.descriptors);
    match job::fork(shell).map_err(|errno| Error::system("cannot fork", errno))? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child(_) => become_stage(shell, stage, &setup, reads_pipe),
    }
}

/// The child's side: signals, group, descriptors; then the commands; then the end of the process.
fn become_stage(shell: &mut Shell, stage: Stage<'_>, setup: &ChildSetup<'_>, reads_pipe: bool) -> ! {
    shell.subshells.push(Subshell::default());
    shell.process_level = shell.subshells.len();
    let shows_jobs = matches!(stage, Stage::Command(command) if job::is_jobs(command));
    shell.traps.ignored_by_list |= setup.ignored_signals & !crate::sys::signal::ignored_among(setup.ignored_signals);
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
    if reads_pipe {
        shell.io.own_input(0);
    }
    let outcome = execute(shell, stage);
    substitute::end_process(shell, outcome)
}

/// The commands of a stage, in the subshell that it is.
pub fn execute(shell: &mut Shell, stage: Stage<'_>) -> Outcome {
    shell.loops = Loops::default();
    match stage {
        Stage::Subshell(list, redirects) => redirected(shell, redirects, |shell| exec::list(shell, list, true)),
        Stage::Command(Command::Compound(compound)) => {
            shell.vars.line = compound.line.0;
            redirected(shell, &compound.redirects, |shell| exec::compound::body(shell, compound, true))
        }
        Stage::Command(command) => exec::command(shell, command, true),
        Stage::AndOr(and_or) => exec::and_or(shell, and_or, true),
        Stage::Builtin(builtin, fields) => exec::builtin::call(shell, builtin, false, fields),
        Stage::Program(command, fields, slot) => program::run(shell, command, fields, slot, true),
    }
}

/// A stage with its redirections. Where it has a process, they hold to its end, for its EXIT trap too, and no copy of what they replace
/// stays open, for whose end somebody could wait.
fn redirected(shell: &mut Shell, redirects: &[Redirect], run: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
    let applied = if shell.is_virtual() {
        redirect::apply(shell, redirects).map(Some)
    } else {
        redirect::change(shell, redirects).map(|()| None)
    };
    let saved = match applied {
        Ok(saved) => saved,
        Err(failure) => return redirect::failed(shell, failure),
    };
    let outcome = run(shell);
    if let Some(saved) = saved.filter(|_| shell.is_virtual()) {
        saved.restore(shell);
    }
    outcome
}
