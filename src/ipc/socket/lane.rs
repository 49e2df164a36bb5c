//! One direction of a connection: bytes from one descriptor to another, as fast as the kernel can, a step at a time.
//!
//! Where a pipe or a file is at one end the kernel moves the bytes itself (splice, sendfile), and this process never sees them; else
//! they go through one buffer of fixed size, so a slow reader makes the sender wait and costs no memory.
//!
//! ```text
//! file -> socket            sendfile
//! pipe -> socket            splice
//! socket -> pipe            splice
//! socket -> file            splice into a pipe of our own, and out of it
//! anything else, -C, --hex  read, and write until all of it has gone
//! ```

use crate::ipc::socket::hex;
use crate::sys::signal::Mask;
use crate::sys::{fd, poll, socket, transfer, tty};
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// The two ends of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where bytes come from.
    From,
    /// Where they go.
    To,
    /// Where their dump goes: only for what has failed.
    Dump,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was moved; the next step can follow at once.
    Moved,
    /// This side is not ready; the next step has to wait until it is. True: something was moved before.
    Wait(Side, bool),
    /// Nothing may be moved before this moment.
    Until(Instant),
    /// The end of the source; everything from it has been delivered.
    End,
    /// As much was moved as was asked for: the conversation is over.
    Enough,
}

/// A side that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which side.
    pub side: Side,
    /// Why.
    pub errno: Errno,
}

/// One direction of a connection.
pub trait Lane {
    /// Source and target.
    fn ends(&self) -> (RawFd, RawFd);

    /// Move some bytes, without blocking if the side that the last step waited for is ready.
    ///
    /// # Errors
    /// A side has failed, and the lane is finished.
    fn step(&mut self) -> Result<Step, Broken>;
}

/// How much is moved in a step.
const MOST: usize = 1 << 20;
/// What a pipe, or a terminal, takes without blocking once it can be written to (PIPE_BUF).
const PIECE: usize = 4096;

/// What happens to bytes on their way.
#[derive(Default)]
pub struct Treatment {
    /// Each line feed that has no carriage return before it gets one.
    pub crlf: bool,
    /// A pause behind each line.
    pub pause: Option<Duration>,
    /// Dump the bytes with this mark to this descriptor; `instead`: and do not hand them on.
    pub dump: Option<Dump>,
}

/// Where a dump goes.
#[derive(Clone, Copy)]
pub struct Dump {
    /// `<` or `>`.
    pub mark: u8,
    /// The descriptor.
    pub to: RawFd,
    /// The signal mask while waiting for it.
    pub mask: Mask,
}

impl Dump {
    /// Dump `bytes`, which begin at `offset`, and wait for the descriptor as long as it takes.
    ///
    /// # Errors
    /// EINTR: a signal was caught; what write says.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), Errno> {
        let mut text = Vec::with_capacity(bytes.len() * 5 + 80);
        hex::dump(&mut text, self.mark, offset, bytes);
        let mut rest = &text[..];
        while !rest.is_empty() {
            let mut interests = [poll::interest(self.to, libc::POLLOUT)];
            poll::wait(&mut interests, None, Some(&self.mask))?;
            // Not more than a pipe takes without blocking.
            match fd::try_write(self.to, &rest[..rest.len().min(PIECE)]) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::EAGAIN) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

impl Treatment {
    fn is_none(&self) -> bool {
        !self.crlf && self.pause.is_none() && self.dump.is_none()
    }
}

/// What -C makes of `bytes`; `after_cr` says whether the byte before them was a carriage return.
pub fn with_crlf(bytes: &[u8], after_cr: &mut bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 8 + 16);
    for &byte in bytes {
        if byte == b'\n' && !*after_cr {
            text.push(b'\r');
        }
        text.push(byte);
        *after_cr = byte == b'\r';
    }
    text
}

enum Method {
    SendFile,
    Splice,
    /// splice needs a pipe: into one of our own, and out of it. The number is what is inside.
    ThroughPipe(OwnedFd, OwnedFd, usize),
    Copy,
}

fn through_pipe() -> Method {
    match fd::pipe() {
        Ok((read, write)) => {
            transfer::enlarge_pipe(write.as_raw_fd(), MOST as libc::c_int);
            Method::ThroughPipe(read, write, 0)
        }
        // No descriptors left: copying needs none.
        Err(_) => Method::Copy,
    }
}

/// A lane of bytes without boundaries.
pub struct Bytes {
    from: RawFd,
    to: RawFd,
    method: Method,
    treatment: Treatment,
    /// Whether reading from the source can block although it is not known to be ready.
    from_blocks: bool,
    from_is_socket: bool,
    to_is_socket: bool,
    /// What the target takes at once without blocking.
    piece: usize,
    buffer: Vec<u8>,
    /// The part of the buffer that is still to be written.
    pending: std::ops::Range<usize>,
    /// Bytes so far, for dumps.
    offset: u64,
    after_cr: bool,
    /// How many reads are still to be made.
    left: Option<u64>,
}

impl Bytes {
    /// From one descriptor to the other.
    pub fn new(from: RawFd, to: RawFd, treatment: Treatment) -> Self {
        let (source, target) = (transfer::file_type(from), transfer::file_type(to));
        let method = match (source, target) {
            _ if !treatment.is_none() => Method::Copy,
            (libc::S_IFREG, libc::S_IFSOCK) => Method::SendFile,
            (libc::S_IFIFO, _) | (_, libc::S_IFIFO) => Method::Splice,
            (libc::S_IFSOCK, libc::S_IFREG | libc::S_IFCHR) if !tty::is_terminal(to) => through_pipe(),
            _ => Method::Copy,
        };
        let to_waits = target == libc::S_IFIFO || target == libc::S_IFCHR && tty::is_terminal(to);
        Self {
            from,
            to,
            method,
            treatment,
            from_blocks: source != libc::S_IFREG && source != libc::S_IFSOCK,
            from_is_socket: source == libc::S_IFSOCK,
            to_is_socket: target == libc::S_IFSOCK,
            piece: if to_waits { PIECE } else { MOST },
            buffer: Vec::new(),
            pending: 0..0,
            offset: 0,
            after_cr: false,
            left: None,
        }
    }

    /// The same, ended after this many reads.
    #[must_use]
    pub fn limited(mut self, reads: Option<u64>) -> Self {
        if reads.is_some() {
            self.method = Method::Copy;
            self.left = reads;
        }
        self
    }

    /// Into the pipe, and all of it out again: a file is never not ready.
    fn through_pipe(&mut self) -> Result<Step, Broken> {
        let Method::ThroughPipe(read, write, inside) = &mut self.method else { return Ok(Step::Moved) };
        if *inside == 0 {
            match transfer::splice(self.from, write.as_raw_fd(), MOST) {
                Ok(0) => return Ok(Step::End),
                Ok(moved) => *inside = moved,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(Step::Wait(Side::From, false)),
                Err(Errno::EINVAL) => {
                    self.method = Method::Copy;
                    return Ok(Step::Moved);
                }
                Err(errno) => return Err(Broken { side: Side::From, errno }),
            }
        }
        match transfer::splice(read.as_raw_fd(), self.to, *inside) {
            Ok(moved) => *inside -= moved,
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // A file that is opened for appending, or a device that cannot do it: copy, beginning with what is in the pipe.
            Err(Errno::EINVAL) => {
                self.buffer.resize(MOST, 0);
                let got = fd::read(read.as_raw_fd(), &mut self.buffer);
                let got = got.map_err(|errno| Broken { side: Side::From, errno })?;
                *inside -= got;
                self.pending = 0..got;
                while !self.pending.is_empty() {
                    self.put()?;
                }
                if let Method::ThroughPipe(_, _, 0) = self.method {
                    self.method = Method::Copy;
                }
            }
            Err(errno) => return Err(Broken { side: Side::To, errno }),
        }
        Ok(Step::Moved)
    }

    fn in_kernel(&mut self) -> Result<Step, Broken> {
        let moved = match self.method {
            Method::SendFile => transfer::send_file(self.from, self.to, MOST),
            _ => transfer::splice(self.from, self.to, MOST),
        };
        match moved {
            Ok(0) => Ok(Step::End),
            Ok(_) => Ok(Step::Moved),
            Err(Errno::EINTR) => Ok(Step::Moved),
            Err(Errno::EAGAIN) => {
                // Which side was it? One look tells.
                let mut look = [poll::interest(self.to, libc::POLLOUT)];
                let ready = poll::wait(&mut look, Some(Duration::ZERO), None);
                Ok(Step::Wait(if ready == Ok(0) { Side::To } else { Side::From }, false))
            }
            // Not for this kind of file after all: nothing was moved, so copying can begin here.
            Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
                self.method = Method::Copy;
                Ok(Step::Wait(Side::From, false))
            }
            Err(errno) => Err(Broken { side: self.guilty(errno), errno }),
        }
    }

    /// The side that an error of a call with two descriptors is about.
    fn guilty(&self, errno: Errno) -> Side {
        match errno {
            Errno::EPIPE | Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG => Side::To,
            Errno::ECONNRESET | Errno::ETIMEDOUT if self.to_is_socket => Side::To,
            _ => Side::From,
        }
    }

    fn copy(&mut self) -> Result<Step, Broken> {
        if self.pending.is_empty() {
            if self.left == Some(0) {
                return Ok(Step::Enough);
            }
            if self.buffer.is_empty() {
                self.buffer.resize(if self.treatment.is_none() { MOST } else { PIECE * 4 }, 0);
            }
            let got = match self.fill() {
                // EINTR: a signal may be there, for which the next wait looks.
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(Step::Wait(Side::From, false)),
                Err(errno) => return Err(Broken { side: Side::From, errno }),
                Ok(0) => return Ok(Step::End),
                Ok(got) => got,
            };
            self.left = self.left.map(|left| left - 1);
            self.pending = 0..got;
            if !self.treatment.is_none() {
                self.treat(got)?;
            }
            if self.piece < MOST {
                return Ok(Step::Wait(Side::To, true));
            }
        }
        self.put()
    }

    /// Read into the buffer.
    fn fill(&mut self) -> Result<usize, Errno> {
        if self.from_is_socket {
            return socket::receive(self.from, &mut self.buffer, false, 0).map(|(got, _)| got);
        }
        tty::try_read(self.from, &mut self.buffer)
    }

    /// Write what is pending, as far as it goes.
    fn put(&mut self) -> Result<Step, Broken> {
        let mut end = self.pending.end.min(self.pending.start + self.piece);
        if self.treatment.pause.is_some() {
            let line = memchr::memchr(b'\n', &self.buffer[self.pending.clone()]);
            end = line.map_or(end, |at| end.min(self.pending.start + at + 1));
        }
        let bytes = &self.buffer[self.pending.start..end];
        let written = match () {
            () if bytes.is_empty() => Ok(0),
            () if self.to_is_socket => socket::send(self.to, bytes, false),
            () => fd::try_write(self.to, bytes),
        };
        match written {
            Err(Errno::EAGAIN) => return Ok(Step::Wait(Side::To, false)),
            Err(Errno::EINTR) => return Ok(Step::Moved),
            Err(errno) => return Err(Broken { side: Side::To, errno }),
            Ok(written) => self.pending.start += written,
        }
        let whole_line = self.pending.start > 0 && self.buffer[self.pending.start - 1] == b'\n';
        if let Some(pause) = self.treatment.pause.filter(|_| whole_line) {
            return Ok(Step::Until(Instant::now() + pause));
        }
        Ok(match self.pending.is_empty() {
            false => Step::Wait(Side::To, true),
            true if self.from_blocks => Step::Wait(Side::From, true),
            true => Step::Moved,
        })
    }

    /// What -C and --hex do to the bytes that were read.
    fn treat(&mut self, got: usize) -> Result<(), Broken> {
        if self.treatment.crlf {
            let text = with_crlf(&self.buffer[..got], &mut self.after_cr);
            self.pending = 0..text.len();
            // The buffer keeps at least its size: it is read into again.
            if text.len() < self.buffer.len() {
                self.buffer[..text.len()].copy_from_slice(&text);
            } else {
                self.buffer = text;
            }
        }
        if let Some(dump) = self.treatment.dump {
            let bytes = &self.buffer[self.pending.clone()];
            dump.write(self.offset, bytes).map_err(|errno| Broken { side: Side::Dump, errno })?;
            self.offset += bytes.len() as u64;
            if dump.to == self.to {
                // The dump stands for the bytes.
                self.pending = 0..0;
            }
        }
        Ok(())
    }
}

impl Lane for Bytes {
    fn ends(&self) -> (RawFd, RawFd) {
        (self.from, self.to)
    }

    fn step(&mut self) -> Result<Step, Broken> {
        match self.method {
            Method::Copy => self.copy(),
            Method::ThroughPipe(..) => self.through_pipe(),
            Method::SendFile | Method::Splice => self.in_kernel(),
        }
    }
}
