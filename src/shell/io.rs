//! Where builtins read and write: a descriptor, or memory while a command substitution runs inside this process.

use crate::shell::gather::{Advice, Gathered};
use crate::shell::lookahead::Lookahead;
use crate::status::Error;
use crate::sys::eager::Eager;
use crate::sys::private::{self, Private};
use crate::sys::{fd, file, signal};
use nix::errno::Errno;
use std::os::fd::{AsRawFd, RawFd};

/// Where a builtin's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This descriptor.
    Fd(RawFd),
    /// The capture with this number in [`Stdio::captures`].
    Capture(usize),
    /// The descriptor was closed by `n>&-`.
    Closed,
}

/// Where the output of a command substitution goes.
#[derive(Debug)]
pub enum Capture {
    /// Into this memory, while the substitution runs inside this process.
    Memory(Vec<u8>),
    /// Into this pipe, once it has become a process.
    Pipe(Private),
}

/// The number that [`Stdio::input`] has while standard input is a here-document in memory.
pub const MEMORY: RawFd = -2;

/// How many commands may be executed before others see what they have done (well below a millisecond).
const MOST_COMMANDS: u32 = 512;

/// Standard input, output and error of builtins. For most commands 0, 1 and 2; a builtin whose redirections can be applied to
/// it alone sees the opened descriptors here without a dup2.
#[derive(Debug)]
pub struct Stdio {
    /// Standard input; -1 when it is closed.
    pub input: RawFd,
    /// Standard output.
    pub output: Target,
    /// Standard error.
    pub error: Target,
    /// The command substitutions around the current command that run in this process; the last is the innermost.
    pub captures: Vec<Capture>,
    /// Output for descriptor 1 that is not written yet.
    gathered: Gathered,
    /// Whether that is done at all: not while somebody sits at a terminal.
    pub gathers: bool,
    /// The current command's subshell runs inside this process: a signal that its writes raise is to end it alone.
    pub guards: bool,
    /// Input that was read and is not used yet.
    lookahead: Option<Lookahead>,
    /// What is left of a message that was read from this socket.
    rest: Option<(file::Identity, Vec<u8>)>,
    /// Whether it is worth it to look for the answer of a connection before going to sleep; `None`: nobody has asked yet.
    eager: Option<Eager>,
    /// The pipes and sockets that no other process can read.
    own_inputs: Vec<file::Identity>,
    /// Something is not yet as others should see it, and so many commands may still be executed before it must be.
    late: u32,
}

impl Default for Stdio {
    fn default() -> Self {
        Self {
            input: 0,
            output: Target::Fd(1),
            error: Target::Fd(2),
            captures: Vec::new(),
            gathered: Gathered::default(),
            gathers: false,
            guards: false,
            lookahead: None,
            rest: None,
            eager: None,
            own_inputs: Vec::new(),
            late: 0,
        }
    }
}

impl Stdio {
    /// Write to standard output, all of it.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write_to(self.output, bytes).map_err(|errno| Error::system("write error", errno))
    }

    fn write_to(&mut self, target: Target, bytes: &[u8]) -> Result<(), Errno> {
        match target {
            Target::Fd(1) if self.gathers => self.write_output(bytes),
            Target::Fd(fd) => self.write_now(fd, bytes),
            Target::Closed => Err(Errno::EBADF),
            Target::Capture(number) => match self.captures.get_mut(number) {
                Some(Capture::Memory(memory)) => {
                    memory.extend_from_slice(bytes);
                    Ok(())
                }
                Some(Capture::Pipe(pipe)) => fd::write_all(pipe.as_raw_fd(), bytes),
                None => Err(Errno::EBADF),
            },
        }
    }

    #[inline]
    fn write_output(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        let advice = self.gathered.advise(1, bytes.len(), self.guards);
        if advice == Advice::Write && self.late != 0 {
            // It can block, or let others go on who look at the same input.
            self.catch_up();
        }
        if let Some(errno) = self.gathered.failed.take() {
            return Err(errno);
        }
        match advice {
            Advice::Write => self.write_now(1, bytes),
            Advice::Drop => Ok(()),
            Advice::Wait => {
                if self.late == 0 {
                    self.late = MOST_COMMANDS;
                }
                self.gathered.push(1, bytes)
            }
        }
    }

    fn write_now(&self, to: RawFd, bytes: &[u8]) -> Result<(), Errno> {
        if self.guards { signal::hold_off(|| fd::write_all(to, bytes)) } else { fd::write_all(to, bytes) }
    }

    /// What comes next on standard input: at least one byte, or none at its end. See [`Stdio::consume`].
    ///
    /// # Errors
    /// Of the read; EINTR if a signal was caught, also if one of `interrupting` (bits as in `sys::signal`) was caught before.
    pub fn peek(&mut self, interrupting: u64) -> Result<&[u8], Errno> {
        let input = self.input;
        if self.lookahead.as_ref().is_none_or(|lookahead| lookahead.descriptor() != input) {
            self.forget_input();
            let is_own = !self.own_inputs.is_empty()
                && file::identity(input).is_some_and(|identity| self.own_inputs.contains(&identity));
            let mut lookahead = Lookahead::new(input, is_own);
            if let Some((_, rest)) = self.rest.take_if(|(socket, _)| file::identity(input) == Some(*socket)) {
                lookahead = lookahead.behind(rest);
            }
            self.lookahead = Some(lookahead);
        }
        let Some(lookahead) = &mut self.lookahead else { return Ok(&[]) };
        if lookahead.is_used_up() {
            // Reading can block, and it can be the file that was written.
            self.gathered.flush();
        }
        if self.late == 0 {
            self.late = MOST_COMMANDS;
        }
        lookahead.peek(interrupting, &mut self.eager)
    }

    /// Use so many bytes of what [`Stdio::peek`] has shown.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        if let Some(lookahead) = &mut self.lookahead {
            lookahead.consume(count);
        }
    }

    /// This shell has made a pipe or connection, and no other process has its read end.
    pub fn own_input(&mut self, input: RawFd) {
        self.own_inputs.extend(file::identity(input));
    }

    /// A process is about to be started: it can see what this one has done, and read what this one reads.
    pub fn before_process(&mut self) {
        self.settle();
        if !self.own_inputs.is_empty() {
            self.own_inputs.clear();
            self.forget_input();
        }
    }

    /// In a process of its own that never goes back to the commands around it: descriptors 0, 1 and 2 are what their numbers say, no other
    /// copy of a substitution's pipe is left, nor one of what redirections have replaced, for whose last one a reader waits, and SIGPIPE ends it.
    pub fn enter_process(&mut self) {
        self.forget_parent();
        self.guards = false;
        self.captures.clear();
        private::close_replaced();
        self.have_standard();
    }

    /// Descriptors 0, 1 and 2 are what their numbers say.
    pub fn have_standard(&mut self) {
        (0..=2).for_each(|number| self.have_real(number));
    }

    /// This descriptor is what its number says.
    pub fn have_real(&mut self, number: RawFd) {
        match number {
            0 => self.input = 0,
            1 => self.output = Target::Fd(1),
            2 => self.error = Target::Fd(2),
            _ => {}
        }
    }

    /// In a forked child: what was read ahead, and a write that failed, are the parent's.
    pub fn forget_parent(&mut self) {
        self.forget_input();
        self.rest = None;
        self.gathered.failed = None;
    }

    /// Standard input is this text, until [`Stdio::forget_input`].
    pub fn read_from(&mut self, text: Vec<u8>) {
        self.settle();
        self.input = MEMORY;
        self.lookahead = Some(Lookahead::memory(MEMORY, text));
    }

    /// Descriptors are about to change their meaning: nothing that is known about them counts any more.
    pub fn forget_input(&mut self) {
        self.settle();
        let Some(lookahead) = self.lookahead.take() else { return };
        let input = lookahead.descriptor();
        let rest = lookahead.into_rest();
        if !rest.is_empty() {
            self.rest = file::identity(input).map(|socket| (socket, rest));
        }
    }

    /// Whether others see less than what the script has done.
    #[inline]
    pub fn is_late(&self) -> bool {
        self.late != 0
    }

    /// A command is executed while something is late.
    #[cold]
    pub fn count_command(&mut self) {
        self.late -= 1;
        if self.late == 0 {
            self.catch_up();
        }
    }

    fn catch_up(&mut self) {
        self.gathered.flush();
        if let Some(lookahead) = &mut self.lookahead {
            lookahead.settle();
        }
        self.late = 0;
    }

    /// Something is about to happen that others can see (a process, a file, a signal, a sleep): write what was gathered, put
    /// the offset of the input right.
    #[inline]
    pub fn settle(&mut self) {
        if self.late != 0 {
            self.catch_up();
        }
        self.gathered.forget();
    }

    /// The same at the end of the process. What could not be written is an error.
    ///
    /// # Errors
    /// Of a write whose command has ended.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.settle();
        self.gathered.failed.take().map_or(Ok(()), |errno| Err(Error::system("write error", errno)))
    }

    /// Write to standard error. That this fails cannot be reported anywhere.
    pub fn write_error(&mut self, bytes: &[u8]) {
        self.settle();
        let _ = self.write_to(self.error, bytes);
    }

    /// Whether standard output is memory of this process.
    #[inline]
    pub fn is_captured(&self) -> bool {
        matches!(self.output, Target::Capture(_))
    }

    /// If standard output is a capture that has become a pipe, make descriptor 1 that pipe.
    pub fn materialise(&mut self) {
        let Target::Capture(number) = self.output else { return };
        if let Some(Capture::Pipe(pipe)) = self.captures.get(number)
            && fd::dup2(pipe.as_raw_fd(), 1).is_ok()
        {
            self.output = Target::Fd(1);
        }
    }

    /// Whether the descriptor that a user calls 0, 1 or 2 is a terminal.
    pub fn is_terminal(&self, number: RawFd) -> bool {
        let real = match number {
            0 => self.input,
            1 | 2 => match if number == 1 { self.output } else { self.error } {
                Target::Fd(fd) => fd,
                Target::Capture(_) | Target::Closed => return false,
            },
            number => number,
        };
        crate::sys::tty::is_terminal(real)
    }
}
