//! Pipes, named pipes and other byte streams behind a descriptor, as endpoints.
//!
//! The picture: `mkfifo` makes a name, `open` on both sides waits for the other one, `write` puts bytes into a buffer of 64 KiB, `read`
//! takes them. A stream knows no messages: here one ends with a newline, a NUL, or the stream. A message of at most PIPE_BUF
//! (4096) bytes is written in one piece, whatever other writers do.
//!
//! Taking one message and no byte more is the difficult side, because what was read cannot be put back. `tee` copies what is in the
//! pipe without taking it, so the end of the message is found first, and then one `read` takes exactly the message: a receiver that
//! gives up or is killed leaves what has no end yet where it is. Only of a message that is longer than the pipe a part must be taken, or its
//! writer could not go on. Receivers that share a pipe take turns by flock(2).
//!
//! The sender's side is alike: a longer message than PIPE_BUF is begun when there is room for all of it, so that who gives up has written
//! nothing. One that is longer than the pipe goes in pieces, and never without patience.

use crate::ipc::endpoint::{End, Endpoint, Message, Opening, Outgoing, Role, Select};
use crate::ipc::error::{Error, Why};
use crate::ipc::wait::Wait;
use crate::sys::{fd, poll, socket, stream, transfer};
use bstr::BStr;
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// A byte stream.
#[derive(Debug)]
pub struct Stream {
    fd: OwnedFd,
    /// Whether the description behind `fd` is nobody else's, so that its mode may be changed.
    is_own: bool,
    /// The descriptor that knows of the end of the writers: one that was opened after they had gone does not.
    witness: RawFd,
    name: String,
    end: End,
    /// A private pipe to look at what is in the stream, if the stream is a pipe and this is a receiver.
    looking_glass: Option<(OwnedFd, OwnedFd)>,
    /// Message and end in one piece.
    outgoing: Vec<u8>,
}

/// What writers write in one piece, and how far a receiver looks ahead at first.
const PIPE_BUF: usize = libc::PIPE_BUF;

/// The kernel wakes nobody when a pipe that is not empty gets more, or one that is not full gets room: pauses between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(50));

impl Stream {
    /// The descriptor that the user calls `number`.
    ///
    /// # Errors
    /// EBADF: it is not open.
    pub fn descriptor(number: i32, opening: &Opening) -> Result<Self, Error> {
        let name = format!("fd:{number}");
        // A pipe is opened anew: a description of our own can be locked against other receivers, which share the user's.
        let again = (opening.role == Role::Receiver && stream::is_pipe(number)).then(|| {
            let own = stream::reopen(number, libc::O_RDONLY)?;
            socket::set_nonblocking(own.as_raw_fd(), false).map(|()| own)
        });
        let again = again.and_then(Result::ok);
        let is_own = again.is_some();
        let own = again.map_or_else(|| fd::dup_private(number), Ok).map_err(|errno| Error::refused(&name, errno))?;
        Self::new(own, is_own, number, name, opening)
    }

    /// A named pipe. Opening waits for the other side.
    ///
    /// # Errors
    /// ENOENT, EACCES; ENXIO: nobody reads (non-blocking); it is no named pipe.
    pub fn fifo(path: &BStr, opening: &Opening, wait: &mut Wait) -> Result<Self, Error> {
        let name = format!("fifo:{path}");
        let file = CString::new(path.to_vec()).map_err(|_| Error::usage(&name, "a path has no NUL"))?;
        let mode = if opening.role == Role::Sender { libc::O_WRONLY } else { libc::O_RDONLY };
        match stream::is_fifo(&file) {
            Ok(true) => {}
            Ok(false) => return Err(Error::other(name, "not a named pipe (`mkfifo` makes one)")),
            Err(errno) => return Err(Error::refused(name, errno)),
        }
        let own = if wait.may_block() {
            wait.block(&name, || fd::open(&file, mode, 0))?
        } else {
            fd::open(&file, mode | libc::O_NONBLOCK, 0).map_err(|errno| Error::refused(&name, errno))?
        };
        let witness = own.as_raw_fd();
        Self::new(own, true, witness, name, opening)
    }

    fn new(own: OwnedFd, is_own: bool, witness: RawFd, name: String, opening: &Opening) -> Result<Self, Error> {
        let looks = opening.role == Role::Receiver && opening.end != End::Stream && stream::is_pipe(own.as_raw_fd());
        let looking_glass = if looks { Some(fd::pipe()) } else { None };
        let looking_glass = looking_glass.transpose().map_err(|errno| Error::refused(&name, errno))?;
        Ok(Self { fd: own, is_own, witness, name, end: opening.end, looking_glass, outgoing: Vec::new() })
    }

    /// Read at most `size` bytes behind `buffer`; 0 at the end of the stream.
    fn read(&self, buffer: &mut Vec<u8>, size: usize, wait: &mut Wait) -> Result<usize, Error> {
        let fd = self.fd.as_fd();
        self.with_patience(wait, libc::POLLIN, || stream::read_into(fd, buffer, size))
    }

    /// A call that blocks, unless the descriptor is in non-blocking mode: then poll waits.
    fn with_patience<T>(
        &self,
        wait: &mut Wait,
        events: i16,
        mut call: impl FnMut() -> Result<T, Errno>,
    ) -> Result<T, Error> {
        loop {
            if !wait.may_block() {
                wait.ready(&self.name, self.fd.as_fd(), events)?;
            }
            match wait.block(&self.name, &mut call) {
                Err(Error { why: Why::Refused(Errno::EAGAIN), .. }) => {
                    wait.ready(&self.name, self.fd.as_fd(), events)?
                }
                result => return result,
            }
        }
    }

    /// One message from a pipe, by looking first.
    fn receive_from_pipe(
        &self,
        glass: &(OwnedFd, OwnedFd),
        end: u8,
        into: &mut Vec<u8>,
        wait: &mut Wait,
    ) -> Result<bool, Error> {
        let _turn = Turn::take(self.fd.as_fd(), &self.name, wait)?;
        let mut seen = Vec::new();
        let (mut look, mut pause, mut have_gone) = (PIPE_BUF, PAUSES.0, false);
        loop {
            let is_full = self.look(glass, look, &mut seen, wait)?;
            if seen.is_empty() {
                return Ok(!into.is_empty());
            }
            if let Some(at) = memchr::memchr(end, &seen) {
                self.take(glass, at + 1, into, wait)?;
                // A reader that takes no turns may have been faster.
                if into.last() == Some(&end) {
                    into.pop();
                    return Ok(true);
                }
            } else if look == PIPE_BUF {
                look = self.widen(glass)?;
            } else if have_gone {
                self.take(glass, seen.len(), into, wait)?;
                return Ok(true);
            } else if is_full && wait.may_block() {
                self.take(glass, seen.len(), into, wait)?;
                (look, pause) = (PIPE_BUF, PAUSES.0);
            } else if events(self.witness, libc::POLLIN) & libc::POLLHUP != 0 {
                // Look once more: what they wrote before they went is there now.
                have_gone = true;
            } else {
                self.rest(&mut pause, wait)?;
            }
        }
    }

    /// See at most `most` bytes of what is in the pipe; whether that fills the glass, and so the pipe if the glass is as large.
    fn look(
        &self,
        glass: &(OwnedFd, OwnedFd),
        most: usize,
        seen: &mut Vec<u8>,
        wait: &mut Wait,
    ) -> Result<bool, Error> {
        let may_block = wait.may_block();
        let there = self.with_patience(wait, libc::POLLIN, || {
            stream::tee(self.fd.as_raw_fd(), glass.1.as_raw_fd(), most, may_block)
        })?;
        let is_full = most > PIPE_BUF && events(glass.1.as_raw_fd(), libc::POLLOUT) == 0;
        seen.clear();
        if there > 0 {
            stream::read_into(glass.0.as_fd(), seen, there).map_err(|errno| Error::refused(&self.name, errno))?;
        }
        Ok(is_full)
    }

    /// Make the glass as large as the pipe; how large that is.
    fn widen(&self, glass: &(OwnedFd, OwnedFd)) -> Result<usize, Error> {
        let (capacity, _) = stream::pipe_state(self.fd.as_fd()).map_err(|errno| Error::refused(&self.name, errno))?;
        transfer::enlarge_pipe(glass.1.as_raw_fd(), capacity);
        Ok(usize::try_from(capacity).unwrap_or(0).max(PIPE_BUF + 1))
    }

    /// Take what was seen. Without patience a reader that was faster must not make this wait.
    fn take(&self, glass: &(OwnedFd, OwnedFd), size: usize, into: &mut Vec<u8>, wait: &mut Wait) -> Result<(), Error> {
        if wait.may_block() {
            return self.read(into, size, wait).map(drop);
        }
        let moved = transfer::splice(self.fd.as_raw_fd(), glass.1.as_raw_fd(), size).and_then(|moved| match moved {
            0 => Ok(0),
            moved => stream::read_into(glass.0.as_fd(), into, moved),
        });
        moved.map(drop).map_err(|errno| match errno {
            Errno::EAGAIN => self.would_block(),
            errno => Error::refused(&self.name, errno),
        })
    }

    fn would_block(&self) -> Error {
        Error { tried: self.name.clone(), why: Why::WouldBlock(Errno::EAGAIN) }
    }

    /// Pause between two looks, longer each time.
    fn rest(&self, pause: &mut Duration, wait: &mut Wait) -> Result<(), Error> {
        if !wait.may_block() {
            return Err(self.would_block());
        }
        wait.pause(&self.name, *pause)?;
        *pause = (*pause * 2).min(PAUSES.1);
        Ok(())
    }

    /// Before a message is begun that may not fit, or that must not be waited for: from here on writing does not block (unless the pipe is
    /// another user's and cannot be opened anew), and there is room for the message, if the pipe is large enough.
    fn prepare(&mut self, length: usize, wait: &mut Wait) -> Result<(), Error> {
        let fd = self.fd.as_raw_fd();
        let refused = |errno| Error::refused(&self.name, errno);
        if self.is_own {
            socket::set_nonblocking(fd, true).map_err(refused)?;
        } else if let Ok(own) = stream::reopen(fd, libc::O_WRONLY) {
            (self.fd, self.is_own) = (own, true);
        }
        if length > PIPE_BUF { self.room_for(length, wait) } else { Ok(()) }
    }

    /// Wait until the pipe has room for a message that is longer than what is written in one piece. (One that is longer than the pipe
    /// begins at once; without readers, too: writing says so.)
    fn room_for(&self, length: usize, wait: &mut Wait) -> Result<(), Error> {
        let mut pause = PAUSES.0;
        loop {
            let state = stream::pipe_state(self.fd.as_fd()).map_err(|errno| Error::refused(&self.name, errno))?;
            let (capacity, waiting) = (state.0.unsigned_abs() as usize, state.1.unsigned_abs() as usize);
            // A page that the next message did not fit into stays unfinished: two neighbours hold one page at least.
            let taken = if waiting > 0 { 2 * waiting + 2 * PIPE_BUF } else { 0 };
            let goes_in_pieces = length > capacity && wait.may_block();
            let is_broken = || events(self.fd.as_raw_fd(), libc::POLLOUT) & libc::POLLERR != 0;
            if taken + length <= capacity || goes_in_pieces || is_broken() {
                return Ok(());
            }
            self.rest(&mut pause, wait)?;
        }
    }

    /// Write a message; how many bytes of it were written, too.
    fn write(&mut self, message: &[u8], wait: &mut Wait) -> (usize, Result<(), Error>) {
        let may_wait = message.len() > PIPE_BUF || !wait.may_block();
        let mut result =
            if may_wait && stream::is_pipe(self.fd.as_raw_fd()) { self.prepare(message.len(), wait) } else { Ok(()) };
        let mut written = 0;
        while result.is_ok() && written < message.len() {
            let rest = &message[written..];
            match self.with_patience(wait, libc::POLLOUT, || fd::try_write(self.fd.as_raw_fd(), rest)) {
                Ok(count) => written += count,
                Err(error) => result = Err(error),
            }
        }
        (written, result)
    }

    /// One message from anything else: byte by byte, because a byte too many could not be put back.
    fn receive_bytewise(&self, end: u8, into: &mut Vec<u8>, wait: &mut Wait) -> Result<bool, Error> {
        while self.read(into, 1, wait)? > 0 {
            if into.last() == Some(&end) {
                into.pop();
                return Ok(true);
            }
        }
        Ok(!into.is_empty())
    }

    /// The whole stream, or without patience what is there.
    fn receive_all(&self, into: &mut Vec<u8>, wait: &mut Wait) -> Result<bool, Error> {
        loop {
            match self.read(into, 1 << 16, wait) {
                Ok(0) => return Ok(!into.is_empty()),
                Ok(_) => {}
                Err(Error { why: Why::WouldBlock(_), .. }) if !into.is_empty() => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Endpoint for Stream {
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error> {
        let mut outgoing = std::mem::take(&mut self.outgoing);
        outgoing.clear();
        outgoing.extend_from_slice(message.body);
        match self.end {
            End::Newline => outgoing.push(b'\n'),
            End::Nul => outgoing.push(0),
            End::Stream => {}
        }
        // Writing to a pipe without readers is a SIGPIPE; the guard turns it into EPIPE.
        wait.guard().map_err(|stopped| Error::stopped(&self.name, stopped))?;
        let (written, result) = self.write(&outgoing, wait);
        let length = outgoing.len();
        self.outgoing = outgoing;
        result.map_err(|mut error| {
            if error.why == Why::Refused(Errno::EPIPE) {
                wait.forget_broken_pipe();
            }
            if written > 0 {
                error.tried = format!("{} ({written} of {length} bytes were written)", error.tried);
                // To say "would block" would ask for the whole message once more.
                if let Why::WouldBlock(errno) = error.why {
                    error.why = Why::Refused(errno);
                }
            }
            error
        })
    }

    fn receive(&mut self, _select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let into = message.begin();
        let end = match self.end {
            End::Newline => b'\n',
            End::Nul => 0,
            End::Stream => return self.receive_all(into, wait),
        };
        let result = match &self.looking_glass {
            Some(glass) => self.receive_from_pipe(glass, end, into, wait),
            None => self.receive_bytewise(end, into, wait),
        };
        result.map_err(|mut error| {
            if !into.is_empty() {
                error.tried = format!("{} (after {} bytes of a message)", error.tried, into.len());
            }
            error
        })
    }
}

/// What is true of a descriptor now, of `events` and of what poll(2) tells unasked.
fn events(fd: RawFd, events: i16) -> i16 {
    let mut interests = [poll::interest(fd, events)];
    match poll::wait(&mut interests, Some(Duration::ZERO), None) {
        Ok(_) => interests[0].revents,
        // EINTR: the kernel says so only if nothing is ready.
        Err(_) => 0,
    }
}

/// The turn of one receiver among those that share a pipe; it ends when it is dropped.
struct Turn<'a>(BorrowedFd<'a>);

impl<'a> Turn<'a> {
    fn take(fd: BorrowedFd<'a>, name: &str, wait: &mut Wait) -> Result<Self, Error> {
        wait.run(&name, |block| stream::lock(fd, block))?;
        Ok(Self(fd))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        stream::unlock(self.0);
    }
}
