//! The terminal: which process group has it, and its modes.
//!
//! System calls: tcgetpgrp, tcsetpgrp, tcgetattr, tcsetattr. A process that is not in the terminal's foreground group and
//! changes it gets SIGTTOU, which stops it; so the shell, which takes the terminal back from the background, blocks the signal.

use crate::sys::{fd, signal, stops};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::{Mutex, PoisonError};

pub use nix::sys::termios::Termios;
use nix::sys::termios::{InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};

/// tcsetpgrp of the caller's own group, callable between fork and exec. All signals must be blocked, as they are in a new process: otherwise
/// SIGTTOU would stop one in the background that takes the terminal.
pub fn set_foreground_from_child(terminal: RawFd) {
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

/// Whether the terminal gathers lines, makes signals of ^C and ^Z, and turns Enter into a newline and a newline into a new line.
pub fn takes_lines(modes: &Termios) -> bool {
    modes.local_flags.contains(LocalFlags::ICANON | LocalFlags::ISIG)
        && modes.input_flags.contains(InputFlags::ICRNL)
        && modes.output_flags.contains(OutputFlags::OPOST)
}

/// isatty(3)
pub fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: isatty touches no memory of ours.
    unsafe { libc::isatty(fd) == 1 }
}

/// read(2), once, of what may be the terminal, where signals are blocked; EAGAIN and EINTR are returned to the caller.
///
/// The kernel stops who reads from its terminal in the background by SIGTTIN, but fails with EIO where that is blocked. Then it is let
/// through, for a read that does not wait: when the process goes on, the input that was there may be somebody else's. Who has stopped gets
/// EINTR, and is to look for signals before it reads again: a SIGTERM may be what it was continued for.
///
/// # Errors
/// What read says; EIO also where nobody could continue the process (no job control), or SIGTTIN is ignored.
pub fn try_read(fd: RawFd, buffer: &mut [u8]) -> Result<usize, Errno> {
    let got = fd::try_read(fd, buffer);
    if got != Err(Errno::EIO) || !is_terminal(fd) {
        return got;
    }
    let terminal =
        fd::open(c"/dev/tty", libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY, 0).map_err(|_| Errno::EIO)?;
    let mask = signal::block_all();
    let got = stops::stoppable(|| fd::try_read(terminal.as_raw_fd(), buffer));
    if got == Err(Errno::EINTR) {
        // Those that wait are noted now.
        signal::set_mask(&signal::empty_mask());
    }
    signal::set_mask(&mask);
    got
}

/// A terminal's modes before a line was edited in it.
static BEFORE_EDITING: Mutex<Option<Termios>> = Mutex::new(None);

/// Let a line be edited on the terminal: see [`editing_modes`]. `modes` are its own, which [`end_editing`] puts back, and [`rescue`] too.
///
/// # Errors
/// As [`set_modes`].
pub fn begin_editing(terminal: impl AsFd, modes: &Termios) -> Result<(), Errno> {
    *BEFORE_EDITING.lock().unwrap_or_else(PoisonError::into_inner) = Some(modes.clone());
    set_modes(terminal, &editing_modes(modes))
}

/// The line is complete: the terminal's own modes again.
///
/// # Errors
/// As [`set_modes`].
pub fn end_editing(terminal: impl AsFd, modes: &Termios) -> Result<(), Errno> {
    *BEFORE_EDITING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    set_modes(terminal, modes)
}

/// The process cannot go on: if a line is being edited on `terminal`, which its user could not use any more, put its modes back. Whether that
/// was so.
pub fn rescue(terminal: impl AsFd) -> bool {
    let modes = BEFORE_EDITING.try_lock().ok().and_then(|mut modes| modes.take());
    modes.is_some_and(|modes| tcsetattr(terminal, SetArg::TCSANOW, &modes).is_ok())
}

/// The modes for editing a line, made from a terminal's own: every key arrives at once and as it is, nothing is echoed, ^C, ^Z
/// and ^S are keys. Enter goes on being a newline (ICRNL), so that what is typed ahead is right for a command that reads it.
fn editing_modes(modes: &Termios) -> Termios {
    let mut raw = modes.clone();
    raw.input_flags.remove(InputFlags::BRKINT | InputFlags::INPCK | InputFlags::ISTRIP | InputFlags::IXON);
    raw.input_flags.remove(InputFlags::INLCR | InputFlags::IGNCR);
    raw.input_flags.insert(InputFlags::ICRNL);
    raw.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::IEXTEN | LocalFlags::ISIG);
    raw.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
    raw.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
    raw
}

/// What a byte means on this terminal: the special characters that the user has chosen (`stty erase '^X'`, XBD 11.1.9) as the usual ones.
pub fn usual_key(modes: &Termios, byte: u8) -> u8 {
    use SpecialCharacterIndices as Special;
    let usual = [
        (Special::VERASE, 0x7f),
        (Special::VKILL, b'U' & 0x1f),
        (Special::VINTR, b'C' & 0x1f),
        (Special::VEOF, b'D' & 0x1f),
        (Special::VWERASE, b'W' & 0x1f),
        (Special::VLNEXT, b'V' & 0x1f),
    ];
    // 0 is none at all.
    let chosen = usual.iter().find(|&&(special, _)| byte != 0 && modes.control_chars[special as usize] == byte);
    chosen.map_or(byte, |&(_, usual)| usual)
}

/// The terminal's window as (columns, rows); `None` where it does not say, or says 0.
pub fn window(terminal: RawFd) -> (Option<usize>, Option<usize>) {
    // SAFETY: all zeros is a valid winsize.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes a winsize, if it writes.
    let result = unsafe { libc::ioctl(terminal, libc::TIOCGWINSZ, &raw mut size) };
    let known = |count: u16| (result == 0 && count > 0).then_some(usize::from(count));
    (known(size.ws_col), known(size.ws_row))
}
