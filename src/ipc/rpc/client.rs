//! The caller's side: send the call, wait for the reply with its xid, and when none comes, send the same call again.
//!
//! A caller that hears nothing cannot know whether the call was lost, or the reply. Sending again makes it *at least once*: a server that does not
//! recognise the xid executes it again. A retry therefore keeps its xid.

use crate::ipc::error::words;
use crate::ipc::rpc::fault::Faults;
use crate::ipc::rpc::frame::{Framing, Reader};
use crate::ipc::rpc::onc::{self, Reply, Target};
use crate::ipc::rpc::record;
use crate::ipc::rpc::xdr::XdrError;
use crate::ipc::socket::{self, Failed, Settings, name};
use crate::ipc::wait::{Cut, Guard};
use crate::sys::eager::Eager;
use crate::sys::fd;
use crate::sys::socket as call;
use crate::sys::socket::Name;
use nix::errno::Errno;
use std::fmt;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// What carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A byte stream over the Internet protocols.
    Tcp,
    /// Datagrams, which may be lost.
    Udp,
    /// A byte stream to a path.
    Unix,
}

impl Transport {
    /// `tcp`, `udp`, `unix`.
    pub fn by_name(name: &[u8]) -> Option<Self> {
        match name {
            b"tcp" => Some(Self::Tcp),
            b"udp" => Some(Self::Udp),
            b"unix" => Some(Self::Unix),
            _ => None,
        }
    }

    /// SOCK_DGRAM or SOCK_STREAM.
    pub fn kind(self) -> libc::c_int {
        if self == Self::Udp { libc::SOCK_DGRAM } else { libc::SOCK_STREAM }
    }
}

/// Why a call has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody there: which function failed, and why.
    Connect(Failed),
    /// The host has no address; the resolver's words.
    Resolve(String),
    /// Time is up, after all tries.
    Timeout,
    /// This signal.
    Signal(i32),
    /// The server has closed the connection, or the network has failed.
    Broken(Errno),
    /// What came is no reply.
    Garbage(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(failed) => write!(f, "{}: {}", failed.call, words(failed.errno)),
            Self::Resolve(why) => f.write_str(why),
            Self::Timeout => f.write_str("no reply in time"),
            Self::Signal(number) => write!(f, "interrupted by signal {number}"),
            Self::Broken(Errno::ENOTCONN) => f.write_str("the server has closed the connection"),
            Self::Broken(errno) => f.write_str(&words(*errno)),
            Self::Garbage(why) => write!(f, "the server's answer is no reply: {why}"),
        }
    }
}

impl From<Cut> for Lost {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Signal(number) => Self::Signal(number),
            Cut::Timeout => Self::Timeout,
            Cut::Failed(errno) => Self::Broken(errno),
        }
    }
}

impl From<XdrError> for Lost {
    fn from(error: XdrError) -> Self {
        Self::Garbage(error.to_string())
    }
}

/// How patient a caller is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long the first try waits; each further one waits twice as long.
    pub first: Duration,
    /// How many tries there are in all, at least 1.
    pub tries: u32,
}

/// A connection to a server, for any number of calls one after the other.
#[derive(Debug)]
pub struct Connection {
    socket: OwnedFd,
    transport: Transport,
    /// Kind and body of the credential that goes with each call.
    credential: (u32, Vec<u8>),
    reader: Reader,
    input: Vec<u8>,
    /// The call that is made, as it goes over the network: kept for its memory.
    output: Vec<u8>,
    eager: Eager,
}

/// The addresses of a server: for UNIX sockets `host` is the path.
///
/// # Errors
/// The resolver's.
pub fn addresses(transport: Transport, host: &[u8], port: u16) -> Result<Vec<Name>, Lost> {
    if transport == Transport::Unix {
        return Ok(vec![name::unix(host)]);
    }
    let port = port.to_string();
    let found = name::resolve(host, port.as_bytes(), libc::AF_UNSPEC, transport.kind(), false);
    found.map_err(|why| Lost::Resolve(why.to_string()))
}

impl Connection {
    /// Connect to the first address that answers.
    ///
    /// # Errors
    /// Why the last one did not.
    pub fn open(
        transport: Transport,
        framing: Framing,
        names: &[Name],
        watch: &Guard,
        deadline: Option<Instant>,
    ) -> Result<Self, Lost> {
        let mut why = Lost::Resolve(String::from("no address"));
        for name in names {
            let wait = socket::patiently(watch, deadline);
            match socket::connect(name, transport.kind(), &Settings::default(), None, wait) {
                Ok((socket, _)) => {
                    // It may be kept for later calls.
                    let private = fd::make_private(socket);
                    let socket = private.map_err(|errno| Lost::Connect(Failed { call: "fcntl", errno }))?;
                    if transport == Transport::Tcp {
                        // A call is one small message, and nothing follows it that it could wait for.
                        let _ = call::set_option(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
                    }
                    return Ok(Self {
                        socket,
                        transport,
                        credential: (onc::AUTH_NONE, Vec::new()),
                        reader: Reader::new(framing),
                        input: vec![0; 64 << 10],
                        output: Vec::new(),
                        eager: Eager::default(),
                    });
                }
                Err(unconnected) => why = Lost::Connect(unconnected.failed().map_err(Lost::Signal)?),
            }
        }
        Err(why)
    }

    /// From here on each call goes with this credential, AUTH_SYS: who this process is cannot change while it runs.
    pub fn introduce(&mut self) {
        let body = onc::auth_sys("localhost", nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw(), &[]);
        self.credential = (onc::AUTH_SYS, body);
    }

    /// The server's address.
    pub fn peer(&self) -> Option<Name> {
        call::peer_name(self.socket.as_raw_fd()).ok()
    }

    /// Whether nothing has come since the last reply, not even the end of the connection.
    pub fn is_idle(&self) -> bool {
        let nothing = call::receive(self.socket.as_raw_fd(), &mut [0], false, libc::MSG_PEEK) == Err(Errno::EAGAIN);
        nothing && !self.reader.is_inside()
    }

    /// Make a call: the reply, and how many tries it took.
    ///
    /// # Errors
    /// There was no reply.
    pub fn call(
        &mut self,
        xid: u32,
        target: Target,
        arguments: &[u8],
        patience: Patience,
        faults: &mut Faults,
        watch: &Guard,
    ) -> Result<(Reply, u32), Lost> {
        let mut message = std::mem::take(&mut self.output);
        message.clear();
        let marked = if self.transport == Transport::Udp { 0 } else { 4 };
        message.resize(marked, 0);
        onc::put_call(&mut message, xid, target, (self.credential.0, &self.credential.1));
        message.extend_from_slice(arguments);
        let mark = record::mark(message.len() - marked);
        message[..marked].copy_from_slice(&mark[..marked]);
        let mut wait = patience.first;
        let mut attempt = 1;
        let mut sent = 0;
        let reply = loop {
            let deadline = Instant::now().checked_add(wait);
            match self.attempt(xid, &message, &mut sent, faults, watch, deadline) {
                Err(Lost::Timeout) if attempt < patience.tries => wait = wait.saturating_mul(2),
                result => break result,
            }
            attempt += 1;
        };
        self.output = message;
        reply.map(|reply| (reply, attempt))
    }

    /// Send a message and wait for its answer: `choose` makes something of it, or nothing of a message that is none.
    ///
    /// # Errors
    /// It could not be sent, or there was no answer.
    pub fn exchange<T>(
        &mut self,
        message: &[u8],
        watch: &Guard,
        deadline: Option<Instant>,
        choose: impl FnMut(Vec<u8>) -> Option<T>,
    ) -> Result<T, Lost> {
        self.send(message, &mut 0, watch, deadline)?;
        self.answer(watch, deadline, choose)
    }

    /// Send a message that has no answer.
    ///
    /// # Errors
    /// It could not be sent.
    pub fn tell(&self, message: &[u8], watch: &Guard, deadline: Option<Instant>) -> Result<(), Lost> {
        self.send(message, &mut 0, watch, deadline)
    }

    /// One try. `sent`: how much of the message an earlier one has sent before its time was up; a stream goes on there, because the server waits for
    /// the rest.
    fn attempt(
        &mut self,
        xid: u32,
        message: &[u8],
        sent: &mut usize,
        faults: &mut Faults,
        watch: &Guard,
        deadline: Option<Instant>,
    ) -> Result<Reply, Lost> {
        if !faults.delay.is_zero() {
            watch.sleep(faults.delay)?;
        }
        if *sent > 0 || !faults.happens(faults.drop_request) {
            self.send(message, sent, watch, deadline)?;
            if faults.happens(faults.duplicate) {
                self.send(message, sent, watch, deadline)?;
            }
        }
        let transport = self.transport;
        self.answer(watch, deadline, |answer| match onc::parse_reply(&answer) {
            Ok((found, reply)) if found == xid && !faults.happens(faults.drop_reply) => Some(Ok(reply)),
            // The answer to an earlier call, or a second one to a call that was sent twice, is not ours.
            Ok(_) => None,
            // A datagram from anybody is no reason to give up; on a connection it is the server who speaks.
            Err(_) if transport == Transport::Udp => None,
            Err(error) => Some(Err(error.into())),
        })?
    }

    /// Receive until `choose` makes something of a message.
    fn answer<T>(
        &mut self,
        watch: &Guard,
        deadline: Option<Instant>,
        mut choose: impl FnMut(Vec<u8>) -> Option<T>,
    ) -> Result<T, Lost> {
        loop {
            if let Some(chosen) = choose(self.receive(watch, deadline)?) {
                return Ok(chosen);
            }
            // Messages that are no answer may come without an end.
            watch.check(deadline)?;
        }
    }

    /// Send what is left of a message behind the first `sent` bytes; when all of it has gone, `sent` is 0 again.
    fn send(&self, message: &[u8], sent: &mut usize, watch: &Guard, deadline: Option<Instant>) -> Result<(), Lost> {
        let fd = self.socket.as_raw_fd();
        while *sent < message.len() {
            match call::send(fd, &message[*sent..], false) {
                Ok(count) => *sent += count,
                Err(Errno::EAGAIN) => watch.wait_for(fd, libc::POLLOUT, deadline)?,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(self.failed(errno)),
            }
        }
        *sent = 0;
        Ok(())
    }

    /// The next message, from a stream or a datagram.
    fn receive(&mut self, watch: &Guard, deadline: Option<Instant>) -> Result<Vec<u8>, Lost> {
        let fd = self.socket.as_raw_fd();
        let mut is_first = true;
        loop {
            if self.transport != Transport::Udp {
                match self.reader.next_message() {
                    Ok(Some(message)) => return Ok(message),
                    Ok(None) => {}
                    Err(broken) => return Err(Lost::Garbage(broken.why)),
                }
            }
            // The server may send for ever without an end of its message.
            if !std::mem::take(&mut is_first) {
                watch.check(deadline)?;
            }
            let input = &mut self.input;
            let mut attempt = || match call::receive(fd, input, false, 0) {
                Err(Errno::EAGAIN | Errno::EINTR) => None,
                result => Some(result),
            };
            let received = match self.eager.look(&mut attempt) {
                Some(received) => received,
                None => {
                    watch.wait_for(fd, libc::POLLIN, deadline)?;
                    match attempt() {
                        Some(received) => received,
                        None => continue,
                    }
                }
            };
            match received {
                Ok((0, _)) if self.transport != Transport::Udp => {
                    return match self.reader.end() {
                        Ok(Some(message)) => Ok(message),
                        Ok(None) => Err(Lost::Broken(Errno::ENOTCONN)),
                        Err(broken) => Err(Lost::Garbage(broken.why)),
                    };
                }
                Ok((got, _)) if self.transport == Transport::Udp => {
                    return Ok(self.input[..got.min(self.input.len())].to_vec());
                }
                Ok((got, _)) => self.reader.push(&self.input[..got]),
                Err(errno) => return Err(self.failed(errno)),
            }
        }
    }

    /// A datagram that nobody takes is told by the next call: it means that there is no server.
    fn failed(&self, errno: Errno) -> Lost {
        match errno {
            Errno::ECONNREFUSED => Lost::Connect(Failed { call: "connect", errno }),
            Errno::EPIPE => Lost::Broken(Errno::ENOTCONN),
            errno => Lost::Broken(errno),
        }
    }
}
