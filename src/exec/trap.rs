//! Executing trap actions (XCU 2.12).

use crate::exec;
use crate::jobs::{terminal, wait};
use crate::shell::traps::{Action, EXIT};
use crate::shell::{InTrap, Shell};
use crate::status::{ExitStatus, Flow};
use crate::sys::siginfo::{self, Details};
use crate::sys::signal::{self, Disposition, bit};
use crate::sys::signames;
use bstr::BString;

/// Execute the actions of the signals that were caught since the last look. `$?` is the same afterwards.
///
/// # Errors
/// What an action does to the flow; SIGINT without an action in an interactive shell: back to the prompt.
#[cold]
pub fn run_pending(shell: &mut Shell) -> Result<(), Flow> {
    // All that are noted now are taken together, so that the action of the first is not interrupted by that of the second.
    loop {
        let mut taken = signal::take_all(shell.traps.caught());
        if taken == 0 {
            break;
        }
        while let Some(number) = signal::first(taken) {
            taken &= !bit(number);
            if let Err(flow) = run_one(shell, number) {
                signal::note_again(taken);
                return Err(flow);
            }
        }
    }
    if let Some(flow) = crate::exec::substitute::killed(shell) {
        return Err(flow);
    }
    if let Some(flow) = ended(shell) {
        return Err(flow);
    }
    if signal::take(libc::SIGHUP) && shell.own_signals & bit(libc::SIGHUP) != 0 {
        wait::hang_up(&mut shell.jobs);
        shell.ended_by_signal = true;
        return Err(Flow::Exit(ExitStatus::from_signal(libc::SIGHUP)));
    }
    // A subshell inside this process ends with the rest of the line.
    if signal::take(libc::SIGINT) && shell.own_signals & bit(libc::SIGINT) != 0 {
        shell.jobs.begin_line = true;
        return Err(Flow::Interrupt(ExitStatus::from_signal(libc::SIGINT)));
    }
    Ok(())
}

/// A signal ends the shell, which has an EXIT action to execute before. The subshells inside this process end, too: there the signal stays noted.
fn ended(shell: &mut Shell) -> Option<Flow> {
    let number = signal::first(signal::pending() & shell.traps.for_exit)?;
    if !shell.is_virtual() {
        signal::take(number);
        shell.deadly = Some(number);
        shell.ended_by_signal = true;
    }
    Some(Flow::Exit(ExitStatus::from_signal(number)))
}

/// The signals that end the shell do so at once from here on.
fn let_go(shell: &mut Shell) {
    for number in signal::bits(std::mem::take(&mut shell.traps.for_exit)) {
        // It was set before, so it can be set back.
        let _ = signal::set(number, Disposition::Default);
    }
}

/// After [`run_exit`], and instead of exiting: the process dies of the signal that has ended it, so that its parent sees that.
pub fn die(shell: &Shell) {
    if let Some(number) = shell.deadly {
        // With its default action, which ends this process; it comes when it is not blocked, at the latest. Neither call is ever refused
        // for these signals; if one were, the status says it all the same.
        let _ = signal::set(number, Disposition::Default);
        let _ = signal::send(nix::unistd::getpid().as_raw(), number);
        signal::unblock(number);
    }
}

/// Execute the action of one signal, unless an earlier action has taken it away.
fn run_one(shell: &mut Shell, number: i32) -> Result<(), Flow> {
    let Some(Action::Command(command)) = shell.traps.get(number).cloned() else {
        siginfo::release(number);
        return Ok(());
    };
    // Whoever has sent the signal may have changed a file before.
    shell.io.settle();
    let status = shell.status;
    let line = shell.vars.line;
    let outer = shell.traps.running.replace(number);
    let before = shell.in_trap.replace(InTrap { status, return_depth: shell.return_depth });
    let locals = shell.vars.locals_mark();
    tell(shell, number, &siginfo::details(number));
    let result = run_action(shell, &command);
    shell.vars.restore_locals(locals);
    // Like a handler, the action of a real-time signal is not interrupted by the next one of its queue.
    siginfo::release(number);
    shell.in_trap = before;
    shell.traps.running = outer;
    shell.vars.line = line;
    shell.ended_by_signal |= matches!(result, Err(Flow::Exit(_)));
    result?;
    shell.status = status;
    Ok(())
}

/// What a trap action sees: variables for as long as it is executed. What the signal does not have is empty.
fn tell(shell: &mut Shell, number: i32, details: &Details) {
    let code = details.code_name(number).map_or_else(|| details.code.to_string(), str::to_owned);
    let has_sender = details.pid != 0;
    let values: [(&[u8], BString); 5] = [
        (b"SIG_NAME", signames::name_or_number(number)),
        (b"SIG_CODE", code.into()),
        (b"SIG_PID", text(has_sender.then_some(details.pid))),
        (b"SIG_UID", text(has_sender.then_some(details.uid))),
        (b"SIG_VALUE", text(details.value)),
    ];
    for (name, value) in values {
        let slot = shell.vars.slot_of(name);
        // What the user has made read-only stays as it is.
        if !shell.vars.at(slot).readonly {
            shell.vars.make_local(slot);
            let _ = shell.vars.set(slot, &value);
        }
    }
}

fn text(value: Option<impl ToString>) -> BString {
    value.map_or_else(BString::default, |value| value.to_string().into())
}

fn run_action(shell: &mut Shell, command: &BString) -> Result<(), Flow> {
    if crate::sys::stack::is_low() {
        return Err(exec::consequence::nested_too_deeply(shell, b"trap"));
    }
    let line = shell.vars.line;
    exec::run_text(shell, command, line).map(drop)
}

/// The (sub)shell ends with `status`: run its traps, and let others see all that it has done. Returns the status to end with.
pub fn run_exit(shell: &mut Shell, status: ExitStatus) -> ExitStatus {
    let status = run_exit_actions(shell, status);
    match shell.io.finish() {
        Ok(()) => status,
        Err(error) => {
            shell.report(&error);
            if status.is_success() { error.status } else { status }
        }
    }
}

/// The (sub)shell ends with `status`: execute the actions of signals that arrived during its last command, then the EXIT
/// action, once. Returns the status to end with.
fn run_exit_actions(shell: &mut Shell, mut status: ExitStatus) -> ExitStatus {
    shell.status = status;
    if signal::is_pending()
        && let Err(Flow::Exit(other)) = run_pending(shell)
    {
        status = other;
    }
    if let Some(Action::Command(command)) = shell.traps.get(EXIT).cloned() {
        shell.traps.set(EXIT, None);
        let_go(shell);
        shell.status = status;
        shell.in_trap = Some(InTrap { status, return_depth: shell.return_depth });
        if let Err(Flow::Exit(other)) = run_action(shell, &command) {
            status = other;
        }
    }
    terminal::let_go(&mut shell.jobs);
    status
}
