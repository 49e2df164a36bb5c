//! What a process may use and has used, and its file creation mask.
//!
//! System calls: getrlimit, setrlimit, getrusage, umask. All are inherited by children, which is why the shell has builtins
//! for them: a program could only change its own.

use nix::errno::Errno;
use nix::sys::resource::{UsageWho, getrusage, setrlimit};
use nix::sys::stat::{Mode, umask};
use nix::sys::time::TimeValLike;

pub use nix::sys::resource::{Resource, getrlimit};

/// No limit (RLIM_INFINITY).
pub const UNLIMITED: u64 = libc::RLIM_INFINITY;

/// Set the soft and the hard limit.
///
/// # Errors
/// EPERM: the hard limit would rise; EINVAL: the soft limit is above the hard one.
pub fn set_limits(resource: Resource, soft: u64, hard: u64) -> Result<(), Errno> {
    setrlimit(resource, soft, hard)
}

/// The file creation mask. umask(2) can only be asked by setting it.
pub fn mask() -> u32 {
    let old = umask(Mode::from_bits_truncate(0o077));
    umask(old);
    old.bits()
}

/// Set the file creation mask.
pub fn set_mask(mask: u32) {
    umask(Mode::from_bits_truncate(mask));
}

/// User and system time in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// In the program's own code.
    pub user: i64,
    /// In the kernel.
    pub system: i64,
}

/// The time used by this process, and by its children that were waited for.
pub fn times() -> Result<(Times, Times), Errno> {
    let of = |who| {
        let usage = getrusage(who)?;
        Ok(Times { user: usage.user_time().num_microseconds(), system: usage.system_time().num_microseconds() })
    };
    Ok((of(UsageWho::RUSAGE_SELF)?, of(UsageWho::RUSAGE_CHILDREN)?))
}
