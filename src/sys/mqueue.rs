//! POSIX message queues (`<mqueue.h>`, mq_overview(7)): named queues of a bounded number of messages of a bounded size, highest
//! priority first. On Linux a queue is a descriptor, and a file where the mqueue file system is mounted.
//!
//! System calls: mq_open, mq_timedsend, mq_timedreceive, mq_getsetattr, mq_notify, mq_unlink.

use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// What a queue can hold and holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The most messages.
    pub max_messages: i64,
    /// The longest message.
    pub message_size: i64,
    /// Messages in the queue.
    pub messages: i64,
}

/// mq_open(3) of a queue that exists.
///
/// # Errors
/// ENOENT, EACCES, EINVAL (no such name possible), EMFILE.
pub fn open(name: &CStr, flags: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: `name` ends with a NUL; without O_CREAT there are no further arguments.
    owned(Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags | libc::O_CLOEXEC) })?)
}

/// mq_open(3) with O_CREAT. The mode is exact, as it is with msgget(2): the user's mask is for files.
///
/// # Errors
/// EEXIST with O_EXCL; EINVAL: attributes beyond the limits; EACCES; ENOSPC, EMFILE: too many queues.
pub fn create(name: &CStr, flags: i32, mode: u32, attributes: Attributes) -> Result<OwnedFd, Errno> {
    let mut wanted = empty();
    wanted.mq_maxmsg = attributes.max_messages;
    wanted.mq_msgsize = attributes.message_size;
    let flags = flags | libc::O_CREAT | libc::O_CLOEXEC;
    let mask = umask(Mode::empty());
    // SAFETY: `name` ends with a NUL; `wanted` is initialised.
    let made = Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags, mode as libc::mode_t, &raw const wanted) });
    umask(mask);
    owned(made?)
}

fn owned(queue: libc::mqd_t) -> Result<OwnedFd, Errno> {
    // SAFETY: on Linux a queue's handle is a descriptor; it is new and nobody else's.
    let owned = unsafe { OwnedFd::from_raw_fd(queue) };
    // Most are closed before any other command is executed, so the number does not matter; but 0, 1 and 2 have a meaning.
    if queue > 2 { Ok(owned) } else { crate::sys::fd::make_private(owned) }
}

fn empty() -> libc::mq_attr {
    // SAFETY: all zeros is a valid mq_attr.
    unsafe { std::mem::zeroed() }
}

/// mq_getattr(3).
pub fn attributes(queue: BorrowedFd<'_>) -> Result<Attributes, Errno> {
    let mut attributes = MaybeUninit::<libc::mq_attr>::zeroed();
    // SAFETY: the call writes one mq_attr.
    Errno::result(unsafe { libc::mq_getattr(queue.as_raw_fd(), attributes.as_mut_ptr()) })?;
    // SAFETY: all zeros is a valid mq_attr, and the call has filled it in.
    let attributes = unsafe { attributes.assume_init() };
    Ok(Attributes {
        max_messages: attributes.mq_maxmsg,
        message_size: attributes.mq_msgsize,
        messages: attributes.mq_curmsgs,
    })
}

/// A time-out that has passed long ago: the call does not block. A queue that is not ready then is ETIMEDOUT.
static PAST: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 0 };

/// mq_send(3), or with `block` off an attempt.
///
/// # Errors
/// EINTR; EAGAIN: full; EMSGSIZE: too long; EINVAL: the priority is too high; EBADF: not open for sending.
pub fn send(queue: BorrowedFd<'_>, message: &[u8], priority: u32, block: bool) -> Result<(), Errno> {
    let timeout = if block { std::ptr::null() } else { &raw const PAST };
    // SAFETY: pointer and length describe `message`; the time-out is null (for ever) or initialised.
    let result = Errno::result(unsafe {
        libc::mq_timedsend(queue.as_raw_fd(), message.as_ptr().cast(), message.len(), priority, timeout)
    });
    result.map(drop).map_err(would_block)
}

/// mq_receive(3), or with `block` off an attempt; the priority. `size` is at least the queue's message size.
///
/// # Errors
/// EINTR; EAGAIN: empty; EMSGSIZE: `size` is too small; EBADF: not open for receiving.
pub fn receive(queue: BorrowedFd<'_>, message: &mut Vec<u8>, size: usize, block: bool) -> Result<u32, Errno> {
    message.clear();
    message.reserve(size);
    let timeout = if block { std::ptr::null() } else { &raw const PAST };
    let mut priority = 0;
    // SAFETY: there is room for `size` bytes and for the priority; the time-out is null (for ever) or initialised.
    let got = Errno::result(unsafe {
        libc::mq_timedreceive(queue.as_raw_fd(), message.as_mut_ptr().cast(), size, &raw mut priority, timeout)
    });
    let got = got.map_err(would_block)?;
    // SAFETY: the kernel has written `got` bytes.
    unsafe { message.set_len(got as usize) };
    Ok(priority)
}

/// What a passed time-out means to a caller who has not set one.
fn would_block(errno: Errno) -> Errno {
    if errno == Errno::ETIMEDOUT { Errno::EAGAIN } else { errno }
}

/// mq_unlink(3): the name is gone; the queue goes when the last process has closed it.
///
/// # Errors
/// ENOENT, EACCES.
pub fn unlink(name: &CStr) -> Result<(), Errno> {
    // SAFETY: `name` ends with a NUL.
    Errno::result(unsafe { libc::mq_unlink(name.as_ptr()) }).map(drop)
}

/// mq_notify(3): send `signal` to this process, once, when a message comes to the empty queue.
///
/// # Errors
/// EBUSY: another process has registered.
pub fn notify(queue: BorrowedFd<'_>, signal: i32) -> Result<(), Errno> {
    // SAFETY: all zeros is a valid sigevent.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = signal;
    // SAFETY: `event` is initialised.
    Errno::result(unsafe { libc::mq_notify(queue.as_raw_fd(), &raw const event) }).map(drop)
}
