//! Descriptors: open, dup2, close, write. Private descriptors of the shell are close-on-exec, so that a program sees exactly
//! what the user gave it, and have numbers that the user does not use (see [`make_private`]).

use crate::sys::{heap, stream};
use nix::errno::Errno;
use std::ffi::CStr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

/// The lowest number of a private descriptor: above 9, which a script may use freely, and above those that scripts use
/// although the standard does not promise them.
const PRIVATE: RawFd = 40;

/// The same, and above all numbers that this script uses.
static FIRST: AtomicI32 = AtomicI32::new(PRIVATE);

/// No private descriptor has a lower number: 10, or less under a very small `ulimit -n`.
static LOWEST: AtomicI32 = AtomicI32::new(10);

/// The user's commands name this descriptor: private ones get higher numbers from now on.
pub fn keep_free(number: RawFd) {
    if number >= FIRST.load(Ordering::Relaxed) {
        FIRST.store(number.saturating_add(1), Ordering::Relaxed);
    }
}

/// Whether a number is that of a descriptor of the shell's own.
pub fn is_private(number: RawFd) -> bool {
    number >= LOWEST.load(Ordering::Relaxed) && is_close_on_exec(number)
}

fn check(result: libc::c_int) -> Result<libc::c_int, Errno> {
    Errno::result(result)
}

/// open(2) with O_CLOEXEC, moved to a private number. EINTR is returned to the caller.
pub fn open(path: &CStr, flags: libc::c_int, mode: libc::mode_t) -> Result<OwnedFd, Errno> {
    open_lowest(path, flags, mode).and_then(make_private)
}

/// The same with the lowest free number above 2, which a user could take for his own.
pub fn open_lowest(path: &CStr, flags: libc::c_int, mode: libc::mode_t) -> Result<OwnedFd, Errno> {
    // SAFETY: `path` is a NUL-terminated string.
    let fd = check(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) })?;
    // SAFETY: the descriptor is new and nobody else's.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    if fd > 2 { Ok(file) } else { make_private(file) }
}

/// Whether opening a path would follow one of the links in /proc that stand for open descriptors, as `/dev/stdout` is one and a
/// symbolic link to it leads to one (openat2(2), RESOLVE_NO_MAGICLINKS). Before Linux 5.6 the name decides.
pub fn leads_to_descriptor(path: &CStr) -> bool {
    // SAFETY: all zeros is a valid open_how.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (libc::O_PATH | libc::O_CLOEXEC) as u64;
    how.resolve = libc::RESOLVE_NO_MAGICLINKS;
    let size = size_of::<libc::open_how>();
    // SAFETY: `path` is a NUL-terminated string; `how` is as long as `size` says.
    let fd = unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path.as_ptr(), &raw const how, size) };
    match Errno::result(fd) {
        Ok(fd) => {
            let _ = close(fd as RawFd);
            false
        }
        Err(Errno::ENOSYS | Errno::EPERM) => path.to_bytes().starts_with(b"/dev/"),
        Err(errno) => errno == Errno::ELOOP,
    }
}

/// Move a descriptor to a private number. If there is none left, it stays where it is, but not as 0, 1 or 2.
pub fn make_private(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    use std::os::fd::AsRawFd;
    let number = fd.as_raw_fd();
    if number >= FIRST.load(Ordering::Relaxed) {
        return Ok(fd);
    }
    match dup_private(number) {
        Err(Errno::EMFILE) if number > 2 => {
            LOWEST.fetch_min(number, Ordering::Relaxed);
            Ok(fd)
        }
        private => private,
    }
}

/// A private copy of any descriptor (EBADF if it is not open). Under a small `ulimit -n` its number is from 10 on, or from 3 on.
pub fn dup_private(fd: RawFd) -> Result<OwnedFd, Errno> {
    let mut copy = Err(Errno::EMFILE);
    for lowest in [FIRST.load(Ordering::Relaxed), PRIVATE, 10, 3] {
        // SAFETY: fcntl with an integer argument touches no memory.
        copy = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) });
        // EINVAL: `lowest` is above the limit, which for the user is the same as no descriptor left.
        if !matches!(copy, Err(Errno::EINVAL | Errno::EMFILE)) {
            break;
        }
    }
    let copy = copy.map_err(|errno| if errno == Errno::EINVAL { Errno::EMFILE } else { errno })?;
    LOWEST.fetch_min(copy, Ordering::Relaxed);
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// A copy for the user: the lowest free number from 10 on, open in programs too.
pub fn dup_for_user(fd: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: fcntl with an integer argument touches no memory.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD, 10) })
}

/// dup2(2): `to` becomes a copy of `from` and stays open over exec, also when both are the same number.
pub fn dup2(from: RawFd, to: RawFd) -> Result<(), Errno> {
    if from == to {
        // SAFETY: fcntl with an integer argument touches no memory.
        return check(unsafe { libc::fcntl(to, libc::F_SETFD, 0) }).map(drop);
    }
    loop {
        // SAFETY: dup2 touches no memory.
        match check(unsafe { libc::dup2(from, to) }) {
            Err(Errno::EINTR | Errno::EBUSY) => {}
            result => return result.map(drop),
        }
    }
}

/// From here on the descriptor is the user's, at the number that it has: it stays open, over exec too.
pub fn keep_over_exec(fd: OwnedFd) -> Result<(), Errno> {
    use std::os::fd::{AsRawFd, IntoRawFd};
    let number = fd.as_raw_fd();
    dup2(number, number)?;
    // Nobody closes it but the user.
    let _ = fd.into_raw_fd();
    Ok(())
}

/// close(2) by number, for descriptors that the user named.
pub fn close(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: close touches no memory; the number is the user's.
    check(unsafe { libc::close(fd) }).map(drop)
}

/// Whether the descriptor is open.
pub fn is_open(fd: RawFd) -> bool {
    // SAFETY: fcntl without an argument touches no memory.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Whether the descriptor is open for writing.
pub fn is_writable(fd: RawFd) -> bool {
    // SAFETY: fcntl without an argument touches no memory.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags != -1 && matches!(flags & libc::O_ACCMODE, libc::O_WRONLY | libc::O_RDWR)
}

/// Whether the descriptor is close-on-exec, as all of the shell's own are.
fn is_close_on_exec(fd: RawFd) -> bool {
    // SAFETY: fcntl without an argument touches no memory.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    flags != -1 && flags & libc::FD_CLOEXEC != 0
}

/// An anonymous file with these contents, open at its beginning (memfd_create(2)).
pub fn file_with(contents: &[u8]) -> Result<OwnedFd, Errno> {
    let file = nix::sys::memfd::memfd_create(c"here-document", nix::sys::memfd::MFdFlags::MFD_CLOEXEC)?;
    let file = make_private(file)?;
    write_all(std::os::fd::AsRawFd::as_raw_fd(&file), contents)?;
    nix::unistd::lseek(&file, 0, nix::unistd::Whence::SeekSet)?;
    Ok(file)
}

/// pipe2(2) with O_CLOEXEC, both ends moved to private numbers: read end, write end.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    Ok((make_private(read)?, make_private(write)?))
}

/// The read end of a pipe that holds these bytes, all there will ever be; none if a pipe cannot hold so many.
pub fn pipe_with(bytes: &[u8]) -> Result<Option<OwnedFd>, Errno> {
    use std::os::fd::AsRawFd;
    /// Every pipe holds that much.
    const SMALLEST: usize = 4096;
    let (read, write) = pipe()?;
    // SAFETY: fcntl without an argument touches no memory.
    let capacity = || unsafe { libc::fcntl(write.as_raw_fd(), libc::F_GETPIPE_SZ) };
    if bytes.len() > SMALLEST && usize::try_from(capacity()).is_ok_and(|capacity| bytes.len() > capacity) {
        return Ok(None);
    }
    write_all(write.as_raw_fd(), bytes)?;
    Ok(Some(read))
}

/// Write all of `bytes`; goes on after a signal and after a short write.
pub fn write_all(fd: RawFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and the length describe `bytes`.
        match unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } {
            -1 => match Errno::last() {
                Errno::EINTR => {}
                Errno::EAGAIN => wait_ready(fd, libc::POLLOUT)?,
                errno => return Err(errno),
            },
            written => bytes = &bytes[written as usize..],
        }
    }
    Ok(())
}

/// read(2), once; EINTR is returned to the caller, a non-blocking descriptor is waited for.
pub fn read(fd: RawFd, buffer: &mut [u8]) -> Result<usize, Errno> {
    loop {
        // SAFETY: the pointer and the length describe `buffer`.
        match unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) } {
            -1 if Errno::last() == Errno::EAGAIN => wait_ready(fd, libc::POLLIN)?,
            -1 => return Err(Errno::last()),
            got => return Ok(got as usize),
        }
    }
}

/// read(2), once; EAGAIN and EINTR are returned to the caller.
pub fn try_read(fd: RawFd, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the pointer and the length describe `buffer`.
    let got = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
    Errno::result(got).map(|got| got as usize)
}

/// write(2), once; EAGAIN, EINTR and a short write are returned to the caller.
pub fn try_write(fd: RawFd, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the pointer and the length describe `bytes`.
    let written = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    Errno::result(written).map(|written| written as usize)
}

/// read(2) until `buffer` is full: of our own pipe, which holds as much.
pub fn read_exact(fd: RawFd, buffer: &mut [u8]) -> Result<(), Errno> {
    let mut at = 0;
    while at < buffer.len() {
        match read(fd, &mut buffer[at..]) {
            Err(Errno::EINTR) => {}
            Ok(0) => return Err(Errno::EIO),
            got => at += got?,
        }
    }
    Ok(())
}

/// pread(2): read at an offset, without moving that of the descriptor.
pub fn read_at(fd: RawFd, buffer: &mut [u8], offset: i64) -> Result<usize, Errno> {
    // SAFETY: the pointer and the length describe `buffer`.
    let got = Errno::result(unsafe { libc::pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), offset) })?;
    Ok(got as usize)
}

/// tee(2): copy at most `length` bytes of what is in a pipe into another pipe and leave them where they are; waits until there is
/// something. 0: the end of the input. EINTR is returned to the caller.
pub fn tee(from: RawFd, to: RawFd, length: usize) -> Result<usize, Errno> {
    loop {
        match stream::tee(from, to, length, true) {
            Err(Errno::EAGAIN) => wait_ready(from, libc::POLLIN)?,
            got => return got,
        }
    }
}

/// Read away as many bytes of a pipe as `scratch` has room for: they were seen before, so this does not wait.
pub fn discard(fd: RawFd, scratch: &mut [u8]) {
    let mut at = 0;
    while at < scratch.len() {
        let ready = crate::sys::file::wait_readable(fd, Some(std::time::Duration::ZERO), None);
        if ready == Err(Errno::EINTR) {
            continue;
        }
        // Another reader was faster: then there is nothing to take away.
        if ready != Ok(true) {
            return;
        }
        match read(fd, &mut scratch[at..]) {
            Err(Errno::EINTR) => {}
            Ok(0) | Err(_) => return,
            Ok(got) => at += got,
        }
    }
}

/// The whole contents of a file of about `size` bytes, in as much memory as they need.
///
/// # Errors
/// Those of read(2).
pub fn read_whole(fd: RawFd, size: usize) -> Result<Vec<u8>, Errno> {
    let mut contents = Vec::new();
    // With room for one read more, which says that this is the end. A file may claim to be larger than any memory.
    if heap::try_reserve(&mut contents, size.saturating_add(16 * 1024)) {
        populate(&mut contents.spare_capacity_mut()[..size]);
    }
    read_to_end(fd, &mut contents)?;
    contents.shrink_to_fit();
    Ok(contents)
}

/// Have the pages of a large piece of memory that is about to be written made at once: one by one, each when it is written first, they
/// take two to four times as long. A kernel before 5.14 does just that.
fn populate(memory: &mut [std::mem::MaybeUninit<u8>]) {
    const PAGE: usize = 4096;
    let start = memory.as_ptr().align_offset(PAGE);
    let length = memory.len().saturating_sub(start) & !(PAGE - 1);
    if length > 16 * PAGE {
        // SAFETY: `length` bytes behind `start` are ours; their contents stay.
        unsafe { libc::madvise(memory[start..].as_mut_ptr().cast(), length, libc::MADV_POPULATE_WRITE) };
    }
}

/// Append everything up to the end of the file to `out`, in large reads straight into its spare room; goes on after signals.
pub fn read_to_end(fd: RawFd, out: &mut Vec<u8>) -> Result<(), Errno> {
    let mut chunk = 4096;
    loop {
        if out.capacity() - out.len() < chunk {
            out.reserve(chunk.max(out.capacity() / 2));
        }
        let spare = out.spare_capacity_mut();
        // SAFETY: the pointer and the length describe the spare room.
        match unsafe { libc::read(fd, spare.as_mut_ptr().cast(), spare.len()) } {
            -1 => match Errno::last() {
                Errno::EINTR => {}
                Errno::EAGAIN => wait_ready(fd, libc::POLLIN)?,
                errno => return Err(errno),
            },
            0 => return Ok(()),
            got => {
                let length = out.len() + got as usize;
                // SAFETY: the kernel has initialised `got` bytes of the spare room.
                unsafe { out.set_len(length) };
                if got as usize >= chunk {
                    chunk = (chunk * 4).min(1 << 20);
                }
            }
        }
    }
}

fn wait_ready(fd: RawFd, events: libc::c_short) -> Result<(), Errno> {
    let mut poll = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: `poll` is one initialised pollfd.
    match check(unsafe { libc::poll(&raw mut poll, 1, -1) }) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// lseek(2) from the current offset; the new offset.
pub fn seek(fd: RawFd, by: i64) -> Result<i64, Errno> {
    // SAFETY: lseek touches no memory.
    Errno::result(unsafe { libc::lseek(fd, by, libc::SEEK_CUR) })
}

/// Whether a path is a regular file that this process may execute (with its effective ids).
///
/// # Errors
/// EACCES: it is there and may not be executed, or it is no regular file; else why it cannot be found.
pub fn executable(path: &CStr) -> Result<(), Errno> {
    // A directory that may not be searched is as good as none: whether the file is there is not known.
    let status =
        nix::sys::stat::stat(path).map_err(|errno| if errno == Errno::EACCES { Errno::ENOENT } else { errno })?;
    if status.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Err(Errno::EACCES);
    }
    // SAFETY: `path` is a NUL-terminated string.
    check(unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) }).map(drop)
}

/// Whether this process may access a path with its effective ids (`libc::R_OK`, `W_OK`, `X_OK`).
pub fn accessible(path: &CStr, mode: libc::c_int) -> bool {
    // SAFETY: `path` is a NUL-terminated string.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) == 0 }
}
