//! Lanes that keep, or make, the boundaries of messages: datagram and seqpacket sockets at one end, a byte stream at the other.
//!
//! System calls: recvfrom with MSG_TRUNC (the real length of a message that does not fit), send or sendto, read, write, and those of [`take`].

use crate::ipc::socket::frame::{Found, Framing};
use crate::ipc::socket::hex;
use crate::ipc::socket::lane::{Broken, Lane, Side, Step, Treatment, with_crlf};
use crate::ipc::socket::take;
use crate::sys::socket::{self, Name};
use crate::sys::{fd, transfer, tty};
use nix::errno::Errno;
use std::borrow::Cow;
use std::cell::RefCell;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::Instant;

/// Who has sent last, for a socket without a peer: that is where answers go. (Who has no name cannot be answered.)
pub type Sender = Rc<RefCell<Option<Name>>>;

/// Without framing one read is one message, of at most this length (what netcat takes).
const CHUNK: usize = 16 << 10;
/// Room for the largest message: UDP has 64 KiB, a UNIX socket what its buffer holds; more is reported as cut off.
const ROOM: usize = 1 << 20;
/// What a blocking target takes at once (PIPE_BUF).
const PIECE: usize = 4096;

fn broken(side: Side) -> impl Fn(Errno) -> Broken {
    move |errno| Broken { side, errno }
}

/// From a byte stream to messages.
pub struct ToRecords {
    from: RawFd,
    socket: RawFd,
    framing: Option<Framing>,
    treatment: Treatment,
    /// Where to send on a socket without a peer.
    peer: Option<Sender>,
    buffer: Vec<u8>,
    at_end: bool,
    offset: u64,
}

impl ToRecords {
    /// Messages of `from`, which `framing` tells apart, go to `socket`.
    pub fn new(
        from: RawFd,
        socket: RawFd,
        framing: Option<Framing>,
        treatment: Treatment,
        peer: Option<Sender>,
    ) -> Self {
        Self { from, socket, framing, treatment, peer, buffer: Vec::new(), at_end: false, offset: 0 }
    }

    fn find(&self) -> Found {
        match self.framing {
            Some(framing) => framing.next(&self.buffer, self.at_end),
            None if self.buffer.is_empty() => Found::More,
            None if self.treatment.pause.is_some() => {
                // -i is about lines: each is a message.
                let end = memchr::memchr(b'\n', &self.buffer).map_or(self.buffer.len(), |at| at + 1);
                Found::Message(0..end, end)
            }
            None => Found::Message(0..self.buffer.len(), self.buffer.len()),
        }
    }

    fn send(&self, message: &[u8]) -> Result<usize, Errno> {
        match &self.peer {
            None => socket::send(self.socket, message, false),
            Some(peer) => match &*peer.borrow() {
                // Nobody to answer to yet: as if there were no room.
                None => Err(Errno::EAGAIN),
                Some(peer) => match socket::send_to(self.socket, message, peer, false) {
                    // Who has asked has gone: the answer is lost, as in a network, and the others are still served.
                    Err(Errno::ECONNREFUSED | Errno::ENOENT) => Ok(0),
                    result => result,
                },
            },
        }
    }
}

impl Lane for ToRecords {
    fn ends(&self) -> (RawFd, RawFd) {
        // The socket could be written to, but there is nobody to write to yet: that is not to be waited for here.
        let has_nobody = self.peer.as_ref().is_some_and(|peer| peer.borrow().is_none());
        (self.from, if has_nobody { -1 } else { self.socket })
    }

    fn step(&mut self) -> Result<Step, Broken> {
        match self.find() {
            Found::Nonsense => Err(Broken { side: Side::From, errno: Errno::EBADMSG }),
            Found::More if self.at_end && !self.buffer.is_empty() => {
                Err(Broken { side: Side::From, errno: Errno::EBADMSG })
            }
            Found::More if self.at_end => Ok(Step::End),
            Found::More => {
                let length = self.buffer.len();
                self.buffer.resize(length + CHUNK, 0);
                let got = tty::try_read(self.from, &mut self.buffer[length..]);
                self.buffer.truncate(length + got.unwrap_or(0));
                match got {
                    // EINTR: a signal may be there, for which the next wait looks.
                    Err(Errno::EAGAIN | Errno::EINTR) => Ok(Step::Wait(Side::From, false)),
                    Err(errno) => Err(broken(Side::From)(errno)),
                    Ok(0) => {
                        self.at_end = true;
                        Ok(Step::Moved)
                    }
                    Ok(_) if self.find() == Found::More => Ok(Step::Wait(Side::From, true)),
                    Ok(_) => Ok(Step::Moved),
                }
            }
            Found::Message(place, behind) => {
                let mut message = Cow::Borrowed(&self.buffer[place]);
                if self.treatment.crlf {
                    message = Cow::Owned(with_crlf(&message, &mut false));
                }
                match self.send(&message) {
                    Err(Errno::EAGAIN | Errno::ENOBUFS) => return Ok(Step::Wait(Side::To, false)),
                    Err(Errno::EINTR) => return Ok(Step::Moved),
                    Err(errno) => return Err(broken(Side::To)(errno)),
                    Ok(_) => {}
                }
                if let Some(dump) = self.treatment.dump {
                    dump.write(self.offset, &message).map_err(broken(Side::Dump))?;
                    self.offset += message.len() as u64;
                }
                self.buffer.drain(..behind);
                if let Some(pause) = self.treatment.pause {
                    return Ok(Step::Until(Instant::now() + pause));
                }
                let waits = self.buffer.is_empty() && !self.at_end;
                Ok(if waits { Step::Wait(Side::From, true) } else { Step::Moved })
            }
        }
    }
}

/// From messages to a byte stream.
pub struct FromRecords {
    socket: RawFd,
    to: RawFd,
    framing: Option<Framing>,
    treatment: Treatment,
    peer: Option<Sender>,
    /// SOCK_DGRAM or SOCK_SEQPACKET.
    kind: libc::c_int,
    /// How many messages are still to be taken.
    left: Option<u64>,
    message: Vec<u8>,
    pending: Vec<u8>,
    offset: u64,
}

impl FromRecords {
    /// Messages of `socket` go to `to`. After `limit` messages the lane ends.
    pub fn new(
        socket: RawFd,
        to: RawFd,
        framing: Option<Framing>,
        treatment: Treatment,
        peer: Option<Sender>,
        limit: Option<u64>,
    ) -> Self {
        let kind = socket::kind(socket).unwrap_or(libc::SOCK_DGRAM);
        Self {
            socket,
            to,
            framing,
            treatment,
            peer,
            kind,
            left: limit,
            message: Vec::new(),
            pending: Vec::new(),
            offset: 0,
        }
    }

    fn receive(&mut self) -> Result<Step, Broken> {
        if self.left == Some(0) {
            return Ok(Step::Enough);
        }
        if self.message.is_empty() {
            self.message.resize(ROOM, 0);
        }
        let (got, from) = match take::message(self.socket, self.kind, &mut self.message) {
            Err(Errno::EAGAIN) => return Ok(Step::Wait(Side::From, false)),
            Err(Errno::EINTR) => return Ok(Step::Moved),
            Err(errno) => return Err(broken(Side::From)(errno)),
            Ok(None) => return Ok(Step::End),
            Ok(Some(received)) => received,
        };
        let Some(message) = self.message.get(..got) else {
            return Err(Broken { side: Side::From, errno: Errno::EMSGSIZE });
        };
        if let (Some(peer), true) = (&self.peer, from != Name::Unnamed) {
            *peer.borrow_mut() = Some(from);
        }
        self.left = self.left.map(|left| left - 1);
        match (self.treatment.dump, self.framing) {
            (Some(dump), _) => hex::dump(&mut self.pending, dump.mark, self.offset, message),
            (None, Some(framing)) => framing.append(&mut self.pending, message),
            (None, None) => self.pending.extend_from_slice(message),
        }
        self.offset += got as u64;
        Ok(if self.pending.is_empty() { Step::Moved } else { Step::Wait(Side::To, true) })
    }
}

impl Lane for FromRecords {
    fn ends(&self) -> (RawFd, RawFd) {
        (self.socket, self.to)
    }

    fn step(&mut self) -> Result<Step, Broken> {
        if self.pending.is_empty() {
            return self.receive();
        }
        let slow = transfer::file_type(self.to) == libc::S_IFIFO || tty::is_terminal(self.to);
        let most = if slow { PIECE } else { self.pending.len() };
        match fd::try_write(self.to, &self.pending[..most.min(self.pending.len())]) {
            Err(Errno::EAGAIN) => Ok(Step::Wait(Side::To, false)),
            Err(Errno::EINTR) => Ok(Step::Moved),
            Err(errno) => Err(broken(Side::To)(errno)),
            Ok(written) => {
                self.pending.drain(..written);
                if let (true, Some(pause)) = (self.pending.is_empty(), self.treatment.pause) {
                    return Ok(Step::Until(Instant::now() + pause));
                }
                Ok(if self.pending.is_empty() { Step::Moved } else { Step::Wait(Side::To, true) })
            }
        }
    }
}
