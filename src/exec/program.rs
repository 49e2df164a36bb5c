//! Programs: PATH search and its table, argument and environment vectors, and the statuses 126 and 127 (XCU 2.9.1.4-6).

use crate::exec::redirect::{self, Plan};
use crate::exec::refused::{exec_error, not_found};
use crate::exec::{command, consequence, job, names, pure, source, stages, substitute};
use crate::expand;
use crate::fields::Fields;
use crate::find;
use crate::jobs::{Job, JobState, Process, ProcessState, terminal};
use crate::number::parse_decimal;
use crate::shell::io::{Capture, Target};
use crate::shell::vars::slot;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Outcome};
use crate::syntax::ast::{RedirectOp, SimpleCommand, Word};
use crate::syntax::print;
use crate::sys::spawn::{self, ChildSetup, Program, Step};
use crate::sys::{fd, signal};
use bstr::{BStr, BString};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::borrow::Cow;
use std::convert::Infallible;
use std::ffi::CString;
use std::os::fd::AsRawFd;

/// Where programs are looked for when PATH does not say it, and by `command -p`: all programs of the standard are there.
pub const STANDARD_PATH: &[u8] = b"/usr/bin:/bin:/usr/sbin:/sbin";

/// Which directories a program is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Those of PATH.
    Path,
    /// Those of [`STANDARD_PATH`]; what is found there is not remembered.
    Standard,
}

impl Search {
    /// The directories, with colons between them.
    pub fn directories(self, shell: &mut Shell) -> BString {
        let path = if self == Self::Path { shell.vars.get(slot::PATH) } else { None };
        path.map_or_else(|| BString::from(STANDARD_PATH), |path| path.to_owned())
    }
}

/// The search in PATH. Without a slot the name is a path, or PATH is not where to look.
///
/// # Errors
/// 127: not found; 126: found, but it cannot be executed.
fn locate(shell: &mut Shell, name: &BStr, slot: Option<u32>) -> Result<CString, Error> {
    if find::byte(b'/', name).is_some() {
        return CString::new(name.to_vec()).map_err(|_| not_found(name));
    }
    if shell.commands.check_path(shell.vars.path_changes(), shell.is_virtual())
        && let Some(slot) = slot
        && let Some((path, _)) = &shell.commands.at(slot).path
    {
        let path = path.clone();
        if !shell.is_virtual() {
            shell.commands.hit(slot);
        }
        return Ok(path);
    }
    let directories = if slot.is_some() { Search::Path } else { Search::Standard }.directories(shell);
    let found = search(&directories, name)?;
    remember(shell, slot, &found);
    Ok(found)
}

/// Put a path into the table: not in a subshell inside this process, which would take it along when it ends.
fn remember(shell: &mut Shell, slot: Option<u32>, path: &CString) {
    if let Some(slot) = slot.filter(|_| !shell.is_virtual()) {
        shell.commands.set_path(slot, path.clone());
        shell.commands.hit(slot);
    }
}

/// The file of a remembered path has gone: look again; the new path.
fn locate_again(shell: &mut Shell, name: &BStr, slot: Option<u32>, old: &CString) -> Option<CString> {
    // A path is not looked for: `./ls` is no other file than that (XCU 2.9.1.4 2).
    slot.filter(|_| find::byte(b'/', name).is_none())?;
    let directories = Search::Path.directories(shell);
    let new = search(&directories, name).ok().filter(|new| new != old)?;
    remember(shell, slot, &new);
    Some(new)
}

/// Look for `name` in the directories of `path`.
///
/// # Errors
/// Not found (127), or found and not executable (126).
pub fn search(path: &[u8], name: &BStr) -> Result<CString, Error> {
    let mut denied = false;
    if name.is_empty() {
        return Err(not_found(name));
    }
    for directory in path.split(|&byte| byte == b':') {
        let mut full = directory.to_vec();
        if !full.is_empty() {
            full.push(b'/');
        }
        full.extend_from_slice(name);
        let Ok(full) = CString::new(full) else { break };
        match fd::executable(&full) {
            Ok(()) => return Ok(full),
            Err(Errno::EACCES) => denied = true,
            Err(_) => {}
        }
    }
    if denied {
        return Err(Error::system(BString::from(name), Errno::EACCES).with_status(ExitStatus::NOT_EXECUTABLE));
    }
    Err(not_found(name))
}

/// Execute a program in the foreground: expand and open, then exec in place if nothing is left to do here, else start it
/// and wait.
pub fn run(shell: &mut Shell, command: &SimpleCommand, fields: &Fields, slot: Option<u32>, last: bool) -> Outcome {
    substitute::need_parent(shell, last)?;
    // The shell ignores ^Z: where a file has to be waited for before the program begins, a process that has its group does that.
    if shell.has_job_control() && command.redirects.iter().any(|redirect| redirect::may_wait(shell, redirect)) {
        return stages::program_job(shell, command, fields, slot);
    }
    let mark = shell.vars.locals_mark();
    let outcome = run_marked(shell, command, fields, slot, last);
    shell.vars.restore_locals(mark);
    outcome
}

fn run_marked(shell: &mut Shell, command: &SimpleCommand, fields: &Fields, slot: Option<u32>, last: bool) -> Outcome {
    let mut plan = Plan::new(&shell.io);
    let mut read = None;
    if let (Target::Capture(_), Some(Capture::Memory(_))) = (shell.io.output, shell.io.captures.last()) {
        match fd::pipe() {
            Ok((reader, writer)) => {
                plan.add_capture(writer, shell.io.output);
                read = Some(reader);
            }
            Err(errno) => return Err(consequence::fatal(shell, &Error::system("cannot make a pipe", errno))),
        }
    }
    if let Err(failure) = plan.open(shell, &command.redirects) {
        return redirect::failed(shell, failure);
    }
    // Redirections first, then assignments (XCU 2.9.1.1).
    command::temporary(shell, &command.assignments)?;
    command::trace_if_on(shell, command, fields, None)?;
    let name = fields.get(0).unwrap_or_default();
    let path = match locate(shell, name, slot) {
        Ok(path) => path,
        Err(error) => {
            let error = names::suggest(shell, fields, error);
            return Ok(refused(shell, &plan, &error));
        }
    };
    shell.io.before_process();
    let setup = job::program_setup(shell, None, false, &plan.descriptors);
    let in_place = last && !shell.is_virtual() && can_end(shell);
    let program = Found { name, slot, path };
    if in_place {
        let (step, errno) = become_program(shell, &program, fields, &setup);
        let error = exec_error(name, &program.path, step, errno);
        // The descriptors are the program's already.
        shell.io.have_standard();
        shell.report(&error);
        return Ok(error.status);
    }
    let pid = match start(shell, &program, fields, &setup) {
        Ok(pid) => pid,
        Err((step, errno)) => {
            let error = names::suggest(shell, fields, exec_error(name, &program.path, step, errno));
            return Ok(refused(shell, &plan, &error));
        }
    };
    drop(plan);
    if let Some(read) = read {
        substitute::read_capture(shell, &read, std::iter::once(pid));
    }
    let mut job = Job::new(vec![Process::started(pid)]);
    if shell.has_job_control() {
        job.group = Some(pid);
        let _ = nix::unistd::setpgid(pid, pid);
    }
    job::finish(shell, job, || print::simple(command))
}

/// Whether the shell's process may become the program: nobody waits for a trap, there are no children of which the program would not
/// know, no person sits at it, and the program needs no group of its own, which somebody would have to wait for in another one.
fn can_end(shell: &Shell) -> bool {
    shell.jobs.is_empty()
        && !shell.has_job_control()
        && shell.traps.caught() == 0
        && shell.traps.get(crate::shell::traps::EXIT).is_none()
        && (!shell.options.has(Opt::Interactive) || shell.is_subshell())
}

/// Print an error where the command's standard error would have gone.
fn refused(shell: &mut Shell, plan: &Plan, error: &Error) -> ExitStatus {
    if shell.has_job_control() {
        // The child took the terminal before its exec failed; a shell in the background would read no more.
        let state = JobState::Ended(ProcessState::Exited(error.status));
        let _ = terminal::take_back(&mut shell.jobs, state);
    }
    plan.report(shell, error)
}

/// A program that was found: under this name, with this slot if it was looked for in PATH, at this path.
struct Found<'a> {
    name: &'a BStr,
    slot: Option<u32>,
    path: CString,
}

/// What failed, and why.
type Failed = (Step, Errno);

/// Start a program in a process of its own.
fn start(shell: &mut Shell, program: &Found<'_>, fields: &Fields, setup: &ChildSetup<'_>) -> Result<Pid, Failed> {
    let start = |shell: &mut Shell| attempts(shell, program, fields, |program| spawn::spawn(program, setup));
    job::patiently(shell, start, |made| matches!(made, Err((Step::Fork, Errno::EAGAIN))))
}

/// Become a program; returns only why not. What a process does before exec it does once, however many files are tried.
fn become_program(shell: &mut Shell, program: &Found<'_>, fields: &Fields, setup: &ChildSetup<'_>) -> Failed {
    let execute = |program: Program<'_>| Err::<Infallible, _>((Step::Exec, spawn::exec(program)));
    let Err(failed) = setup.apply().and_then(|()| attempts(shell, program, fields, execute));
    failed
}

/// Execute the file that was found. If it is not there any more, or is no program any more, that of the next search (XCU 2.9.1.4); if it is
/// a script that does not name its interpreter, this shell as that.
fn attempts<T>(
    shell: &mut Shell,
    program: &Found<'_>,
    fields: &Fields,
    execute: impl Fn(Program<'_>) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let &Found { name, slot, ref path } = program;
    let mut path = Cow::Borrowed(path);
    let mut started = with_vectors(shell, &path, fields, &execute);
    if let Err((Step::Exec, Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP)) = started
        && let Some(new) = locate_again(shell, name, slot, &path)
    {
        path = Cow::Owned(new);
        started = with_vectors(shell, &path, fields, &execute);
    }
    if let Err((Step::Exec, Errno::ENOEXEC)) = started
        && let Some((interpreter, arguments)) = script(shell, &path, fields)
    {
        started = with_vectors(shell, &interpreter, &arguments, &execute);
    }
    if let Some(slot) = slot.filter(|_| started.is_err() && !shell.is_virtual()) {
        shell.commands.forget_path(slot);
    }
    started
}

/// Call `run` with the vectors of execve.
fn with_vectors<T>(shell: &mut Shell, path: &CString, fields: &Fields, run: impl FnOnce(Program<'_>) -> T) -> T {
    let null = std::ptr::null();
    let argv: Vec<_> = fields.c_pointers_from(0).chain([null]).collect();
    let envp: Vec<_> = shell.vars.environment().c_pointers_from(0).chain([null]).collect();
    run(Program { path, argv: &argv, envp: &envp })
}

/// The program that executes a script, and its arguments: a file that is executable and of no format that the kernel knows is a
/// shell script (XCU 2.9.1.6), unless it has a NUL in its first line.
fn script(shell: &Shell, path: &CString, fields: &Fields) -> Option<(CString, Fields)> {
    if is_binary(path) {
        return None;
    }
    let mut arguments = Fields::new();
    arguments.push(if shell.options.has(Opt::Posix) { b"sh" } else { b"ipcsh" });
    arguments.push(b"--");
    arguments.push(path.as_bytes());
    fields.iter_from(1).for_each(|field| arguments.push(field));
    Some((CString::from(c"/proc/self/exe"), arguments))
}

fn is_binary(path: &CString) -> bool {
    let Ok(file) = fd::open(path, libc::O_RDONLY, 0) else { return false };
    let mut head = [0u8; 256];
    let got = fd::read(file.as_raw_fd(), &mut head).unwrap_or(0);
    source::is_binary(&head[..got])
}

/// `exec name args`: become the program, which is told that it is called `zero`. The redirections are done.
///
/// # Errors
/// It always returns an error.
pub fn replace(shell: &mut Shell, fields: &Fields, first: usize, zero: &[u8]) -> Error {
    let mut arguments = Fields::new();
    arguments.push(zero);
    fields.iter_from(first + 1).for_each(|field| arguments.push(field));
    let name = fields.get(first).unwrap_or_default();
    let slot = (!name.contains(&b'/')).then(|| shell.commands.slot_of(name));
    let path = match locate(shell, name, slot) {
        Ok(path) => path,
        Err(error) => return error,
    };
    shell.io.settle();
    let plan = Plan::new(&shell.io);
    let mut setup = job::program_setup(shell, None, false, &plan.descriptors);
    setup.group = None;
    setup.terminal = None;
    let before = setup.dispositions();
    let lowered = lower_level(shell);
    let program = Found { name, slot, path };
    let (step, errno) = become_program(shell, &program, &arguments, &setup);
    // The shell of a person goes on, and so do its traps.
    for (number, disposition) in before {
        // It was set before, so it can be set again.
        let _ = signal::set(number, disposition);
    }
    if let Some((slot, level)) = lowered {
        // It was set before, so it can be set again.
        let _ = shell.vars.set_integer(slot, level);
    }
    exec_error(name, &program.path, step, errno)
}

/// SHLVL counts shells around shells: one that takes this one's place is told a level less, and adds its own. Returns what it was.
fn lower_level(shell: &mut Shell) -> Option<(u32, i64)> {
    let slot = shell.vars.slot_of(b"SHLVL");
    let level = shell.vars.get(slot).and_then(|level| parse_decimal(level)).filter(|_| !shell.is_subshell())?;
    // One that is read-only stays.
    shell.vars.set_integer(slot, level - 1).is_ok().then_some((slot, level))
}

/// A program stage of a pipeline or background job, ready to be started without a fork.
pub struct Prepared {
    fields: Fields,
    slot: Option<u32>,
    path: CString,
    plan: Plan,
}

/// Whether the name with this slot is neither a builtin's nor a function's.
fn is_program(shell: &Shell, slot: u32) -> bool {
    let entry = shell.commands.at(slot);
    entry.builtin.is_none() && entry.function.is_none()
}

/// Whether a stage, if it is a program, can be expanded and opened by the shell: that leaves no trace here and cannot block.
pub fn is_startable(shell: &mut Shell, command: &SimpleCommand) -> bool {
    // A file that blocks when it is opened would stop the other stages from being started.
    let quick = |op: &RedirectOp| match op {
        RedirectOp::DupInput(word) | RedirectOp::DupOutput(word) => pure::is_pure(word),
        RedirectOp::HereDoc(document) => document.body.get().is_none_or(pure::is_pure),
        RedirectOp::Input(word) | RedirectOp::Output(word) | RedirectOp::Clobber(word) => is_dev_null(word),
        RedirectOp::Append(word) | RedirectOp::ReadWrite(word) => is_dev_null(word),
    };
    pure::is_pure_command(shell, command)
        && command.redirects.iter().all(|redirect| quick(&redirect.op))
        && command.name().is_none_or(|name| {
            let slot = shell.commands.slot(&command.slot, name);
            is_program(shell, slot)
        })
}

/// Expand a stage in this process, if it is a program and [`is_startable`]. `None`: fork, and let the
/// child do it (and meet the errors).
pub fn prepare(shell: &mut Shell, command: &SimpleCommand) -> Option<Prepared> {
    if !is_startable(shell, command) {
        return None;
    }
    let mut fields = Fields::new();
    expand::fields(shell, &command.words, &mut fields).ok()?;
    let name = fields.get(0)?;
    let slot = if name.contains(&b'/') { None } else { Some(shell.commands.slot_of(name)) };
    if slot.is_some_and(|slot| !is_program(shell, slot)) {
        return None;
    }
    let path = locate(shell, name, slot).ok()?;
    let mut plan = Plan::default();
    plan.try_open(shell, &command.redirects).ok()?;
    Some(Prepared { fields, slot, path, plan })
}

fn is_dev_null(word: &Word) -> bool {
    word.plain().is_some_and(|path| path == "/dev/null")
}

/// Start a prepared stage; `plan` has its ends of the pipes. `None`: the program cannot be executed. Its process there must be all the
/// same, for `$!`, the status and the other stages: fork, and let the child meet the error.
pub fn spawn_stage(
    shell: &mut Shell,
    prepared: Prepared,
    plan: &Plan,
    group: Option<Pid>,
    background: bool,
) -> Result<Option<Pid>, Error> {
    let Prepared { fields, slot, path, plan: own } = prepared;
    let descriptors = [&plan.descriptors[..], &own.descriptors].concat();
    let setup = job::program_setup(shell, group, background, &descriptors);
    let name = fields.get(0).unwrap_or_default();
    match start(shell, &Found { name, slot, path }, &fields, &setup) {
        Ok(pid) => Ok(Some(pid)),
        Err((Step::Exec, _)) => Ok(None),
        Err((step, errno)) => Err(job::step_error(step, errno)),
    }
}
