//! Blocking system calls that a signal or a deadline ends, without a lost wake-up.
//!
//! The race: "has a signal been caught? no" -> the signal arrives, its handler notes it -> the system call sleeps, for ever. For calls
//! on descriptors ppoll(2) closes the gap, because it changes the signal mask and sleeps in one step. msgrcv, msgsnd and the open of a
//! FIFO have no such twin. Here the *handler* closes it: while a [`Guard`] lives, a handler that notes a signal also arms a timer, which
//! sends SIGALRM again and again until the waiter has taken notice. Whatever sleeps by then gets EINTR. A deadline is the same timer,
//! armed from the beginning. A wait that nothing disturbs costs no tick at all.
//!
//! System calls: timer_create, timer_settime, timer_delete, sigaction. timer_settime is async-signal-safe (signal-safety(7)).

use crate::sys::signal::{self, Disposition, bit, bits};
use nix::errno::Errno;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The timer of the guard plus one, while there is one.
static TIMER: AtomicUsize = AtomicUsize::new(0);
/// A guard lives: handlers knock.
static GUARDED: AtomicBool = AtomicBool::new(false);
/// The timer runs.
static ARMED: AtomicBool = AtomicBool::new(false);

/// How long the timer waits between two knocks.
const INTERVAL: Duration = Duration::from_millis(10);

/// Signals that end a process by default and are sent in daily life. A guard catches those that have their default action, so that
/// what it guards is put in order first; then the process gets the signal once more.
const ENDING: [i32; 8] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGPIPE,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// Why a blocking call has ended without its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// This signal was caught. It is still noted.
    Signal(i32),
    /// The deadline has passed.
    Deadline,
    /// The system refused.
    Refused(Errno),
}

/// While it lives, blocking calls made through [`Guard::call`] end at a signal or at the deadline.
///
/// Dropping it puts the signals' actions back, and if a signal came that would have ended the process, the process ends of it now: drop
/// what must not be left behind (a socket's file) before the guard.
#[derive(Debug)]
pub struct Guard {
    interrupting: u64,
    caught_here: u64,
    alarm_was_ignored: bool,
    deadline: Option<Instant>,
    /// A program has one thread and so one guard; tests have many threads, and take turns.
    #[cfg(test)]
    _turn: std::sync::MutexGuard<'static, ()>,
}

#[cfg(test)]
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl Guard {
    /// Begin: calls end at the signals `interrupting` (bits as in `sys::signal`; they have a handler already), at those that would
    /// end the process, and at `deadline`. At most one guard may live.
    ///
    /// # Errors
    /// EAGAIN: no timer can be had (RLIMIT_SIGPENDING).
    pub fn begin(interrupting: u64, deadline: Option<Instant>) -> Result<Self, Errno> {
        #[cfg(test)]
        let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        make_timer()?;
        // From here on dropping it puts everything back, also after an error.
        let mut guard = Self {
            interrupting,
            caught_here: 0,
            alarm_was_ignored: false,
            deadline,
            #[cfg(test)]
            _turn,
        };
        for signal in ENDING {
            match signal::get(signal)? {
                Disposition::Default => guard.caught_here |= bit(signal),
                Disposition::Ignore if signal == libc::SIGALRM => guard.alarm_was_ignored = true,
                _ => continue,
            }
            signal::set(signal, Disposition::Catch)?;
        }
        GUARDED.store(true, Ordering::SeqCst);
        if let Some(deadline) = deadline {
            arm(deadline.saturating_duration_since(Instant::now()));
        }
        Ok(guard)
    }

    /// Make a blocking call until it gives a result other than EINTR.
    ///
    /// # Errors
    /// A signal, the deadline, or the error of the call.
    pub fn call<T>(&self, mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Stopped> {
        loop {
            let noted = signal::pending() & (self.interrupting | self.caught_here & !bit(libc::SIGPIPE));
            if let Some(signal) = signal::first(noted) {
                return Err(Stopped::Signal(signal));
            }
            match call() {
                Err(Errno::EINTR) => {
                    let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                    match left {
                        Some(Duration::ZERO) => return Err(Stopped::Deadline),
                        // After a knock: silence until the deadline, or for good. Should a signal come just now, the look above
                        // finds it.
                        Some(left) => arm(left),
                        None if ARMED.load(Ordering::SeqCst) => disarm(),
                        None => {}
                    }
                }
                result => return result.map_err(Stopped::Refused),
            }
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        GUARDED.store(false, Ordering::SeqCst);
        delete_timer();
        if self.alarm_was_ignored {
            let _ = signal::set(libc::SIGALRM, Disposition::Ignore);
            signal::take(libc::SIGALRM);
        }
        // All actions first, then the signals: the first one that is sent again may be the end.
        for signal in bits(self.caught_here) {
            let _ = signal::set(signal, Disposition::Default);
        }
        for signal in bits(self.caught_here) {
            if signal::take(signal) {
                let _ = signal::send(nix::unistd::getpid().as_raw(), signal);
            }
        }
    }
}

/// Called by the handler of every caught signal: wake a call that may have begun to sleep after the handler was entered.
pub(super) fn knock() {
    if GUARDED.load(Ordering::SeqCst) {
        arm(Duration::from_millis(1));
    }
}

/// In a forked child: the parent's timer is not there, and no guard is.
pub(super) fn forget() {
    TIMER.store(0, Ordering::SeqCst);
    GUARDED.store(false, Ordering::SeqCst);
    ARMED.store(false, Ordering::SeqCst);
}

fn make_timer() -> Result<(), Errno> {
    // SAFETY: all zeros is a valid sigevent.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    // This thread, and no other, is the one that sleeps.
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_notify_thread_id = nix::unistd::gettid().as_raw();
    event.sigev_signo = libc::SIGALRM;
    let mut timer: libc::timer_t = std::ptr::null_mut();
    // SAFETY: `event` is initialised, `timer` is a place for an id.
    Errno::result(unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) })?;
    TIMER.store(timer.addr() + 1, Ordering::SeqCst);
    Ok(())
}

fn delete_timer() {
    ARMED.store(false, Ordering::SeqCst);
    let Some(timer) = TIMER.swap(0, Ordering::SeqCst).checked_sub(1) else { return };
    // SAFETY: the timer was made by timer_create, and nobody can find it any more.
    unsafe { libc::timer_delete(std::ptr::without_provenance_mut(timer)) };
}

/// Knock after this time, and then every [`INTERVAL`].
fn arm(first: Duration) {
    ARMED.store(true, Ordering::SeqCst);
    set_timer(first.max(Duration::from_micros(1)), INTERVAL);
}

fn disarm() {
    ARMED.store(false, Ordering::SeqCst);
    set_timer(Duration::ZERO, Duration::ZERO);
}

fn set_timer(first: Duration, interval: Duration) {
    let Some(timer) = TIMER.load(Ordering::SeqCst).checked_sub(1) else { return };
    let spec = libc::itimerspec { it_interval: timespec(interval), it_value: timespec(first) };
    // SAFETY: the timer was made by timer_create and not yet deleted; `spec` is initialised; the old value is not asked for.
    unsafe { libc::timer_settime(std::ptr::without_provenance_mut(timer), 0, &raw const spec, std::ptr::null_mut()) };
}

/// A duration as the kernel takes it; too long ones become the longest.
pub(super) fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
