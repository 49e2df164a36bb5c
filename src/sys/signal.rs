//! Signals: the handler sets one bit of an atomic set and returns; the interpreter looks between commands.
//!
//! System calls: sigaction, sigprocmask. Where the shell sleeps, it blocks first, checks, then sleeps with the old mask
//! (sigsuspend): no lost wake-up.

use crate::sys::siginfo::{self, Details};
use crate::sys::{interrupt, stops, vanish};
use nix::errno::Errno;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Signals that were caught and not yet taken: bit n for signal n (1 to 64 are kept as bits 0 to 63).
static CAUGHT: AtomicU64 = AtomicU64::new(0);

/// Signals that end the process although they have a handler: it removes first what must not be left behind ([`vanish`]). To everybody but
/// the kernel they have their default action, so a handler that was needed once can stay for the next time.
static FATAL: AtomicU64 = AtomicU64::new(0);

/// Signals that are caught: with [`Disposition::Catch`].
static HANDLED: AtomicU64 = AtomicU64::new(0);

/// Whether signals may be blocked.
static BLOCKED: AtomicBool = AtomicBool::new(true);

/// How often it was changed what a signal does.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// The bit of a signal.
#[inline]
pub const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The signals by which a terminal stops a group: ^Z, and reading or writing in the background.
pub const STOPS: u64 = bit(libc::SIGTSTP) | bit(libc::SIGTTIN) | bit(libc::SIGTTOU);

/// The signals that a write can raise: nobody reads the pipe, the file is as long as it may be.
pub const OF_WRITES: u64 = bit(libc::SIGPIPE) | bit(libc::SIGXFSZ);

/// A handler as SA_SIGINFO wants it.
type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

extern "C" fn note(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo_t to a handler that was installed with SA_SIGINFO.
    let info = unsafe { &*info };
    // Our own timer only interrupts whatever sleeps.
    if info.si_code == libc::SI_TIMER && signal == libc::SIGALRM {
        return;
    }
    if FATAL.load(Ordering::Relaxed) & bit(signal) != 0 {
        let process = nix::unistd::getpid().as_raw();
        if process == 1 {
            // The first process of a container is spared what has its default action.
            return;
        }
        vanish::remove_all();
        // The signal is blocked until the handler returns, and ends the process then. Neither call can fail for it. (This may be a child
        // just before its exec.)
        let _ = act(signal, libc::SIG_DFL);
        let _ = send(process, signal);
        return;
    }
    siginfo::record(signal, read(signal, info));
    if siginfo::is_queued(signal) {
        // SAFETY: the third argument of such a handler is a ucontext_t, whose mask the return from the handler restores.
        let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
        siginfo::hold(signal, &mut context.uc_sigmask);
    }
    CAUGHT.fetch_or(bit(signal), Ordering::Relaxed);
    // errno belongs to what was interrupted.
    let errno = Errno::last();
    interrupt::knock();
    errno.set();
}

/// The parts of a siginfo_t that this kind of signal has.
fn read(signal: i32, info: &libc::siginfo_t) -> Details {
    let mut details = Details { code: info.si_code, ..Details::default() };
    let is_child = signal == libc::SIGCHLD && info.si_code > 0;
    // Codes up to 0 are those of processes; of the kernel's own only SIGCHLD has a process to tell of.
    if info.si_code > 0 && !is_child || info.si_code == libc::SI_TIMER {
        return details;
    }
    // SAFETY: a signal with this code has a sender.
    details.pid = unsafe { info.si_pid() };
    // SAFETY: as above.
    details.uid = unsafe { info.si_uid() };
    if is_child {
        // SAFETY: SIGCHLD has a status.
        details.value = Some(unsafe { info.si_status() });
    } else if matches!(info.si_code, libc::SI_QUEUE | libc::SI_MESGQ) {
        // SAFETY: a signal with these codes has a value: a union of a pointer and an int, which are its first bytes.
        let value = unsafe { info.si_value() }.sival_ptr.addr() as u64;
        let [a, b, c, d, ..] = value.to_ne_bytes();
        details.value = Some(i32::from_ne_bytes([a, b, c, d]));
    }
    details
}

/// Whether a signal was caught.
#[inline]
pub fn is_pending() -> bool {
    CAUGHT.load(Ordering::Relaxed) != 0
}

/// The caught signals, which stay noted.
pub fn pending() -> u64 {
    CAUGHT.load(Ordering::Relaxed)
}

/// Whether this signal, which is noted, came from a key of the terminal.
pub fn is_key(signal: i32) -> bool {
    siginfo::details(signal).code == libc::SI_KERNEL
}

/// Those of a set that are noted and end the wait for a foreground program at once. ^C has reached that, too, and it decides.
pub fn urgent(set: u64) -> u64 {
    let urgent = pending() & set;
    if urgent & bit(libc::SIGINT) != 0 && is_key(libc::SIGINT) { urgent & !bit(libc::SIGINT) } else { urgent }
}

/// Note a signal as if its handler had run: a key has asked for it.
pub fn note_caught(signal: i32) {
    siginfo::record(signal, Details { code: libc::SI_KERNEL, ..Details::default() });
    CAUGHT.fetch_or(bit(signal), Ordering::Relaxed);
}

/// From here on these signals end the process although they have a handler. One that is [`set`] does not any more.
pub fn make_fatal(signals: u64) {
    FATAL.fetch_or(signals, Ordering::Relaxed);
}

/// Those of `signals` that end the process although they have a handler; from here on it notes them.
pub fn spare(signals: u64) -> u64 {
    FATAL.fetch_and(!signals, Ordering::Relaxed) & signals
}

/// Give those that end the process back to the kernel, if there is nothing left for their handler to remove: before programs are started,
/// which costs more while something is caught.
pub(super) fn let_go_of_fatal() {
    let fatal = FATAL.load(Ordering::Relaxed);
    if fatal != 0 && vanish::is_empty() {
        for signal in bits(fatal) {
            // It was set before, so it can be set back.
            let _ = set(signal, Disposition::Default);
        }
    }
}

/// Give back to the kernel all that the shell itself has a handler for: before somebody looks at what this process catches.
pub fn let_go() {
    let_go_of_fatal();
    stops::let_go();
}

/// A number that grows whenever it is [`set`] what a signal does.
pub fn changes() -> u64 {
    CHANGES.load(Ordering::Relaxed)
}

/// Take a signal out of the set; false if it was not there.
pub fn take(signal: i32) -> bool {
    CAUGHT.fetch_and(!bit(signal), Ordering::Relaxed) & bit(signal) != 0
}

/// Take the signals of a set that were caught.
pub fn take_all(set: u64) -> u64 {
    CAUGHT.fetch_and(!set, Ordering::Relaxed) & set
}

/// Signals that were taken are to be taken later.
pub fn note_again(set: u64) {
    CAUGHT.fetch_or(set, Ordering::Relaxed);
}

/// Forget all caught signals (in a forked child: they were its parent's).
pub fn clear() {
    CAUGHT.store(0, Ordering::Relaxed);
    siginfo::forget();
}

/// What a signal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// What the system does by default.
    Default,
    /// Nothing.
    Ignore,
    /// It is noted in the set of caught signals.
    Catch,
}

/// Set what a signal does; returns what it did (a handler of another kind counts as `Catch`). System calls are not
/// restarted after a caught signal: whoever sleeps sees EINTR and decides.
pub fn set(signal: i32, disposition: Disposition) -> Result<Disposition, Errno> {
    let old = act(
        signal,
        match disposition {
            Disposition::Default => libc::SIG_DFL,
            Disposition::Ignore => libc::SIG_IGN,
            Disposition::Catch => note as Handler as libc::sighandler_t,
        },
    )?;
    if disposition == Disposition::Catch {
        HANDLED.fetch_or(bit(signal), Ordering::Relaxed);
    } else {
        HANDLED.fetch_and(!bit(signal), Ordering::Relaxed);
    }
    stops::changed(signal);
    CHANGES.fetch_add(1, Ordering::Relaxed);
    // Whoever sets it decides what it does.
    Ok(if spare(bit(signal)) == 0 { disposition_of(old) } else { Disposition::Default })
}

/// Set what the kernel does with a signal, and only that: also for a child that shares its parent's memory. Returns what it did. Async-signal-safe.
pub(super) fn act(signal: i32, handler: libc::sighandler_t) -> Result<libc::sighandler_t, Errno> {
    let mut action = empty_action();
    action.sa_sigaction = handler;
    if handler != libc::SIG_DFL && handler != libc::SIG_IGN {
        action.sa_flags = if handler == stops::handler() { libc::SA_RESTART } else { libc::SA_SIGINFO };
        // One handler at a time: another one in its middle would end with a mask that the outer return overwrites.
        // SAFETY: sa_mask is a sigset_t.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    }
    let mut old = empty_action();
    // SAFETY: both actions are initialised; the handlers are async-signal-safe.
    Errno::result(unsafe { libc::sigaction(signal, &raw const action, &raw mut old) })?;
    Ok(old.sa_sigaction)
}

/// What a handler stands for. That for stops does what the system does by default.
fn disposition_of(handler: libc::sighandler_t) -> Disposition {
    match handler {
        libc::SIG_DFL => Disposition::Default,
        libc::SIG_IGN => Disposition::Ignore,
        handler if handler == stops::handler() => Disposition::Default,
        _ => Disposition::Catch,
    }
}

/// The signals that are caught.
pub(super) fn handled() -> u64 {
    HANDLED.load(Ordering::Relaxed)
}

/// What a signal does now.
pub fn get(signal: i32) -> Result<Disposition, Errno> {
    if signal > 0 && FATAL.load(Ordering::Relaxed) & bit(signal) != 0 {
        return Ok(Disposition::Default);
    }
    let mut old = empty_action();
    // SAFETY: `old` is initialised; a null action only asks.
    Errno::result(unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut old) })?;
    Ok(disposition_of(old.sa_sigaction))
}

/// Which signals of a set are ignored now.
pub fn ignored_among(set: u64) -> u64 {
    let ignored = |signal: &i32| get(*signal) == Ok(Disposition::Ignore);
    bits(set).filter(ignored).fold(0, |found, signal| found | bit(signal))
}

/// Whether a signal that this process raises by what it does would end it: it has its default action and is not blocked.
pub fn ends_process(signal: i32) -> bool {
    let mut mask = empty_mask();
    // SAFETY: the mask may be written; a null set only asks.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut mask) };
    // SAFETY: the mask is initialised.
    get(signal) == Ok(Disposition::Default) && unsafe { libc::sigismember(&raw const mask, signal) } == 0
}

fn empty_action() -> libc::sigaction {
    // SAFETY: all zeros is a valid sigaction: default action, empty mask, no flags.
    unsafe { std::mem::zeroed() }
}

/// A signal mask, as the kernel has it.
pub type Mask = libc::sigset_t;

/// Block all signals; returns the mask before.
pub fn block_all() -> Mask {
    let mut all = empty_mask();
    // SAFETY: `all` is a sigset_t.
    unsafe { libc::sigfillset(&raw mut all) };
    let mut old = empty_mask();
    // SAFETY: both masks are initialised.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const all, &raw mut old) };
    BLOCKED.store(true, Ordering::Relaxed);
    old
}

/// Put back the mask that was there before [`block_all`]; real-time signals that were caught meanwhile stay held. Nothing can be
/// caught between the look at those and the call, because all is blocked.
pub fn set_mask(mask: &Mask) {
    set_mask_exactly(&siginfo::with_held(*mask));
}

/// Set the mask, also in a child that shares its parent's memory. Async-signal-safe.
pub(super) fn set_mask_exactly(mask: &Mask) {
    // SAFETY: the mask is initialised; the old one is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
    // SAFETY: a sigset_t is larger than the kernel's set, which is its first 64 bits.
    let set = unsafe { *std::ptr::from_ref(mask).cast::<u64>() };
    BLOCKED.store(set != 0, Ordering::Relaxed);
}

/// Whether nothing can run here but what the program says: no signal is caught, and none is blocked. (The handler for stops cares for itself.)
pub(super) fn is_undisturbed() -> bool {
    handled() == 0 && !BLOCKED.load(Ordering::Relaxed)
}

/// No signals.
pub fn empty_mask() -> Mask {
    // SAFETY: all zeros is the empty set on Linux.
    unsafe { std::mem::zeroed() }
}

/// Sleep until a signal that `mask` does not block was handled (sigsuspend).
pub fn suspend(mask: &Mask) {
    let mask = siginfo::with_held(*mask);
    // SAFETY: the mask is initialised.
    unsafe { libc::sigsuspend(&raw const mask) };
}

/// The signals in a set.
pub fn bits(mut set: u64) -> impl Iterator<Item = i32> {
    std::iter::from_fn(move || {
        let signal = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (signal < 64).then_some(signal as i32 + 1)
    })
}

/// What a terminal or a supervisor sends to a whole group to end or to stop it.
const FOR_GROUPS: u64 = STOPS | bit(libc::SIGHUP) | bit(libc::SIGINT) | bit(libc::SIGQUIT) | bit(libc::SIGTERM);

/// Those of them that a child sends to its parent, too: `kill $$`.
const OF_CHILDREN: u64 = bit(libc::SIGHUP) | bit(libc::SIGTERM);

/// The signals for groups that wait while they are blocked.
pub fn waiting() -> u64 {
    let mut waiting = empty_mask();
    // SAFETY: sigpending writes a sigset_t.
    unsafe { libc::sigpending(&raw mut waiting) };
    // SAFETY: the set is initialised.
    let is_waiting = |&signal: &i32| unsafe { libc::sigismember(&raw const waiting, signal) } == 1;
    bits(FOR_GROUPS).filter(is_waiting).fold(0, |set, signal| set | bit(signal))
}

/// Pass on to a new process what waits while it is blocked and will end or stop this one. Sent before the process was born, it did
/// not reach it, which would go on alone. (Fork looks for waiting signals itself, but not for blocked ones.) What waited before
/// its birth was not sent by itself.
pub fn pass_on_waiting(newborn: libc::pid_t, before: u64) {
    for signal in bits(waiting() & (before | !OF_CHILDREN)) {
        if get(signal) == Ok(Disposition::Default) {
            // It may have ended, but it is still to be waited for.
            let _ = send(newborn, signal);
        }
    }
}

/// Do something with the [`OF_WRITES`] blocked. If it raises one that would end the process, that is taken away and noted as
/// caught.
pub fn hold_off<T>(write: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    let held = [libc::SIGPIPE, libc::SIGXFSZ].iter().fold(empty_mask(), |mask, &signal| with(mask, signal));
    let mut old = empty_mask();
    // SAFETY: both masks are initialised.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const held, &raw mut old) };
    let result = write();
    let raised = match &result {
        Err(Errno::EPIPE) => Some(libc::SIGPIPE),
        Err(Errno::EFBIG) => Some(libc::SIGXFSZ),
        _ => None,
    };
    // SAFETY: the mask is initialised.
    if let Some(signal) = raised.filter(|&signal| unsafe { libc::sigismember(&raw const old, signal) } == 0) {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let only = with(empty_mask(), signal);
        // SAFETY: set and time are initialised; no siginfo_t is asked for.
        if unsafe { libc::sigtimedwait(&raw const only, std::ptr::null_mut(), &raw const now) } == signal {
            note_caught(signal);
        }
    }
    set_mask(&old);
    result
}

/// The first signal of a set; 0 bits mean none.
pub fn first(set: u64) -> Option<i32> {
    (set != 0).then(|| set.trailing_zeros() as i32 + 1)
}

/// kill(2): send a signal to a process, to a group (negative), or with signal 0 only ask whether one may.
///
/// # Errors
/// ESRCH: no such process; EPERM: not one's own; EINVAL: no such signal.
pub fn send(target: i32, signal: i32) -> Result<(), Errno> {
    // SAFETY: kill touches no memory.
    Errno::result(unsafe { libc::kill(target, signal) }).map(drop)
}

/// Unblock one signal.
pub fn unblock(signal: i32) {
    let mask = with(empty_mask(), signal);
    // SAFETY: the mask is initialised; the old one is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const mask, std::ptr::null_mut()) };
}

/// A mask and one signal more.
fn with(mut mask: Mask, signal: i32) -> Mask {
    // SAFETY: the mask is initialised.
    unsafe { libc::sigaddset(&raw mut mask, signal) };
    mask
}

/// A mask without one signal.
pub fn without(mut mask: Mask, signal: i32) -> Mask {
    // SAFETY: the mask is initialised.
    unsafe { libc::sigdelset(&raw mut mask, signal) };
    mask
}

/// Put right at start-up what would make a shell fail: SIGCHLD may have been ignored or blocked by a careless parent: then children vanish without a status, or waiting never
/// ends. It is neither afterwards, for the shell's programs too, which start with no signal blocked.
pub fn sanitise_at_entry() {
    set_mask_exactly(&empty_mask());
    // It cannot be refused for this signal.
    let _ = set(libc::SIGCHLD, Disposition::Default);
}
