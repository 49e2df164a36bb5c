//! fork(2), for children that go on as a shell. Programs are started by [`crate::sys::spawn`].

use crate::sys::interrupt;
use crate::sys::signal::{self, Mask};
use nix::errno::Errno;
use nix::unistd::Pid;

/// Which side of fork one is on.
pub enum Fork {
    /// The new process, with all signals blocked, and the mask to set once they do here what they should: until then it has
    /// its parent's handlers, and a signal for it would be taken for one of its parent's. It ends with [`exit`].
    Child(Mask),
    /// The old process, with the id of the new one.
    Parent(Pid),
}

/// Make a copy of this process.
///
/// # Errors
/// EAGAIN: no more processes; ENOMEM.
pub fn fork() -> Result<Fork, Errno> {
    let mask = signal::block_all();
    // SAFETY: the process has one thread, so the child may use everything that the parent could.
    let result = Errno::result(unsafe { libc::fork() });
    if result != Ok(0) {
        if let Ok(pid) = result {
            signal::pass_on_waiting(pid);
        }
        signal::set_mask(&mask);
    }
    match result? {
        0 => {
            interrupt::forget();
            Ok(Fork::Child(mask))
        }
        pid => Ok(Fork::Parent(Pid::from_raw(pid))),
    }
}

/// End this process at once: no destructors, no flushing of what the parent has buffered.
pub fn exit(status: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(status) }
}
