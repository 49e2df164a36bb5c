//! The simple command (XCU 2.9.1): expansion, redirections, assignments, and the search: special builtin, function, builtin,
//! program.

use crate::builtins::{self, Builtin, Kind};
use crate::exec::program::{self, Search};
use crate::exec::{builtin, compound, consequence, errexit, question, redirect, trace};
use crate::expand;
use crate::fields::Fields;
use crate::find;
use crate::shell::{Opt, Shell};
use crate::status::{ExitStatus, Flow, Outcome};
use crate::syntax::ast::{
    Assignment, CompoundCommand, Few, Parameter, ParameterOp, Prepared, Redirect, SimpleCommand, Word, WordPart,
};
use crate::sys::private::Private;
use std::rc::Rc;

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
        match command.words.prepared(&command.slot) {
            Prepared::Fixed(fields) => with_fields(shell, command, fields, last)?,
            Prepared::Varies => expanded(shell, command, last)?,
            test => match question::answer(shell, command, test) {
                Some(truth) => ExitStatus::from_bool(truth),
                None => expanded(shell, command, last)?,
            },
        }
    };
    if status.is_success() { Ok(status) } else { errexit(shell, status) }
}

#[inline]
fn expanded(shell: &mut Shell, command: &SimpleCommand, last: bool) -> Outcome {
    if command.name().is_none() {
        shell.substitution_status = None;
    }
    let mut fields = shell.pool.take();
    let outcome = match expand::fields(shell, &command.words, Rc::make_mut(&mut fields)) {
        Ok(()) if fields.is_empty() => without_name(shell, command),
        Ok(()) => with_fields(shell, command, &fields, last),
        Err(failure) => Err(consequence::expansion(shell, failure)),
    };
    shell.pool.give(fields);
    outcome
}

/// Assignments and redirections without a command: the assignments last, the redirections do not. These are performed as in a
/// subshell (XCU 2.9.1.3): what expanding them assigns is lost. Command substitutions see them, so that `x=$(cmd) 2>file`
/// does what it looks like.
#[inline]
fn without_name(shell: &mut Shell, command: &SimpleCommand) -> Outcome {
    if command.redirects.is_empty() {
        return assign_all(shell, &command.assignments, None);
    }
    assign_redirected(shell, command)
}

#[cold]
fn assign_redirected(shell: &mut Shell, command: &SimpleCommand) -> Outcome {
    let place = trace::place(shell, command);
    let mark = shell.vars.begin_subshell();
    let result = redirect::apply(shell, &command.redirects);
    shell.vars.end_subshell(mark);
    match result {
        Ok(saved) => {
            let outcome = assign_all(shell, &command.assignments, place.as_ref());
            saved.restore(shell);
            outcome
        }
        Err(failure) => redirect::failed(shell, failure),
    }
}

#[inline]
fn assign_all(shell: &mut Shell, assignments: &[Assignment], place: Option<&Private>) -> Outcome {
    for assignment in assignments {
        assign(shell, assignment)?;
        if shell.options.has(Opt::XTrace) {
            trace::command(shell, std::slice::from_ref(assignment), &Fields::new(), place)?;
        }
    }
    Ok(shell.substitution_status.take().unwrap_or_default())
}

/// Execute an assignment. An error (the variable is read-only, the value cannot be expanded) is fatal.
pub fn assign(shell: &mut Shell, assignment: &Assignment) -> Result<(), Flow> {
    let slot = shell.vars.slot(&assignment.name);
    let result = match (&assignment.value.parts[..], assignment.value.plain()) {
        ([WordPart::Arithmetic(arithmetic)], _) => match expand::arithmetic(shell, arithmetic) {
            Ok(integer) => shell.vars.set_integer(slot, integer),
            Err(failure) => return Err(consequence::expansion(shell, failure)),
        },
        (_, Some(plain)) => shell.vars.set(slot, plain),
        _ => return assign_expanded(shell, assignment, slot),
    };
    result.map_err(|error| consequence::fatal(shell, &error))
}

#[inline(never)]
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
    Function(Rc<CompoundCommand>),
    Program(Option<u32>),
}

/// The search of XCU 2.9.1.4.
#[inline]
fn find(shell: &mut Shell, slot: u32, functions: bool) -> Target {
    let entry = shell.commands.at(slot);
    let builtin = entry.builtin.map(|number| &builtins::TABLE[usize::from(number)]);
    match (builtin, &entry.function) {
        (Some(builtin), _) if builtin.kind == Kind::Special => Target::Builtin(builtin),
        (_, Some(function)) if functions => Target::Function(Rc::clone(function)),
        (Some(builtin), _) => Target::Builtin(builtin),
        _ => Target::Program(Some(slot)),
    }
}

#[inline]
fn target_of(shell: &mut Shell, command: &SimpleCommand, fields: &Fields) -> Target {
    match command.slot.known().or_else(|| slot_of(shell, command, fields)) {
        Some(slot) => find(shell, slot, true),
        None => Target::Program(None),
    }
}

/// The slot of the command's name; none for a path that expansion has made.
#[cold]
fn slot_of(shell: &mut Shell, command: &SimpleCommand, fields: &Fields) -> Option<u32> {
    match (command.name(), fields.get(0)) {
        (Some(name), _) => Some(shell.commands.slot(&command.slot, name)),
        (None, Some(name)) if find::byte(b'/', name).is_none() => Some(shell.commands.slot_of(name)),
        _ => None,
    }
}

#[inline]
fn with_fields(shell: &mut Shell, command: &SimpleCommand, fields: &Rc<Fields>, last: bool) -> Outcome {
    match target_of(shell, command, fields) {
        Target::Builtin(builtin) => builtin::run(shell, builtin, command, fields),
        Target::Function(function) => run_function(shell, command, &function, Rc::clone(fields)),
        Target::Program(slot) => program::run(shell, command, fields, slot, last),
    }
}

fn run_function(
    shell: &mut Shell,
    command: &SimpleCommand,
    function: &Rc<CompoundCommand>,
    fields: Rc<Fields>,
) -> Outcome {
    // The trace goes where the shell's standard error is, and not the function's.
    if command.assignments.is_empty() {
        trace_if_on(shell, command, &fields, None)?;
    }
    let place = trace::place(shell, command);
    redirected(shell, &command.redirects, |shell| call(shell, command, function, fields, place))
}

/// Assign for the time of a function, after the redirections (XCU 2.9.1.1), and call it.
fn call(
    shell: &mut Shell,
    command: &SimpleCommand,
    function: &Rc<CompoundCommand>,
    fields: Rc<Fields>,
    place: Option<Private>,
) -> Outcome {
    if command.assignments.is_empty() {
        return compound::call(shell, function, fields);
    }
    let mark = temporary(shell, &command.assignments)?;
    let outcome = trace_if_on(shell, command, &fields, place).and_then(|()| compound::call(shell, function, fields));
    shell.vars.restore_locals(mark);
    outcome
}

/// `set -x`, at a [`trace::place`] if there is one.
///
/// # Errors
/// What expanding PS4 does to the flow.
#[inline]
pub fn trace_if_on(
    shell: &mut Shell,
    command: &SimpleCommand,
    fields: &Fields,
    place: Option<Private>,
) -> Result<(), Flow> {
    if !shell.options.has(Opt::XTrace) {
        return Ok(());
    }
    trace::command(shell, &command.assignments, fields, place.as_ref())
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

/// `command name args`: no functions, and a special builtin is like any other. Redirections and assignments are done.
pub fn fields(shell: &mut Shell, fields: &Fields, search: Search, last: bool) -> Outcome {
    let Some(name) = fields.get(0) else { return Ok(ExitStatus::SUCCESS) };
    let target = if find::byte(b'/', name).is_some() {
        Target::Program(None)
    } else {
        let slot = shell.commands.slot_of(name);
        find(shell, slot, false)
    };
    match target {
        Target::Builtin(builtin) => {
            builtin::prepare(shell, builtin, fields)?;
            shell.is_survivable = false;
            builtin::settle(shell, builtin, fields);
            let outcome = builtin::call(shell, builtin, false, fields);
            match outcome {
                // Errors of syntax and of special builtins in what `command eval` and `command .` execute are theirs.
                Err(Flow::Exit(status)) if std::mem::take(&mut shell.is_survivable) => Ok(status),
                outcome => outcome,
            }
        }
        Target::Program(slot) => {
            let slot = slot.filter(|_| search == Search::Path);
            program::run(shell, &SimpleCommand::default(), fields, slot, last)
        }
        Target::Function(_) => Ok(ExitStatus::NOT_FOUND),
    }
}
