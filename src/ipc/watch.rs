//! Long waits that signals can end, and that leave nothing behind.
//!
//! A program that looks for a signal and then sleeps can be hit in between, and sleeps on. So a [`Watch`] blocks all signals, and only
//! ppoll, while it sleeps, lets them in. Signals that would end the process are caught meanwhile: whoever waits gets the chance to
//! remove its socket file, and dropping the watch delivers the signal to the process again, which then dies of it as it should. SIGPIPE
//! is ignored: a peer that has gone is an error (EPIPE) for this one connection.
//!
//! System calls: sigprocmask, sigaction, ppoll, kill.

use crate::sys::poll::{self, Interest};
use crate::sys::signal::{self, Disposition, Mask, bit};
use nix::errno::Errno;
use std::time::{Duration, Instant};

/// The signals that end a process by default and that a user or a session sends.
const DEADLY: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// Why a wait ended before what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// This signal was caught; it is still noted.
    Signal(i32),
    /// The time is up.
    Timeout,
    /// The system refused.
    Failed(Errno),
}

/// While it lives, signals are blocked but for the time of [`Watch::wait`].
#[derive(Debug)]
pub struct Watch {
    old: Mask,
    /// What was changed, with what it was.
    changed: Vec<(i32, Disposition)>,
    /// Those of them that end the process once the watch is dropped.
    deadly: u64,
    /// Those that an outer watch has made fatal for the time of [`Watch::lifted`].
    fatal: u64,
}

impl Watch {
    /// Block signals, catch the deadly ones, ignore SIGPIPE.
    pub fn begin() -> Self {
        let mut watch = Self::for_sockets();
        watch.change(libc::SIGPIPE, Disposition::Ignore);
        watch
    }

    /// Block signals, and catch the deadly ones. Who writes to sockets only gets no SIGPIPE, and programs started meanwhile should.
    pub fn for_sockets() -> Self {
        let mut watch = Self::light();
        watch.fatal = signal::set_fatal(0);
        watch.deadly = watch.fatal;
        for deadly in DEADLY {
            if signal::get(deadly) == Ok(Disposition::Default) {
                watch.change(deadly, Disposition::Catch);
                watch.deadly |= bit(deadly);
            }
        }
        watch
    }

    /// Only block signals: for a wait that has nothing to put in order when a signal ends the process at once.
    pub fn light() -> Self {
        Self { old: signal::block_all(), changed: Vec::new(), deadly: 0, fatal: 0 }
    }

    /// Run something in the middle of the watch for which signals are as they were before it. Those that end the process do so at once, but files
    /// that must not be left behind are removed first ([`crate::sys::vanish`]).
    pub fn lifted<T>(&mut self, run: impl FnOnce() -> T) -> T {
        signal::set_fatal(self.deadly);
        signal::set_mask(&self.old);
        let result = run();
        signal::block_all();
        // What it has changed itself (`trap`) stays as it is.
        let taken_over = self.deadly & !signal::set_fatal(0);
        self.deadly &= !taken_over;
        self.changed.retain(|(number, _)| taken_over & bit(*number) == 0);
        result
    }

    /// Let the end of a child end a wait too (with success): for servers that have to collect their handlers.
    pub fn wake_for_children(&mut self) {
        self.change(libc::SIGCHLD, Disposition::Catch);
    }

    fn change(&mut self, number: i32, disposition: Disposition) {
        if let Ok(before) = signal::set(number, disposition)
            && before != disposition
        {
            self.changed.push((number, before));
        }
    }

    /// The signal that has ended the waiting, if one was caught. That a child has changed ends nothing.
    pub fn caught(&self) -> Option<i32> {
        signal::first(signal::pending() & !bit(libc::SIGCHLD))
    }

    /// Sleep until a descriptor is ready (`interests` say which), or a child has changed.
    ///
    /// # Errors
    /// A signal, or the time is up.
    pub fn wait(&self, interests: &mut [Interest], deadline: Option<Instant>) -> Result<(), Cut> {
        if let Some(signal) = self.caught() {
            return Err(Cut::Signal(signal));
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        match poll::wait(interests, left, Some(&self.old)) {
            Ok(0) => Err(Cut::Timeout),
            Ok(_) => self.caught().map_or(Ok(()), |signal| Err(Cut::Signal(signal))),
            Err(Errno::EINTR) => {
                interests.iter_mut().for_each(|interest| interest.revents = 0);
                self.caught().map_or(Ok(()), |signal| Err(Cut::Signal(signal)))
            }
            Err(errno) => Err(Cut::Failed(errno)),
        }
    }

    /// Wait for one descriptor.
    ///
    /// # Errors
    /// As [`Watch::wait`].
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

    /// In a forked child, which has all this from its parent: signals do again what they did before, and those that the parent caught are
    /// forgotten. The mask follows by itself when the child sets it to [`Watch::mask`].
    pub fn undo_in_child(&self) {
        for &(number, before) in &self.changed {
            // It was set before, so it can be set again.
            let _ = signal::set(number, before);
        }
        signal::clear();
    }

    /// The mask from before.
    pub fn mask(&self) -> &Mask {
        &self.old
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for &(number, before) in self.changed.iter().rev() {
            let _ = signal::set(number, before);
            if number == libc::SIGCHLD {
                // Only the watch wanted to know.
                signal::take(number);
            }
        }
        if self.fatal != 0 {
            signal::set_fatal(self.fatal);
        }
        for deadly in DEADLY {
            if self.deadly & bit(deadly) != 0 && signal::take(deadly) {
                // Blocked until the next line, so that nothing is half done when it arrives.
                let _ = signal::send(nix::unistd::getpid().as_raw(), deadly);
            }
        }
        signal::set_mask(&self.old);
    }
}
