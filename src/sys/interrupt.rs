//! Sleeping that a signal or a deadline ends, without a lost wake-up, and that leaves nothing behind.
//!
//! The race: "has a signal been caught? no" -> the signal arrives, its handler notes it -> the system call sleeps, for ever. For calls
//! on descriptors ppoll(2) closes the gap, because it changes the signal mask and sleeps in one step: [`Guard::wait`]. msgrcv, msgsnd and
//! the open of a FIFO have no such twin. Here the *handler* closes it: while a [`Guard`] lives, a handler that notes a signal also arms
//! a timer, which sends SIGALRM again and again until the waiter has taken notice: [`Guard::call`]. Whatever sleeps by then gets EINTR. A
//! deadline is the same timer, armed from the beginning. A wait that nothing disturbs costs no tick at all.
//!
//! System calls: sigprocmask, sigaction, ppoll, timer_create, timer_settime, timer_delete, kill. timer_settime is async-signal-safe
//! (signal-safety(7)).

use crate::sys::poll::{self, Interest};
use crate::sys::signal::{self, Disposition, Mask, bit, bits};
use nix::errno::Errno;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The timer of the guard plus one, while there is one.
static TIMER: AtomicUsize = AtomicUsize::new(0);
/// A timer plus one that is kept for the next guard.
static SPARE: AtomicUsize = AtomicUsize::new(0);
/// A guard lives: handlers knock.
static GUARDED: AtomicBool = AtomicBool::new(false);
/// The timer runs.
static ARMED: AtomicBool = AtomicBool::new(false);

/// How long the timer waits between two knocks.
const INTERVAL: Duration = Duration::from_millis(10);

/// Signals that end a process by default and are sent in daily life. A guard catches those that have their default action, so that
/// what it guards is put in order first; then the process gets the signal once more. The handlers stay, and end the process from then on
/// ([`signal::make_fatal`]): the next guard needs no system call.
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

/// Why a wait has ended without its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// This signal was caught. It is still noted.
    Signal(i32),
    /// The deadline has passed.
    Timeout,
    /// The system refused.
    Failed(Errno),
}

/// The signals that living guards have caught for themselves: they end every wait.
static CAUGHT_BY_GUARDS: AtomicU64 = AtomicU64::new(0);

/// While it lives, what sleeps through it ends at a signal or at the deadline.
///
/// Dropping it puts the signals' actions back, and if a signal came that would have ended the process, the process ends of it now: drop
/// what must not be left behind (a socket's file) before the guard.
#[derive(Debug)]
pub struct Guard {
    interrupting: u64,
    /// What was changed, with what it was.
    changed: Vec<(i32, Disposition)>,
    /// Those that were at their default and are caught now.
    caught_here: u64,
    /// Those that were noted before and do not end a wait.
    known: u64,
    deadline: Option<Instant>,
    /// Signals are blocked but for the time of a wait; this is the mask to wait with.
    blocked: Option<Mask>,
    /// The timer of the guard around this one.
    outer: usize,
    /// A program has one thread; tests have many threads, and take turns.
    #[cfg(test)]
    _turn: turn::Turn,
}

impl Guard {
    /// For system calls that sleep: [`Guard::call`] ends at the signals `interrupting` (bits as in `sys::signal`; they have a handler
    /// already), at those that would end the process, and at `deadline`. Of guards within guards the innermost one waits.
    ///
    /// # Errors
    /// EAGAIN: no timer can be had (RLIMIT_SIGPENDING).
    pub fn for_calls(interrupting: u64, deadline: Option<Instant>) -> Result<Self, Errno> {
        let mut guard = Self::new(interrupting, deadline);
        // From here on dropping it puts everything back, also after an error.
        make_timer()?;
        guard.catch(ENDING.iter().copied());
        GUARDED.store(true, Ordering::SeqCst);
        if let Some(deadline) = deadline {
            arm(deadline.saturating_duration_since(Instant::now()));
        }
        Ok(guard)
    }

    /// For descriptors: all signals are blocked but for the time of [`Guard::wait`], so nothing else is interrupted. Every signal that
    /// has a handler ends a wait. SIGPIPE is ignored: a peer that has gone is an error (EPIPE) for this one connection.
    pub fn for_descriptors() -> Self {
        let mut guard = Self::for_sockets();
        guard.change(libc::SIGPIPE, Disposition::Ignore);
        guard
    }

    /// The same, for those that write to sockets only: they get no SIGPIPE, and programs that they start meanwhile should.
    pub fn for_sockets() -> Self {
        let mut guard = Self::light();
        guard.catch_for_sockets();
        guard
    }

    fn catch_for_sockets(&mut self) {
        self.catch(ENDING.iter().copied().filter(|&signal| signal != libc::SIGPIPE && signal != libc::SIGALRM));
    }

    /// Only block signals: for a wait that has nothing to put in order when a signal ends the process at once.
    pub fn light() -> Self {
        let mut guard = Self::new(!bit(libc::SIGCHLD), None);
        guard.blocked = Some(signal::block_all());
        guard
    }

    /// The same, for what has to be put in order after a signal: those that are noted already do not end its waits.
    pub fn afterwards() -> Self {
        let mut guard = Self::light();
        guard.known = signal::pending();
        guard
    }

    /// Run something in the middle of the guard for which signals are as they were before it. Those that end the process do so at once, but files
    /// that must not be left behind are removed first ([`crate::sys::vanish`]).
    pub fn lifted<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let changes = signal::changes();
        signal::make_fatal(self.caught_here);
        if let Some(mask) = &self.blocked {
            signal::set_mask(mask);
        }
        let result = run();
        signal::block_all();
        let taken_over = self.caught_here & !signal::spare(self.caught_here);
        if signal::changes() != changes {
            // What it has changed itself (`trap`) stays as it is; but what would end the process from now on is caught.
            self.caught_here &= !taken_over;
            CAUGHT_BY_GUARDS.fetch_and(!taken_over, Ordering::SeqCst);
            self.catch_for_sockets();
        }
        result
    }

    fn new(interrupting: u64, deadline: Option<Instant>) -> Self {
        #[cfg(test)]
        let _turn = turn::Turn::take();
        Self {
            interrupting,
            changed: Vec::with_capacity(ENDING.len() + 1),
            caught_here: 0,
            known: 0,
            deadline,
            blocked: None,
            outer: TIMER.swap(0, Ordering::SeqCst),
            #[cfg(test)]
            _turn,
        }
    }

    /// Catch those that have their default action.
    fn catch(&mut self, signals: impl Iterator<Item = i32>) {
        for signal in signals {
            if self.caught_here & bit(signal) != 0 {
                continue;
            }
            if signal::spare(bit(signal)) != 0 {
                self.caught_here |= bit(signal);
                continue;
            }
            match signal::get(signal) {
                Ok(Disposition::Default) if signal::set(signal, Disposition::Catch).is_ok() => {
                    self.caught_here |= bit(signal);
                }
                // The timer needs its handler.
                Ok(Disposition::Ignore) if signal == libc::SIGALRM => self.change(signal, Disposition::Catch),
                _ => {}
            }
        }
        CAUGHT_BY_GUARDS.fetch_or(self.caught_here, Ordering::SeqCst);
    }

    fn change(&mut self, number: i32, disposition: Disposition) {
        if let Ok(before) = signal::set(number, disposition)
            && before != disposition
        {
            self.changed.push((number, before));
        }
    }

    /// Let the end of a child end a wait too (with success): for servers that have to collect their handlers.
    pub fn wake_for_children(&mut self) {
        self.change(libc::SIGCHLD, Disposition::Catch);
    }

    /// The signal that has ended the waiting, if one was caught.
    pub fn caught(&self) -> Option<i32> {
        let ending = self.interrupting | CAUGHT_BY_GUARDS.load(Ordering::SeqCst) & !bit(libc::SIGPIPE);
        signal::first(signal::pending() & ending & !self.known)
    }

    /// Sleep until a descriptor is ready (`interests` say which), or a handler has run for another reason than to end the wait.
    ///
    /// # Errors
    /// A signal, or the time is up.
    pub fn wait(&self, interests: &mut [Interest], deadline: Option<Instant>) -> Result<(), Cut> {
        // What is blocked here is let in by ppoll alone.
        if let Some(mask) = &self.blocked {
            return self.wait_with(mask, interests, deadline);
        }
        loop {
            if let Some(signal) = self.caught() {
                return Err(Cut::Signal(signal));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match poll::wait(interests, left, None) {
                Ok(0) => return Err(Cut::Timeout),
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {
                    self.hush();
                }
                Err(errno) => return Err(Cut::Failed(errno)),
            }
        }
    }

    fn wait_with(&self, mask: &Mask, interests: &mut [Interest], deadline: Option<Instant>) -> Result<(), Cut> {
        if let Some(signal) = self.caught() {
            return Err(Cut::Signal(signal));
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match poll::wait(interests, left, Some(mask)) {
            Ok(0) => Err(Cut::Timeout),
            Ok(_) => self.caught().map_or(Ok(()), |signal| Err(Cut::Signal(signal))),
            Err(Errno::EINTR) => {
                interests.iter_mut().for_each(|interest| interest.revents = 0);
                self.caught().map_or(Ok(()), |signal| Err(Cut::Signal(signal)))
            }
            Err(errno) => Err(Cut::Failed(errno)),
        }
    }

    /// For loops that find something to do each time and may never sleep: whether a signal or the deadline is a reason to stop. ppoll(2) lets in
    /// what is blocked only if no descriptor is ready.
    ///
    /// # Errors
    /// As [`Guard::wait`].
    pub fn check(&self, deadline: Option<Instant>) -> Result<(), Cut> {
        match self.wait(&mut [], Some(Instant::now())) {
            Ok(()) | Err(Cut::Timeout) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                Err(Cut::Timeout)
            }
            Err(Cut::Timeout) => Ok(()),
            result => result,
        }
    }

    /// Wait for one descriptor.
    ///
    /// # Errors
    /// As [`Guard::wait`].
    pub fn wait_for(&self, fd: i32, events: libc::c_short, deadline: Option<Instant>) -> Result<(), Cut> {
        let mut interests = [poll::interest(fd, events)];
        loop {
            self.wait(&mut interests, deadline)?;
            if interests[0].revents != 0 {
                return Ok(());
            }
        }
    }

    /// Sleep.
    ///
    /// # Errors
    /// A signal.
    pub fn sleep(&self, time: Duration) -> Result<(), Cut> {
        let deadline = Instant::now().checked_add(time);
        loop {
            match self.wait(&mut [], deadline) {
                Ok(()) => {}
                Err(Cut::Timeout) => return Ok(()),
                Err(cut) => return Err(cut),
            }
        }
    }

    /// Make a blocking call until it gives a result other than EINTR (with a guard [`Guard::for_calls`]).
    ///
    /// # Errors
    /// A signal, the deadline, or the error of the call.
    pub fn call<T>(&self, mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Cut> {
        loop {
            if let Some(signal) = self.caught() {
                return Err(Cut::Signal(signal));
            }
            match call() {
                Err(Errno::EINTR) if self.hush() => return Err(Cut::Timeout),
                Err(Errno::EINTR) => {}
                result => return result.map_err(Cut::Failed),
            }
        }
    }

    /// After a knock: silence until the deadline, or for good; true if the deadline has passed. (Should a signal come just now, the look
    /// before the next sleep finds it.)
    fn hush(&self) -> bool {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match left {
            Some(Duration::ZERO) => return true,
            Some(left) => arm(left),
            None if ARMED.load(Ordering::SeqCst) => disarm(),
            None => {}
        }
        false
    }

    /// In a forked child, which has all this from its parent: signals do again what they did before, and those that the parent caught are
    /// forgotten. The mask follows by itself when the child sets it to [`Guard::mask`].
    pub fn undo_in_child(&self) {
        for &(number, before) in &self.changed {
            // It was set before, so it can be set again.
            let _ = signal::set(number, before);
        }
        signal::make_fatal(self.caught_here);
        CAUGHT_BY_GUARDS.store(0, Ordering::SeqCst);
        signal::clear();
    }

    /// The mask from before.
    pub fn mask(&self) -> Mask {
        self.blocked.unwrap_or_else(signal::empty_mask)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        put_timer_away();
        TIMER.store(self.outer, Ordering::SeqCst);
        GUARDED.store(self.outer != 0, Ordering::SeqCst);
        CAUGHT_BY_GUARDS.fetch_and(!self.caught_here, Ordering::SeqCst);
        // All actions first, then the signals: the first one that is sent again may be the end.
        for &(number, before) in self.changed.iter().rev() {
            let _ = signal::set(number, before);
            if before == Disposition::Ignore || number == libc::SIGCHLD {
                // Only the guard wanted to know.
                signal::take(number);
            }
        }
        signal::make_fatal(self.caught_here);
        for signal in bits(self.caught_here) {
            if signal::take(signal) {
                let _ = signal::send(nix::unistd::getpid().as_raw(), signal);
            }
        }
        if let Some(mask) = &self.blocked {
            signal::set_mask(mask);
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
    SPARE.store(0, Ordering::SeqCst);
    GUARDED.store(false, Ordering::SeqCst);
    ARMED.store(false, Ordering::SeqCst);
}

fn make_timer() -> Result<(), Errno> {
    TIMER.store(SPARE.swap(0, Ordering::SeqCst), Ordering::SeqCst);
    if TIMER.load(Ordering::SeqCst) != 0 {
        return Ok(());
    }
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

/// Keep the timer for the next guard. (In tests that may be another thread's, which this timer does not know.)
fn put_timer_away() {
    if ARMED.load(Ordering::SeqCst) {
        disarm();
    }
    let timer = TIMER.swap(0, Ordering::SeqCst);
    let kept = !cfg!(test) && SPARE.compare_exchange(0, timer, Ordering::SeqCst, Ordering::SeqCst).is_ok();
    if kept {
        return;
    }
    let Some(timer) = timer.checked_sub(1) else { return };
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

/// The turn of a thread, which may have guards within guards.
#[cfg(test)]
mod turn {
    use std::cell::Cell;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    static TURN: Mutex<()> = Mutex::new(());
    thread_local! { static GUARDS: Cell<usize> = const { Cell::new(0) }; }

    #[derive(Debug)]
    pub struct Turn(#[expect(dead_code, reason = "held")] Option<MutexGuard<'static, ()>>);

    impl Turn {
        pub fn take() -> Self {
            let guards = GUARDS.replace(GUARDS.get() + 1);
            Self((guards == 0).then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner)))
        }
    }

    impl Drop for Turn {
        fn drop(&mut self) {
            GUARDS.set(GUARDS.get() - 1);
        }
    }
}
