//! Redirections for a program: planned in the shell, carried out with dup2 (and close) in the child before exec.
//!
//! The shell opens the files, so that it can report what fails; it does not change its own descriptors, so that nothing has to be put
//! back. An error that is found here goes where the program's standard error would have been.

use super::{RedirectFailure, Source, check_copy, check_open, make_way, open_private, subject};
use crate::shell::io::Target;
use crate::shell::{Shell, Stdio};
use crate::status::{Error, ExitStatus};
use crate::syntax::ast::Redirect;
use crate::sys::fd;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Redirections for a program: dup2 calls for the child, and the opened files that they copy.
#[derive(Debug, Default)]
pub struct Plan {
    /// (from, to) in order; `from` -1 closes `to`.
    pub descriptors: Vec<(RawFd, RawFd)>,
    files: Vec<OwnedFd>,
    /// The pipe from the program to the shell's memory, and what that is for the shell itself.
    capture: Option<(RawFd, Target)>,
}

impl Plan {
    /// Begin with where the shell's standard descriptors really are (see [`Stdio`]).
    pub fn new(io: &Stdio) -> Self {
        let mut plan = Self::default();
        if io.input != 0 {
            plan.descriptors.push((io.input, 0));
        }
        for (target, number) in [(io.output, 1), (io.error, 2)] {
            match target {
                Target::Fd(fd) if fd != number => plan.descriptors.push((fd, number)),
                Target::Closed => plan.descriptors.push((-1, number)),
                Target::Fd(_) | Target::Capture(_) => {}
            }
        }
        plan
    }

    /// Keep a descriptor of the shell's open for the child and make it `to` there.
    pub fn add(&mut self, file: OwnedFd, to: RawFd) {
        self.descriptors.push((file.as_raw_fd(), to));
        self.files.push(file);
    }

    /// Make the pipe `writer` the program's standard output, which is memory of the shell.
    pub fn add_capture(&mut self, writer: OwnedFd, memory: Target) {
        self.capture = Some((writer.as_raw_fd(), memory));
        self.add(writer, 1);
    }

    /// For a child that does not exec: close the opened files behind their copies, and `other`.
    pub fn close_copies(&mut self, other: Option<&OwnedFd>) {
        let copies = self.files.iter().chain(other).map(|file| (-1, file.as_raw_fd()));
        self.descriptors.extend(copies);
    }

    /// Expand and open redirections, and report an error.
    pub fn open(&mut self, shell: &mut Shell, redirects: &[Redirect]) -> Result<(), RedirectFailure> {
        self.try_open(shell, redirects).map_err(|failure| match failure {
            RedirectFailure::Redirection(error) => RedirectFailure::Reported(self.report(shell, &error)),
            failure => failure,
        })
    }

    /// The same, where somebody else does it again and reports.
    pub fn try_open(&mut self, shell: &mut Shell, redirects: &[Redirect]) -> Result<(), RedirectFailure> {
        redirects.iter().try_for_each(|redirect| self.open_one(shell, redirect))
    }

    fn open_one(&mut self, shell: &mut Shell, redirect: &Redirect) -> Result<(), RedirectFailure> {
        let number = subject(redirect);
        if fd::is_private(number) {
            make_way(number)?;
        }
        match open_private(shell, redirect)? {
            Source::File(file) => {
                self.close_replaced(number);
                self.add(file, number);
            }
            Source::Copy(from) => {
                self.check_copy(from)?;
                self.descriptors.push((from, number));
            }
            Source::Close => self.descriptors.push((-1, number)),
        }
        Ok(())
    }

    /// A file was opened for a number: one that was opened for the same before is not needed, unless it was copied meanwhile.
    fn close_replaced(&mut self, number: RawFd) {
        let Some(at) = self.descriptors.iter().rposition(|&(_, to)| to == number) else { return };
        let (from, _) = self.descriptors[at];
        let copied = self.descriptors[at + 1..].iter().any(|&(source, _)| source == number);
        let captured = self.capture.is_some_and(|(writer, _)| writer == from);
        let file = self.files.iter().position(|file| file.as_raw_fd() == from);
        if let Some(file) = file.filter(|_| !copied && !captured) {
            self.descriptors.remove(at);
            self.files.remove(file);
        }
    }

    /// Report an error where the program's standard error would have gone.
    pub fn report(&self, shell: &mut Shell, error: &Error) -> ExitStatus {
        let old = shell.io.error;
        match (self.real(2), self.capture) {
            (2, _) => {}
            (-1, _) => shell.io.error = Target::Closed,
            (fd, Some((writer, memory))) if fd == writer => shell.io.error = memory,
            (fd, _) => shell.io.error = Target::Fd(fd),
        }
        shell.report(error);
        shell.io.error = old;
        error.status
    }

    /// The shell's descriptor that the program would have as `fd`; -1: none.
    fn real(&self, fd: RawFd) -> RawFd {
        self.descriptors.iter().rev().fold(fd, |fd, &(from, to)| if to == fd { from } else { fd })
    }

    /// Check what the user's descriptor will be after the calls so far.
    fn check_copy(&self, from: RawFd) -> Result<(), Error> {
        let real = self.real(from);
        if real == from { check_copy(from) } else { check_open(real, from) }
    }
}
