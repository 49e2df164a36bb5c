//! `trap` (XCU 2.15): what to do on signals and at the end.

use crate::builtins::{Builtin, BuiltinResult, Kind, about, options};
use crate::fields::Fields;
use crate::quote::quote_into;
use crate::shell::traps::{Action, EXIT};
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus};
use crate::sys::signal::{self, Disposition, bit};
use crate::sys::signames;
use bstr::BStr;
use std::rc::Rc;

/// `trap`
pub const BUILTIN: Builtin = Builtin {
    name: "trap",
    kind: Kind::Special,
    usage: "trap [action condition...]\ntrap -p [condition...]",
    about: "Execute a command on a signal, or at the end (EXIT): `-` is the default action, an empty one ignores.\n\
            -p  print the actions so that the shell can read them back",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, mut first) = options(fields, "p")?;
    if !found.is_empty() {
        return if fields.get(first).is_none() { print_all(shell) } else { print(shell, fields, first) };
    }
    if fields.get(first).is_none() {
        return print(shell, fields, first);
    }
    // A number first, or a single condition, resets.
    let operand = fields.get(first).unwrap_or_default();
    let resets = operand == "-"
        || operand.iter().all(u8::is_ascii_digit) && !operand.is_empty()
        || fields.get(first + 1).is_none();
    let action = if operand == "-" || resets {
        None
    } else if operand.is_empty() {
        Some(Action::Ignore)
    } else {
        Some(Action::Command(Rc::new(operand.to_owned())))
    };
    if operand == "-" || !resets {
        first += 1;
    }
    shell.traps.shown = None;
    // Whether output may wait depends on SIGPIPE.
    shell.io.settle();
    let mut status = ExitStatus::SUCCESS;
    for name in fields.iter_from(first) {
        match condition(name) {
            Some(condition) => set(shell, condition, action.clone())?,
            None => {
                shell.report(&about(name, "no such signal").within("trap"));
                status = ExitStatus::FAILURE;
            }
        }
    }
    Ok(status)
}

fn condition(name: &BStr) -> Option<i32> {
    if name == "EXIT" || name == "0" { Some(EXIT) } else { signames::condition(name) }
}

fn set(shell: &mut Shell, condition: i32, action: Option<Action>) -> Result<(), Error> {
    if condition != EXIT {
        let own = shell.own_signals & bit(condition) != 0;
        let traps = &mut shell.traps;
        // What is ignored and was not set here was ignored at entry.
        let set_here = own || traps.get(condition).is_some() || traps.ignored_by_list & bit(condition) != 0;
        if !set_here && signal::get(condition) == Ok(Disposition::Ignore) {
            traps.ignored_at_entry |= bit(condition);
        }
        if shell.options.has(Opt::Interactive) {
            traps.ignored_at_entry &= !bit(condition);
        } else if traps.ignored_at_entry & bit(condition) != 0 {
            return Ok(());
        }
        let disposition = match &action {
            Some(Action::Command(_)) => Disposition::Catch,
            Some(Action::Ignore) => Disposition::Ignore,
            None if own && [libc::SIGINT, libc::SIGHUP].contains(&condition) => Disposition::Catch,
            None if own => Disposition::Ignore,
            None => Disposition::Default,
        };
        if condition != libc::SIGKILL && condition != libc::SIGSTOP {
            signal::set(condition, disposition)
                .map_err(|errno| Error::system(signames::name_or_number(condition), errno))?;
        }
    }
    shell.traps.set(condition, action);
    Ok(())
}

/// `trap -p`: every condition, also those with their default action.
fn print_all(shell: &mut Shell) -> BuiltinResult {
    let mut names = Fields::new();
    names.push(b"EXIT");
    for number in signames::all().filter(|&number| number != libc::SIGKILL && number != libc::SIGSTOP) {
        names.push(&signames::name_or_number(number));
    }
    print(shell, &names, 0)
}

fn print(shell: &mut Shell, fields: &Fields, first: usize) -> BuiltinResult {
    let actions = shell.traps.shown.clone().unwrap_or_else(|| Rc::clone(&shell.traps.actions));
    let mut out = Vec::new();
    let mut line = |condition: i32, action: Option<&Action>| {
        out.extend_from_slice(b"trap -- ");
        match action {
            None => out.push(b'-'),
            Some(Action::Ignore) => out.extend_from_slice(b"''"),
            Some(Action::Command(command)) => quote_into(&mut out, command),
        }
        out.push(b' ');
        let name = if condition == EXIT { "EXIT".into() } else { signames::name_or_number(condition) };
        out.extend_from_slice(&name);
        out.push(b'\n');
    };
    if fields.get(first).is_none() {
        actions.iter().for_each(|(&condition, action)| line(condition, Some(action)));
    }
    for name in fields.iter_from(first) {
        let Some(condition) = condition(name) else { return Err(about(name, "no such signal").into()) };
        line(condition, actions.get(&condition));
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}
