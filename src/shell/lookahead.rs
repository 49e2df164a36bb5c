//! Input of `read` beyond the line that is asked for. `read` must not take a byte more than its line, because the next one may belong to
//! another command or another process; yet a system call for each byte or line makes it ten times slower.
//!
//! System calls: pread of a file, whose offset stays behind and is put right later (lseek); tee of a pipe, which copies into a pipe of our own
//! and leaves the original as it is, to be read later; recv with MSG_PEEK of a stream socket. So at every moment others see at most that the shell is a little late, and never
//! that it has taken too much. [`Lookahead::settle`] makes up for it, before anything that others could see.
//!
//! Two readers of one pipe would see the same bytes that way, and both would take them for their own. So a pipe or socket is only looked at
//! if nobody else can read it: this shell has made it, and has started no process since ([`Stdio::own_input`](super::Stdio::own_input)).

use crate::sys::eager::Eager;
use crate::sys::{fd, file, signal, socket};
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The first block after others may have read, and the largest.
const BLOCKS: (usize, usize) = (1 << 10, 64 << 10);

/// Room for the longest message that a datagram socket lets through by default.
const MESSAGE: usize = 256 << 10;

/// Where the bytes come from.
#[derive(Debug)]
enum Source {
    /// A regular file: the bytes begin at this offset.
    File(i64),
    /// A pipe, and a pipe of our own for copies.
    Pipe(OwnedFd, OwnedFd),
    /// A connection that is a stream.
    Socket,
    /// A socket that keeps messages apart: a read of a part of one throws the rest away. So it is taken as a whole, and what is left of it
    /// stays here.
    Messages,
    /// Anything else is read byte by byte.
    Bytes,
    /// A here-document: nobody else has it.
    Memory,
}

/// What was read of one descriptor.
#[derive(Debug)]
pub struct Lookahead {
    from: RawFd,
    source: Source,
    bytes: Vec<u8>,
    used: usize,
    block: usize,
}

impl Lookahead {
    /// For a descriptor; `is_own` says that no other process can read what it is open on.
    pub fn new(from: RawFd, is_own: bool) -> Self {
        let is_stream = || socket::kind(from) == Ok(libc::SOCK_STREAM);
        let source = match file::kind(from) {
            Some(libc::S_IFSOCK) if !is_stream() => Source::Messages,
            Some(libc::S_IFIFO | libc::S_IFSOCK) if !is_own => Source::Bytes,
            // The shell could change the bytes that it has seen.
            Some(libc::S_IFREG) if file::is_same(from, 1) => Source::Bytes,
            Some(libc::S_IFREG) => Source::File(0),
            // Without descriptors left, it goes byte by byte.
            Some(libc::S_IFIFO) => fd::pipe().map_or(Source::Bytes, |(read, write)| Source::Pipe(read, write)),
            Some(libc::S_IFSOCK) => Source::Socket,
            _ => Source::Bytes,
        };
        Self { from, source, bytes: Vec::new(), used: 0, block: BLOCKS.0 }
    }

    /// A text in memory that is read as if it came from `from`.
    pub fn memory(from: RawFd, bytes: Vec<u8>) -> Self {
        Self { from, source: Source::Memory, bytes, used: 0, block: 0 }
    }

    /// What is left of a message that was taken, for the next one who reads from there.
    pub fn into_rest(mut self) -> Vec<u8> {
        if !matches!(self.source, Source::Messages) {
            return Vec::new();
        }
        self.bytes.split_off(self.used)
    }

    /// Before anything else come these bytes, the rest of a message.
    #[must_use]
    pub fn behind(mut self, rest: Vec<u8>) -> Self {
        self.bytes = rest;
        self
    }

    /// The descriptor.
    pub fn descriptor(&self) -> RawFd {
        self.from
    }

    /// Whether the next [`Lookahead::peek`] has to read.
    #[inline]
    pub fn is_used_up(&self) -> bool {
        self.used == self.bytes.len()
    }

    /// The bytes that come next: at least one, or none at the end of the input.
    ///
    /// # Errors
    /// Of pread, tee or read; EINTR if a signal was caught, also if one of `interrupting` was caught before.
    pub fn peek(&mut self, interrupting: u64, eager: &mut Option<Eager>) -> Result<&[u8], Errno> {
        if self.is_used_up() {
            let waits = !matches!(self.source, Source::File(_) | Source::Memory);
            if waits && signal::pending() & interrupting != 0 {
                return Err(Errno::EINTR);
            }
            let soon = if matches!(self.source, Source::Socket) { self.fill_soon(eager) } else { None };
            match soon {
                Some(filled) => filled?,
                None if waits && interrupting != 0 => {
                    file::wait_for_input(self.from, interrupting)?;
                    self.fill()?;
                }
                None => self.fill()?,
            }
        }
        Ok(&self.bytes[self.used..])
    }

    /// Look for the answer of a connection for a moment; `None`: it is to be waited for.
    fn fill_soon(&mut self, eager: &mut Option<Eager>) -> Option<Result<(), Errno>> {
        self.settle_quietly();
        self.bytes.resize(self.block, 0);
        let found = eager.get_or_insert_default().look(|| {
            match socket::receive(self.from, &mut self.bytes, false, libc::MSG_PEEK) {
                Err(Errno::EAGAIN | Errno::EINTR) => None,
                result => Some(result),
            }
        });
        self.bytes.truncate(found.as_ref().map_or(0, |found| found.as_ref().map_or(0, |(got, _)| *got)));
        found.map(|found| found.map(|_| self.grow()))
    }

    /// Whoever goes on reading wants more at a time.
    fn grow(&mut self) {
        self.block = (self.block * 2).min(BLOCKS.1);
    }

    /// The next `count` bytes that were shown have been used.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.used += count;
    }

    fn fill(&mut self) -> Result<(), Errno> {
        let block = self.block;
        self.settle_quietly();
        match &mut self.source {
            Source::File(offset) => {
                *offset = file::offset(self.from)?;
                self.bytes.resize(block, 0);
                let got = fd::read_at(self.from, &mut self.bytes, *offset);
                self.bytes.truncate(*got.as_ref().unwrap_or(&0));
                got?;
            }
            Source::Pipe(copy, write) => match fd::tee(self.from, write.as_raw_fd(), block) {
                Ok(length) => {
                    self.bytes.resize(length, 0);
                    fd::read_exact(copy.as_raw_fd(), &mut self.bytes)?;
                }
                Err(Errno::EINVAL) => {
                    self.source = Source::Bytes;
                    return self.fill();
                }
                Err(errno) => return Err(errno),
            },
            Source::Socket => {
                self.bytes.resize(block, 0);
                let got = socket::receive(self.from, &mut self.bytes, true, libc::MSG_PEEK).map(|(got, _)| got);
                self.bytes.truncate(*got.as_ref().unwrap_or(&0));
                if got == Err(Errno::EAGAIN) {
                    // It does not block, or has a time limit: read waits.
                    self.source = Source::Bytes;
                    return self.fill();
                }
                got?;
            }
            Source::Bytes | Source::Messages => {
                self.bytes.resize(if matches!(self.source, Source::Bytes) { 1 } else { MESSAGE }, 0);
                let got = fd::read(self.from, &mut self.bytes);
                self.bytes.truncate(*got.as_ref().unwrap_or(&0));
                got?;
            }
            Source::Memory => {}
        }
        self.grow();
        Ok(())
    }

    /// Take from the file or pipe what was used, and forget the rest: others may act now.
    pub fn settle(&mut self) {
        self.settle_quietly();
        self.block = BLOCKS.0;
    }

    fn settle_quietly(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        match self.source {
            // It was possible to get the offset of this file, so it is possible to set it.
            Source::File(offset) => file::set_offset(self.from, offset + self.used as i64),
            // What was seen in a pipe or socket is there, and nobody else has taken it in between.
            Source::Pipe(..) => fd::discard(self.from, &mut self.bytes[..self.used]),
            Source::Socket => socket::discard(self.from, &mut self.bytes[..self.used]),
            Source::Messages if !self.is_used_up() => return,
            Source::Bytes | Source::Messages => {}
            Source::Memory => return,
        }
        self.bytes.clear();
        self.used = 0;
    }
}
