//! Subshells without a process: `$( )` and `( )` run inside the shell until they would do something that only a process can do.
//!
//! What a fork would isolate is kept and put back: variables and functions by their journals, the rest by cheap snapshots. At the
//! moment when that is not enough (a background job, `exec`, `trap`, `ulimit`, a program behind which the subshell goes on,
//! ...) [`become_process`] forks *there*: the child simply goes on from that place as the subshell's
//! process, and the parent unwinds with [`Flow::Forked`] to where the subshell began, reads the child's output and waits for it.
//! Nothing needs to be known in advance about what a subshell will do, and what can be observed is what a fork shows.

use crate::exec::job::Stage;
use crate::exec::{consequence, job, list, pipeline, redirect, stages, trap};
use crate::shell::aliases::Aliases;
use crate::shell::io::{Capture, Target};
use crate::shell::vars::SubshellMark;
use crate::shell::{Getopts, InTrap, Loops, Options, Params, Shell, Subshell, Traps};
use crate::status::{self, Error, ExitStatus, Flow, Outcome};
use crate::syntax::ast::{CommandSubstitution, List, Redirect, RedirectOp};
use crate::sys::fork::{self, Fork};
use crate::sys::private::Private;
use crate::sys::{fd, file, signal, stack, stream};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

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
    local_options: Option<Options>,
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
            local_options: shell.local_options,
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
        shell.local_options = self.local_options;
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
    let forks = must_fork(shell);
    let (mut memory, result) = captured(shell, Captured::Output, |shell| {
        inside(shell, false, |shell| {
            if forks {
                become_process(shell)?;
            }
            match input_alone(&substitution.body) {
                Some(redirects) => contents(shell, redirects),
                None => list(shell, &substitution.body, true),
            }
        })
    });
    out.extend_from_slice(&memory);
    memory.clear();
    // A huge output does not keep its memory for ever.
    if memory.capacity() <= 1 << 20 {
        shell.buffers.push(memory);
    }
    let status = result?;
    if signal::pending() & shell.traps.for_exit != 0 {
        // The command for which this was is not executed any more.
        trap::run_pending(shell)?;
    }
    shell.substitution_status = Some(status);
    Ok(())
}

/// The redirection, if `< file` is all that there is.
fn input_alone(body: &List) -> Option<&[Redirect]> {
    let [item] = &body.items[..] else { return None };
    let command = item.and_or.alone().filter(|_| !item.background)?;
    if !command.words.is_empty() || !command.assignments.is_empty() {
        return None;
    }
    match &command.redirects[..] {
        redirects @ [Redirect { fd: None | Some(0), op: RedirectOp::Input(_), .. }] => Some(redirects),
        _ => None,
    }
}

/// `$(< file)` is what `$(cat file)` is, as in ksh, bash and zsh (XCU 2.6.3 leaves it open).
fn contents(shell: &mut Shell, redirects: &[Redirect]) -> Outcome {
    shell.vars.line = redirects[0].line.0;
    match redirect::apply(shell, redirects) {
        Ok(saved) => {
            let is_regular = file::kind(shell.io.input) == Some(libc::S_IFREG);
            // Nothing may come from what is no file, and ^C has to end that wait.
            let ready = if is_regular { Ok(()) } else { become_process(shell) };
            let outcome = ready.and_then(|()| copy_input(shell));
            saved.restore(shell);
            outcome
        }
        Err(failure) => redirect::failed(shell, failure),
    }
}

fn copy_input(shell: &mut Shell) -> Outcome {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let result = match fd::read(shell.io.input, &mut buffer) {
            Ok(0) => return Ok(ExitStatus::SUCCESS),
            Ok(got) => shell.io.write(&buffer[..got]),
            Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(Error::system("cannot read the file", errno)),
        };
        if let Err(error) = result {
            shell.report(&error);
            return Ok(error.status);
        }
    }
}

/// What [`captured`] takes.
#[derive(Clone, Copy)]
pub enum Captured {
    /// Standard output.
    Output,
    /// Standard error.
    Messages,
}

/// Run something whose standard output (or standard error) is memory; what it wrote, if that is not left to a process.
pub fn captured<T>(shell: &mut Shell, what: Captured, run: impl FnOnce(&mut Shell) -> T) -> (Vec<u8>, T) {
    let stream = |shell: &mut Shell, target| match what {
        Captured::Output => std::mem::replace(&mut shell.io.output, target),
        Captured::Messages => std::mem::replace(&mut shell.io.error, target),
    };
    let memory = shell.buffers.pop().unwrap_or_default();
    let number = shell.io.captures.len();
    shell.io.captures.push(Capture::Memory(memory));
    let before = stream(shell, Target::Capture(number));
    let result = run(shell);
    stream(shell, before);
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
    let forks = must_fork(shell);
    inside(shell, last, |shell| {
        if forks {
            become_process(shell)?;
        }
        list(shell, body, true)
    })
}

/// Execute the last stage of a pipeline with `input` as its standard input, which ends when the stage does.
pub fn last_stage(shell: &mut Shell, stage: Stage<'_>, input: Option<OwnedFd>, last: bool) -> Outcome {
    inside(shell, last, |shell| {
        let replaced = input.as_ref().map(|pipe| (pipe.as_raw_fd(), 0));
        let saved = match redirect::replace(shell, replaced.as_slice()) {
            Ok(saved) => saved,
            Err(error) => return Err(consequence::fatal(shell, &error)),
        };
        drop(input);
        shell.io.own_input(0);
        let outcome = pipeline::execute(shell, stage);
        // If this is the stage's own process by now, it keeps its input, for its EXIT trap.
        if shell.is_virtual() {
            saved.restore(shell);
        } else {
            saved.keep();
        }
        outcome
    })
}

/// Whether a subshell that begins now shall be a process from the beginning: it can get the signals for which this shell has traps, and
/// it must not use up what this shell may use.
pub fn must_fork(shell: &Shell) -> bool {
    shell.is_limited || shell.traps.catches_signals()
}

/// Run `body` as a subshell inside this process; `last` says that nothing is left to do behind it.
///
/// # Errors
/// Only what ends everything up to the prompt passes through.
fn inside(shell: &mut Shell, last: bool, body: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
    let snapshot = Snapshot::take(shell);
    shell.traps.enter_subshell();
    shell.loops.outside = shell.loops.depth;
    shell.subshells.push(Subshell { captures: shell.io.captures.len(), last, ..Subshell::default() });
    let level = shell.subshells.len();
    shell.io.guards = true;
    let outcome = body(shell);
    if shell.process_level == level {
        end_process(shell, outcome);
    }
    let outcome = killed(shell).map_or(outcome, Err);
    let finished = shell.subshells.pop().unwrap_or_default();
    snapshot.restore(shell);
    shell.io.guards = shell.is_virtual();
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
    job::wait_for(shell, pid)
}

/// Read everything that these children write into a pipe into the innermost capture.
pub fn read_capture(shell: &mut Shell, pipe: &OwnedFd, children: impl Iterator<Item = Pid>) {
    job::pass_on_interrupt(shell, children);
    if let Some(Capture::Memory(memory)) = shell.io.captures.last_mut()
        && let Err(errno) = read_to_end(pipe, memory, shell.traps.for_exit)
    {
        shell.report(&Error::system("cannot read the output of a command substitution", errno));
    }
}

/// Read to the end, or until one of the signals `ending` has come.
fn read_to_end(pipe: &OwnedFd, out: &mut Vec<u8>, ending: u64) -> Result<(), Errno> {
    if ending == 0 {
        return fd::read_to_end(pipe.as_raw_fd(), out);
    }
    loop {
        while file::wait_for_input(pipe.as_raw_fd(), ending).is_err() {
            if signal::pending() & ending != 0 {
                return Ok(());
            }
        }
        if stream::read_into(pipe.as_fd(), out, 1 << 16)? == 0 {
            return Ok(());
        }
    }
}

/// The subshell that runs inside this process needs one of its own: fork here. Returns in the child only; nothing happens when
/// the current command is already executed by its subshell's own process.
///
/// # Errors
/// [`Flow::Forked`] in the parent; a fatal error if there is no process or pipe to be had.
pub fn become_process(shell: &mut Shell) -> Result<(), Flow> {
    let level = shell.subshells.len();
    fork_up_to(shell, level)
}

/// Fork for the subshell of this level, if it is not a process yet; and first for the outermost one inside the shell's own process: what
/// may follow is a signal to the shell, which none of the subshells shall feel.
fn fork_up_to(shell: &mut Shell, level: usize) -> Result<(), Flow> {
    if shell.process_level + 1 < level {
        let outermost = shell.process_level + 1;
        fork_at(shell, outermost)?;
    }
    if shell.process_level < level { fork_at(shell, level) } else { Ok(()) }
}

/// A process is about to be made that can look at its parent: the subshell that waits for it, and goes on behind it, has to be one. `last`
/// says that the current subshell has nothing left to do. And the shell's own process must be seen in its own directory.
///
/// # Errors
/// As [`become_process`].
pub fn need_parent(shell: &mut Shell, last: bool) -> Result<(), Flow> {
    let level = if last { going_on(shell) } else { shell.subshells.len() };
    fork_up_to(shell, level)?;
    let moved = |subshell: &Subshell| subshell.directory.is_some();
    if shell.subshells[shell.process_level..].iter().any(moved) { become_process(shell) } else { Ok(()) }
}

/// The level of the innermost subshell that goes on when the current one ends; 0 is the shell.
fn going_on(shell: &Shell) -> usize {
    let ending = shell.subshells.iter().rev().take_while(|subshell| subshell.last).count();
    shell.subshells.len().saturating_sub(ending + 1)
}

/// Whether nothing writes into the innermost command substitution behind the current command, which is the `last` one of its subshell:
/// then the shell can read the command's output itself.
pub fn is_last_writer(shell: &Shell, last: bool) -> bool {
    let around = going_on(shell).checked_sub(1).map_or(0, |index| shell.subshells[index].captures);
    last && (!shell.io.is_captured() || around < shell.io.captures.len())
}

/// A write inside this process has raised a signal that ends the subshell: its end, once.
pub fn killed(shell: &Shell) -> Option<Flow> {
    let deadly = signal::first(signal::pending() & signal::OF_WRITES).filter(|_| shell.is_virtual())?;
    signal::take(deadly);
    Some(Flow::Exit(ExitStatus::from_signal(deadly)))
}

/// Fork for the subshell of this level. The child goes on here, as that subshell's process.
fn fork_at(shell: &mut Shell, level: usize) -> Result<(), Flow> {
    let failed =
        |shell: &mut Shell, errno| Err(consequence::fatal(shell, &Error::system("cannot fork a subshell", errno)));
    shell.io.before_process();
    let capture = shell.subshells[level - 1].captures.wrapping_sub(1);
    let captured = matches!(shell.io.captures.get(capture), Some(Capture::Memory(_)));
    let (read, write) = match captured.then(fd::pipe) {
        None => (None, None),
        Some(Ok((read, write))) => (Some(read), Some(write)),
        Some(Err(errno)) => return failed(shell, errno),
    };
    let here = leave_directory(shell, level);
    match job::fork(shell) {
        Err(errno) => failed(shell, errno),
        Ok(Fork::Parent(pid)) => {
            shell.subshells[level - 1].process = Some((pid, read));
            Err(Flow::Forked)
        }
        Ok(Fork::Child(mask)) => {
            shell.process_level = level;
            let returned = here.map_or(Ok(()), nix::unistd::fchdir);
            shell.io.guards = shell.is_virtual();
            if let (Some(pipe), Some(capture)) = (write, shell.io.captures.get_mut(capture)) {
                // What was captured so far belongs to the parent; from here on the pipe carries it.
                *capture = Capture::Pipe(Private::new(pipe));
                shell.io.materialise();
            }
            drop(read);
            enter_process(shell, false);
            signal::set_mask(&mask);
            // Refused if somebody took the permission away since `cd`: never go on in another directory.
            returned.map_err(|errno| {
                consequence::fatal(
                    shell,
                    &Error::system("cannot return to the working directory of the subshell", errno),
                )
            })
        }
    }
}

/// If the working directory has changed since the subshell of this level began: go back to what it was, for the parent, before the child
/// can look. Returns the present one, for the child.
fn leave_directory(shell: &Shell, level: usize) -> Option<OwnedFd> {
    let before = shell.subshells[level - 1..].iter().find_map(|subshell| subshell.directory.as_ref())?;
    let here = fd::open(c".", libc::O_PATH | libc::O_DIRECTORY, 0).ok()?;
    nix::unistd::fchdir(before).ok().map(|()| here)
}

/// What every forked shell process does first: its parent's jobs are not its own, and caught signals are back at their default.
/// One that is a job of its own still has to take the terminal.
pub fn enter_process(shell: &mut Shell, is_job: bool) {
    // The pipe with which `read` looks ahead is the parent's, and so is a write that failed.
    shell.io.forget_parent();
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
    shell.traps.for_exit = 0;
    shell.in_trap = None;
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
    let status = trap::run_exit(shell, status::at_end(outcome));
    trap::die(shell);
    fork::exit(status.0)
}

/// `path` is about to be opened. If it means a descriptor (`/dev/stdout` when that is memory now), or leads through /proc, where each
/// process finds itself, the subshell needs a process.
///
/// # Errors
/// As [`become_process`].
pub fn before_open(shell: &mut Shell, path: &CStr) -> Result<(), Flow> {
    if shell.is_virtual()
        && (path.to_bytes().starts_with(b"/proc/") || shell.io.is_captured() && fd::leads_to_descriptor(path))
    {
        become_process(shell)?;
    }
    Ok(())
}

/// Descriptor 1 is about to be copied: if standard output is memory, the subshell needs a real one.
///
/// # Errors
/// As [`become_process`].
pub fn need_real_output(shell: &mut Shell) -> Result<(), Flow> {
    if shell.io.is_captured() { become_process(shell) } else { Ok(()) }
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
        // One may be in a directory to which one could not go.
        Ok(directory) if fd::accessible(c".", libc::X_OK) => {
            if let Some(subshell) = shell.subshells.last_mut() {
                subshell.directory = Some(Private::new(directory));
            }
            Ok(())
        }
        _ => become_process(shell),
    }
}
