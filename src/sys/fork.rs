//! fork(2), for children that go on as a shell. Programs are started by [`crate::sys::spawn`].

use crate::sys::signal::{self, Disposition, Mask};
use crate::sys::{interrupt, siginfo, signames, stops, unshared};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between the first process of the shell and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Which side of fork one is on.
pub enum Fork {
    /// The new process, with all signals blocked, and the mask to set once they do here what they should: until then it has
    /// its parent's handlers, and a signal for it would be taken for one of its parent's. It ends with [`exit`].
    Child(Mask),
    /// The old process, with the id of the new one.
    Parent(Pid),
}

/// How many forks lie between the first process of the shell and this one: what has another number was made by an ancestor.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Make a copy of this process.
///
/// # Errors
/// EAGAIN: no more processes; ENOMEM.
pub fn fork() -> Result<Fork, Errno> {
    let mask = signal::block_all();
    let before = signal::waiting();
    // SAFETY: the process has one thread, so the child may use everything that the parent could.
    let result = Errno::result(unsafe { libc::fork() });
    if result != Ok(0) {
        if let Ok(pid) = result {
            signal::pass_on_waiting(pid, before);
        }
        signal::set_mask(&mask);
    }
    match result? {
        0 => {
            GENERATION.fetch_add(1, Ordering::Relaxed);
            stops::enter_process();
            interrupt::forget();
            unshared::close_all();
            // What the parent holds back is not pending here.
            Ok(Fork::Child(siginfo::without_held(mask)))
        }
        pid => Ok(Fork::Parent(Pid::from_raw(pid))),
    }
}

/// End this process at once: no destructors, no flushing of what the parent has buffered.
pub fn exit(status: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(status) }
}

/// Start a process that belongs to nobody: in a session of its own, without a parent that waits for it, with /dev/null for 0, 1 and 2
/// and no others but copies of `keep`, which `run` gets. It executes `run` and ends.
///
/// # Errors
/// EAGAIN: no more processes.
pub fn detached(keep: &[RawFd], name: &CStr, run: impl FnOnce(Vec<OwnedFd>)) -> Result<(), Errno> {
    let null = crate::sys::fd::open(c"/dev/null", libc::O_RDWR, 0)?;
    match fork()? {
        Fork::Parent(child) => {
            // It ends at once; its own child has no parent then.
            let mut status = 0;
            // SAFETY: the pointer is to an integer of this function.
            while unsafe { libc::waitpid(child.as_raw(), &raw mut status, 0) } == -1 && Errno::last() == Errno::EINTR {}
            if status == 0 { Ok(()) } else { Err(Errno::EAGAIN) }
        }
        Fork::Child(mask) => {
            for signal in 1..=signames::LAST {
                if signal::get(signal) == Ok(Disposition::Catch) {
                    let _ = signal::set(signal, Disposition::Default);
                }
            }
            signal::clear();
            // A group of its own before the parent's end: what is meant for the shell's group is not for it.
            let _ = nix::unistd::setsid();
            // Not this module's `fork`, which passes on what comes for the parent meanwhile: a ^C for the shell's group, before there was
            // another session, is not for the one that stays.
            // SAFETY: the process has one thread, so the child may use everything that the parent could.
            match unsafe { libc::fork() } {
                0 => {}
                -1 => exit(1),
                _ => exit(0),
            }
            signal::set_mask(&mask);
            for number in 0..3 {
                let _ = crate::sys::fd::dup2(null.as_raw_fd(), number);
            }
            // All of them have numbers above these.
            for (&from, to) in keep.iter().zip(3..) {
                let _ = crate::sys::fd::dup2(from, to);
            }
            // SAFETY: close_range touches no memory.
            unsafe { libc::syscall(libc::SYS_close_range, 3 + keep.len(), u32::MAX, 0) };
            let _ = nix::unistd::chdir("/");
            // SAFETY: the name ends with a NUL.
            unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
            // SAFETY: the copies are nobody else's.
            run((3..).take(keep.len()).map(|number| unsafe { OwnedFd::from_raw_fd(number) }).collect());
            exit(0)
        }
    }
}
