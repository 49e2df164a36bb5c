//! The lecture's program: `printf 'hello\npipe\n' | tr a-z A-Z`, by pipe, fork, dup2, close and exec.
//! Run it with `cargo run --example pipe`.

use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, dup2_stdin, dup2_stdout, execvp, fork, pipe};
use std::ffi::CString;

/// Become a program; only a failure returns.
fn become_program(words: &[&str]) -> Errno {
    let words: Vec<CString> = words.iter().filter_map(|word| CString::new(*word).ok()).collect();
    match execvp(&words[0], &words) {
        Ok(never) => match never {},
        Err(errno) => errno,
    }
}

fn main() -> nix::Result<()> {
    let (read, write) = pipe()?;

    // SAFETY: the program has one thread.
    let writer = match unsafe { fork()? } {
        ForkResult::Child => {
            dup2_stdout(&write)?; // what it prints goes into the pipe
            drop((read, write)); // descriptor 1 is a copy, so the originals go
            return Err(become_program(&["printf", "hello\\npipe\\n"]));
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: as above.
    let reader = match unsafe { fork()? } {
        ForkResult::Child => {
            dup2_stdin(&read)?; // what it reads comes out of the pipe
            drop((read, write)); // else it would wait for its own write end to close
            return Err(become_program(&["tr", "a-z", "A-Z"]));
        }
        ForkResult::Parent { child } => child,
    };
    drop((read, write)); // else the reader would never see the end of the file
    waitpid(writer, None)?;
    waitpid(reader, None)?;
    Ok(())
}
