//! Commands that serve a connection on their standard input and output: in this shell, or in a process of their own.
//!
//! In a process of its own a handler that hangs, dies or fills its memory harms only its own connection. It leads a process group, so that a
//! server that ends can end what its handlers have started too.
//!
//! System calls: fork, setpgid, dup2.

use crate::exec::{self, redirect, substitute, trap};
use crate::shell::{Loops, Shell, Subshell};
use crate::status::{self, Error, ExitStatus, Flow, Outcome};
use crate::syntax::Parser;
use crate::sys::fd;
use crate::sys::fork::{self, Fork};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::RawFd;

/// Execute `command` (as `eval` does) with other standard descriptors, in this shell. `exit` ends the command only, as in a process of its
/// own; but what a signal's action ends is the shell.
///
/// # Errors
/// What the command does to the flow; a descriptor that cannot be duplicated is reported, status 1.
pub fn in_shell(shell: &mut Shell, input: RawFd, output: RawFd, command: &[u8]) -> Outcome {
    // A subshell in this process may have set it.
    shell.ended_by_signal = false;
    let saved = match redirect::replace(shell, &[(input, 0), (output, 1)]) {
        Ok(saved) => saved,
        Err(error) => {
            shell.report(&error);
            return Err(Flow::Exit(ExitStatus::FAILURE));
        }
    };
    shell.io.own_input(0);
    let outcome = run(shell, command);
    saved.restore(shell);
    match outcome {
        Err(Flow::Exit(status)) if !shell.ended_by_signal => Ok(status),
        outcome => outcome,
    }
}

fn run(shell: &mut Shell, command: &[u8]) -> Outcome {
    let line = shell.vars.line;
    exec::run(shell, Parser::of_text(command.to_vec(), line), false)
}

/// Start a process that executes `command` with other standard descriptors. `prepare` runs there first: it closes what belongs to the
/// server, puts signals back, and sets variables. `finish` runs there last.
///
/// # Errors
/// There is no process to be had.
pub fn start(
    shell: &mut Shell,
    (input, output): (RawFd, RawFd),
    command: &[u8],
    mask: &crate::sys::signal::Mask,
    prepare: impl FnOnce(&mut Shell),
    finish: impl FnOnce(),
) -> Result<Pid, Errno> {
    shell.io.before_process();
    match fork::fork()? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child(_) => {
            // It cannot fail for a process that has just been made.
            let _ = nix::unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0));
            shell.subshells.push(Subshell::default());
            shell.process_level = shell.subshells.len();
            let redirected = fd::dup2(input, 0).and_then(|()| fd::dup2(output, 1));
            if let Err(errno) = redirected {
                shell.report(&Error::system("cannot redirect a handler", errno));
                fork::exit(ExitStatus::FAILURE.0);
            }
            prepare(shell);
            substitute::enter_process(shell, false);
            crate::sys::signal::set_mask(mask);
            let error = shell.io.error;
            shell.io.enter_process();
            shell.io.error = error;
            shell.io.own_input(0);
            shell.loops = Loops::default();
            let outcome = run(shell, command);
            let status = trap::run_exit(shell, status::at_end(outcome));
            finish();
            trap::die(shell);
            fork::exit(status.0)
        }
    }
}
