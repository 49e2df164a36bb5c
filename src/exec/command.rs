//! The simple command (XCU 2.9.1): expansion, redirections, assignments, and the search: special builtin, function, builtin,
//! program.

use crate::builtins::{self, Builtin, BuiltinResult, Kind};
use crate::exec::redirect::{self, RedirectFailure};
use crate::exec::{compound, consequence, errexit, program, substitute, trace};
use crate::expand;
use crate::fields::Fields;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Failure, Flow, Outcome};
use crate::syntax::ast::{Assignment, Few, Parameter, ParameterOp, Redirect, SimpleCommand, Word, WordPart};
use bstr::ByteSlice;

/// Execute a simple command.
pub fn simple(shell: &mut Shell, command: &SimpleCommand, last: bool) -> Outcome {
    if shell.io.is_late() {
        shell.io.count_command();
    }
    shell.vars.line = command.line.0;
    let status = if command.words.is_empty() {
        shell.substitution_status = None;
        without_name(shell, command)?
    } else {
        if command.name.is_none() {
            shell.substitution_status = None;
        }
        let mut fields = shell.pool.pop().unwrap_or_default();
        let outcome = match expand::fields(shell, &command.words, &mut fields) {
            Ok(()) if fields.is_empty() => without_name(shell, command),
            Ok(()) => with_fields(shell, command, &mut fields, last),
            Err(failure) => Err(consequence::expansion(shell, failure)),
        };
        // A function has taken the buffer and given it back by itself.
        if fields.has_memory() {
            fields.clear();
            shell.pool.push(fields);
        }
        outcome?
    };
    if status.is_success() { Ok(status) } else { errexit(shell, status) }
}

/// Assignments and redirections without a command: the assignments last, the redirections do not. These are performed as in a
/// subshell (XCU 2.9.1.3): what expanding them assigns is lost. Command substitutions see them, so that `x=$(cmd) 2>file`
/// does what it looks like.
fn without_name(shell: &mut Shell, command: &SimpleCommand) -> Outcome {
    if command.redirects.is_empty() {
        return assign_all(shell, &command.assignments);
    }
    let mark = shell.vars.begin_subshell();
    let result = redirect::apply(shell, &command.redirects);
    shell.vars.end_subshell(mark);
    match result {
        Ok(saved) => {
            let outcome = assign_all(shell, &command.assignments);
            saved.restore(shell);
            outcome
        }
        Err(failure) => redirect::failed(shell, failure),
    }
}

fn assign_all(shell: &mut Shell, assignments: &[Assignment]) -> Outcome {
    for assignment in assignments {
        assign(shell, assignment)?;
        if shell.options.has(Opt::XTrace) {
            trace::command(shell, std::slice::from_ref(assignment), &Fields::new());
        }
    }
    Ok(shell.substitution_status.take().unwrap_or_default())
}

/// Execute an assignment. An error (the variable is read-only, the value cannot be expanded) is fatal.
fn assign(shell: &mut Shell, assignment: &Assignment) -> Result<(), Flow> {
    let slot = shell.vars.slot(&assignment.name);
    let result = match (assignment.value.plain(), &assignment.value.parts[..]) {
        (Some(plain), _) => shell.vars.set(slot, plain),
        (None, [WordPart::Arithmetic(arithmetic)]) => match expand::arithmetic(shell, arithmetic) {
            Ok(integer) => shell.vars.set_integer(slot, integer),
            Err(failure) => return Err(consequence::expansion(shell, failure)),
        },
        _ => return assign_expanded(shell, assignment, slot),
    };
    result.map_err(|error| consequence::fatal(shell, &error))
}

fn assign_expanded(shell: &mut Shell, assignment: &Assignment, slot: u32) -> Result<(), Flow> {
    let mut value = shell.buffers.pop().unwrap_or_default();
    let append = appended_parts(assignment).filter(|_| shell.vars.at(slot).value().is_some());
    let result = match &append {
        Some(rest) => expand::field(shell, rest, &mut value),
        None => expand::field(shell, &assignment.value, &mut value),
    };
    let result = result.map_err(|failure| consequence::expansion(shell, failure)).and_then(|()| {
        let assigned = if append.is_some() { shell.vars.append(slot, &value) } else { shell.vars.set(slot, &value) };
        assigned.map_err(|error| consequence::fatal(shell, &error))
    });
    value.clear();
    shell.buffers.push(value);
    result
}

/// For `s=$s...`: what is appended, if expanding it cannot change `s`. The old text then stays where it is.
fn appended_parts(assignment: &Assignment) -> Option<Word> {
    let is_value =
        |part: &WordPart| matches!(part, WordPart::Parameter(expansion) if expansion.op == ParameterOp::Value);
    let is_itself = |part: &WordPart| {
        is_value(part)
            && matches!(part, WordPart::Parameter(expansion)
                if matches!(&expansion.parameter, Parameter::Variable(name) if *name == assignment.name))
    };
    let is_harmless = |part: &WordPart| matches!(part, WordPart::Literal(_) | WordPart::Quoted(_)) || is_value(part);
    match &assignment.value.parts[..] {
        [WordPart::DoubleQuoted(parts)] => match &parts[..] {
            [first, rest @ ..] if is_itself(first) && rest.iter().all(is_harmless) => {
                Some(Word::new(Few::One(WordPart::DoubleQuoted(rest.into()))))
            }
            _ => None,
        },
        [first, rest @ ..] if is_itself(first) && rest.iter().all(is_harmless) => Some(Word::new(rest.to_vec().into())),
        _ => None,
    }
}

/// What a command name means.
enum Target {
    Builtin(&'static Builtin),
    Function(std::rc::Rc<crate::syntax::ast::CompoundCommand>),
    Program(Option<u32>),
}

/// The search of XCU 2.9.1.4.
#[inline]
fn find(shell: &mut Shell, slot: u32, functions: bool) -> Target {
    let entry = shell.commands.at(slot);
    let builtin = entry.builtin.map(|number| &builtins::TABLE[usize::from(number)]);
    match (builtin, &entry.function) {
        (Some(builtin), _) if builtin.kind == Kind::Special => Target::Builtin(builtin),
        (_, Some(function)) if functions => Target::Function(std::rc::Rc::clone(function)),
        (Some(builtin), _) => Target::Builtin(builtin),
        _ => Target::Program(Some(slot)),
    }
}

fn target_of(shell: &mut Shell, command: &SimpleCommand, fields: &Fields) -> Target {
    let slot = match (&command.name, fields.get(0)) {
        (Some(name), _) => shell.commands.slot(name),
        (None, Some(name)) if memchr::memchr(b'/', name).is_none() => shell.commands.slot_of(name),
        _ => return Target::Program(None),
    };
    find(shell, slot, true)
}

fn with_fields(shell: &mut Shell, command: &SimpleCommand, fields: &mut Fields, last: bool) -> Outcome {
    match target_of(shell, command, fields) {
        Target::Builtin(builtin) => builtin_command(shell, builtin, command, fields),
        Target::Function(function) => {
            let mark = temporary(shell, &command.assignments)?;
            trace_if_on(shell, command, fields);
            let fields = std::mem::take(fields);
            let outcome = redirected(shell, &command.redirects, |shell| compound::call(shell, &function, fields));
            shell.vars.restore_locals(mark);
            outcome
        }
        Target::Program(slot) => program::run(shell, command, fields, slot, last),
    }
}

#[inline]
fn trace_if_on(shell: &mut Shell, command: &SimpleCommand, fields: &Fields) {
    if shell.options.has(Opt::XTrace) {
        trace::command(shell, &command.assignments, fields);
    }
}

/// Assign for the time of one command, and export. Returns what `restore_locals` wants.
pub fn temporary(shell: &mut Shell, assignments: &[Assignment]) -> Result<usize, Flow> {
    let mark = shell.vars.locals_mark();
    for assignment in assignments {
        let slot = shell.vars.slot(&assignment.name);
        shell.vars.make_local(slot);
        if let Err(flow) = assign(shell, assignment) {
            shell.vars.restore_locals(mark);
            return Err(flow);
        }
        shell.vars.set_exported(slot, true);
    }
    Ok(mark)
}

/// Run something with the shell's descriptors redirected.
pub fn redirected(shell: &mut Shell, redirects: &[Redirect], run: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
    if redirects.is_empty() {
        return run(shell);
    }
    match redirect::apply(shell, redirects) {
        Ok(saved) => {
            let outcome = run(shell);
            saved.restore(shell);
            outcome
        }
        Err(failure) => redirect::failed(shell, failure),
    }
}

/// Builtins that read and write through [`Stdio`](crate::shell::Stdio) only, and execute no commands, which would need the shell's
/// real descriptors redirected.
fn uses_stdio(builtin: &Builtin) -> bool {
    match builtin.kind {
        Kind::Plain => true,
        Kind::Special => !matches!(builtin.name, "eval" | "." | "source" | "exec" | "trap"),
        Kind::Regular => matches!(
            builtin.name,
            "read" | "umask" | "ulimit" | "hash" | "alias" | "unalias" | "getopts" | "jobs" | "cd"
        ),
    }
}

/// Whether the name with this slot is that of a builtin that uses nothing but its arguments, the shell's state and its output.
pub fn is_plain_builtin(shell: &Shell, slot: u32) -> bool {
    let entry = shell.commands.at(slot);
    let builtin = entry.builtin.map(|number| &builtins::TABLE[usize::from(number)]);
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

/// Builtins that do what only a process can do.
fn needs_process(builtin: &Builtin, fields: &Fields) -> bool {
    match builtin.name {
        "trap" => fields.len() > 1,
        "exec" | "kill" | "nc" | "ulimit" | "wait" | "fg" | "bg" | "suspend" => true,
        "umask" => fields.iter_from(1).any(|field| !field.starts_with(b"-")),
        "set" => fields.iter_from(1).any(|field| field.contains(&b'm')),
        _ => false,
    }
}

fn builtin_command(shell: &mut Shell, builtin: &'static Builtin, command: &SimpleCommand, fields: &Fields) -> Outcome {
    if shell.is_virtual() && needs_process(builtin, fields) {
        substitute::need_parents(shell, fields, true)?;
        substitute::become_process(shell)?;
    }
    // `test -f /dev/stdin <file`: the file behind the name must be the real one.
    let by_name = fields.iter_from(1).any(|field| redirect::names_a_descriptor(field));
    if by_name && shell.io.is_captured() {
        substitute::become_process(shell)?;
    }
    let special = builtin.kind == Kind::Special;
    if builtin.name == "exec" {
        return exec_command(shell, builtin, command, fields);
    }
    // The trace goes where the shell's standard error is, and not the command's.
    if command.assignments.is_empty() {
        trace_if_on(shell, command, fields);
    }
    // Redirections first, then assignments (XCU 2.9.1.1).
    if command.redirects.is_empty() {
        assigned(shell, builtin, command, fields)
    } else if !by_name && redirect::can_be_direct(&command.redirects) && uses_stdio(builtin) {
        match redirect::direct(shell, &command.redirects) {
            Ok((files, old)) => {
                let outcome = assigned(shell, builtin, command, fields);
                old.restore(shell);
                drop(files);
                outcome
            }
            Err(failure) => redirect_failed(shell, failure, special),
        }
    } else {
        match redirect::apply(shell, &command.redirects) {
            Ok(saved) => {
                let outcome = assigned(shell, builtin, command, fields);
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

/// `command exec` without a program: its redirections stay, as those of `exec` do.
fn is_command_exec(fields: &Fields) -> bool {
    let mut words = (0..fields.len()).filter_map(|index| fields.get(index));
    words.next().is_some_and(|name| name == "command")
        && words.find(|&word| word != "command" && word != "-p" && word != "--").is_some_and(|name| name == "exec")
        && words.all(|word| word == "--")
}

/// Assign, for a special builtin for good and else for the time of the builtin; then run it.
#[inline]
fn assigned(shell: &mut Shell, builtin: &'static Builtin, command: &SimpleCommand, fields: &Fields) -> Outcome {
    let special = builtin.kind == Kind::Special;
    let mut mark = None;
    if special {
        for assignment in &command.assignments {
            assign(shell, assignment)?;
        }
    } else if !command.assignments.is_empty() {
        mark = Some(temporary(shell, &command.assignments)?);
    }
    if !command.assignments.is_empty() {
        trace_if_on(shell, command, fields);
    }
    if shell.io.is_late() && !is_private(builtin, fields) {
        shell.io.settle();
    }
    let outcome = finish(shell, builtin, special, |shell| (builtin.run)(shell, fields));
    if let Some(mark) = mark {
        shell.vars.restore_locals(mark);
    }
    outcome
}

/// `exec`: its redirections stay when it has no command to execute; assignments are exported to the command.
fn exec_command(shell: &mut Shell, builtin: &'static Builtin, command: &SimpleCommand, fields: &Fields) -> Outcome {
    for assignment in &command.assignments {
        assign(shell, assignment)?;
        if fields.len() > 1 {
            let slot = shell.vars.slot(&assignment.name);
            shell.vars.set_exported(slot, true);
        }
    }
    trace_if_on(shell, command, fields);
    match redirect::apply(shell, &command.redirects) {
        Ok(saved) => {
            let outcome = finish(shell, builtin, true, |shell| (builtin.run)(shell, fields));
            if outcome.is_ok() {
                saved.keep()
            } else {
                saved.restore(shell)
            }
            outcome
        }
        Err(failure) => redirect_failed(shell, failure, true),
    }
}

fn redirect_failed(shell: &mut Shell, failure: RedirectFailure, fatal: bool) -> Outcome {
    let status = redirect::failed(shell, failure)?;
    if fatal { Err(consequence::end(shell, status)) } else { Ok(status) }
}

/// Run a builtin and report its error; for a special builtin that ends a script.
#[inline]
fn finish(shell: &mut Shell, builtin: &Builtin, fatal: bool, run: impl FnOnce(&mut Shell) -> BuiltinResult) -> Outcome {
    match run(shell) {
        Ok(status) => Ok(status),
        Err(Failure::Flow(flow)) => Err(flow),
        Err(Failure::Error(error)) => builtin_failed(shell, builtin, fatal, error),
    }
}

#[cold]
fn builtin_failed(shell: &mut Shell, builtin: &Builtin, fatal: bool, error: Error) -> Outcome {
    let error = error.within(builtin.name);
    shell.report(&error);
    if fatal && !error.tried.ends_with(b"write error") {
        return Err(consequence::end(shell, error.status));
    }
    Ok(error.status)
}

/// `command name args`: no functions, and a special builtin is like any other. Redirections and assignments are done.
pub fn fields(shell: &mut Shell, fields: &mut Fields, last: bool) -> Outcome {
    let Some(name) = fields.get(0) else { return Ok(ExitStatus::SUCCESS) };
    let target = if memchr::memchr(b'/', name).is_some() {
        Target::Program(None)
    } else {
        let slot = shell.commands.slot_of(name);
        find(shell, slot, false)
    };
    match target {
        Target::Builtin(builtin) => {
            if shell.is_virtual() && needs_process(builtin, fields) {
                substitute::become_process(shell)?;
            }
            shell.syntax_error = false;
            if shell.io.is_late() && !is_private(builtin, fields) {
                shell.io.settle();
            }
            let outcome = finish(shell, builtin, false, |shell| (builtin.run)(shell, fields));
            match outcome {
                // A syntax error in what `command eval` and `command .` read is their error.
                Err(Flow::Exit(status)) if std::mem::take(&mut shell.syntax_error) => Ok(status),
                outcome => outcome,
            }
        }
        Target::Program(slot) => program::run(shell, &SimpleCommand::default(), fields, slot, last),
        Target::Function(_) => Ok(ExitStatus::NOT_FOUND),
    }
}
