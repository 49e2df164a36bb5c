//! Sockets behind the two primitives: a receiver listens (and accepts one peer, on streams), a sender connects.
//!
//! ```text
//! recv tcp:HOST:PORT    socket, setsockopt(SO_REUSEADDR), bind, listen, accept, recvfrom ...
//! send tcp:HOST:PORT    socket, connect, poll, send ..., shutdown, recv until all has arrived
//! recv udp:HOST:PORT    socket, bind, recvfrom ...
//! send udp:HOST:PORT    socket, connect, send, getsockopt(SO_ERROR): was the last one refused?
//! ```
//!
//! A datagram or a record is a message. On a stream a message ends with a newline, a NUL, or the stream; the connection is the
//! receiver's alone, so it reads as much as there is and keeps what belongs to the next message. A sender of a stream has done its work when
//! all has arrived in the receiver's system: until then anything that the receiver says would make closing a reset, which throws away what is
//! under way ([`Endpoint::finish`]).

use crate::ipc::address::{Internet, Transport, Unix, UnixKind, UnixPlace};
use crate::ipc::endpoint::{End, Endpoint, Message, Opening, Outgoing, Role, Select};
use crate::ipc::error::{Error, Why};
use crate::ipc::socket::{self as sockets, Listener, Settings, Unconnected, Until, file::SocketFile, name, take};
use crate::ipc::wait::Wait;
use crate::sys::rights;
use crate::sys::socket::{self, Name};
use bstr::BString;
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

/// A socket that messages go to or come from.
#[derive(Debug)]
pub struct Socket {
    /// What sends and receives: connected, or bound for datagrams. A stream receiver has it once a peer was accepted.
    connection: Option<OwnedFd>,
    /// Where a stream receiver listens until then.
    listener: Option<Listener>,
    /// The file of a datagram receiver.
    _file: Option<SocketFile>,
    /// Further addresses of the name that datagrams go to: that nobody is at the first shows only when something was sent there.
    others: Vec<Name>,
    address: String,
    kind: libc::c_int,
    is_unix: bool,
    end: End,
    peer: Option<BString>,
    /// What was received and not yet asked for.
    rest: Vec<u8>,
    at_end: bool,
}

/// Room for the largest datagram or record.
const ROOM: usize = 1 << 20;
/// The longest message of a stream that goes on behind it.
const LONGEST: usize = 16 << 20;
/// How much of a stream is received at once.
const CHUNK: usize = 64 << 10;

/// Open an Internet socket. `address` is its text, for messages.
///
/// # Errors
/// An unknown name, nobody listens, the address is in use, or the wait was ended.
pub fn internet(place: &Internet, address: String, opening: &Opening, wait: &mut Wait) -> Result<Socket, Error> {
    let kind = if place.transport == Transport::Tcp { libc::SOCK_STREAM } else { libc::SOCK_DGRAM };
    let host: &[u8] = if place.host.is_empty() { b"127.0.0.1" } else { &place.host };
    let found = name::resolve(host, &place.port, libc::AF_UNSPEC, kind, false);
    let found = found.map_err(|why| Error::nowhere(&address, why.to_string()))?;
    open(found, kind, address, opening, wait)
}

/// Open a UNIX socket.
///
/// # Errors
/// As [`internet`].
pub fn unix(place: &Unix, address: String, opening: &Opening, wait: &mut Wait) -> Result<Socket, Error> {
    let kind = match place.kind {
        UnixKind::Stream => libc::SOCK_STREAM,
        UnixKind::Datagram => libc::SOCK_DGRAM,
        UnixKind::Seqpacket => libc::SOCK_SEQPACKET,
    };
    let name = match &place.place {
        UnixPlace::Path(path) => Name::Path(path.to_vec()),
        UnixPlace::Abstract(name) => Name::Abstract(name.to_vec()),
    };
    open(vec![name], kind, address, opening, wait)
}

fn open(
    names: Vec<Name>,
    kind: libc::c_int,
    address: String,
    opening: &Opening,
    wait: &mut Wait,
) -> Result<Socket, Error> {
    let mut open = Socket {
        connection: None,
        listener: None,
        _file: None,
        others: Vec::new(),
        address,
        kind,
        is_unix: names.first().is_some_and(|name| name.family() == libc::AF_UNIX),
        end: opening.end,
        peer: None,
        rest: Vec::new(),
        at_end: false,
    };
    match opening.role {
        Role::Receiver => {
            // From here on no signal ends the process before the socket's file is removed.
            wait.guard().map_err(|stopped| Error::stopped(&open.address, stopped))?;
            let name = names.first().ok_or_else(|| Error::refused(&open.address, Errno::EADDRNOTAVAIL))?;
            let listener = sockets::listen(name, kind, &Settings::default());
            let listener = listener.map_err(|failed| Error::refused(&open.address, failed.errno))?;
            if kind == libc::SOCK_DGRAM {
                let (socket, file) = listener.into_parts();
                if open.is_unix {
                    let asked = socket::set_option(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PASSCRED, 1);
                    asked.map_err(|errno| Error::refused(&open.address, errno))?;
                }
                (open.connection, open._file) = (Some(socket), file);
            } else {
                open.listener = Some(listener);
            }
        }
        Role::Sender => {
            let mut last = Error::refused(&open.address, Errno::EADDRNOTAVAIL);
            for (index, name) in names.iter().enumerate() {
                match connect(name, kind, &open.address, wait) {
                    Ok(connection) => {
                        open.connection = Some(connection);
                        open.others = names[index + 1..].to_vec();
                        return Ok(open);
                    }
                    Err(error @ Error { why: Why::Refused(_), .. }) => last = error,
                    Err(error) => return Err(error),
                }
            }
            return Err(last);
        }
    }
    Ok(open)
}

fn connect(name: &Name, kind: libc::c_int, address: &str, wait: &mut Wait) -> Result<OwnedFd, Error> {
    let wait = |until: Until| match until {
        Until::Decided(socket) => wait.ready(&address, socket, libc::POLLOUT),
        Until::Later(_) if !wait.may_block() => {
            Err(Error { tried: address.to_owned(), why: Why::WouldBlock(Errno::EAGAIN) })
        }
        Until::Later(time) => wait.pause(&address, time),
    };
    match sockets::connect(name, kind, &Settings::default(), None, wait) {
        Ok((connection, _)) => Ok(connection),
        Err(Unconnected::Failed(failed)) => Err(Error::refused(address, failed.errno)),
        Err(Unconnected::Stopped(error)) => Err(error),
    }
}

impl Socket {
    /// Do something with the connection that may have to wait for `events`; a stream receiver accepts its peer first.
    fn with<T>(
        &mut self,
        events: i16,
        wait: &mut Wait,
        mut call: impl FnMut(i32) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.accept(wait)?,
        };
        let connection = self.connection.insert(connection);
        loop {
            match call(connection.as_raw_fd()) {
                Err(Errno::EAGAIN | Errno::ENOBUFS) => wait.ready(&self.address, connection.as_fd(), events)?,
                Err(Errno::EINTR) => {}
                result => return result.map_err(|errno| Error::refused(&self.address, errno)),
            }
        }
    }

    fn accept(&mut self, wait: &mut Wait) -> Result<OwnedFd, Error> {
        let refused = |errno| Error::refused(&self.address, errno);
        let listener = self.listener.as_ref().ok_or_else(|| refused(Errno::ENOTCONN))?;
        let (connection, peer) = loop {
            match socket::accept(listener.socket.as_raw_fd()) {
                Err(Errno::EAGAIN) => wait.ready(&self.address, listener.socket.as_fd(), libc::POLLIN)?,
                Err(Errno::EINTR | Errno::ECONNABORTED) => {}
                result => break result.map_err(refused)?,
            }
        };
        // Who connects needs no name; then its process is known.
        let process = || rights::peer(connection.as_fd()).map(|pid| BString::from(format!("pid:{pid}")));
        self.peer = if peer == Name::Unnamed { process() } else { Some(BString::from(name::text(&peer))) };
        // One peer is taken: nobody else can connect, and the file is gone.
        self.listener = None;
        Ok(connection)
    }

    /// A message of a stream.
    fn receive_stream(&mut self, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let delimiter = match self.end {
            End::Newline => Some(b'\n'),
            End::Nul => Some(0),
            End::Stream => None,
        };
        let mut looked = 0;
        loop {
            let end = delimiter.and_then(|end| memchr::memchr(end, &self.rest[looked..])).map(|at| looked + at);
            if end.is_some() || self.at_end {
                let into = message.begin();
                let (length, behind) = end.map_or((self.rest.len(), self.rest.len()), |at| (at, at + 1));
                into.extend_from_slice(&self.rest[..length]);
                self.rest.drain(..behind);
                message.sender.clone_from(&self.peer);
                return Ok(end.is_some() || length > 0);
            }
            looked = self.rest.len();
            if delimiter.is_some() && looked > LONGEST {
                let reason = format!("a message of more than {LONGEST} bytes (-a takes a whole stream)");
                return Err(Error::other(&self.address, reason));
            }
            let mut rest = std::mem::take(&mut self.rest);
            rest.resize(looked + CHUNK, 0);
            let got = self.with(libc::POLLIN, wait, |fd| socket::receive(fd, &mut rest[looked..], false, 0));
            rest.truncate(looked + got.as_ref().map_or(0, |(got, _)| *got));
            self.rest = rest;
            self.at_end = got?.0 == 0;
        }
    }

    /// A datagram or record.
    fn send_record(&mut self, body: &[u8], wait: &mut Wait) -> Result<(), Error> {
        loop {
            // That nobody is there comes back as an error of the socket, on this machine at once.
            let sent = self.with(libc::POLLOUT, wait, |fd| socket::send(fd, body, false));
            let sent = sent.and_then(|_| self.with(libc::POLLOUT, wait, socket::take_error));
            match sent {
                Err(Error { why: Why::Refused(Errno::ECONNREFUSED), .. }) if !self.others.is_empty() => {
                    let next = self.others.remove(0);
                    self.connection = Some(connect(&next, self.kind, &self.address, wait)?);
                }
                result => {
                    self.others.clear();
                    return result;
                }
            }
        }
    }

    /// A datagram or record.
    fn receive_record(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let mut buffer = std::mem::take(message.begin());
        buffer.resize(select.size.unwrap_or(ROOM).max(1), 0);
        let most = buffer.len();
        let (kind, is_unix) = (self.kind, self.is_unix);
        let mut process = None;
        let taken = self.with(libc::POLLIN, wait, |fd| {
            if is_unix && kind == libc::SOCK_DGRAM {
                process = rights::next_sender(fd)?;
            }
            // A message that is too long stays where it is, so look first if there is a limit.
            if select.size.is_some() && !select.truncate && take::next_length(fd)? > most {
                return Err(Errno::E2BIG);
            }
            match take::message(fd, kind, &mut buffer)? {
                Some((length, _)) if length > most && !select.truncate => Err(Errno::E2BIG),
                taken => Ok(taken),
            }
        });
        let Some((length, from)) = taken? else { return Ok(false) };
        buffer.truncate(length);
        *message.begin() = buffer;
        message.sender = match from {
            Name::Unnamed => process.map(|pid| BString::from(format!("pid:{pid}"))).or_else(|| self.peer.clone()),
            from => Some(BString::from(name::text(&from))),
        };
        Ok(true)
    }
}

impl Endpoint for Socket {
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error> {
        if self.kind != libc::SOCK_STREAM {
            return self.send_record(message.body, wait);
        }
        let mut bytes = message.body.to_vec();
        match self.end {
            End::Newline => bytes.push(b'\n'),
            End::Nul => bytes.push(0),
            End::Stream => {}
        }
        let mut sent = 0;
        while sent < bytes.len() {
            let result = self.with(libc::POLLOUT, wait, |fd| socket::send(fd, &bytes[sent..], false));
            sent += result.map_err(|mut error| {
                if sent > 0 {
                    error.tried = format!("{} ({sent} of {} bytes were sent)", error.tried, bytes.len());
                }
                error
            })?;
        }
        Ok(())
    }

    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        if self.kind == libc::SOCK_STREAM {
            self.receive_stream(message, wait)
        } else {
            self.receive_record(select, message, wait)
        }
    }

    fn finish(&mut self, wait: &mut Wait) -> Result<(), Error> {
        let Some(connection) = self.connection.as_ref().filter(|_| self.kind == libc::SOCK_STREAM) else {
            return Ok(());
        };
        let fd = connection.as_raw_fd();
        let tried = format!("{}: not all of what was sent has arrived", self.address);
        // A peer that has gone already shows below.
        let _ = socket::shutdown(fd, libc::SHUT_WR);
        let mut waste = vec![0; CHUNK];
        let mut pause = sockets::LOOKS.0;
        loop {
            match socket::receive(fd, &mut waste, false, 0) {
                // The peer has said all: nothing can come any more that is answered with a reset.
                Ok((0, _)) => return Ok(()),
                result if !sockets::is_under_way(fd) && result != Err(Errno::EINTR) => return Ok(()),
                // Another look at signals and time: the peer may send without an end.
                Ok(_) => wait.pause(&tried, Duration::ZERO)?,
                // The kernel goes on; whoever does not want to wait cannot know how it ends.
                Err(Errno::EAGAIN) if !wait.may_block() => return Ok(()),
                Err(Errno::EAGAIN) => {
                    wait.first(&tried, &[connection.as_fd()], Some(pause))?;
                    pause = (pause * 2).min(sockets::LOOKS.1);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::refused(tried, errno)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ipc::{Address, End, Message, Opening, Outgoing, Patience, Role, Select, Wait, open};

    /// Messages that contain everything but what ends them, over every kind of socket.
    #[test]
    fn messages_go_over_every_kind_of_socket() -> Result<(), crate::ipc::Error> {
        let name = format!("ipcsh-endpoint-{}", std::process::id());
        for kind in ["unix", "unix-dgram", "unix-seq"] {
            let address = Address::parse(format!("{kind}:@{name}").as_bytes())?;
            let mut wait = Wait::new(Patience::within(std::time::Duration::from_secs(20)), 0);
            let opening = Opening { role: Role::Receiver, end: End::Nul };
            let base = crate::ipc::Base::default();
            let mut receiver = open(&address, &opening, &base, &mut wait)?;
            let mut sender = open(&address, &Opening { role: Role::Sender, ..opening }, &base, &mut wait)?;
            let messages: [&[u8]; 6] = [b"", b"one", b"two\nlines", &[0xff; 5000], b"last", b""];
            for message in messages {
                sender.send(&Outgoing::new(message), &mut wait)?;
            }
            drop(sender);
            let mut message = Message::default();
            for expected in messages {
                assert!(receiver.receive(&Select::default(), &mut message, &mut wait)?);
                assert_eq!(message.body(), expected, "{kind}");
            }
            if kind != "unix-dgram" {
                assert!(!receiver.receive(&Select::default(), &mut message, &mut wait)?);
            }
            drop(receiver);
            let gone = open(&address, &Opening::sender(), &crate::ipc::Base::default(), &mut wait)
                .map(drop)
                .map_err(|error| error.status());
            assert_eq!(gone, Err(4), "{kind}");
        }
        Ok(())
    }

    #[test]
    fn a_datagram_that_is_too_long_stays() -> Result<(), crate::ipc::Error> {
        let address = Address::parse(format!("unix-dgram:@ipcsh-long-{}", std::process::id()).as_bytes())?;
        let mut wait = Wait::new(Patience::None, 0);
        let base = crate::ipc::Base::default();
        let mut receiver = open(&address, &Opening::receiver(), &base, &mut wait)?;
        let mut sender = open(&address, &Opening::sender(), &base, &mut wait)?;
        let mut message = Message::default();
        let empty = receiver.receive(&Select::default(), &mut message, &mut wait).map_err(|error| error.status());
        assert_eq!(empty, Err(3));
        sender.send(&Outgoing::new(b"0123456789"), &mut wait)?;
        let short = Select { size: Some(4), ..Select::default() };
        let refused = receiver.receive(&short, &mut message, &mut wait).map_err(|error| error.status());
        assert_eq!(refused, Err(1));
        assert!(receiver.receive(&Select { truncate: true, ..short }, &mut message, &mut wait)?);
        assert_eq!(message.body(), b"0123");
        Ok(())
    }
}
