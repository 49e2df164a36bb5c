//! What the tests have inherited must not reach the shells that they start: a descriptor 7 that a build system has left open would make
//! `cat <&7` succeed.

use nix::libc;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Let the program inherit 0, 1 and 2 and nothing else that this process has got from elsewhere.
pub fn keep_standard(command: &mut Command) -> &mut Command {
    // SAFETY: the action is one system call, which is all that may be done between fork and exec.
    unsafe { command.pre_exec(mark_the_others) }
}

fn mark_the_others() -> std::io::Result<()> {
    // SAFETY: close_range with CLOSE_RANGE_CLOEXEC only marks descriptors and touches no memory.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    nix::errno::Errno::result(result).map(drop).map_err(Into::into)
}
