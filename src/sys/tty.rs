//! The terminal: which process group has it, and its modes.
//!
//! System calls: tcgetpgrp, tcsetpgrp, tcgetattr, tcsetattr. A process that is not in the terminal's foreground group and
//! changes it gets SIGTTOU, which stops it; so the shell, which takes the terminal back from the background, blocks the signal.

use crate::sys::signal;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsFd, RawFd};

pub use nix::sys::termios::Termios;
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};

/// tcsetpgrp of the caller's own group, callable between fork and exec: SIGTTOU is ignored for the call, because a
/// background process that takes the terminal would be stopped. The caller sets the signal's final disposition afterwards.
pub fn set_foreground_from_child(terminal: RawFd) {
    let _ = crate::sys::signal::set(libc::SIGTTOU, crate::sys::signal::Disposition::Ignore);
    // SAFETY: getpgrp and tcsetpgrp touch no memory.
    let group = unsafe { libc::getpgrp() };
    // SAFETY: as above; a failure means that the terminal is gone, which the child will see by itself.
    unsafe { libc::tcsetpgrp(terminal, group) };
}

/// The group that has the terminal.
///
/// # Errors
/// ENOTTY: it is not this session's terminal.
pub fn foreground(terminal: impl AsFd) -> Result<Pid, Errno> {
    nix::unistd::tcgetpgrp(terminal)
}

/// Give the terminal to a group, from wherever this process is.
///
/// # Errors
/// ENOTTY; EPERM: there is no such group in this session.
pub fn set_foreground(terminal: impl AsFd, group: Pid) -> Result<(), Errno> {
    let mask = signal::block_all();
    let result = nix::unistd::tcsetpgrp(terminal, group);
    signal::set_mask(&mask);
    result
}

/// The terminal's modes: echo, line editing, special characters.
///
/// # Errors
/// ENOTTY.
pub fn modes(terminal: impl AsFd) -> Result<Termios, Errno> {
    tcgetattr(terminal)
}

/// Set the terminal's modes once the output has been written, from wherever this process is.
///
/// # Errors
/// ENOTTY.
pub fn set_modes(terminal: impl AsFd, modes: &Termios) -> Result<(), Errno> {
    let mask = signal::block_all();
    let mut result = tcsetattr(&terminal, SetArg::TCSADRAIN, modes);
    while result == Err(Errno::EINTR) {
        result = tcsetattr(&terminal, SetArg::TCSADRAIN, modes);
    }
    signal::set_mask(&mask);
    result
}

/// isatty(3)
pub fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: isatty touches no memory of ours.
    unsafe { libc::isatty(fd) == 1 }
}
