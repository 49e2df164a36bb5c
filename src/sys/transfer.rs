//! Moving bytes from one descriptor to another inside the kernel: splice(2) where one of them is a pipe, sendfile(2) where the source is
//! a file. A loop of read and write copies every byte into this process and out again.

use crate::sys::file;
use nix::errno::Errno;
use std::os::fd::RawFd;

/// Move up to `most` bytes between a pipe and something else. Neither side is waited for if it is a pipe, or a socket that does not
/// block; 0 is the end of the source.
///
/// # Errors
/// EAGAIN: the source is empty or the target full; EINVAL: this pair cannot be spliced (or the target was opened for appending); EPIPE.
pub fn splice(from: RawFd, to: RawFd, most: usize) -> Result<usize, Errno> {
    let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
    // SAFETY: null offsets: the descriptors' own are used, and no memory is touched.
    let moved = unsafe { libc::splice(from, std::ptr::null_mut(), to, std::ptr::null_mut(), most, flags) };
    Errno::result(moved).map(|moved| moved as usize)
}

/// Send up to `most` bytes of a file from its offset on, which moves; 0 is the end of the file.
///
/// # Errors
/// EAGAIN: the target is full; EINVAL: the source cannot be read this way; EPIPE.
pub fn send_file(from: RawFd, to: RawFd, most: usize) -> Result<usize, Errno> {
    // SAFETY: a null offset: the descriptor's own is used, and no memory is touched.
    let moved = unsafe { libc::sendfile(to, from, std::ptr::null_mut(), most) };
    Errno::result(moved).map(|moved| moved as usize)
}

/// Give a pipe room for `size` bytes (F_SETPIPE_SZ). A refusal (EPERM above the user's limit, EBUSY) leaves it as it is, which is only slower.
pub fn enlarge_pipe(pipe: RawFd, size: libc::c_int) {
    // SAFETY: fcntl with an integer argument touches no memory.
    let _ = unsafe { libc::fcntl(pipe, libc::F_SETPIPE_SZ, size) };
}

/// What kind of file a descriptor is: `S_IFREG`, `S_IFIFO`, `S_IFSOCK`, `S_IFCHR`, ...; 0 if it is not open.
pub fn file_type(fd: RawFd) -> libc::mode_t {
    file::status(fd).map_or(0, |stat| stat.st_mode & libc::S_IFMT)
}
