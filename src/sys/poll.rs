//! ppoll(2): sleep until one of several descriptors is ready, a signal is handled, or time is up.

use crate::sys::interrupt::timespec;
use crate::sys::signal::Mask;
use nix::errno::Errno;
use std::os::fd::RawFd;
use std::time::Duration;

/// What is waited for at a descriptor, and what came.
pub type Interest = libc::pollfd;

/// Wait for `events` (POLLIN, POLLOUT) at a descriptor; a negative number is passed over.
pub fn interest(fd: RawFd, events: libc::c_short) -> Interest {
    libc::pollfd { fd, events, revents: 0 }
}

/// ppoll(2): how many descriptors are ready, 0 when `timeout` has passed. The signals that `mask` does not block can interrupt the
/// sleep, and only the sleep.
///
/// # Errors
/// EINTR: a signal was handled.
pub fn wait(interests: &mut [Interest], timeout: Option<Duration>, mask: Option<&Mask>) -> Result<usize, Errno> {
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let mask = mask.map(|mask| crate::sys::siginfo::with_held(*mask));
    let mask = mask.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let count = interests.len() as libc::nfds_t;
    // SAFETY: pointer and count describe `interests`; the other two are null or point to initialised values.
    let ready = Errno::result(unsafe { libc::ppoll(interests.as_mut_ptr(), count, timeout, mask) })?;
    Ok(ready as usize)
}
