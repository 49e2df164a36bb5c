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
/// EINTR; EAGAIN: nothing there (a pipe in non-blocking mode, or `block` off); EINVAL: one of them is no pipe.
pub fn tee(from: RawFd, to: RawFd, most: usize, block: bool) -> Result<usize, Errno> {
    let flags = if block { 0 } else { libc::SPLICE_F_NONBLOCK };
    // SAFETY: tee touches no memory.
    Errno::result(unsafe { libc::tee(from, to, most, flags) }).map(|copied| copied as usize)
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

/// Open what a descriptor is open on once more (`access`: O_RDONLY or O_WRONLY): a description that is not shared with anybody, in
/// non-blocking mode. The other side may be gone while there still is something to read, so opening does not wait for it.
///
/// # Errors
/// ENOENT: no /proc; EACCES: the pipe is another user's; ENXIO: a named pipe without readers.
pub fn reopen(fd: RawFd, access: libc::c_int) -> Result<OwnedFd, Errno> {
    let path = CString::new(format!("/proc/self/fd/{fd}")).map_err(|_| Errno::ENOENT)?;
    crate::sys::fd::open(&path, access | libc::O_NONBLOCK, 0)
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
