//! Processes by descriptor: a process id may have been given to another process by the time that it is used; a pidfd (pidfd_open(2))
//! stands for one process for ever, and becomes readable when that has ended. And signals with a value (sigqueue(3)).

use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// pidfd_open(2). The descriptor is close-on-exec.
///
/// # Errors
/// ESRCH: no such process; ENOSYS: before Linux 5.3.
pub fn open(pid: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: pidfd_open touches no memory.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the descriptor is new and nobody else's.
    crate::sys::fd::make_private(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// A copy of a descriptor of another process (pidfd_getfd(2)).
///
/// # Errors
/// EPERM: it may not be looked at; EBADF; ESRCH; ENOSYS: before Linux 5.6.
pub fn copy(process: BorrowedFd<'_>, number: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: pidfd_getfd touches no memory.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), number, 0) })?;
    // SAFETY: the descriptor is new and nobody else's.
    crate::sys::fd::make_private(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// pidfd_send_signal(2), with a value if there is one.
///
/// # Errors
/// ESRCH: the process has ended and been waited for; EPERM; EAGAIN: too many are queued.
pub fn send(process: BorrowedFd<'_>, signal: i32, value: Option<i32>) -> Result<(), Errno> {
    let info = value.map(|value| Info::queued(signal, value));
    let info = info.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `info` is null or as long as a siginfo_t and initialised.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, info, 0) };
    Errno::result(result).map(drop)
}

/// sigqueue(3).
///
/// # Errors
/// ESRCH, EPERM; EAGAIN: too many are queued.
pub fn queue(pid: i32, signal: i32, value: i32) -> Result<(), Errno> {
    let info = Info::queued(signal, value);
    // SAFETY: `info` is as long as a siginfo_t and initialised.
    let result = unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, pid, signal, &raw const info) };
    Errno::result(result).map(drop)
}

/// A siginfo_t as the kernel reads it for SI_QUEUE: 128 bytes, whose fields behind the third begin at the alignment of a pointer.
#[repr(C)]
struct Info {
    signal: i32,
    errno: i32,
    code: i32,
    padding: i32,
    pid: i32,
    uid: u32,
    value: i64,
    rest: [u8; 96],
}

impl Info {
    fn queued(signal: i32, value: i32) -> Self {
        // The value is a union of an int and a pointer: the int is its first four bytes.
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&value.to_ne_bytes());
        Self {
            signal,
            errno: 0,
            code: libc::SI_QUEUE,
            padding: 0,
            pid: nix::unistd::getpid().as_raw(),
            uid: nix::unistd::getuid().as_raw(),
            value: i64::from_ne_bytes(bytes),
            rest: [0; 96],
        }
    }
}

/// When the machine was started, in seconds since 1970, by the clock that counts process start times.
pub fn boot_time() -> f64 {
    use nix::time::{ClockId, clock_gettime};
    let now = |clock| clock_gettime(clock).map_or(0.0, |time| time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9);
    now(ClockId::CLOCK_REALTIME) - now(ClockId::CLOCK_BOOTTIME)
}

/// The unit of process start times (sysconf(3), _SC_CLK_TCK).
pub fn ticks_per_second() -> f64 {
    // SAFETY: sysconf touches no memory.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    if ticks > 0 { ticks as f64 } else { 100.0 }
}
