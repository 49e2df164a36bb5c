//! Questions about a descriptor by its number: is it a terminal, where in the file is it, can it be read now.
//!
//! System calls: isatty (ioctl TCGETS), fstat, lseek, ppoll.

use crate::sys::signal::Mask;
use nix::errno::Errno;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::time::Duration;

/// Whether the descriptor is open on a terminal.
pub fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: isatty touches no memory.
    unsafe { libc::isatty(fd) == 1 }
}

/// Whether the descriptor is open on a regular file whose offset can be moved.
pub fn is_seekable(fd: RawFd) -> bool {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the pointer is to room for one stat.
    if unsafe { libc::fstat(fd, stat.as_mut_ptr()) } == -1 {
        return false;
    }
    // SAFETY: fstat has succeeded, so it has filled in the structure.
    let stat = unsafe { stat.assume_init() };
    stat.st_mode & libc::S_IFMT == libc::S_IFREG && seek_by(fd, 0).is_ok()
}

/// lseek(2) from the current offset.
pub fn seek_by(fd: RawFd, distance: i64) -> Result<(), Errno> {
    // SAFETY: lseek touches no memory.
    Errno::result(unsafe { libc::lseek(fd, distance, libc::SEEK_CUR) }).map(drop)
}

/// ppoll(2): sleep until the descriptor can be read (or its end or an error can be seen); false when `timeout` has passed. With
/// `mask` the signals that it does not block can interrupt the sleep (EINTR), and only the sleep.
pub fn wait_readable(fd: RawFd, timeout: Option<Duration>, mask: Option<&Mask>) -> Result<bool, Errno> {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let timeout = timeout.map(|time| libc::timespec {
        tv_sec: libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: time.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let mask = mask.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `poll` is one initialised pollfd; the other two are null or point to initialised values.
    let ready = Errno::result(unsafe { libc::ppoll(&raw mut poll, 1, timeout, mask) })?;
    Ok(ready > 0)
}
