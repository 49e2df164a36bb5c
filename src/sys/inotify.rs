//! inotify(7): a descriptor that becomes readable when something appears in a directory.

use nix::errno::Errno;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Watch a directory for names that appear in it.
///
/// # Errors
/// ENOENT, EACCES; EMFILE: too many.
pub fn appearances(directory: &CStr) -> Result<OwnedFd, Errno> {
    // SAFETY: inotify_init1 touches no memory.
    let fd = Errno::result(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) })?;
    // SAFETY: the descriptor is new and nobody else's.
    let fd = crate::sys::fd::make_private(unsafe { OwnedFd::from_raw_fd(fd) })?;
    let events = libc::IN_CREATE | libc::IN_MOVED_TO;
    // SAFETY: the path ends with a NUL.
    Errno::result(unsafe { libc::inotify_add_watch(fd.as_raw_fd(), directory.as_ptr(), events) })?;
    Ok(fd)
}
