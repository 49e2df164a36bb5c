//! Executing a builtin: its redirections and assignments, what it needs (a process, real descriptors, no output that waits), and
//! its error.

use crate::builtins::{Builtin, Kind, TABLE};
use crate::exec::command::{assign, temporary, trace_if_on};
use crate::exec::redirect::{self, RedirectFailure};
use crate::exec::{consequence, substitute, trace};
use crate::fields::Fields;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Failure, Flow, Outcome};
use crate::syntax::ast::SimpleCommand;
use crate::sys::private::Private;
use bstr::ByteSlice;

/// Builtins that read and write through [`Stdio`](crate::shell::Stdio) only, and execute no commands, which would need the shell's
/// real descriptors redirected.
fn uses_stdio(builtin: &Builtin) -> bool {
    match builtin.kind {
        Kind::Plain => true,
        Kind::Special => !matches!(builtin.name, "eval" | "." | "source" | "exec" | "trap"),
        Kind::Regular => matches!(
            builtin.name,
            "read" | "umask" | "ulimit" | "hash" | "alias" | "unalias" | "getopts" | "jobs" | "cd" | "chdir"
        ),
    }
}

/// Whether the name with this slot is that of a builtin that uses nothing but its arguments, the shell's state and its output.
pub fn is_plain(shell: &Shell, slot: u32) -> bool {
    let entry = shell.commands.at(slot);
    let builtin = entry.builtin.map(|number| &TABLE[usize::from(number)]);
    entry.function.is_none() && builtin.is_some_and(|builtin| builtin.kind == Kind::Plain)
}

/// Builtins whose work nobody else can see, and which ask nothing that others could have changed: output may wait behind them.
fn is_private(builtin: &Builtin, fields: &Fields) -> bool {
    match builtin.name {
        // A question about files: the one that is written may be among them.
        "test" | "[" => fields.iter_from(1).all(|field| match field.as_bytes() {
            [b'-', letter] => matches!(letter, b'n' | b'z' | b'v' | b't' | b'a' | b'o'),
            b"-nt" | b"-ot" | b"-ef" => false,
            _ => true,
        }),
        ":" | "true" | "false" | "echo" | "printf" | "read" | "eval" | "set" | "shift" | "export" | "readonly"
        | "unset" => true,
        "local" | "break" | "continue" | "return" | "exit" | "getopts" | "alias" | "unalias" => true,
        _ => false,
    }
}

/// Builtins that do what only a process can do, or change what the end of a subshell inside this process would not put back: all that
/// are not known to do neither.
fn needs_process(builtin: &Builtin, fields: &Fields) -> bool {
    let operand = fields.get(1).map(|field| field.as_bytes());
    match builtin.name {
        ":" | "." | "[" | "alias" | "break" | "cd" | "chdir" | "command" | "continue" | "echo" | "eval" | "exit"
        | "export" => false,
        "false" | "getopts" | "help" | "jobs" | "local" | "printf" | "pwd" | "read" | "readonly" | "recv" => false,
        "return" | "shift" | "source" | "test" | "times" | "true" | "type" | "unalias" | "unset" => false,
        "hash" | "trap" => operand.is_some(),
        "mq" => operand == Some(b"notify"),
        "rpc" => operand == Some(b"serve"),
        // To processes as `kill`.
        "send" => fields.iter_from(1).any(|field| field.starts_with(b"pid:") || field.starts_with(b"%")),
        "set" => fields.iter_from(1).any(|field| field.contains(&b'm')),
        "sock" => {
            !matches!(operand, Some(b"getsockname" | b"getpeername" | b"recv" | b"recvfrom" | b"send" | b"sendto"))
        }
        "umask" => fields.iter_from(1).any(|field| field != "-S"),
        _ => true,
    }
}

/// If the builtin cannot do its work inside the shell's process for a subshell, make that a process.
///
/// # Errors
/// As [`substitute::become_process`].
#[inline]
pub fn prepare(shell: &mut Shell, builtin: &Builtin, fields: &Fields) -> Result<(), Flow> {
    if shell.is_virtual() { prepare_subshell(shell, builtin, fields) } else { Ok(()) }
}

fn prepare_subshell(shell: &mut Shell, builtin: &Builtin, fields: &Fields) -> Result<(), Flow> {
    // `test -f /dev/stdin <file`, `cd /proc/self`: what is behind the name must be the subshell's own.
    if needs_process(builtin, fields) || names_descriptors(fields) {
        if builtin.name == "exec" {
            substitute::need_parent(shell, true)?;
        }
        substitute::become_process(shell)?;
    }
    Ok(())
}

fn names_descriptors(fields: &Fields) -> bool {
    fields.iter_from(1).any(|field| redirect::names_a_descriptor(field))
}

/// Let others see what the shell has done so far, if the builtin could do something that they see too.
#[inline]
pub fn settle(shell: &mut Shell, builtin: &Builtin, fields: &Fields) {
    if shell.io.is_late() && !is_private(builtin, fields) {
        shell.io.settle();
    }
}

/// Execute a builtin. Most stand there with their arguments only, and nothing has to be asked of the shell.
#[inline]
pub fn run(shell: &mut Shell, builtin: &'static Builtin, command: &SimpleCommand, fields: &Fields) -> Outcome {
    let is_bare = command.redirects.is_empty() && command.assignments.is_empty() && builtin.name != "exec";
    if is_bare && !shell.is_virtual() && !shell.options.has(Opt::XTrace) {
        settle(shell, builtin, fields);
        return call(shell, builtin, builtin.kind == Kind::Special, fields);
    }
    run_dressed(shell, builtin, command, fields)
}

/// Execute a builtin, with its redirections and assignments.
#[inline(never)]
fn run_dressed(shell: &mut Shell, builtin: &'static Builtin, command: &SimpleCommand, fields: &Fields) -> Outcome {
    prepare(shell, builtin, fields)?;
    let special = builtin.kind == Kind::Special;
    if builtin.name == "exec" {
        return exec_command(shell, builtin, command, fields);
    }
    // The trace goes where the shell's standard error is, and not the command's.
    if command.assignments.is_empty() {
        trace_if_on(shell, command, fields, None)?;
    }
    let place = trace::place(shell, command);
    // Redirections first, then assignments (XCU 2.9.1.1).
    if command.redirects.is_empty() {
        assigned(shell, builtin, command, fields, None)
    } else if redirect::can_be_direct(&command.redirects) && uses_stdio(builtin) && !names_descriptors(fields) {
        match redirect::direct(shell, &command.redirects) {
            Ok((files, old)) => {
                let outcome = assigned(shell, builtin, command, fields, place);
                old.restore(shell);
                drop(files);
                outcome
            }
            Err(failure) => redirect_failed(shell, failure, special),
        }
    } else {
        match redirect::apply(shell, &command.redirects) {
            Ok(saved) => {
                let outcome = assigned(shell, builtin, command, fields, place);
                if outcome.is_ok() && is_command_exec(fields) {
                    saved.keep()
                } else {
                    saved.restore(shell)
                }
                outcome
            }
            Err(failure) => redirect_failed(shell, failure, special),
        }
    }
}

/// `command exec`: its redirections stay, as those of `exec` do, also where the program cannot be executed.
fn is_command_exec(fields: &Fields) -> bool {
    let mut words = (0..fields.len()).filter_map(|index| fields.get(index));
    words.next().is_some_and(|name| name == "command")
        && words.find(|&word| word != "command" && word != "-p" && word != "--").is_some_and(|name| name == "exec")
}

/// Assign, for a special builtin for good and else for the time of the builtin; then run it.
#[inline]
fn assigned(
    shell: &mut Shell,
    builtin: &'static Builtin,
    command: &SimpleCommand,
    fields: &Fields,
    place: Option<Private>,
) -> Outcome {
    let special = builtin.kind == Kind::Special;
    if command.assignments.is_empty() {
        settle(shell, builtin, fields);
        return call(shell, builtin, special, fields);
    }
    let mut mark = None;
    if special {
        for assignment in &command.assignments {
            assign(shell, assignment)?;
        }
    } else {
        mark = Some(temporary(shell, &command.assignments)?);
    }
    let outcome = trace_if_on(shell, command, fields, place).and_then(|()| {
        settle(shell, builtin, fields);
        call(shell, builtin, special, fields)
    });
    if let Some(mark) = mark {
        shell.vars.restore_locals(mark);
    }
    outcome
}

/// `exec`: its redirections stay; assignments are exported to the command.
fn exec_command(shell: &mut Shell, builtin: &'static Builtin, command: &SimpleCommand, fields: &Fields) -> Outcome {
    for assignment in &command.assignments {
        assign(shell, assignment)?;
        if fields.len() > 1 {
            let slot = shell.vars.slot(&assignment.name);
            shell.vars.set_exported(slot, true);
        }
    }
    trace_if_on(shell, command, fields, None)?;
    if fields.len() == 1 {
        return match redirect::change(shell, &command.redirects) {
            Ok(()) => call(shell, builtin, true, fields),
            Err(failure) => redirect_failed(shell, failure, true),
        };
    }
    match redirect::apply(shell, &command.redirects) {
        Ok(saved) => {
            let outcome = call(shell, builtin, true, fields);
            // Also where the program cannot be executed and the shell goes on: at a prompt.
            saved.keep();
            outcome
        }
        Err(failure) => redirect_failed(shell, failure, true),
    }
}

fn redirect_failed(shell: &mut Shell, failure: RedirectFailure, fatal: bool) -> Outcome {
    let status = redirect::failed(shell, failure)?;
    if fatal { consequence::survivable(shell, status) } else { Ok(status) }
}

/// Run a builtin and report its error; for a special builtin that ends a script.
#[inline]
pub fn call(shell: &mut Shell, builtin: &Builtin, fatal: bool, fields: &Fields) -> Outcome {
    match (builtin.run)(shell, fields) {
        Ok(status) => Ok(status),
        Err(Failure::Flow(flow)) => Err(flow),
        Err(Failure::Error(error)) => builtin_failed(shell, builtin, fatal, error),
    }
}

#[cold]
fn builtin_failed(shell: &mut Shell, builtin: &Builtin, fatal: bool, error: Error) -> Outcome {
    if let Some(flow) = substitute::killed(shell) {
        return Err(flow);
    }
    let mut error = error.within(builtin.name);
    // To a person at a prompt, the next step.
    if error.status == ExitStatus::USAGE
        && error.errno.is_none()
        && shell.is_at_prompt()
        && !error.tried.contains_str("usage: ")
    {
        error.tried.extend_from_slice(format!("; see `help {}`", builtin.name).as_bytes());
    }
    shell.report(&error);
    if fatal && !error.tried.ends_with(b"write error") {
        return consequence::survivable(shell, error.status);
    }
    Ok(error.status)
}
