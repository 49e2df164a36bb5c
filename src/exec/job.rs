//! What surrounds the processes of a pipeline: what a child is told before exec, and what the shell does when a foreground job
//! has ended.

use crate::exec;
use crate::jobs::{Job, JobState, ProcessState, report, terminal, wait};
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::ast::{AndOr, Command, Compound, CompoundCommand, List, Redirect};
use crate::sys::signal::{self, bit};
use crate::sys::spawn::{ChildSetup, Step};
use nix::errno::Errno;
use nix::unistd::Pid;

/// The signals that an asynchronous list ignores when there is no job control (XCU 2.12).
pub fn ignored_signals(shell: &Shell, background: bool) -> u64 {
    if background && !shell.has_job_control() { bit(libc::SIGINT) | bit(libc::SIGQUIT) } else { 0 }
}

/// What a child does before it runs a program or goes on as a shell.
pub fn child_setup<'a>(
    shell: &Shell,
    group: Option<Pid>,
    background: bool,
    ignored_signals: u64,
    descriptors: &'a [(i32, i32)],
) -> ChildSetup<'a> {
    let job_control = shell.has_job_control();
    ChildSetup {
        group: job_control.then(|| group.unwrap_or(Pid::from_raw(0))),
        terminal: if job_control && !background { terminal::descriptor(&shell.jobs) } else { None },
        default_signals: (shell.own_signals | shell.traps.caught()) & !ignored_signals,
        ignored_signals,
        descriptors,
        mask: signal::empty_mask(),
    }
}

/// Wait for a foreground job, take the terminal back, and say how it ended if a signal ended it.
pub fn finish(shell: &mut Shell, job: Job) -> Outcome {
    if job.processes.is_empty() {
        return Ok(ExitStatus::FAILURE);
    }
    let job_control = shell.has_job_control();
    let (job, status) = wait::foreground(&mut shell.jobs, job, job_control);
    if job_control {
        terminal::take_back(&mut shell.jobs, job.state());
    }
    if let JobState::Stopped(_) = job.state() {
        shell.io.write_error(b"\n");
    }
    if let JobState::Ended(ProcessState::Signaled { signal, core }) = job.state() {
        announce_death(shell, signal, core);
        if signal == libc::SIGINT && shell.options.has(Opt::Interactive) && !shell.is_subshell() {
            return Err(Flow::Interrupt(status));
        }
    }
    if signal::is_pending() {
        shell.status = status;
        exec::trap::run_pending(shell)?;
    }
    Ok(status)
}

/// `Terminated`, `Segmentation fault (core dumped)`: not for the signals that a user sends or causes every day.
fn announce_death(shell: &mut Shell, signal: i32, core: bool) {
    if signal == libc::SIGINT && shell.options.has(Opt::Interactive) {
        shell.io.write_error(b"\n");
    } else if signal != libc::SIGINT && signal != libc::SIGPIPE {
        let mut line = report::death_text(signal, core).into_bytes();
        line.push(b'\n');
        shell.io.write_error(&line);
    }
}

/// Wait for one child that is not a job.
pub fn wait_for(shell: &mut Shell, pid: Pid) -> ExitStatus {
    wait::process(&mut shell.jobs, pid).status()
}

/// The message for a process that could not be made or prepared.
pub fn step_error(step: Step, errno: Errno) -> Error {
    match step {
        Step::Fork => Error::system("cannot fork", errno),
        Step::Dup(number) => Error::system(number.to_string(), errno),
        Step::Exec => Error::system("cannot execute", errno),
    }
}

/// What one process of a pipeline executes.
#[derive(Clone, Copy)]
pub enum Stage<'a> {
    /// A command other than a subshell.
    Command(&'a Command),
    /// A subshell, for which the process of the stage serves: it needs no second one, and `$!` is its id.
    Subshell(&'a List, &'a [Redirect]),
    /// What stands before `&`.
    AndOr(&'a AndOr),
}

impl<'a> Stage<'a> {
    /// The stage for a command of a pipeline.
    pub fn of(command: &'a Command) -> Self {
        match command {
            Command::Compound(CompoundCommand { kind: Compound::Subshell(list), redirects, .. }) => {
                Self::Subshell(list, redirects)
            }
            command => Self::Command(command),
        }
    }
}

/// The line of the first command, for messages about the pipeline.
pub fn line_of(commands: &[Command]) -> Option<u32> {
    commands.first().map(|command| match command {
        Command::Simple(simple) => simple.line.0,
        Command::Compound(compound) => compound.line.0,
        Command::Function(definition) => definition.line.0,
    })
}

/// Whether a stage only runs `jobs`.
pub fn is_jobs(command: &Command) -> bool {
    matches!(command, Command::Simple(simple) if simple.name.as_ref().is_some_and(|name| name.text() == "jobs"))
}

/// Put a background job into the table; at a prompt say `[1] 1234`.
pub fn announce_start(shell: &mut Shell, job: Job) {
    let last = job.last_pid();
    let number = shell.jobs.add_background(job);
    if shell.options.has(Opt::Interactive) && !shell.is_subshell() {
        let pid = last.map_or(0, Pid::as_raw);
        shell.io.write_error(format!("[{number}] {pid}\n").as_bytes());
    }
}
