//! Waiting, in one place: the non-blocking attempt, the deadline, and the signal that ends a wait.
//!
//! The picture: an operation is first tried without blocking. If it would block, the patience decides: give up at once, or sleep in
//! the kernel under a [`Guard`], which ends the sleep at a signal or at the deadline. So a message that can go at once costs one system
//! call, and a wait that is ended leaves nothing behind. Servers, which wait for many descriptors, hold a guard of their own.

use crate::ipc::error::{Error, Why};
pub use crate::sys::interrupt::{Cut, Guard};
use crate::sys::{poll, signal};
use nix::errno::Errno;
use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until it is done, or a signal comes.
    Forever,
    /// At most until then.
    Until(Instant),
    /// Not at all.
    None,
}

impl Patience {
    /// At most this long from now on; a time that the clock cannot count to is for ever.
    pub fn within(time: Duration) -> Self {
        Instant::now().checked_add(time).map_or(Self::Forever, Self::Until)
    }
}

/// How long [`Wait::soon`] waits for a process that has nothing else to do.
const AT_ONCE: Duration = Duration::from_secs(10);

/// One wait, for one command: it may serve many messages.
///
/// Drop it after the endpoints that use it: a signal that is to end the process does so when the wait is dropped, and by then sockets'
/// files must be gone.
#[derive(Debug)]
pub struct Wait {
    patience: Patience,
    /// Caught signals that end a wait (bits as in `sys::signal`): the shell's trapped ones, and SIGINT at a prompt.
    interrupting: u64,
    guard: Option<Guard>,
}

impl Wait {
    /// A wait of this patience that the signals `interrupting` end.
    pub fn new(patience: Patience, interrupting: u64) -> Self {
        Self { patience, interrupting, guard: None }
    }

    /// Whether it may sleep.
    pub fn may_block(&self) -> bool {
        self.patience != Patience::None
    }

    /// Whether it may sleep, and only for some time.
    pub fn has_deadline(&self) -> bool {
        matches!(self.patience, Patience::Until(_))
    }

    /// From here on a signal does not end the process before this wait is dropped: for endpoints that must clean up.
    ///
    /// # Errors
    /// No timer can be had.
    pub fn guard(&mut self) -> Result<&Guard, Cut> {
        match &mut self.guard {
            Some(guard) => Ok(guard),
            empty => {
                let deadline = if let Patience::Until(deadline) = self.patience { Some(deadline) } else { None };
                let guard = Guard::for_calls(self.interrupting, deadline).map_err(Cut::Failed)?;
                Ok(empty.insert(guard))
            }
        }
    }

    /// For loops in which nothing sleeps as long as there is work: whether a signal, as far as this wait is guarded, or the deadline ends them.
    ///
    /// # Errors
    /// How the wait has ended.
    pub fn goes_on(&self, tried: &dyn fmt::Display) -> Result<(), Error> {
        let cut = match (self.guard.as_ref().and_then(Guard::caught), self.patience) {
            (Some(signal), _) => Cut::Signal(signal),
            (None, Patience::Until(deadline)) if deadline <= Instant::now() => Cut::Timeout,
            _ => return Ok(()),
        };
        Err(Error::stopped(tried.to_string(), cut))
    }

    /// The caller has been told of a broken pipe by EPIPE: the SIGPIPE that came with it is not to end the process. One that is
    /// trapped stays noted.
    pub fn forget_broken_pipe(&self) {
        if self.interrupting & signal::bit(libc::SIGPIPE) == 0 {
            signal::take(libc::SIGPIPE);
        }
    }

    /// One attempt without blocking, whatever the patience; `None`: nothing there, or no room.
    pub fn attempt<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T, Error>) -> Option<Result<T, Error>> {
        let patience = std::mem::replace(&mut self.patience, Patience::None);
        let result = call(self);
        self.patience = patience;
        match result {
            Err(Error { why: Why::WouldBlock(_), .. }) => None,
            result => Some(result),
        }
    }

    /// Sleep for `time`.
    ///
    /// # Errors
    /// How the wait has ended.
    pub fn pause(&mut self, tried: &dyn fmt::Display, time: Duration) -> Result<(), Error> {
        self.first(tried, &[], Some(time)).map(drop)
    }

    /// Wait until one of the descriptors can be read, at most for `time`; which one, or `None`: the time is up.
    ///
    /// # Errors
    /// How the wait has ended.
    pub fn first(
        &mut self,
        tried: &dyn fmt::Display,
        fds: &[BorrowedFd<'_>],
        time: Option<Duration>,
    ) -> Result<Option<usize>, Error> {
        let end = time.and_then(|time| Instant::now().checked_add(time));
        let (end, is_last) = match self.patience {
            Patience::Until(deadline) if end.is_none_or(|end| deadline < end) => (Some(deadline), true),
            _ => (end, false),
        };
        let mut interests: Vec<_> = fds.iter().map(|fd| poll::interest(fd.as_raw_fd(), libc::POLLIN)).collect();
        match self.guard().and_then(|guard| guard.wait(&mut interests, end)) {
            Ok(()) => Ok(interests.iter().position(|interest| interest.revents != 0)),
            Err(Cut::Timeout) if !is_last => Ok(None),
            Err(cut) => Err(Error::stopped(tried.to_string(), cut)),
        }
    }

    /// An operation that can be tried without blocking: `call(false)` tries (EAGAIN, ENOMSG: not now), `call(true)` blocks.
    ///
    /// # Errors
    /// As the operation, or how the wait has ended.
    pub fn run<T>(
        &mut self,
        tried: &dyn fmt::Display,
        mut call: impl FnMut(bool) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        if self.guard.is_none() || !self.may_block() {
            match call(false) {
                Err(errno @ (Errno::EAGAIN | Errno::ENOMSG)) if !self.may_block() => {
                    return Err(Error { tried: tried.to_string(), why: Why::WouldBlock(errno) });
                }
                Err(Errno::EAGAIN | Errno::ENOMSG | Errno::EINTR) => {}
                result => return result.map_err(|errno| Error::refused(tried.to_string(), errno)),
            }
        }
        self.block(tried, || call(true))
    }

    /// An operation that sleeps until it is done. EINTR is handled here.
    ///
    /// # Errors
    /// As the operation, or how the wait has ended.
    pub fn block<T>(&mut self, tried: &dyn fmt::Display, call: impl FnMut() -> Result<T, Errno>) -> Result<T, Error> {
        self.guard().and_then(|guard| guard.call(call)).map_err(|stopped| Error::stopped(tried.to_string(), stopped))
    }

    /// The other side answers at once: wait for it even without patience.
    ///
    /// # Errors
    /// It does not; the deadline has passed; a signal.
    pub fn soon(&mut self, tried: &dyn fmt::Display, fd: BorrowedFd<'_>, events: i16) -> Result<(), Error> {
        let mut deadline = Instant::now().checked_add(AT_ONCE);
        if let Patience::Until(end) = self.patience {
            deadline = Some(deadline.map_or(end, |limit| limit.min(end)));
        }
        let ready = self.guard().and_then(|guard| guard.wait_for(fd.as_raw_fd(), events, deadline));
        ready.map_err(|cut| Error::stopped(tried.to_string(), cut))
    }

    /// Wait until the descriptor has one of the `events` of poll(2) (errors and hang-ups count); with no patience it has one now or the
    /// answer is "would block".
    ///
    /// # Errors
    /// How the wait has ended.
    pub fn ready(&mut self, tried: &dyn fmt::Display, fd: impl AsRawFd, events: i16) -> Result<(), Error> {
        let mut interests = [poll::interest(fd.as_raw_fd(), events)];
        if !self.may_block() {
            return match poll::wait(&mut interests, Some(Duration::ZERO), None) {
                Ok(0) | Err(Errno::EINTR) => {
                    Err(Error { tried: tried.to_string(), why: Why::WouldBlock(Errno::EAGAIN) })
                }
                result => result.map(drop).map_err(|errno| Error::refused(tried.to_string(), errno)),
            };
        }
        let deadline = if let Patience::Until(deadline) = self.patience { Some(deadline) } else { None };
        let ready = self.guard().and_then(|guard| guard.wait_for(fd.as_raw_fd(), events, deadline));
        ready.map_err(|cut| Error::stopped(tried.to_string(), cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patience_decides_what_happens_when_it_would_block() {
        let (read, write) = crate::sys::fd::pipe().unwrap_or_else(|errno| unreachable!("{errno}"));
        let read = std::os::fd::AsFd::as_fd(&read);
        let mut wait = Wait::new(Patience::None, 0);
        assert_eq!(wait.ready(&"p", read, libc::POLLIN).map_err(|error| error.status()), Err(3));
        let mut wait = Wait::new(Patience::within(Duration::from_millis(30)), 0);
        let before = Instant::now();
        assert_eq!(wait.ready(&"p", read, libc::POLLIN).map_err(|error| error.status()), Err(124));
        assert!(before.elapsed() >= Duration::from_millis(29));
        drop(wait);
        assert_eq!(crate::sys::fd::write_all(write.as_raw_fd(), b"x"), Ok(()));
        let mut wait = Wait::new(Patience::Forever, 0);
        assert_eq!(wait.ready(&"p", read, libc::POLLIN), Ok(()));
    }
}
