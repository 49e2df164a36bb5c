//! The terminal: which process group has it.

use std::os::fd::RawFd;

/// tcsetpgrp of the caller's own group, callable between fork and exec: SIGTTOU is ignored for the call, because a
/// background process that takes the terminal would be stopped. The caller sets the signal's final disposition afterwards.
pub fn set_foreground_from_child(terminal: RawFd) {
    let _ = crate::sys::signal::set(libc::SIGTTOU, crate::sys::signal::Disposition::Ignore);
    // SAFETY: getpgrp and tcsetpgrp touch no memory.
    let group = unsafe { libc::getpgrp() };
    // SAFETY: as above; a failure means that the terminal is gone, which the child will see by itself.
    unsafe { libc::tcsetpgrp(terminal, group) };
}
