//! What this process was given at its start, before Rust's runtime touched it.
//!
//! Before `main`, Rust ignores SIGPIPE, opens `/dev/null` for each of the descriptors 0, 1 and 2 that is closed, and installs
//! handlers for SIGSEGV and SIGBUS. A shell hands what it was given on to its programs: a function in `.init_array`, which the
//! dynamic loader (or the C library's start-up code in a static executable) calls before all that, notes what is true then.
//! It is called from C before the runtime exists, so it does nothing but two kinds of system calls.

use crate::sys::signal::{self, Disposition};
use std::sync::atomic::{AtomicU8, Ordering};

/// Bits 0 to 2: the descriptor was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
/// SIGPIPE at entry: 0 not noted, 1 default, 2 ignored.
static PIPE: AtomicU8 = AtomicU8::new(0);

extern "C" fn note_entry() {
    for fd in 0..3 {
        if crate::sys::fd::is_open_for(fd, false).is_err() {
            CLOSED.fetch_or(1 << fd, Ordering::Relaxed);
        }
    }
    let ignored = signal::get(libc::SIGPIPE) == Ok(Disposition::Ignore);
    PIPE.store(1 + u8::from(ignored), Ordering::Relaxed);
}

// SAFETY: the section holds addresses of functions without arguments that are called once at start-up (the arguments that
// the C library passes are not looked at).
#[used]
#[unsafe(link_section = ".init_array")]
static NOTE_ENTRY: extern "C" fn() = note_entry;

/// Whether SIGPIPE was ignored when the process was started.
pub fn pipe_was_ignored() -> bool {
    PIPE.load(Ordering::Relaxed) == 2
}

/// Close again what Rust's runtime opened: a script started with `>&-` gets an error from `echo`, and its programs
/// find standard output closed.
pub fn close_what_was_closed() {
    let closed = CLOSED.load(Ordering::Relaxed);
    for fd in (0..3).filter(|fd| closed & 1 << fd != 0) {
        let _ = crate::sys::fd::close(fd);
    }
}
