//! A function of the shell as a procedure: called with arguments from elsewhere, and what it prints is the result.
//!
//! It runs in the shell, so that it can keep state in variables. With a time limit it runs in a process of its own, and what it changes is lost with
//! that: only a process can be ended in the middle of whatever it does. What a procedure writes goes into files that exist in memory only
//! (memfd_create(2)): a pipe would be full after 64 KiB, with nobody to read it.
//!
//! System calls: memfd_create, dup2, fork, poll, kill.

use crate::exec::{compound, handler};
use crate::fields::Fields;
use crate::ipc::wait::{Cut, Guard};
use crate::jobs::wait;
use crate::quote::quote;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Flow};
use crate::sys::unshared::Unshared;
use crate::sys::{fd, signal};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Where the output of procedures is collected.
#[derive(Debug)]
pub struct Desk {
    output: OwnedFd,
    error: Option<OwnedFd>,
    limit: Option<Duration>,
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
        let file = || fd::file_with(b"").map_err(|errno| Error::system("cannot make a file in memory", errno));
        Ok(Self { output: file()?, error: if collects_errors { Some(file()?) } else { None }, limit })
    }

    /// Call a function. `exit` in it ends the function and not the server.
    ///
    /// # Errors
    /// [`Flow::Interrupt`]: SIGINT at a prompt.
    pub fn call(&self, shell: &mut Shell, call: &Call<'_>) -> Result<Answer, Flow> {
        for file in [Some(&self.output), self.error.as_ref()].into_iter().flatten() {
            // Truncating a file in memory and going to its beginning cannot fail.
            let _ = nix::unistd::ftruncate(file, 0);
            let _ = nix::unistd::lseek(file, 0, nix::unistd::Whence::SeekSet);
        }
        let status = match self.limit {
            None => self.in_shell(shell, call)?,
            Some(limit) => self.in_process(shell, call, limit),
        };
        Ok(Answer {
            status,
            output: contents(&self.output),
            error: self.error.as_ref().map(contents).unwrap_or_default(),
        })
    }

    fn in_shell(&self, shell: &mut Shell, call: &Call<'_>) -> Result<ExitStatus, Flow> {
        let mut moves = vec![(self.output.as_raw_fd(), 1)];
        moves.extend(self.error.iter().map(|error| (error.as_raw_fd(), 2)));
        match handler::redirected(shell, &moves, |shell| run(shell, call)).and_then(|outcome| outcome) {
            Ok(status) | Err(Flow::Exit(status) | Flow::Return(status)) => Ok(status),
            Err(flow @ Flow::Interrupt(_)) => Err(flow),
            Err(Flow::Break(_) | Flow::Continue(_) | Flow::Forked) => Ok(ExitStatus::FAILURE),
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
        let error = self.error.as_ref().map(|error| error.as_raw_fd());
        let watch = Guard::for_descriptors();
        let mut _mark = None;
        let prepare = |shell: &mut Shell| {
            _mark = Some(Unshared::mark(&life));
            watch.undo_in_child();
            error.map(|error| fd::dup2(error, 2));
            set_variables(shell, call);
        };
        let pid = match handler::start(shell, (0, self.output.as_raw_fd()), &command, &watch.mask(), prepare, || {}) {
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
        wait::process(&mut shell.jobs, pid).status()
    }
}

/// Everything in a file in memory.
fn contents(file: &OwnedFd) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    let mut length = 0;
    while let Ok(got @ 1..) = fd::read_at(file.as_raw_fd(), &mut bytes[length..], length as i64) {
        length += got;
        // A read that does not fill the room has met the end of the file.
        if length < bytes.len() {
            break;
        }
        bytes.resize(length * 4, 0);
    }
    bytes.truncate(length);
    bytes
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
    let mut fields: Fields = shell.pool.pop().unwrap_or_default();
    fields.push(call.function);
    call.arguments.iter().for_each(|argument| fields.push(argument));
    let mark = shell.vars.locals_mark();
    set_variables(shell, call);
    let outcome = compound::call(shell, &function, fields);
    shell.vars.restore_locals(mark);
    outcome
}
