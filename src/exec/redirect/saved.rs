//! What descriptors were before they were redirected: private copies, put back by dup2.

use crate::shell::io::Target;
use crate::shell::{Shell, Stdio};
use crate::status::Error;
use crate::sys::fd;
use crate::sys::private::Private;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, RawFd};

/// What was changed, to be put back.
#[derive(Debug)]
#[must_use]
pub struct Saved {
    /// Each descriptor with a private copy of what it was; `None`: it was closed. In the order of their first change.
    descriptors: Vec<(RawFd, Option<Private>)>,
    input: RawFd,
    output: Target,
    error: Target,
}

impl Saved {
    /// Nothing yet but where the standard descriptors really are.
    pub(super) fn new(io: &Stdio) -> Self {
        Self { descriptors: Vec::new(), input: io.input, output: io.output, error: io.error }
    }

    /// Keep what a descriptor is, before it is changed. What it was before its first change counts.
    ///
    /// # Errors
    /// EMFILE: there are no descriptors left.
    pub(super) fn save(&mut self, number: RawFd) -> Result<(), Errno> {
        if self.has(number) {
            return Ok(());
        }
        let old = match Private::copy_of(number) {
            Err(Errno::EBADF) => None,
            copy => Some(copy?),
        };
        self.descriptors.push((number, old));
        Ok(())
    }

    /// This descriptor was free until it was opened.
    pub(super) fn was_closed(&mut self, number: RawFd) {
        if !self.has(number) {
            self.descriptors.push((number, None));
        }
    }

    fn has(&self, number: RawFd) -> bool {
        self.descriptors.iter().any(|&(changed, _)| changed == number)
    }

    /// Put everything back.
    pub fn restore(self, shell: &mut Shell) {
        shell.io.forget_input();
        for (number, old) in self.descriptors.into_iter().rev() {
            let Some(old) = old else {
                // It was opened in between; or the command has closed it already.
                let _ = fd::close(number);
                continue;
            };
            // After `ulimit -n` the number can be out of range. Nobody shall go on with the wrong file then.
            if let Err(errno) = fd::dup2(old.as_raw_fd(), number) {
                let _ = fd::close(number);
                shell.report(&Error::system(format!("cannot put back descriptor {number}"), errno));
            }
        }
        shell.io.input = self.input;
        shell.io.error = self.error;
        shell.io.output = self.output;
        shell.io.materialise();
    }

    /// Keep everything as it is now: the redirections of `exec`.
    pub fn keep(self) {}
}

/// Make descriptors (from, to) the shell's own: the pipe that the last stage of a pipeline reads, a connection.
///
/// # Errors
/// There are no descriptors left; nothing has changed then.
pub fn replace(shell: &mut Shell, moves: &[(RawFd, RawFd)]) -> Result<Saved, Error> {
    shell.io.forget_input();
    let mut saved = Saved::new(&shell.io);
    for &(from, to) in moves {
        if let Err(errno) = saved.save(to).and_then(|()| fd::dup2(from, to)) {
            saved.restore(shell);
            return Err(Error::system(format!("cannot replace descriptor {to}"), errno));
        }
        shell.io.have_real(to);
    }
    Ok(saved)
}
