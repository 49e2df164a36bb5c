//! What the shell does when it finds a mistake of its own (a panic): one line about it, the terminal as it was, and the end.
//!
//! There is nothing to unwind to: below the first function of the shell's own stack is no other, and a backtrace in a terminal that shows no
//! newlines helps nobody.
//!
//! System calls: tcsetattr, write, abort.

use crate::sys::{fd, tty};
use std::panic::PanicHookInfo;

/// From here on a panic ends the process that way (SIGABRT). It costs no system call.
pub fn prepare() {
    std::panic::set_hook(Box::new(end));
}

fn end(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let words =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let words = words.unwrap_or("of an unknown kind").replace('\n', " ");
    let place = info.location().map_or_else(String::new, |place| format!(" ({}:{})", place.file(), place.line()));
    // The line that was edited ends here.
    let begin = if tty::rescue(std::io::stdin()) { "\n" } else { "" };
    let line =
        format!("{begin}ipcsh: internal error: {words}{place}; this is a mistake in the shell, please report it\n");
    // If it cannot be told, nobody is there.
    let _ = fd::write_all(2, line.as_bytes());
    std::process::abort()
}
