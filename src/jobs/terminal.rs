//! The terminal under job control (XCU 2.11): the foreground job's group has it, and the shell takes it back afterwards.
//!
//! Without it a background job would read what is typed for another, and ^C would reach the shell itself. Everything here does
//! nothing in a shell that has no terminal.

use crate::jobs::job::{JobState, ProcessState};
use crate::jobs::table::JobTable;
use crate::status::Error;
use crate::sys::fd;
use crate::sys::signal;
use crate::sys::tty::{self, Termios};
use nix::errno::Errno;
use nix::unistd::{Pid, getpgrp, getpid, setpgid};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The terminal of a shell with job control.
#[derive(Debug)]
pub struct Terminal {
    fd: OwnedFd,
    /// The shell's own group.
    group: Pid,
    /// The group in which the shell was started, and to which it returns.
    first_group: Pid,
    /// The modes for the shell, put back after a job that left others.
    modes: Termios,
}

/// `set -m` or `set +m`, also at the start of an interactive shell: take hold of the terminal, or let it go.
///
/// An interactive shell waits until it is in the foreground, makes a group of its own and gives it the terminal. A script with
/// `set -m` keeps its group, and has the terminal to give only if it is in the foreground now.
///
/// # Errors
/// The shell cannot have a group of its own. That there is no terminal is no error: jobs get their groups all the same.
pub fn monitor_changed(table: &mut JobTable, on: bool, interactive: bool) -> Result<(), Error> {
    if let Some(terminal) = table.terminal.take() {
        leave(&terminal);
    }
    if !on {
        return Ok(());
    }
    let Some(fd) = open() else { return Ok(()) };
    let first_group = getpgrp();
    if interactive {
        wait_for_foreground(&fd);
    } else if tty::foreground(&fd) != Ok(first_group) {
        return Ok(());
    }
    let Ok(modes) = tty::modes(&fd) else { return Ok(()) };
    if interactive {
        own_group(&fd)?;
    }
    table.terminal = Some(Terminal { fd, group: getpgrp(), first_group, modes });
    Ok(())
}

/// The controlling terminal, whatever the descriptors 0 to 2 are.
fn open() -> Option<OwnedFd> {
    fd::open(c"/dev/tty", libc::O_RDWR, 0).ok()
}

/// A shell that was started in the background asks for the terminal as any program does: it stops itself.
fn wait_for_foreground(fd: &OwnedFd) {
    loop {
        match tty::foreground(fd) {
            Ok(group) if group != getpgrp() => {}
            _ => return,
        }
        if signal::send(0, libc::SIGTTIN).is_err() || signal::get(libc::SIGTTIN) == Ok(signal::Disposition::Ignore) {
            return;
        }
    }
}

/// Lead a group and have the terminal. A session's leader has its own group already.
fn own_group(fd: &OwnedFd) -> Result<(), Error> {
    let own = getpid();
    if getpgrp() != own {
        match setpgid(own, own) {
            Ok(()) | Err(Errno::EPERM) => {}
            Err(errno) => return Err(Error::system("cannot make a process group for job control", errno)),
        }
    }
    tty::set_foreground(fd, getpgrp()).map_err(|errno| Error::system("cannot take the terminal", errno))
}

/// Go back to where the shell was started.
fn leave(terminal: &Terminal) {
    if terminal.group != terminal.first_group {
        // What fails here is a terminal or a group that is gone.
        let _ = tty::set_foreground(&terminal.fd, terminal.first_group);
        let _ = setpgid(Pid::from_raw(0), terminal.first_group);
    }
}

/// The descriptor of the terminal, for `ChildSetup`: only with job control.
pub fn descriptor(table: &JobTable) -> Option<RawFd> {
    table.terminal.as_ref().map(|terminal| terminal.fd.as_raw_fd())
}

/// Give the terminal to a job's group, with the modes that it had when it stopped.
pub fn give(table: &JobTable, group: Pid, modes: Option<&Termios>) {
    let Some(terminal) = &table.terminal else { return };
    // A group without a process any more, or a terminal that is gone: the wait that follows finds out.
    let _ = tty::set_foreground(&terminal.fd, group);
    if let Some(modes) = modes {
        let _ = tty::set_modes(&terminal.fd, modes);
    }
}

/// Take the terminal back from a job. Returns its modes if it is stopped, for the next [`give`]. The shell's own modes are put
/// back after a job that was stopped or killed; what a job that exited has set is wanted (`stty`).
pub fn take_back(table: &mut JobTable, state: JobState) -> Option<Box<Termios>> {
    let terminal = table.terminal.as_mut()?;
    // A terminal that is gone is found out at the next read.
    let _ = tty::set_foreground(&terminal.fd, terminal.group);
    let left = tty::modes(&terminal.fd).ok()?;
    match state {
        JobState::Ended(ProcessState::Exited(_)) => {
            terminal.modes = left;
            None
        }
        JobState::Stopped(_) => {
            let _ = tty::set_modes(&terminal.fd, &terminal.modes);
            Some(Box::new(left))
        }
        _ => {
            let _ = tty::set_modes(&terminal.fd, &terminal.modes);
            None
        }
    }
}
