//! fork(2), for children that go on as a shell. Programs are started by [`crate::sys::spawn`].

use nix::errno::Errno;
use nix::unistd::Pid;

/// Which side of fork one is on.
#[derive(Clone, Copy, Debug)]
pub enum Fork {
    /// The new process. It must not return into its parent's loops: it ends with [`exit`].
    Child,
    /// The old process, with the id of the new one.
    Parent(Pid),
}

/// Make a copy of this process.
///
/// # Errors
/// EAGAIN: no more processes; ENOMEM.
pub fn fork() -> Result<Fork, Errno> {
    // SAFETY: the process has one thread, so the child may use everything that the parent could.
    match Errno::result(unsafe { libc::fork() })? {
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(Pid::from_raw(pid))),
    }
}

/// End this process at once: no destructors, no flushing of what the parent has buffered.
pub fn exit(status: i32) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(status) }
}
