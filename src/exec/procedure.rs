//! A function of the shell as a procedure: called with arguments from elsewhere, and what it prints is the result.
//!
//! It runs in the shell, so that it can keep state in variables. With a time limit it runs in a process of its own, and what it changes is lost with
//! that: only a process can be ended in the middle of whatever it does. What a procedure writes goes into files that exist in memory only
//! (memfd_create(2)): a pipe would be full after 64 KiB, with nobody to read it.
//!
//! System calls: memfd_create, dup2, fork, poll, kill.

use crate::exec::{compound, handler};
use crate::ipc::wait::{Cut, Guard};
use crate::jobs::wait;
use crate::quote::quote;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Flow};
use crate::sys::private::Private;
use crate::sys::unshared::Unshared;
use crate::sys::{fd, signal};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Where the output of procedures is collected.
#[derive(Debug)]
pub struct Desk {
    output: Sheet,
    error: Option<Sheet>,
    limit: Option<Duration>,
}

/// A standard descriptor that is a file in memory while a procedure runs.
#[derive(Debug)]
struct Sheet {
    number: RawFd,
    /// Whatever is written goes to its end (O_APPEND): emptying it is one call, and no offset has to be put right.
    file: Private,
    /// What the descriptor is otherwise; `None`: closed.
    before: Option<Private>,
}

impl Sheet {
    fn new(number: RawFd) -> Result<Self, Errno> {
        let file = fd::file_with(b"")?;
        nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_APPEND))?;
        Ok(Self { number, file: Private::new(file), before: Private::copy_of(number).ok() })
    }

    fn put(&self) -> Result<(), Errno> {
        fd::dup2(self.file.as_raw_fd(), self.number)
    }

    fn take_away(&self) {
        // The number is in range and the copy is open, so neither can fail.
        let _ = match &self.before {
            Some(before) => fd::dup2(before.as_raw_fd(), self.number),
            None => fd::close(self.number),
        };
    }

    /// What was written, which is gone then.
    fn read(&self) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        let mut length = 0;
        while let Ok(got @ 1..) = fd::read_at(self.file.as_raw_fd(), &mut bytes[length..], length as i64) {
            length += got;
            // A read that does not fill the room has met the end of the file.
            if length < bytes.len() {
                break;
            }
            bytes.resize(length * 4, 0);
        }
        if length > 0 {
            // For a file in memory this cannot fail.
            let _ = nix::unistd::ftruncate(&self.file, 0);
        }
        bytes.truncate(length);
        bytes
    }
}

/// A call: the function, its arguments, and variables that it sees.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The name of the function.
    pub function: &'a [u8],
    /// `$1` and so on.
    pub arguments: &'a [Vec<u8>],
    /// Variables, for the time of the call.
    pub variables: &'a [(&'a str, &'a [u8])],
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status that the function returned.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: Vec<u8>,
    /// Its standard error, if that is collected.
    pub error: Vec<u8>,
}

impl Desk {
    /// With a time limit or none, and with standard error collected or left alone.
    ///
    /// # Errors
    /// There are no descriptors left.
    pub fn new(limit: Option<Duration>, collects_errors: bool) -> Result<Self, Error> {
        let sheet = |number| Sheet::new(number).map_err(|errno| Error::system("cannot make a file in memory", errno));
        let error = if collects_errors { Some(sheet(2)?) } else { None };
        Ok(Self { output: sheet(1)?, error, limit })
    }

    /// Call a function. `exit` in it ends the function and not the server.
    ///
    /// # Errors
    /// [`Flow::Interrupt`]: SIGINT at a prompt.
    pub fn call(&self, shell: &mut Shell, call: &Call<'_>) -> Result<Answer, Flow> {
        let status = match self.limit {
            None => self.in_shell(shell, call)?,
            Some(limit) => self.in_process(shell, call, limit),
        };
        Ok(Answer {
            status,
            output: self.output.read(),
            error: self.error.as_ref().map(Sheet::read).unwrap_or_default(),
        })
    }

    fn sheets(&self) -> impl Iterator<Item = &Sheet> {
        std::iter::once(&self.output).chain(&self.error)
    }

    fn in_shell(&self, shell: &mut Shell, call: &Call<'_>) -> Result<ExitStatus, Flow> {
        // What was gathered belongs to the old descriptors, and what was looked ahead too.
        shell.io.forget_input();
        let put = self.sheets().try_for_each(Sheet::put);
        let outcome = put.map(|()| run(shell, call));
        shell.io.forget_input();
        self.sheets().for_each(Sheet::take_away);
        match outcome {
            Ok(Ok(status) | Err(Flow::Exit(status) | Flow::Return(status))) => Ok(status),
            Ok(Err(flow @ Flow::Interrupt(_))) => Err(flow),
            Ok(Err(Flow::Break(_) | Flow::Continue(_) | Flow::Forked)) => Ok(ExitStatus::FAILURE),
            Err(errno) => {
                shell.report(&Error::system("cannot redirect the output of a procedure", errno));
                Ok(ExitStatus::FAILURE)
            }
        }
    }

    fn in_process(&self, shell: &mut Shell, call: &Call<'_>, limit: Duration) -> ExitStatus {
        let failed = |shell: &mut Shell, errno| {
            shell.report(&Error::system("cannot start a procedure", errno));
            ExitStatus::FAILURE
        };
        // Its end is seen at this pipe: the child's copy of the write end is the last one, for the subshells that it leaves running have none.
        let (end, life) = match fd::pipe() {
            Ok(ends) => ends,
            Err(errno) => return failed(shell, errno),
        };
        let mut command = quote(call.function);
        for argument in call.arguments {
            command.push(b' ');
            command.extend(quote(argument));
        }
        let error = self.error.as_ref().map(|error| error.file.as_raw_fd());
        let watch = Guard::for_descriptors();
        let mut _mark = None;
        let prepare = |shell: &mut Shell| {
            _mark = Some(Unshared::mark(&life));
            watch.undo_in_child();
            error.map(|error| fd::dup2(error, 2));
            set_variables(shell, call);
        };
        let pid =
            match handler::start(shell, (0, self.output.file.as_raw_fd()), &command, &watch.mask(), prepare, || {}) {
                Ok(pid) => pid,
                Err(errno) => return failed(shell, errno),
            };
        drop(life);
        let waited = watch.wait_for(end.as_fd().as_raw_fd(), libc::POLLIN, Instant::now().checked_add(limit));
        if let Err(cut) = waited {
            for target in [-pid.as_raw(), pid.as_raw()] {
                // The group exists once the child has made it.
                let _ = signal::send(target, libc::SIGKILL);
            }
            if cut == Cut::Timeout {
                let name = String::from_utf8_lossy(call.function).into_owned();
                shell.report(&Error::system(format!("rpc: {name}"), Errno::ETIMEDOUT));
            }
        }
        drop(watch);
        wait::process(&mut shell.jobs, pid, 0).status()
    }
}

fn set_variables(shell: &mut Shell, call: &Call<'_>) {
    for (name, value) in call.variables {
        let slot = shell.vars.slot_of(name.as_bytes());
        shell.vars.make_local(slot);
        // A read-only variable keeps its value: the argument is there by position.
        let _ = shell.vars.set(slot, value);
    }
}

fn run(shell: &mut Shell, call: &Call<'_>) -> Result<ExitStatus, Flow> {
    let Some(function) = shell.commands.function(call.function).map(Rc::clone) else {
        return Ok(ExitStatus::NOT_FOUND);
    };
    // (The call gives it back.)
    let mut fields = shell.pool.take();
    Rc::make_mut(&mut fields).extend(std::iter::once(call.function).chain(call.arguments.iter().map(Vec::as_slice)));
    let mark = shell.vars.locals_mark();
    set_variables(shell, call);
    let outcome = compound::call(shell, &function, fields);
    shell.vars.restore_locals(mark);
    outcome
}
