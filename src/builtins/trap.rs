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
use std::collections::BTreeMap;
use std::rc::Rc;

/// `trap`
pub const BUILTIN: Builtin = Builtin {
    name: "trap",
    kind: Kind::Special,
    usage: "trap [action condition...]\ntrap -p [condition...]",
    about: "Execute a command on a signal, or at the end (EXIT): `-` is the default action, an empty one ignores.\n\
            EXIT is also executed when HUP, INT or TERM, without an action, ends a shell that is not interactive: it dies of that signal then, and $?\n\
            tells which it is. In dash and zsh it is not; a script for every shell says: trap 'exit 130' INT; trap 'exit 143' TERM\n\
            -p  print the actions so that the shell can read them back\n\
            In an action SIG_NAME is the signal's name, SIG_PID and SIG_UID are the sender and its user, SIG_CODE says how it was sent\n\
            (SI_USER: kill, SI_QUEUE: sigqueue, CLD_EXITED: a child ...), SIG_VALUE is the value that came with it (kill -q).",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, mut first) = options(fields, "p")?;
    if !found.is_empty() {
        return if fields.get(first).is_none() { print_all(shell) } else { print_named(shell, fields, first) };
    }
    if fields.get(first).is_none() {
        return print_set(shell);
    }
    // A number first, or a single condition, resets.
    let operand = fields.get(first).unwrap_or_default();
    let resets = operand == "-" || is_number(operand) || fields.get(first + 1).is_none();
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
    if fields.len() == first + 1
        && action.is_none()
        && operand != "-"
        && condition(operand).is_none()
        && !is_number(operand)
    {
        shell.report(&Error::new("condition expected behind the action (`kill -l` lists signals)").within("trap"));
        return Ok(ExitStatus::FAILURE);
    }
    let mut status = ExitStatus::SUCCESS;
    for name in fields.iter_from(first) {
        match named(shell, name) {
            // The default action is all that they have. It is said, but is no error: scripts name them in lists, mostly as 9, and no
            // shell has ever minded: in POSIX mode nothing is said.
            Some(condition @ (libc::SIGKILL | libc::SIGSTOP)) if action.is_some() => {
                if !is_number(name) && !shell.options.has(Opt::Posix) {
                    let name = signames::name_or_number(condition);
                    shell.report(&about(&name, "this signal can be neither caught nor ignored").within("trap"));
                }
            }
            Some(condition) => set(shell, condition, action.clone())?,
            None => status = ExitStatus::FAILURE,
        }
    }
    guard_exit(shell);
    Ok(status)
}

fn is_number(operand: &BStr) -> bool {
    !operand.is_empty() && operand.iter().all(u8::is_ascii_digit)
}

/// The condition with this name. A wrong one is reported and is no error that would end a script (XCU trap, EXIT STATUS).
fn named(shell: &mut Shell, name: &BStr) -> Option<i32> {
    let found = condition(name);
    if found.is_none() {
        shell.report(&about(name, "no such signal (`kill -l` lists them)").within("trap"));
    }
    found
}

fn condition(name: &BStr) -> Option<i32> {
    if name == "EXIT" || name == "0" { Some(EXIT) } else { signames::condition(name) }
}

fn set(shell: &mut Shell, condition: i32, action: Option<Action>) -> Result<(), Error> {
    if condition != EXIT {
        if stays_ignored(shell, condition) {
            return Ok(());
        }
        // An interactive shell can change what it was started with.
        shell.traps.ignored_at_entry &= !bit(condition);
        let own = shell.own_signals & bit(condition) != 0;
        let disposition = match &action {
            Some(Action::Command(_)) => Disposition::Catch,
            // The shell's programs ignore it; the shell needs the statuses of its children.
            Some(Action::Ignore) if condition == libc::SIGCHLD => Disposition::Default,
            Some(Action::Ignore) => Disposition::Ignore,
            None if own && [libc::SIGINT, libc::SIGHUP].contains(&condition) => Disposition::Catch,
            None if own => Disposition::Ignore,
            None => Disposition::Default,
        };
        if condition != libc::SIGKILL && condition != libc::SIGSTOP {
            signal::set(condition, disposition)
                .map_err(|errno| Error::system(signames::name_or_number(condition), errno))?;
            // One that came before is not for an action that is set later.
            if disposition != Disposition::Catch {
                signal::take(condition);
            }
        }
    }
    shell.traps.set(condition, action);
    Ok(())
}

/// What ends a shell from outside (XCU 2.15 leaves it open whether the EXIT action is executed then; bash does, and scripts that clean up
/// rely on it). A handler for them is there only while there is such an action, and no other one for the signal.
const ENDING: [i32; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];

/// Catch the signals that would end the shell before its EXIT action, or let them go again.
fn guard_exit(shell: &mut Shell) {
    let has_action = matches!(shell.traps.get(EXIT), Some(Action::Command(_)));
    for signal in ENDING {
        let is_free = shell.traps.get(signal).is_none() && shell.own_signals & bit(signal) == 0;
        // The kernel is asked: `trap - TERM` has just made a guarded one its default again.
        if has_action && is_free {
            if signal::get(signal) == Ok(Disposition::Default) && signal::set(signal, Disposition::Catch).is_ok() {
                shell.traps.for_exit |= bit(signal);
            }
        } else if shell.traps.for_exit & bit(signal) != 0 {
            shell.traps.for_exit &= !bit(signal);
            if is_free {
                // It was set before, so it can be set back.
                let _ = signal::set(signal, Disposition::Default);
            }
        }
    }
}

/// Whether the signal was ignored when the shell was started, which a non-interactive one cannot change.
fn stays_ignored(shell: &mut Shell, condition: i32) -> bool {
    let own = shell.own_signals & bit(condition) != 0;
    let traps = &mut shell.traps;
    // What is ignored and was not set here was ignored at entry; that does not change, so the kernel is asked once.
    let set_here = own || traps.get(condition).is_some() || traps.ignored_by_list & bit(condition) != 0;
    if !set_here && traps.known_at_entry & bit(condition) == 0 {
        traps.known_at_entry |= bit(condition);
        if signal::get(condition) == Ok(Disposition::Ignore) {
            traps.ignored_at_entry |= bit(condition);
        }
    }
    traps.ignored_at_entry & bit(condition) != 0 && !shell.options.has(Opt::Interactive)
}

/// `trap -p`: every condition, also those with their default action.
fn print_all(shell: &mut Shell) -> BuiltinResult {
    let conditions: Vec<i32> = std::iter::once(EXIT).chain(signals()).collect();
    print(shell, &conditions)
}

/// The signals that a trap can be set for.
fn signals() -> impl Iterator<Item = i32> {
    signames::all().filter(|&number| number != libc::SIGKILL && number != libc::SIGSTOP)
}

/// `trap`: the conditions whose action is not the default one.
fn print_set(shell: &mut Shell) -> BuiltinResult {
    let actions = shown(shell);
    let ignored: Vec<i32> = signals().filter(|&signal| stays_ignored(shell, signal)).collect();
    let is_set = |condition: &i32| actions.contains_key(condition) || ignored.contains(condition);
    let conditions: Vec<i32> = std::iter::once(EXIT).chain(signals()).filter(is_set).collect();
    print(shell, &conditions)
}

/// `trap -p condition...`
fn print_named(shell: &mut Shell, fields: &Fields, first: usize) -> BuiltinResult {
    let (mut conditions, mut status) = (Vec::new(), ExitStatus::SUCCESS);
    for name in fields.iter_from(first) {
        match named(shell, name) {
            Some(condition) => conditions.push(condition),
            None => status = ExitStatus::FAILURE,
        }
    }
    print(shell, &conditions)?;
    Ok(status)
}

/// The actions to print: in a subshell those of its parent, until it sets one.
fn shown(shell: &Shell) -> Rc<BTreeMap<i32, Action>> {
    shell.traps.shown.clone().unwrap_or_else(|| Rc::clone(&shell.traps.actions))
}

fn print(shell: &mut Shell, conditions: &[i32]) -> BuiltinResult {
    let actions = shown(shell);
    let mut out = Vec::new();
    for &condition in conditions {
        out.extend_from_slice(b"trap -- ");
        match actions.get(&condition) {
            None if condition != EXIT && stays_ignored(shell, condition) => out.extend_from_slice(b"''"),
            None => out.push(b'-'),
            Some(Action::Ignore) => out.extend_from_slice(b"''"),
            Some(Action::Command(command)) => quote_into(&mut out, command),
        }
        out.push(b' ');
        let name = if condition == EXIT { "EXIT".into() } else { signames::name_or_number(condition) };
        out.extend_from_slice(&name);
        out.push(b'\n');
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}
