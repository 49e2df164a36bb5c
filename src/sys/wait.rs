//! waitpid(2): which child has changed, and how. Without it an ended child stays in the process table for ever (a zombie), and
//! nobody learns its exit status.

use nix::errno::Errno;
use nix::unistd::Pid;

/// How a child has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It called exit with this status (0 to 255).
    Exited(i32),
    /// A signal ended it.
    Signaled {
        /// The signal.
        signal: i32,
        /// Whether it left a core file.
        core: bool,
    },
    /// A signal stopped it.
    Stopped(i32),
    /// SIGCONT let it go on.
    Continued,
}

/// What [`any`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// This child has changed.
    Child(Pid, Change),
    /// No child has changed (only when not blocking).
    Nothing,
    /// There is no child at all.
    NoChildren,
}

/// Take in one change of any child. With `block` it waits for one, and goes on after a caught signal; with `stops` children that
/// are stopped or continued count too.
pub fn any(block: bool, stops: bool) -> Event {
    let mut flags = 0;
    if !block {
        flags |= libc::WNOHANG;
    }
    if stops {
        flags |= libc::WUNTRACED | libc::WCONTINUED;
    }
    loop {
        let mut status = 0;
        // SAFETY: `status` is an int that waitpid may write.
        match Errno::result(unsafe { libc::waitpid(-1, &raw mut status, flags) }) {
            Ok(0) => return Event::Nothing,
            Ok(pid) => {
                if let Some(change) = decode(status) {
                    return Event::Child(Pid::from_raw(pid), change);
                }
            }
            Err(Errno::EINTR) => {}
            Err(_) => return Event::NoChildren,
        }
    }
}

/// The kernel's status word in words. nix's own type has no real-time signals, and a child can die of one.
fn decode(status: libc::c_int) -> Option<Change> {
    if libc::WIFEXITED(status) {
        Some(Change::Exited(libc::WEXITSTATUS(status)))
    } else if libc::WIFSIGNALED(status) {
        Some(Change::Signaled { signal: libc::WTERMSIG(status), core: libc::WCOREDUMP(status) })
    } else if libc::WIFSTOPPED(status) {
        Some(Change::Stopped(libc::WSTOPSIG(status)))
    } else if libc::WIFCONTINUED(status) {
        Some(Change::Continued)
    } else {
        None
    }
}

/// Whether a process is stopped at this moment (proc(5), stat), also if its parent has not heard of a change yet. One of which the kernel
/// does not tell counts as stopped: then what is known of it stands.
pub fn is_stopped(pid: Pid) -> bool {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything.
    let state = stat.iter().rposition(|&byte| byte == b')').and_then(|at| stat.get(at + 2));
    matches!(state, None | Some(b'T'))
}
