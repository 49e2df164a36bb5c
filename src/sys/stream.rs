//! Byte streams: read once, look into a pipe without taking (tee), take turns (flock).
//!
//! System calls: read, tee, flock, fstat, stat, open of /proc/self/fd/N.

use crate::sys::transfer;
use nix::errno::Errno;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// read(2), once, at most `size` bytes behind what is in `buffer`; 0 at the end. EINTR and EAGAIN are returned.
pub fn read_into(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>, size: usize) -> Result<usize, Errno> {
    buffer.reserve(size);
    let spare = buffer.spare_capacity_mut();
    // SAFETY: there is room for `size` bytes behind the contents.
    let got = Errno::result(unsafe { libc::read(fd.as_raw_fd(), spare.as_mut_ptr().cast(), size) })? as usize;
    let length = buffer.len() + got;
    // SAFETY: the kernel has written `got` bytes there.
    unsafe { buffer.set_len(length) };
    Ok(got)
}

/// tee(2): copy what is in the pipe `from` into the pipe `to`, without taking it; 0 when there are no writers any more.
///
/// # Errors
/// EINTR; EAGAIN: nothing there (non-blocking); EINVAL: one of them is no pipe.
pub fn tee(from: RawFd, to: RawFd, most: usize) -> Result<usize, Errno> {
    // SAFETY: tee touches no memory.
    Errno::result(unsafe { libc::tee(from, to, most, 0) }).map(|copied| copied as usize)
}

/// flock(2): lock for this description alone. EAGAIN: another one has it (`block` off).
pub fn lock(fd: BorrowedFd<'_>, block: bool) -> Result<(), Errno> {
    let flags = libc::LOCK_EX | if block { 0 } else { libc::LOCK_NB };
    // SAFETY: flock touches no memory.
    Errno::result(unsafe { libc::flock(fd.as_raw_fd(), flags) }).map(drop)
}

/// Give the lock back.
pub fn unlock(fd: BorrowedFd<'_>) {
    // SAFETY: flock touches no memory.
    unsafe { libc::flock(fd.as_raw_fd(), libc::LOCK_UN) };
}

/// Whether the descriptor is a pipe or an open named pipe.
pub fn is_pipe(fd: RawFd) -> bool {
    transfer::file_type(fd) == libc::S_IFIFO
}

/// Whether the file is a named pipe.
pub fn is_fifo(path: &CStr) -> Result<bool, Errno> {
    Ok(nix::sys::stat::stat(path)?.st_mode & libc::S_IFMT == libc::S_IFIFO)
}

/// Open what a descriptor is open on once more, for reading: a description that is not shared with anybody.
///
/// # Errors
/// ENOENT: no /proc; EACCES: the pipe is another user's.
pub fn reopen(fd: RawFd) -> Result<OwnedFd, Errno> {
    let path = CString::new(format!("/proc/self/fd/{fd}")).map_err(|_| Errno::ENOENT)?;
    // The other side may be gone while there still is something to read: opening must not wait for it.
    let own = crate::sys::fd::open(&path, libc::O_RDONLY | libc::O_NONBLOCK, 0)?;
    // SAFETY: fcntl with an integer argument touches no memory.
    Errno::result(unsafe { libc::fcntl(own.as_raw_fd(), libc::F_SETFL, 0) })?;
    Ok(own)
}

/// How many bytes a pipe has room for (F_GETPIPE_SZ), and how many are in it.
///
/// # Errors
/// EBADF: it is no pipe, or is not open for data (O_PATH).
pub fn pipe_state(fd: BorrowedFd<'_>) -> Result<(i32, i32), Errno> {
    // SAFETY: fcntl without a pointer touches no memory.
    let capacity = Errno::result(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETPIPE_SZ) })?;
    Ok((capacity, waiting(fd)?))
}

/// How many bytes can be read at once (FIONREAD).
///
/// # Errors
/// EINVAL: a socket that listens; ENOTTY.
pub fn waiting(fd: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut waiting = 0;
    // SAFETY: FIONREAD writes one int.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &raw mut waiting) })?;
    Ok(waiting)
}
