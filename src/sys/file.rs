//! Questions about a descriptor by its number: what is it, where in the file is it, has the disk room, can it be read now.
//!
//! System calls: fstat, lseek, fstatfs, ppoll.

use crate::sys::limits::{Resource, UNLIMITED, getrlimit};
use crate::sys::poll;
use crate::sys::signal::{self, Mask};
use nix::errno::Errno;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::time::Duration;

/// Sleep until the descriptor can be read (or its end or an error can be seen); false when `timeout` has passed. See [`poll::wait`].
///
/// # Errors
/// EBADF: a number below 0, which is no descriptor's; EINTR: a signal was handled.
pub fn wait_readable(fd: RawFd, timeout: Option<Duration>, mask: Option<&Mask>) -> Result<bool, Errno> {
    if fd < 0 {
        return Err(Errno::EBADF);
    }
    poll::wait(&mut [poll::interest(fd, libc::POLLIN)], timeout, mask).map(|ready| ready > 0)
}

/// Sleep until the descriptor can be read.
///
/// # Errors
/// EINTR: one of the signals `interrupting` (bits as in `sys::signal`) has been caught, now or before; or another one now. EBADF.
pub fn wait_for_input(fd: RawFd, interrupting: u64) -> Result<(), Errno> {
    let old = signal::block_all();
    let caught = signal::pending() & interrupting != 0;
    let result = if caught { Err(Errno::EINTR) } else { wait_readable(fd, None, Some(&old)) };
    signal::set_mask(&old);
    result.map(drop)
}

/// The type of the file that a descriptor is open on (S_IFREG, S_IFIFO, ...); none if it is not open. A regular file counts only if
/// its offset can be asked.
pub fn kind(fd: RawFd) -> Option<libc::mode_t> {
    let stat = status(fd)?;
    let kind = stat.st_mode & libc::S_IFMT;
    (kind != libc::S_IFREG || offset(fd).is_ok()).then_some(kind)
}

/// fstat(2); none if the descriptor is not open.
pub(super) fn status(fd: RawFd) -> Option<libc::stat> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the pointer is to room for one stat.
    if unsafe { libc::fstat(fd, stat.as_mut_ptr()) } == -1 {
        return None;
    }
    // SAFETY: fstat has succeeded, so it has filled in the structure.
    Some(unsafe { stat.assume_init() })
}

/// Whether the descriptor is open on `/dev/null`.
pub fn is_null(fd: RawFd) -> bool {
    status(fd).is_some_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFCHR && stat.st_rdev == libc::makedev(1, 3))
}

/// What two descriptors have in common that are open on the same file, pipe or socket: device and inode.
pub type Identity = (libc::dev_t, libc::ino_t);

/// What a descriptor is open on; none if it is not open.
pub fn identity(fd: RawFd) -> Option<Identity> {
    status(fd).map(|stat| (stat.st_dev, stat.st_ino))
}

/// Whether two descriptors are open on the same file.
pub fn is_same(a: RawFd, b: RawFd) -> bool {
    identity(a).is_some_and(|a| identity(b) == Some(a))
}

/// Where in the file the next read or write is.
pub fn offset(fd: RawFd) -> Result<i64, Errno> {
    // SAFETY: lseek touches no memory.
    Errno::result(unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) })
}

/// Put the next read or write there, in a file whose [`offset`] could be asked.
pub fn set_offset(fd: RawFd, offset: i64) {
    // SAFETY: lseek touches no memory.
    unsafe { libc::lseek(fd, offset, libc::SEEK_SET) };
}

/// Whether so many bytes can be written to a regular file for sure: the file system has many times as much room (fstatfs), and no
/// limit on the size of files is set.
pub fn has_room(fd: RawFd, bytes: u64) -> bool {
    let mut system = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the pointer is to room for one statfs.
    if unsafe { libc::fstatfs(fd, system.as_mut_ptr()) } == -1 {
        return false;
    }
    // SAFETY: fstatfs has succeeded, so it has filled in the structure.
    let system = unsafe { system.assume_init() };
    let free = u64::try_from(system.f_bsize).unwrap_or(0).saturating_mul(system.f_bavail);
    free / 16 >= bytes && getrlimit(Resource::RLIMIT_FSIZE).is_ok_and(|limits| limits.0 == UNLIMITED)
}
