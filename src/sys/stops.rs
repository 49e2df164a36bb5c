//! ^Z while a program is started.
//!
//! The child of CLONE_VM|CLONE_VFORK must not stop before exec: its parent waits in the kernel for the exec, can neither notice nor be stopped itself,
//! and who waits for the parent waits for ever. So a shell that starts programs does not leave the stops their default action; a handler of its own
//! does the same for it. The child inherits the handler, which only notes the stop there, and exec makes it the default action
//! again: there is no moment in between, and starting a program takes no system call more.

use crate::sys::signal::{self, STOPS, bits};
use nix::errno::Errno;
use nix::unistd::getpid;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};

/// The process that its stops stop. In any other the handler runs in a child on this one's memory.
static OWNER: AtomicI32 = AtomicI32::new(0);

/// The stops that were seen to: nobody has changed since then what they do.
static SEEN_TO: AtomicU64 = AtomicU64::new(0);

/// A stop that came before exec, and in the upper half the child to which it came; 0 for none.
static DEFERRED: AtomicU64 = AtomicU64::new(0);

extern "C" fn stop(signal: libc::c_int) {
    let errno = Errno::last();
    let process = getpid().as_raw();
    if process != OWNER.load(Relaxed) {
        DEFERRED.store(u64::from(process.unsigned_abs()) << 32 | u64::from(signal.unsigned_abs()), Relaxed);
        return;
    }
    // This may be the return from clone: once this process is stopped, nobody would stop the child.
    pass_on();
    // All signals are blocked here: this one waits until it has its default action and is let through.
    let _ = signal::send(process, signal);
    let _ = signal::act(signal, libc::SIG_DFL);
    signal::unblock(signal);
    // The process was stopped and goes on.
    let _ = signal::act(signal, handler());
    errno.set();
}

/// Stop as the kernel does, but what was interrupted ends with EINTR and does not go on by itself.
extern "C" fn stop_and_interrupt(signal: libc::c_int) {
    stop(signal);
}

/// Make a call that the kernel stops by SIGTTIN where this process is in the background: when it goes on, the call has failed with EINTR, and
/// signals that came meanwhile have had their effect. To be called with all signals blocked.
pub(super) fn stoppable<T>(call: impl FnOnce() -> T) -> T {
    OWNER.store(getpid().as_raw(), Relaxed);
    let is_default = signal::get(libc::SIGTTIN) == Ok(signal::Disposition::Default);
    if is_default {
        // It is no error for this signal, here and below.
        let _ = signal::act(libc::SIGTTIN, stop_and_interrupt as extern "C" fn(libc::c_int) as libc::sighandler_t);
    }
    signal::unblock(libc::SIGTTIN);
    let result = call();
    if is_default {
        let _ = signal::act(libc::SIGTTIN, libc::SIG_DFL);
        changed(libc::SIGTTIN);
    }
    result
}

/// What is installed for a stop that stops.
pub(super) fn handler() -> libc::sighandler_t {
    stop as extern "C" fn(libc::c_int) as libc::sighandler_t
}

/// Before a program is started: the stops that have their default action get the handler.
pub(super) fn see_to() {
    let missing = STOPS & !SEEN_TO.load(Relaxed);
    if missing == 0 {
        return;
    }
    OWNER.store(getpid().as_raw(), Relaxed);
    for signal in bits(missing).filter(|&signal| signal::get(signal) == Ok(signal::Disposition::Default)) {
        // It is no error for these signals.
        let _ = signal::act(signal, handler());
    }
    SEEN_TO.store(STOPS, Relaxed);
}

/// What this signal does was changed.
pub(super) fn changed(signal: i32) {
    SEEN_TO.fetch_and(!signal::bit(signal), Relaxed);
}

/// Give the stops back to the kernel until the next program is started: before somebody looks at what this process catches.
pub(super) fn let_go() {
    for signal in
        bits(STOPS & SEEN_TO.swap(0, Relaxed)).filter(|&signal| signal::get(signal) == Ok(signal::Disposition::Default))
    {
        // It has a handler of ours, so it can be set.
        let _ = signal::act(signal, libc::SIG_DFL);
    }
}

/// In a forked child: stops are its own.
pub(super) fn enter_process() {
    OWNER.store(getpid().as_raw(), Relaxed);
}

/// The child has executed its program, for which the stop is that it has noted. (It may have ended, but it is still to be waited for.)
pub(super) fn pass_on() {
    if DEFERRED.load(Relaxed) == 0 {
        return;
    }
    let noted = DEFERRED.swap(0, Relaxed);
    let _ = signal::send((noted >> 32) as i32, noted as i32);
}
