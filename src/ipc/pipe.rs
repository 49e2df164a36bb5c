//! Pipes, named pipes and other byte streams behind a descriptor, as endpoints.
//!
//! The picture: `mkfifo` makes a name, `open` on both sides waits for the other one, `write` puts bytes into a buffer of 64 KiB, `read`
//! takes them. A stream knows no messages: here one ends with a newline, a NUL, or the stream. A message of at most PIPE_BUF
//! (4096) bytes is written in one piece, whatever other writers do.
//!
//! Taking one message and no byte more is the difficult side, because what was read cannot be put back. `tee` copies what is in the
//! pipe without taking it, so the end of the message is found first, and then one `read` takes exactly the message: a receiver that
//! is killed never leaves half a message behind. Receivers that share a pipe take turns by flock(2).

use crate::ipc::endpoint::{End, Endpoint, Message, Opening, Outgoing, Role, Select};
use crate::ipc::error::{Error, Why};
use crate::ipc::wait::Wait;
use crate::sys::{fd, stream};
use bstr::BStr;
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A byte stream.
#[derive(Debug)]
pub struct Stream {
    fd: OwnedFd,
    name: String,
    end: End,
    /// A private pipe to look at what is in the stream, if the stream is a pipe and this is a receiver.
    looking_glass: Option<(OwnedFd, OwnedFd)>,
    /// Message and end in one piece.
    outgoing: Vec<u8>,
}

/// How far a receiver looks ahead: what writers write in one piece.
const PIPE_BUF: usize = libc::PIPE_BUF;

impl Stream {
    /// The descriptor that the user calls `number`.
    ///
    /// # Errors
    /// EBADF: it is not open.
    pub fn descriptor(number: i32, opening: &Opening) -> Result<Self, Error> {
        let name = format!("fd:{number}");
        // A pipe is opened anew: a description of our own can be locked against other receivers, which share the user's.
        let again =
            if opening.role == Role::Receiver && stream::is_pipe(number) { stream::reopen(number).ok() } else { None };
        let own = again.map_or_else(|| fd::dup_private(number), Ok).map_err(|errno| Error::refused(&name, errno))?;
        Self::new(own, name, opening)
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
        Self::new(own, name, opening)
    }

    fn new(own: OwnedFd, name: String, opening: &Opening) -> Result<Self, Error> {
        let looks = opening.role == Role::Receiver && opening.end != End::Stream && stream::is_pipe(own.as_raw_fd());
        let looking_glass = if looks { Some(fd::pipe()) } else { None };
        let looking_glass = looking_glass.transpose().map_err(|errno| Error::refused(&name, errno))?;
        Ok(Self { fd: own, name, end: opening.end, looking_glass, outgoing: Vec::new() })
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
        loop {
            let there = self.with_patience(wait, libc::POLLIN, || {
                stream::tee(self.fd.as_raw_fd(), glass.1.as_raw_fd(), PIPE_BUF)
            })?;
            if there == 0 {
                return Ok(!into.is_empty());
            }
            seen.clear();
            stream::read_into(glass.0.as_fd(), &mut seen, there).map_err(|errno| Error::refused(&self.name, errno))?;
            let ends_at = memchr::memchr(end, &seen);
            let wanted = ends_at.map_or(there, |at| at + 1);
            self.read(into, wanted, wait)?;
            if ends_at.is_some() {
                into.pop();
                return Ok(true);
            }
        }
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
        let mut written = 0;
        let mut result = Ok(());
        while result.is_ok() && written < outgoing.len() {
            let rest = &outgoing[written..];
            match self.with_patience(wait, libc::POLLOUT, || fd::try_write(self.fd.as_raw_fd(), rest)) {
                Ok(count) => written += count,
                Err(error) => result = Err(error),
            }
        }
        let length = outgoing.len();
        self.outgoing = outgoing;
        result.map_err(|mut error| {
            if error.why == Why::Refused(Errno::EPIPE) {
                wait.forget_broken_pipe();
            }
            if written > 0 {
                error.tried = format!("{} ({written} of {length} bytes were written)", error.tried);
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
