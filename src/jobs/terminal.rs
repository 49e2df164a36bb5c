//! The terminal under job control (XCU 2.11): the foreground job's group has it, and the shell takes it back afterwards.
//!
//! Without it a background job would read what is typed for another, and ^C would reach the shell itself. Everything here does
//! nothing in a shell that has no terminal.

use crate::jobs::job::{JobState, ProcessState};
use crate::jobs::table::JobTable;
use crate::status::Error;
use crate::sys::fd;
use crate::sys::private::Private;
use crate::sys::signal::{self, Disposition};
use crate::sys::tty::{self, Termios};
use nix::errno::Errno;
use nix::unistd::{Pid, getpgrp, getpid, getsid, setpgid};
use std::os::fd::{AsRawFd, RawFd};

/// The terminal of a shell with job control.
#[derive(Debug)]
pub struct Terminal {
    fd: Private,
    /// The shell's own group.
    group: Pid,
    /// The group in which the shell was started, and to which it returns.
    first_group: Pid,
    /// The modes for the shell: those that the last job left behind that exited by itself, if one can type lines in them.
    modes: Termios,
}

/// `set -m` or `set +m`, also at the start of an interactive shell: take hold of the terminal, or let it go.
///
/// An interactive shell waits until it is in the foreground, makes a group of its own and gives it the terminal. A script with
/// `set -m` keeps its group, and has the terminal to give only if it is in the foreground now.
///
/// # Errors
/// The shell cannot come into the foreground, or cannot have a group of its own. That there is no terminal is no error: jobs get
/// their groups all the same.
pub fn monitor_changed(table: &mut JobTable, on: bool, interactive: bool) -> Result<(), Error> {
    let_go(table);
    if !on {
        return Ok(());
    }
    let Some(fd) = open() else { return Ok(()) };
    if interactive {
        wait_for_foreground(&fd)?;
    } else if tty::foreground(&fd) != Ok(getpgrp()) {
        return Ok(());
    }
    let first_group = getpgrp();
    let Ok(modes) = tty::modes(&fd) else { return Ok(()) };
    if interactive {
        own_group(&fd)?;
    }
    table.terminal = Some(Terminal { fd, group: getpgrp(), first_group, modes });
    Ok(())
}

/// `set +m`, `suspend` and the end of the shell: go back to the group in which it was started, and give that the terminal.
/// Without this, whoever started the shell from a group that is not the shell's own would find itself in the background.
pub fn let_go(table: &mut JobTable) {
    if let Some(terminal) = table.terminal.take()
        && terminal.group != terminal.first_group
    {
        // What fails here is a terminal or a group that is gone.
        let _ = tty::set_foreground(&terminal.fd, terminal.first_group);
        let _ = setpgid(Pid::from_raw(0), terminal.first_group);
    }
}

/// The controlling terminal, whatever the descriptors 0 to 2 are.
fn open() -> Option<Private> {
    fd::open(c"/dev/tty", libc::O_RDWR, 0).ok().map(Private::new)
}

/// A session's leader may simply take the terminal. Any other shell that was started in the background asks for it as any program
/// does: it stops its group with SIGTTIN, until somebody brings it into the foreground (XCU 2.11).
fn wait_for_foreground(fd: &Private) -> Result<(), Error> {
    if is_session_leader() {
        return Ok(());
    }
    // The kernel does not stop a group whose session has nobody to continue it: then asking again and again would never end.
    const ATTEMPTS: usize = 16;
    for _ in 0..ATTEMPTS {
        match tty::foreground(fd) {
            Ok(group) if group != getpgrp() => {}
            _ => return Ok(()),
        }
        // SIGTTIN can be set, and a group to which one belongs can be signalled.
        let old = signal::set(libc::SIGTTIN, Disposition::Default).unwrap_or(Disposition::Ignore);
        let _ = signal::send(0, libc::SIGTTIN);
        let _ = signal::set(libc::SIGTTIN, old);
    }
    Err(Error::new(
        "no job control: the shell was started in the background, and nobody can bring it into the foreground",
    ))
}

/// Whether the shell leads its session: nobody would continue it if it stopped itself.
pub fn is_session_leader() -> bool {
    getsid(None) == Ok(getpid())
}

/// Lead a group and have the terminal. A session's leader has its own group already.
fn own_group(fd: &Private) -> Result<(), Error> {
    let own = getpid();
    if getpgrp() != own {
        match setpgid(own, own) {
            Ok(()) | Err(Errno::EPERM) => {}
            Err(errno) => return Err(Error::system("cannot make a process group for job control", errno)),
        }
    }
    tty::set_foreground(fd, getpgrp()).map_err(|errno| Error::system("cannot take the terminal", errno))
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

/// Take the terminal back from a job. What a job that exited has set is wanted (`stty`). After one that was stopped or killed, which
/// could not put back what it had changed, the shell does that; for a stopped one it returns the job's modes, for the next [`give`].
pub fn take_back(table: &mut JobTable, state: JobState) -> Option<Box<Termios>> {
    let terminal = table.terminal.as_mut()?;
    // A terminal that is gone is found out at the next read.
    let _ = tty::set_foreground(&terminal.fd, terminal.group);
    let left = tty::modes(&terminal.fd).ok()?;
    if let JobState::Ended(ProcessState::Exited(_)) = state {
        if tty::takes_lines(&left) {
            terminal.modes = left;
        }
        return None;
    }
    let _ = tty::set_modes(&terminal.fd, &terminal.modes);
    matches!(state, JobState::Stopped(_)).then(|| Box::new(left))
}

/// Before a prompt: a terminal in which no line can be typed is no user's wish but what a program has left behind (`stty raw`
/// serves the commands behind it on the same line, and no longer). The last good modes come back.
pub fn make_usable(table: &JobTable) {
    if let Some(terminal) = &table.terminal
        && tty::modes(&terminal.fd).is_ok_and(|modes| !tty::takes_lines(&modes))
    {
        let _ = tty::set_modes(&terminal.fd, &terminal.modes);
    }
}
