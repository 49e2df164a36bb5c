//! Subshells without a process: `$( )` and `( )` run inside the shell until they would do something that only a process can do.
//!
//! What a fork would isolate is kept and put back: variables and functions by their journals, the rest by cheap snapshots. At the
//! moment when that is not enough (a background job, `exec`, `trap`, `ulimit`, a program whose output belongs into the
//! middle of a substitution, ...) [`become_process`] forks *there*: the child simply goes on from that place as the subshell's
//! process, and the parent unwinds with [`Flow::Forked`] to where the subshell began, reads the child's output and waits for it.
//! Nothing needs to be known in advance about what a subshell will do, and what can be observed is what a fork shows.

use crate::exec::job::Stage;
use crate::exec::{consequence, job, list, pipeline, redirect, stages, trap};
use crate::fields::Fields;
use crate::shell::aliases::Aliases;
use crate::shell::io::{Capture, Target};
use crate::shell::vars::SubshellMark;
use crate::shell::{Getopts, InTrap, Loops, Options, Params, Shell, Subshell, Traps};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::ast::{CommandSubstitution, List};
use crate::sys::fork::{self, Fork};
use crate::sys::{fd, signal, stack};
use memchr::memmem;
use nix::unistd::Pid;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Everything that is put back at the end of a subshell and is not in a journal.
struct Snapshot {
    vars: SubshellMark,
    functions: usize,
    params: Params,
    aliases: Aliases,
    options: Options,
    traps: Traps,
    input: RawFd,
    output: Target,
    error: Target,
    status: ExitStatus,
    line: u32,
    loops: Loops,
    return_depth: u32,
    function_depth: u32,
    locals_mark: usize,
    errexit_ignored: u32,
    getopts: Getopts,
    in_trap: Option<InTrap>,
}

impl Snapshot {
    fn take(shell: &mut Shell) -> Self {
        Self {
            vars: shell.vars.begin_subshell(),
            functions: shell.commands.begin_subshell(),
            params: shell.params.clone(),
            aliases: shell.aliases.clone(),
            options: shell.options,
            traps: shell.traps.clone(),
            input: shell.io.input,
            output: shell.io.output,
            error: shell.io.error,
            status: shell.status,
            line: shell.vars.line,
            loops: shell.loops,
            return_depth: shell.return_depth,
            function_depth: shell.function_depth,
            locals_mark: shell.locals_mark,
            errexit_ignored: shell.errexit_ignored,
            getopts: shell.getopts,
            in_trap: shell.in_trap.take(),
        }
    }

    fn restore(self, shell: &mut Shell) {
        shell.vars.end_subshell(self.vars);
        shell.commands.end_subshell(self.functions);
        shell.params = self.params;
        shell.aliases = self.aliases;
        shell.options = self.options;
        shell.vars.export_all = self.options.has(crate::shell::Opt::AllExport);
        shell.traps = self.traps;
        shell.io.input = self.input;
        shell.io.output = self.output;
        shell.io.error = self.error;
        shell.io.materialise();
        shell.status = self.status;
        shell.vars.line = self.line;
        shell.loops = self.loops;
        shell.return_depth = self.return_depth;
        shell.function_depth = self.function_depth;
        shell.locals_mark = self.locals_mark;
        shell.errexit_ignored = self.errexit_ignored;
        shell.getopts = self.getopts;
        shell.in_trap = self.in_trap;
    }
}

/// Execute `$(list)` and append its output.
pub fn command(shell: &mut Shell, substitution: &CommandSubstitution, out: &mut Vec<u8>) -> Result<(), Flow> {
    if stack::is_low() {
        return Err(consequence::nested_too_deeply(shell, b"command substitution"));
    }
    let catches_signals = shell.traps.catches_signals();
    let (mut memory, result) = captured(shell, |shell| {
        inside(shell, |shell| {
            if catches_signals {
                become_process(shell)?;
            }
            list(shell, &substitution.body, true)
        })
    });
    out.extend_from_slice(&memory);
    memory.clear();
    // A huge output does not keep its memory for ever.
    if memory.capacity() <= 1 << 20 {
        shell.buffers.push(memory);
    }
    let status = result?;
    shell.substitution_status = Some(status);
    Ok(())
}

/// Run something whose standard output is memory; what it wrote, if that is not left to a process.
pub fn captured<T>(shell: &mut Shell, run: impl FnOnce(&mut Shell) -> T) -> (Vec<u8>, T) {
    let memory = shell.buffers.pop().unwrap_or_default();
    let number = shell.io.captures.len();
    shell.io.captures.push(Capture::Memory(memory));
    let output = std::mem::replace(&mut shell.io.output, Target::Capture(number));
    let result = run(shell);
    shell.io.output = output;
    shell.io.materialise();
    match shell.io.captures.pop() {
        Some(Capture::Memory(memory)) => (memory, result),
        _ => (Vec::new(), result),
    }
}

/// Execute `( list )`.
pub fn subshell(shell: &mut Shell, body: &List, last: bool) -> Outcome {
    if shell.has_job_control() {
        return stages::subshell_job(shell, body);
    }
    // Inside a substitution that goes on behind this subshell, its last command is not the last writer.
    let last = last || !shell.io.is_captured();
    let catches_signals = shell.traps.catches_signals();
    inside(shell, |shell| {
        if catches_signals {
            become_process(shell)?;
        }
        list(shell, body, last)
    })
}

/// Execute the last stage of a pipeline with `input` as its standard input, which ends when the stage does.
pub fn last_stage(shell: &mut Shell, stage: Stage<'_>, input: Option<OwnedFd>, last: bool) -> Outcome {
    let last = last || !shell.io.is_captured();
    inside(shell, |shell| {
        let saved = match redirect::take_input(shell, input) {
            Ok(saved) => saved,
            Err(error) => return Err(consequence::fatal(shell, &error)),
        };
        let outcome = pipeline::execute(shell, stage, last);
        // If this is the stage's own process by now, it keeps its input, for its EXIT trap.
        if shell.is_virtual() {
            saved.restore(shell);
        } else {
            saved.keep();
        }
        outcome
    })
}

/// Run `body` as a subshell inside this process.
///
/// # Errors
/// Only what ends everything up to the prompt passes through.
fn inside(shell: &mut Shell, body: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
    let snapshot = Snapshot::take(shell);
    shell.traps.enter_subshell();
    shell.loops.outside = shell.loops.depth;
    shell.subshells.push(Subshell { captures: shell.io.captures.len(), ..Subshell::default() });
    let level = shell.subshells.len();
    let outcome = body(shell);
    if shell.process_level == level {
        end_process(shell, outcome);
    }
    let finished = shell.subshells.pop().unwrap_or_default();
    snapshot.restore(shell);
    if let Some(directory) = finished.directory {
        // The directory is open, so this can fail only if permission to it was taken away meanwhile.
        if let Err(errno) = nix::unistd::fchdir(&directory) {
            return Err(consequence::fatal(shell, &Error::system("cannot return to the working directory", errno)));
        }
    }
    match outcome {
        // Without a process, it was a subshell around this one that has become one.
        Err(Flow::Forked) if finished.process.is_some() => collect(shell, finished.process),
        Err(Flow::Forked) => outcome,
        Err(Flow::Interrupt(status)) => Err(Flow::Interrupt(status)),
        Ok(status) | Err(Flow::Exit(status) | Flow::Return(status)) => Ok(status),
        Err(Flow::Break(_) | Flow::Continue(_)) => Ok(ExitStatus::SUCCESS),
    }
}

/// The parent's side of [`become_process`]: what the process writes, then its status.
fn collect(shell: &mut Shell, process: Option<(Pid, Option<OwnedFd>)>) -> Outcome {
    let Some((pid, output)) = process else { return Ok(ExitStatus::FAILURE) };
    if let Some(output) = output {
        read_capture(shell, &output, std::iter::once(pid));
    }
    Ok(job::wait_for(shell, pid))
}

/// Read everything that these children write into a pipe into the innermost capture.
pub fn read_capture(shell: &mut Shell, pipe: &OwnedFd, children: impl Iterator<Item = Pid>) {
    job::pass_on_interrupt(shell, children);
    if let Some(Capture::Memory(memory)) = shell.io.captures.last_mut()
        && let Err(errno) = fd::read_to_end(pipe.as_raw_fd(), memory)
    {
        shell.report(&Error::system("cannot read the output of a command substitution", errno));
    }
}

/// The subshell that runs inside this process needs one of its own: fork here. Returns in the child only; nothing happens when
/// the current command is already executed by its subshell's own process.
///
/// # Errors
/// [`Flow::Forked`] in the parent; a fatal error if there is no process or pipe to be had.
pub fn become_process(shell: &mut Shell) -> Result<(), Flow> {
    let level = shell.subshells.len();
    if shell.process_level < level { fork_at(shell, level) } else { Ok(()) }
}

/// A program is about to start. If it looks as if it asked for its parent's process (`sh -c 'kill $PPID'`), each subshell that
/// is its ancestor needs one; the innermost is not if the program takes its place.
///
/// # Errors
/// As [`become_process`].
pub fn need_parents(shell: &mut Shell, fields: &Fields, in_place: bool) -> Result<(), Flow> {
    let level = shell.subshells.len() - usize::from(in_place && !shell.subshells.is_empty());
    let asks = |text: &[u8]| memmem::find(text, b"PPID").or_else(|| memmem::find(text, b"ppid")).is_some();
    if shell.process_level < level && fields.iter_from(1).any(|field| asks(field)) {
        while shell.process_level < level {
            fork_at(shell, shell.process_level + 1)?;
        }
    }
    Ok(())
}

/// Fork for the subshell of this level. The child goes on here, as that subshell's process.
fn fork_at(shell: &mut Shell, level: usize) -> Result<(), Flow> {
    let failed =
        |shell: &mut Shell, errno| Err(consequence::fatal(shell, &Error::system("cannot fork a subshell", errno)));
    shell.io.settle();
    let capture = shell.subshells[level - 1].captures.wrapping_sub(1);
    let captured = matches!(shell.io.captures.get(capture), Some(Capture::Memory(_)));
    let (read, write) = match captured.then(fd::pipe) {
        None => (None, None),
        Some(Ok((read, write))) => (Some(read), Some(write)),
        Some(Err(errno)) => return failed(shell, errno),
    };
    match fork::fork() {
        Err(errno) => failed(shell, errno),
        Ok(Fork::Parent(pid)) => {
            shell.subshells[level - 1].process = Some((pid, read));
            Err(Flow::Forked)
        }
        Ok(Fork::Child(mask)) => {
            shell.process_level = level;
            if let (Some(pipe), Some(capture)) = (write, shell.io.captures.get_mut(capture)) {
                // What was captured so far belongs to the parent; from here on the pipe carries it.
                *capture = Capture::Pipe(pipe);
                shell.io.materialise();
            }
            drop(read);
            enter_process(shell, false);
            signal::set_mask(&mask);
            Ok(())
        }
    }
}

/// What every forked shell process does first: its parent's jobs are not its own, and caught signals are back at their default.
/// One that is a job of its own still has to take the terminal.
pub fn enter_process(shell: &mut Shell, is_job: bool) {
    // The pipe with which `read` looks ahead is the parent's.
    shell.io.forget_input();
    let defaults = job::defaults_of_child(shell, is_job) | shell.traps.caught_by_parent();
    let ignored = defaults & job::ignored_signals(shell, false);
    shell.own_signals &= if is_job { 0 } else { signal::STOPS };
    for signal in signal::bits(defaults) {
        let is_ignored = ignored & signal::bit(signal) != 0;
        let disposition = if is_ignored { signal::Disposition::Ignore } else { signal::Disposition::Default };
        // Refused for SIGKILL and SIGSTOP only, which are never among them.
        let _ = signal::set(signal, disposition);
    }
    signal::clear();
    shell.traps.enter_subshell();
    shell.jobs.forget_all();
    if !is_job {
        shell.jobs.forget_terminal();
    }
}

/// What a stage of a pipeline does first. `jobs | grep`: a subshell that only runs `jobs` shows those of its parent.
pub fn enter_stage(shell: &mut Shell, shows_jobs: bool, is_job: bool) {
    let jobs = shows_jobs.then(|| std::mem::take(&mut shell.jobs));
    enter_process(shell, is_job);
    if let Some(jobs) = jobs {
        shell.jobs = jobs;
    }
}

/// End the process of a subshell: its EXIT trap, then its status.
pub fn end_process(shell: &mut Shell, outcome: Outcome) -> ! {
    let status = match outcome {
        Ok(status) | Err(Flow::Exit(status) | Flow::Return(status) | Flow::Interrupt(status)) => status,
        Err(Flow::Break(_) | Flow::Continue(_) | Flow::Forked) => ExitStatus::SUCCESS,
    };
    let status = trap::run_exit(shell, status);
    fork::exit(status.0)
}

/// `path` is about to be opened: if it means the standard output that is memory now, the subshell needs a real one.
///
/// # Errors
/// As [`become_process`].
pub fn need_real_output(shell: &mut Shell, path: &[u8]) -> Result<(), Flow> {
    let means_output = path == b"/dev/stdout" || path == b"/dev/fd/1" || path.starts_with(b"/proc/");
    if means_output && shell.io.is_captured() { become_process(shell) } else { Ok(()) }
}

/// The working directory is about to change: remember it for the end of the subshell.
///
/// # Errors
/// As [`become_process`], if the directory cannot be remembered.
pub fn before_chdir(shell: &mut Shell) -> Result<(), Flow> {
    if !shell.is_virtual() || shell.subshells.last().is_none_or(|subshell| subshell.directory.is_some()) {
        return Ok(());
    }
    match fd::open(c".", libc::O_PATH | libc::O_DIRECTORY, 0) {
        Ok(directory) => {
            if let Some(subshell) = shell.subshells.last_mut() {
                subshell.directory = Some(directory);
            }
            Ok(())
        }
        Err(_) => become_process(shell),
    }
}
