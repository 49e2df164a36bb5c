//! Compound commands and functions (XCU 2.9.4, 2.9.5).

use crate::builtins::{self, Kind};
use crate::exec::{condition, consequence, errexit, list, redirect, substitute};
use crate::expand;
use crate::fields::Fields;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::ast::{
    CaseItem, CaseTerminator, Compound, CompoundCommand, FunctionDefinition, List, Name, PatternWord, Prepared, Word,
    Words,
};
use crate::sys::stack;
use std::rc::Rc;

/// Execute a compound command with its redirections.
pub fn redirected(shell: &mut Shell, command: &CompoundCommand, last: bool) -> Outcome {
    if command.redirects.is_empty() {
        return body(shell, command, last);
    }
    shell.vars.line = command.line.0;
    match redirect::apply(shell, &command.redirects) {
        Ok(saved) => {
            let outcome = body(shell, command, last);
            saved.restore(shell);
            outcome
        }
        Err(failure) => {
            let status = redirect::failed(shell, failure)?;
            errexit(shell, status)
        }
    }
}

/// Execute a compound command whose redirections are done.
pub fn body(shell: &mut Shell, command: &CompoundCommand, last: bool) -> Outcome {
    if stack::is_low() {
        shell.vars.line = command.line.0;
        return Err(consequence::nested_too_deeply(shell, b"compound command"));
    }
    kind(shell, command, last)
}

/// The same, where there is known to be room on the stack.
#[inline]
fn kind(shell: &mut Shell, command: &CompoundCommand, last: bool) -> Outcome {
    match &command.kind {
        Compound::Group(body) => list(shell, body, last),
        Compound::Subshell(body) => {
            let status = substitute::subshell(shell, body, last)?;
            errexit(shell, status)
        }
        Compound::For { name, words, body } => for_loop(shell, name, words.as_ref(), body, command.line.0),
        Compound::Case { word, items } => case(shell, word, items, last, command.line.0),
        Compound::If { branches, otherwise } => if_command(shell, branches, otherwise.as_ref(), last),
        Compound::While { until, condition, body } => while_loop(shell, *until, condition, body),
    }
}

fn if_command(shell: &mut Shell, branches: &[(List, List)], otherwise: Option<&List>, last: bool) -> Outcome {
    for (question, body) in branches {
        if condition(shell, |shell| list(shell, question, false))?.is_success() {
            return list(shell, body, last);
        }
    }
    match otherwise {
        Some(body) => list(shell, body, last),
        None => Ok(ExitStatus::SUCCESS),
    }
}

/// What a loop does after its condition or body changed the flow.
enum Turn {
    Next,
    Stop,
    Leave(Flow),
}

#[cold]
fn turn(flow: Flow) -> Turn {
    match flow {
        Flow::Break(n) if n > 1 => Turn::Leave(Flow::Break(n - 1)),
        Flow::Break(_) => Turn::Stop,
        Flow::Continue(n) if n > 1 => Turn::Leave(Flow::Continue(n - 1)),
        Flow::Continue(_) => Turn::Next,
        flow => Turn::Leave(flow),
    }
}

fn while_loop(shell: &mut Shell, until: bool, question: &List, body: &List) -> Outcome {
    shell.loops.depth += 1;
    let mut status = ExitStatus::SUCCESS;
    let outcome = loop {
        let step = match condition(shell, |shell| list(shell, question, false)) {
            Ok(answer) if answer.is_success() == until => break Ok(status),
            Ok(_) => list(shell, body, false),
            Err(flow) => Err(flow),
        };
        status = match step {
            Ok(status) => status,
            Err(flow) => match turn(flow) {
                Turn::Next => {
                    shell.status = ExitStatus::SUCCESS;
                    ExitStatus::SUCCESS
                }
                Turn::Stop => break Ok(ExitStatus::SUCCESS),
                Turn::Leave(flow) => break Err(flow),
            },
        };
    };
    shell.loops.depth -= 1;
    outcome
}

fn for_loop(shell: &mut Shell, name: &Name, words: Option<&Words>, body: &List, line: u32) -> Outcome {
    shell.vars.line = line;
    if let Some(Prepared::Fixed(fields)) = words.map(|words| words.prepared(name.slot())) {
        return for_each(shell, name, fields, body);
    }
    let mut buffer = shell.pool.take();
    let fields = Rc::make_mut(&mut buffer);
    match words {
        None => shell.params.iter().for_each(|parameter| fields.push(parameter)),
        Some(words) => {
            if let Err(failure) = expand::fields(shell, words, fields) {
                return Err(consequence::expansion(shell, failure));
            }
        }
    }
    let outcome = for_each(shell, name, &buffer, body);
    shell.pool.give(buffer);
    outcome
}

fn for_each(shell: &mut Shell, name: &Name, fields: &Fields, body: &List) -> Outcome {
    shell.loops.depth += 1;
    let outcome = turns(shell, name, fields, body);
    shell.loops.depth -= 1;
    outcome
}

#[inline]
fn turns(shell: &mut Shell, name: &Name, fields: &Fields, body: &List) -> Outcome {
    let mut status = ExitStatus::SUCCESS;
    for field in fields.iter() {
        let slot = shell.vars.slot(name);
        if let Err(error) = shell.vars.set(slot, field) {
            return Err(consequence::fatal(shell, &error));
        }
        status = match list(shell, body, false) {
            Ok(status) => status,
            Err(flow) => match turn(flow) {
                Turn::Next => {
                    shell.status = ExitStatus::SUCCESS;
                    ExitStatus::SUCCESS
                }
                Turn::Stop => return Ok(ExitStatus::SUCCESS),
                Turn::Leave(flow) => return Err(flow),
            },
        };
    }
    Ok(status)
}

fn case(shell: &mut Shell, word: &Word, items: &[CaseItem], last: bool, line: u32) -> Outcome {
    shell.vars.line = line;
    let found = match word.plain() {
        Some(subject) => find_item(shell, items, subject)?,
        None => {
            let mut subject = shell.buffers.pop().unwrap_or_default();
            let found = match expand::field(shell, word, &mut subject) {
                Ok(()) => find_item(shell, items, &subject),
                Err(failure) => Err(consequence::expansion(shell, failure)),
            };
            subject.clear();
            shell.buffers.push(subject);
            found?
        }
    };
    let Some(first) = found else { return Ok(ExitStatus::SUCCESS) };
    let mut status = ExitStatus::SUCCESS;
    for item in &items[first..] {
        let falls_through = item.terminator == CaseTerminator::FallThrough;
        status = list(shell, &item.body, last && !falls_through)?;
        if !falls_through {
            break;
        }
    }
    Ok(status)
}

/// The number of the first item with a pattern that matches.
fn find_item(shell: &mut Shell, items: &[CaseItem], subject: &[u8]) -> Result<Option<usize>, Flow> {
    for (index, item) in items.iter().enumerate() {
        for pattern in &item.patterns {
            if matches(shell, pattern, subject)? {
                return Ok(Some(index));
            }
        }
    }
    Ok(None)
}

#[inline]
fn matches(shell: &mut Shell, pattern: &PatternWord, subject: &[u8]) -> Result<bool, Flow> {
    if let Some(plain) = pattern.word.plain() {
        return Ok(plain == subject);
    }
    expand::case_matches(shell, pattern, subject).map_err(|failure| consequence::expansion(shell, failure))
}

/// Define a function. One with the name of a special builtin could never be called (XCU 2.9.1.4): the definition is of no effect, and
/// outside of POSIX mode the user is told.
pub fn define(shell: &mut Shell, definition: &FunctionDefinition) -> Outcome {
    let slot = shell.commands.slot(definition.name.slot(), definition.name.text());
    let builtin = shell.commands.at(slot).builtin.map(|number| &builtins::TABLE[usize::from(number)]);
    if builtin.is_some_and(|builtin| builtin.kind == Kind::Special && builtin.name != "local") {
        shell.vars.line = definition.line.0;
        if !shell.options.has(Opt::Posix) {
            let mut text = definition.name.text().to_owned();
            text.extend_from_slice(b": the special builtin hides this function");
            shell.report(&Error::new(text));
        }
        return Ok(ExitStatus::SUCCESS);
    }
    definition.body.file.set(shell.files.current);
    shell.commands.set_function(slot, Some(Rc::clone(&definition.body)));
    Ok(ExitStatus::SUCCESS)
}

/// Call a function: the fields behind its name are its positional parameters. They are given back to the pool where they come from, unless
/// the caller has them, too.
pub fn call(shell: &mut Shell, function: &Rc<CompoundCommand>, fields: Rc<Fields>) -> Outcome {
    if stack::is_low() {
        let name = fields.get(0).map(|name| name.to_vec()).unwrap_or_default();
        return Err(consequence::nested_too_deeply(shell, &name));
    }
    let caller = shell.params.replace(fields, 1);
    let file = std::mem::replace(&mut shell.files.current, function.file.get());
    let loops = std::mem::take(&mut shell.loops);
    let mark = std::mem::replace(&mut shell.locals_mark, shell.vars.locals_mark());
    let options = shell.local_options.take();
    shell.function_depth += 1;
    shell.return_depth += 1;
    let is_bare = function.redirects.is_empty();
    let outcome = if is_bare { kind(shell, function, false) } else { redirected(shell, function, false) };
    shell.return_depth -= 1;
    shell.function_depth -= 1;
    let own = std::mem::replace(&mut shell.locals_mark, mark);
    shell.vars.restore_locals(own);
    if let Some(kept) = std::mem::replace(&mut shell.local_options, options)
        && let Err(error) = builtins::set::apply(shell, kept)
    {
        shell.report(&error);
    }
    shell.loops = loops;
    shell.files.current = file;
    // (Those of `set` in the function, or else the command's own, which it gives back itself.)
    let parameters = shell.params.restore(caller);
    shell.pool.give(parameters);
    match outcome {
        Err(Flow::Return(status)) => Ok(status),
        outcome => outcome,
    }
}

/// Execute code around which `return` is allowed and loops cannot be left: `.` scripts.
pub fn returnable(shell: &mut Shell, run: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
    shell.return_depth += 1;
    let outcome = run(shell);
    shell.return_depth -= 1;
    match outcome {
        Err(Flow::Return(status)) => Ok(status),
        outcome => outcome,
    }
}
