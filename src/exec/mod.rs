//! The tree to processes to a status: lists, `&&`, `||`, `!`, and which command is which.
//!
//! `last` says that nothing is left to do in this (sub)shell after the command: a program may then be exec'ed in place, or its
//! output be read straight into a command substitution.

pub mod builtin;
pub mod command;
pub mod compound;
pub mod consequence;
pub mod handler;
pub mod job;
pub mod names;
pub mod pipeline;
pub mod procedure;
pub mod program;
pub mod pure;
pub mod question;
pub mod redirect;
pub mod refused;
pub mod scope;
pub mod source;
pub mod stages;
pub mod substitute;
pub mod time;
pub mod trace;
pub mod trap;

use crate::shell::{Opt, Shell};
use crate::status::{ExitStatus, Flow, Outcome};
use crate::syntax::ast::{AndOr, AndOrOp, Command, List, Pipeline};
use crate::syntax::{AliasLookup, ParseError, Parser};
use crate::sys::{fd, signal};
use std::rc::Rc;

/// Read commands and execute them until the end: a script, `-c`, `eval`, `.`, a trap action. With `last`
/// nothing is left to do behind them.
///
/// A syntax error is reported and ends the (sub)shell with status 2 (XCU 2.8.1); what was read before it has been executed.
pub fn run(shell: &mut Shell, mut parser: Parser<'_>, last: bool) -> Outcome {
    run_from(shell, &mut parser, last)
}

/// The same, with a parser that can go on behind a command that an error has ended.
pub fn run_from(shell: &mut Shell, parser: &mut Parser<'_>, last: bool) -> Outcome {
    run_kept(shell, parser, last, None)
}

/// Execute a text that may be executed again: `eval`, the action of a trap. What was parsed is kept, if it is one command and no alias or
/// option can make another one of it.
pub fn run_text(shell: &mut Shell, text: &[u8], line: u32) -> Outcome {
    let is_plain =
        AliasLookup::is_empty(&shell.aliases) && !shell.options.has(Opt::Verbose) && !shell.options.has(Opt::NoExec);
    if is_plain && let Some(commands) = shell.texts.find(text, line) {
        return list(shell, &commands, false);
    }
    run_kept(shell, &mut Parser::of_text(text, line), false, is_plain.then_some((text, line)))
}

/// `kept`: the text and its line, if its command is to be kept.
fn run_kept(shell: &mut Shell, parser: &mut Parser<'_>, last: bool, mut kept: Option<(&[u8], u32)>) -> Outcome {
    let mut status = ExitStatus::SUCCESS;
    loop {
        let verbose = shell.options.has(Opt::Verbose);
        parser.record(verbose);
        if !parser.is_in_memory() {
            shell.io.settle();
        }
        let parsed = parser.next_command(&shell.aliases, &shell.pools);
        // Before it is executed: what the shell keeps for itself meanwhile is to be out of the way.
        fd::keep_free(shell.pools.descriptor.get());
        if verbose {
            shell.io.write_error(parser.last_text());
        }
        if let Some(warning) = parser.take_warning() {
            consequence::warn(shell, &warning);
            kept = None;
        }
        match parsed {
            Ok(None) => return Ok(status),
            Ok(Some(_)) if shell.options.forbid_executing() => {}
            Ok(Some(commands)) => {
                let is_whole = (last || kept.is_some()) && parser.is_at_end();
                status = match kept.take() {
                    Some((text, line)) if is_whole => {
                        let commands = Rc::new(commands);
                        shell.texts.keep(text, line, &commands);
                        list(shell, &commands, last)?
                    }
                    _ => list(shell, &commands, last && is_whole)?,
                };
            }
            Err(error) => return parse_error(shell, error),
        }
    }
}

/// Report why no command could be parsed: nothing more is executed of where it comes from.
pub fn parse_error(shell: &mut Shell, error: ParseError) -> Outcome {
    match error {
        ParseError::Syntax(error) => consequence::syntax_error(shell, &error),
        ParseError::Interrupted => Err(Flow::Interrupt(ExitStatus::from_signal(libc::SIGINT))),
        ParseError::Read(error) => Err(consequence::fatal(shell, &error)),
    }
}

/// Execute a list (XCU 2.9.3).
pub fn list(shell: &mut Shell, list: &List, last: bool) -> Outcome {
    let mut status = ExitStatus::SUCCESS;
    let mut items = list.items.iter();
    while let Some(item) = items.next() {
        let last = last && items.as_slice().is_empty();
        status = match item.and_or.alone() {
            _ if item.background => {
                run_traps(shell)?;
                stages::background(shell, &item.and_or)?
            }
            // Most commands stand alone: no need to go through all that they could be part of.
            Some(simple) => {
                run_traps(shell)?;
                command::simple(shell, simple, last)?
            }
            None => and_or(shell, &item.and_or, last)?,
        };
        shell.status = status;
        if shell.options.forbid_executing() {
            break;
        }
    }
    Ok(status)
}

/// Execute pipelines joined by `&&` and `||`. `set -e` does not apply to any but the last one.
#[inline]
pub fn and_or(shell: &mut Shell, and_or: &AndOr, last: bool) -> Outcome {
    if and_or.rest.is_empty() {
        return pipeline(shell, &and_or.first, last);
    }
    let mut status = condition(shell, |shell| pipeline(shell, &and_or.first, false))?;
    for (index, (op, next)) in and_or.rest.iter().enumerate() {
        shell.status = status;
        if status.is_success() != (*op == AndOrOp::And) {
            continue;
        }
        status = if index + 1 == and_or.rest.len() {
            pipeline(shell, next, last)?
        } else {
            condition(shell, |shell| pipeline(shell, next, false))?
        };
    }
    Ok(status)
}

/// Execute something whose failure is a question and not an accident: `set -e` is off meanwhile.
#[inline]
pub fn condition(shell: &mut Shell, run: impl FnOnce(&mut Shell) -> Outcome) -> Outcome {
    shell.errexit_ignored += 1;
    let outcome = run(shell);
    shell.errexit_ignored -= 1;
    outcome
}

/// Execute a pipeline: the commands, then `!` and `time` (XCU 2.9.2).
#[inline]
fn pipeline(shell: &mut Shell, pipeline: &Pipeline, last: bool) -> Outcome {
    if !pipeline.negated && pipeline.timed.is_none() {
        return stages(shell, &pipeline.commands, last);
    }
    let timer = pipeline.timed.map(time::Timer::start);
    let outcome = if pipeline.negated {
        condition(shell, |shell| stages(shell, &pipeline.commands, false))
            .map(|status| ExitStatus::from_bool(!status.is_success()))
    } else {
        stages(shell, &pipeline.commands, false)
    };
    // A subshell that has become a process there measures for itself.
    if let Some(timer) = timer.filter(|_| !matches!(outcome, Err(Flow::Forked))) {
        timer.report(shell);
    }
    outcome
}

/// Between any two commands there is a look for signals, whatever the commands are: a loop may be made of subshells only.
#[inline]
fn run_traps(shell: &mut Shell) -> Result<(), Flow> {
    if signal::is_pending() { trap::run_pending(shell) } else { Ok(()) }
}

/// The commands of a pipeline.
#[inline]
fn stages(shell: &mut Shell, commands: &[Command], last: bool) -> Outcome {
    run_traps(shell)?;
    match commands {
        [one] => command(shell, one, last),
        [] => Ok(ExitStatus::SUCCESS),
        many => {
            let status = stages::foreground(shell, many, last)?;
            errexit(shell, status)
        }
    }
}

/// Execute one command in this process.
#[inline]
pub fn command(shell: &mut Shell, command: &Command, last: bool) -> Outcome {
    match command {
        Command::Simple(simple) => command::simple(shell, simple, last),
        Command::Compound(compound) => compound::redirected(shell, compound, last),
        Command::Function(definition) => compound::define(shell, definition),
    }
}

/// `set -e`: a failure that is not a question ends the (sub)shell.
#[inline]
pub fn errexit(shell: &mut Shell, status: ExitStatus) -> Outcome {
    if !status.is_success() && shell.options.has(Opt::ErrExit) && shell.errexit_ignored == 0 {
        shell.status = status;
        return Err(Flow::Exit(status));
    }
    Ok(status)
}
