//! What surrounds the processes of a pipeline: what a child is told before exec, and what the shell does when a foreground job
//! has ended.

use crate::builtins::Builtin;
use crate::exec;
use crate::fields::Fields;
use crate::jobs::{Job, JobState, Process, ProcessState, report, terminal, wait};
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::ast::{AndOr, Command, Compound, List, Redirect, SimpleCommand, Word};
use crate::syntax::print;
use crate::sys::fork::{self, Fork};
use crate::sys::poll;
use crate::sys::signal::{self, bit};
use crate::sys::spawn::{ChildSetup, Step};
use bstr::{BStr, BString, ByteSlice};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::time::Duration;

/// The signals that a child ignores: an asynchronous list when there is no job control (XCU 2.12), and what an interactive shell
/// has changed for itself that was ignored when it was started; but not the stops, if jobs can be continued: terminal programs
/// (tmux) start shells with SIGTTIN ignored, and then `cat &` would fail instead of waiting for `fg`.
pub fn ignored_signals(shell: &Shell, background: bool) -> u64 {
    let list = if background && !shell.has_job_control() { bit(libc::SIGINT) | bit(libc::SIGQUIT) } else { 0 };
    let handled = if shell.has_job_control() { signal::STOPS } else { 0 };
    list | shell.own_signals & shell.traps.ignored_at_entry & !handled
}

/// What a child does before it runs a program: as [`child_setup`], and it ignores SIGCHLD if the user has said so. A shell does not,
/// because the kernel would take the statuses of its children away.
pub fn program_setup<'a>(
    shell: &Shell,
    group: Option<Pid>,
    background: bool,
    descriptors: &'a [(i32, i32)],
) -> ChildSetup<'a> {
    let mut setup = child_setup(shell, group, background, descriptors);
    setup.ignored_signals |= shell.traps.ignored() & bit(libc::SIGCHLD);
    setup
}

/// What a child does before it goes on as a shell.
pub fn child_setup<'a>(
    shell: &Shell,
    group: Option<Pid>,
    background: bool,
    descriptors: &'a [(i32, i32)],
) -> ChildSetup<'a> {
    let job_control = shell.has_job_control();
    let ignored_signals = ignored_signals(shell, background);
    ChildSetup {
        group: job_control.then(|| group.unwrap_or(Pid::from_raw(0))),
        terminal: if job_control && !background { terminal::descriptor(&shell.jobs) } else { None },
        default_signals: (defaults_of_child(shell, job_control) | shell.traps.caught() | shell.traps.for_exit)
            & !ignored_signals,
        ignored_signals,
        descriptors,
    }
}

/// The signals that an interactive shell ignores or catches for itself and a child does not. In a child that is no job of its
/// own, as in `$( )`, the stops stay ignored: it shares the shell's group, nobody could continue it, and the shell waits for it.
pub fn defaults_of_child(shell: &Shell, is_job: bool) -> u64 {
    let own = if is_job { shell.own_signals } else { shell.own_signals & !signal::STOPS };
    own & !shell.traps.ignored()
}

/// Wait for a foreground job, take the terminal back, and say how it ended if a signal ended or stopped it. `text` is what the user
/// has typed.
pub fn finish(shell: &mut Shell, mut job: Job, text: impl FnOnce() -> BString) -> Outcome {
    let job_control = shell.has_job_control();
    if job.processes.is_empty() {
        if job_control {
            // A child whose exec failed may have taken the terminal before.
            let state = JobState::Ended(ProcessState::Exited(ExitStatus::FAILURE));
            let _ = terminal::take_back(&mut shell.jobs, state);
        }
        return Ok(ExitStatus::FAILURE);
    }
    match job.group.filter(|_| job_control) {
        // ^C between Enter and the moment when the job got the terminal is meant for the job: it is the job's alone.
        Some(group) if interrupted(shell) => {
            signal::take(libc::SIGINT);
            // Refused if it has ended, or has become another user's (sudo): then only the terminal can reach it.
            let _ = signal::send(-group.as_raw(), libc::SIGINT);
        }
        Some(_) => {}
        None => pass_on_interrupt(shell, job.processes.iter().map(|process| process.pid)),
    }
    shell.jobs.notify = shell.options.has(Opt::Notify) && shell.options.has(Opt::Interactive);
    // The window is closed: the kernel tells the session's leader only, and that tells its jobs.
    let hang_up = shell.own_signals & !shell.traps.caught() & bit(libc::SIGHUP);
    wait::foreground(&mut shell.jobs, &mut job, job_control, hang_up | shell.traps.for_exit);
    forget_interrupt(shell, job.processes.iter().map(|process| process.state));
    let state = job.state();
    let status = job.status();
    if job_control {
        job.modes = terminal::take_back(&mut shell.jobs, state);
    }
    // The terminal has shown ^C, and the cursor stands behind it.
    let is_interrupted =
        |process: &Process| matches!(process.state, ProcessState::Signaled { signal: libc::SIGINT, .. });
    if shell.options.has(Opt::Interactive) && job.processes.iter().any(is_interrupted) {
        shell.jobs.begin_line = true;
    }
    match state {
        JobState::Stopped(_) => {
            if job.text.is_empty() {
                job.text = text();
            }
            return suspended(shell, job);
        }
        JobState::Running => {
            shell.jobs.add_stopped(job);
        }
        JobState::Ended(ProcessState::Signaled { signal, core }) => announce_death(shell, signal, core)?,
        _ => {}
    }
    if signal::is_pending() {
        shell.status = status;
        exec::trap::run_pending(shell)?;
    }
    Ok(status)
}

/// The foreground job was stopped: it becomes job n. At a prompt what stands behind it on the line is discarded (XCU 2.11), and the
/// user is told at once, before the next prompt; a script goes on, as in every shell.
fn suspended(shell: &mut Shell, job: Job) -> Outcome {
    let status = job.status();
    shell.jobs.add_stopped(job);
    if !shell.options.has(Opt::Interactive) {
        return Ok(status);
    }
    shell.jobs.begin_line = true;
    Err(Flow::Interrupt(status))
}

/// `Terminated`, `Segmentation fault (core dumped)`: not for the signals that a user sends or causes every day. ^C ends the whole
/// line, also that of a script that gave its terminal to the job: the shell takes it for its own.
fn announce_death(shell: &mut Shell, signal: i32, core: bool) -> Result<(), Flow> {
    let interactive = shell.is_at_prompt();
    if signal != libc::SIGINT && signal != libc::SIGPIPE {
        let mut line = report::death_text(signal, core).into_bytes();
        line.push(b'\n');
        shell.io.write_error(&line);
    }
    let had_terminal = shell.has_job_control() && terminal::descriptor(&shell.jobs).is_some();
    if signal != libc::SIGINT || !(interactive || had_terminal) {
        return Ok(());
    }
    let has_action = shell.traps.get(signal).is_some();
    // Whether a key or another process has sent the signal cannot be known. An action is for the shell's own signals (XCU 2.15),
    // but a loop would hardly end by ^C without it.
    if has_action && shell.loops.depth == 0 {
        return Ok(());
    }
    if had_terminal && (!interactive || has_action) {
        // One can always signal oneself; with the default action it ends here.
        let _ = signal::send(nix::unistd::getpid().as_raw(), signal);
        return Ok(());
    }
    Err(Flow::Interrupt(ExitStatus::from_signal(signal)))
}

/// ^C that came after the last look and before these children were there has reached the shell alone. They share its group and the
/// shell waits for them, so it hands the signal on. Call it before anything that waits for children that are no job.
#[inline]
pub fn pass_on_interrupt(shell: &Shell, children: impl Iterator<Item = Pid>) {
    if interrupted(shell) {
        // A child that has ended is still there to be waited for.
        for pid in children.filter(|pid| pid.as_raw() > 0) {
            let _ = signal::send(pid.as_raw(), libc::SIGINT);
        }
    }
}

/// ^C is for the foreground program first: if that has gone on, and ended in another way (an editor), it was not meant to end a script that
/// has caught it for its EXIT action either. bash decides so.
fn forget_interrupt(shell: &Shell, mut states: impl Iterator<Item = ProcessState>) {
    let is_noted = signal::pending() & shell.traps.for_exit & bit(libc::SIGINT) != 0;
    if is_noted && signal::is_key(libc::SIGINT) && states.all(|state| matches!(state, ProcessState::Exited(_))) {
        signal::take(libc::SIGINT);
    }
}

/// Whether ^C has come since the last look: from the terminal. What a process has sent to the shell, a job too, is the shell's own.
fn interrupted(shell: &Shell) -> bool {
    signal::is_pending()
        && signal::pending() & shell.own_signals & bit(libc::SIGINT) != 0
        && signal::is_key(libc::SIGINT)
}

/// How long the first pause is where there can be no more processes; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(10);
/// So many pauses: 1.3 seconds.
const PAUSES: u32 = 7;

/// Make a process, and if there can be no more of them now (EAGAIN), try again: children that have ended count until they are collected, and
/// others end meanwhile. A script that makes ever more processes is slowed down by that, and does not fill the disk with
/// messages. A signal ends the trying.
pub fn patiently<T>(shell: &mut Shell, mut make: impl FnMut(&mut Shell) -> T, are_too_many: impl Fn(&T) -> bool) -> T {
    let mut made = make(shell);
    for again in 0..PAUSES {
        if !are_too_many(&made) {
            break;
        }
        wait::poll(&mut shell.jobs);
        if poll::wait(&mut [], Some(PAUSE * 2u32.pow(again)), None).is_err() {
            break;
        }
        made = make(shell);
    }
    made
}

/// fork, [`patiently`].
///
/// # Errors
/// As [`fork::fork`].
pub fn fork(shell: &mut Shell) -> Result<Fork, Errno> {
    patiently(shell, |_| fork::fork(), |made| matches!(made, Err(Errno::EAGAIN)))
}

/// Wait for one child that is not a job: the process of a subshell.
pub fn wait_for(shell: &mut Shell, pid: Pid) -> Outcome {
    pass_on_interrupt(shell, std::iter::once(pid));
    let state = wait::process(&mut shell.jobs, pid, shell.traps.for_exit);
    forget_interrupt(shell, std::iter::once(state));
    if let ProcessState::Signaled { signal, core } = state {
        announce_death(shell, signal, core)?;
    }
    Ok(state.status())
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
    /// A builtin with its fields, whose redirections and assignments are done.
    Builtin(&'static Builtin, &'a Fields),
    /// A program with its fields and its slot; nothing else is done.
    Program(&'a SimpleCommand, &'a Fields, Option<u32>),
}

impl<'a> Stage<'a> {
    /// The stage for a command of a pipeline.
    pub fn of(command: &'a Command) -> Self {
        match command {
            Command::Compound(compound) if let Compound::Subshell(list) = &compound.kind => {
                Self::Subshell(list, &compound.redirects)
            }
            command => Self::Command(command),
        }
    }
}

/// Whether a stage looks like a program that asks for its parent's process (`sh -c 'kill $PPID'`) or the shell's children (`ps --ppid $$`),
/// or like a script that could (`./step`, `sh step`).
pub fn asks_for_parent(stage: &Stage<'_>) -> bool {
    let Stage::Command(Command::Simple(simple)) = stage else { return false };
    let is_script = |name: &BStr| name.ends_with(b"sh") || name.contains(&b'/');
    if simple.words.first().and_then(Word::plain).is_some_and(is_script) {
        return true;
    }
    let text = print::simple(simple);
    [&b"PPID"[..], b"ppid", b"$$"].iter().any(|name| text.contains_str(name))
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
    matches!(command, Command::Simple(simple) if simple.name().is_some_and(|name| name == "jobs"))
}

/// Put a background job into the table; at a prompt say `[1] 1234`.
pub fn announce_start(shell: &mut Shell, job: Job) {
    let last = job.last_pid();
    let number = shell.jobs.add_background(job);
    if shell.is_at_prompt() {
        let pid = last.map_or(0, Pid::as_raw);
        shell.io.write_error(format!("[{number}] {pid}\n").as_bytes());
    }
}

/// Whether an interactive shell may end now: it says once that there are stopped jobs.
pub fn may_leave(shell: &mut Shell) -> bool {
    let may = !shell.options.has(Opt::Interactive) || shell.is_subshell() || shell.jobs.may_leave();
    if !may {
        shell.report(&Error::new("there are stopped jobs (`jobs` shows them); leave again to leave them"));
    }
    may
}
