//! Executing trap actions (XCU 2.12).

use crate::exec;
use crate::jobs::{terminal, wait};
use crate::shell::traps::{Action, EXIT};
use crate::shell::{InTrap, Shell};
use crate::status::{ExitStatus, Flow};
use crate::syntax::Parser;
use crate::sys::signal::{self, bit};
use bstr::BString;

/// Execute the actions of the signals that were caught since the last look. `$?` is the same afterwards.
///
/// # Errors
/// What an action does to the flow; SIGINT without an action in an interactive shell: back to the prompt.
#[cold]
pub fn run_pending(shell: &mut Shell) -> Result<(), Flow> {
    while let Some((number, command)) = shell.traps.next_caught(signal::pending()) {
        signal::take(number);
        let status = shell.status;
        let line = shell.vars.line;
        let outer = shell.traps.running.replace(number);
        let before = shell.in_trap.replace(InTrap { status, return_depth: shell.return_depth });
        let result = run_action(shell, &command);
        shell.in_trap = before;
        shell.traps.running = outer;
        shell.vars.line = line;
        result?;
        shell.status = status;
    }
    if signal::take(libc::SIGHUP) && shell.own_signals & bit(libc::SIGHUP) != 0 {
        wait::hang_up(&mut shell.jobs);
        return Err(Flow::Exit(ExitStatus::from_signal(libc::SIGHUP)));
    }
    // A subshell inside this process ends with the rest of the line.
    if signal::take(libc::SIGINT) && shell.own_signals & bit(libc::SIGINT) != 0 {
        shell.jobs.begin_line = true;
        return Err(Flow::Interrupt(ExitStatus::from_signal(libc::SIGINT)));
    }
    Ok(())
}

fn run_action(shell: &mut Shell, command: &BString) -> Result<(), Flow> {
    if crate::sys::stack::is_low() {
        return Err(exec::consequence::nested_too_deeply(shell, b"trap"));
    }
    let line = shell.vars.line;
    exec::run(shell, Parser::of_text(command.clone(), line), false).map(drop)
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
        shell.status = status;
        shell.in_trap = Some(InTrap { status, return_depth: shell.return_depth });
        if let Err(Flow::Exit(other)) = run_action(shell, &command) {
            status = other;
        }
    }
    terminal::let_go(&mut shell.jobs);
    status
}
