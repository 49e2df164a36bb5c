//! Sockets: two programs that need not be related, on one machine or on two, talk over a descriptor.
//!
//! ```text
//!      server                                   what the kernel keeps                            client
//!   s = socket(family, type)          an endpoint without a name                        c = socket(family, type)
//!   bind(s, name)                     the name is taken: others can find it
//!   listen(s, backlog)                two queues: connections being made,
//!                                     and complete ones that nobody has taken yet
//!                                     <-- the handshake, by the kernel alone -->        connect(c, name)
//!   a = accept(s)                     takes a complete one; `a` is a new socket,
//!                                     `s` goes on listening
//!   recv(a) send(a)                   for each direction a buffer on each side          send(c) recv(c)
//!                                     (a full one makes the sender wait)
//!   shutdown(a, SHUT_WR)              end of stream in one direction                    recv(c) = 0
//!   close(a)                          the last descriptor closes both                   close(c)
//! ```
//!
//! A datagram socket has no `listen` and no `accept`: whoever has bound a name receives from everybody (`recvfrom` says from whom), each
//! message whole or not at all, in any order, perhaps never. `connect` on it only notes the peer. A seqpacket socket is a stream that keeps
//! the boundaries of messages.
//!
//! What goes wrong without care, and where this module takes it:
//! - the port of a server that has just ended is in use for a minute, unless SO_REUSEADDR is set before bind ([`listen`]);
//! - the file of a UNIX socket outlives its server, and the next bind fails ([`listen`], [`mod@file`]);
//! - a connect to a dead machine takes minutes and cannot be interrupted, unless the socket does not block ([`connect`]);
//! - writing to a peer that has gone raises SIGPIPE, unless it is ignored ([`Guard::for_descriptors`]);
//! - a program that copies in one direction until the end, and then in the other, waits for ever for a peer that does the same
//!   ([`relay`]).

pub mod device;
pub mod endpoint;
pub mod file;
pub mod frame;
pub mod hex;
pub mod lane;
pub mod name;
pub mod peer;
pub mod record;
pub mod relay;
pub mod take;

use crate::ipc::wait::{Cut, Guard};
use crate::sys::fd::make_private;
use crate::sys::socket::{self, Name};
use file::SocketFile;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// How many complete connections the kernel keeps for `accept`; it takes the smaller of this and net.core.somaxconn.
pub const BACKLOG: libc::c_int = 4096;

/// What can be set on a socket before it is bound or connected (socket(7), ip(7)).
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// SO_BROADCAST: datagrams may go to a broadcast address.
    pub broadcast: bool,
    /// SO_DEBUG: for root only.
    pub debug: bool,
    /// SO_RCVBUF in bytes.
    pub receive_buffer: Option<i32>,
    /// SO_SNDBUF in bytes.
    pub send_buffer: Option<i32>,
}

impl Settings {
    /// Set them.
    ///
    /// # Errors
    /// The system's: EACCES for `debug` without privilege.
    pub fn apply(&self, fd: RawFd) -> Result<(), Errno> {
        let set = |option, value| socket::set_option(fd, libc::SOL_SOCKET, option, value);
        if self.broadcast {
            set(libc::SO_BROADCAST, 1)?;
        }
        if self.debug {
            set(libc::SO_DEBUG, 1)?;
        }
        self.receive_buffer.map_or(Ok(()), |size| set(libc::SO_RCVBUF, size))?;
        self.send_buffer.map_or(Ok(()), |size| set(libc::SO_SNDBUF, size))
    }
}

/// A failed call: the C function and errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The name of the function.
    pub call: &'static str,
    /// Why.
    pub errno: Errno,
}

fn in_call(call: &'static str) -> impl Fn(Errno) -> Failed {
    move |errno| Failed { call, errno }
}

/// A socket that is bound, and listens unless it is for datagrams. Dropping it removes the file of a UNIX name.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: OwnedFd,
    /// Its file, if it has one.
    file: Option<SocketFile>,
}

impl Listener {
    /// Its name; of an Internet socket with the port that it was really given.
    ///
    /// # Errors
    /// As [`socket::local_name`].
    pub fn name(&self) -> Result<Name, Errno> {
        socket::local_name(self.socket.as_raw_fd())
    }

    /// The socket, when it is itself what the data comes through, and what removes the file in the end.
    pub fn into_parts(self) -> (OwnedFd, Option<SocketFile>) {
        (self.socket, self.file)
    }
}

/// socket, setsockopt, bind, listen: a place where others can connect (or send datagrams) to. The socket does not block.
///
/// A UNIX path whose file is left from a server that has gone is taken over; a file that is no socket never is.
///
/// # Errors
/// The call that failed: EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOENT, ENOTDIR, ENAMETOOLONG.
pub fn listen(name: &Name, kind: libc::c_int, settings: &Settings) -> Result<Listener, Failed> {
    let socket = socket::socket(name.family(), kind | libc::SOCK_NONBLOCK).and_then(make_private);
    let socket = socket.map_err(in_call("socket"))?;
    let fd = socket.as_raw_fd();
    settings.apply(fd).map_err(in_call("setsockopt"))?;
    if let Name::Inet(address) = name {
        // For datagrams it would let two sockets take the same port, and one of them would get nothing.
        if kind != libc::SOCK_DGRAM {
            socket::set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1).map_err(in_call("setsockopt"))?;
        }
        if address.is_ipv6() {
            socket::set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1).map_err(in_call("setsockopt"))?;
        }
    }
    let file = bind(fd, name, kind).map_err(in_call("bind"))?;
    if kind != libc::SOCK_DGRAM {
        socket::listen(fd, BACKLOG).map_err(in_call("listen"))?;
    }
    Ok(Listener { socket, file })
}

/// bind; for a path, take over a file that nobody listens at, and remember what was made.
fn bind(fd: RawFd, name: &Name, kind: libc::c_int) -> Result<Option<SocketFile>, Errno> {
    let Name::Path(path) = name else { return socket::bind(fd, name).map(|()| None) };
    match socket::bind(fd, name) {
        Err(Errno::EADDRINUSE) if file::is_stale(path, kind) => {
            file::remove_socket(path)?;
            socket::bind(fd, name)?;
        }
        result => result?,
    }
    Ok(Some(SocketFile::made(path)))
}

/// Wait for a connection and take it: the new socket, which blocks, and the name of the peer.
///
/// # Errors
/// Time is up, a signal, or what accept4 says. A connection that has gone before it was taken is passed over.
pub fn accept(listener: RawFd, watch: &Guard, deadline: Option<Instant>) -> Result<(OwnedFd, Name), Cut> {
    loop {
        match socket::accept(listener) {
            Err(Errno::EAGAIN) => watch.wait_for(listener, libc::POLLIN, deadline)?,
            Err(Errno::EINTR | Errno::ECONNABORTED) => {}
            result => return result.map_err(Cut::Failed),
        }
    }
}

/// How long to wait before another look at a UNIX socket whose queue is full: the kernel gives nothing to wait for.
const QUEUE_FULL: Duration = Duration::from_millis(5);

/// What a connection that is being made has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// This socket can be written to, or has failed.
    Decided(RawFd),
    /// This time has passed: the server's queue is full.
    Later(Duration),
}

/// Why a connection was not made: a call failed, or the waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconnected<E> {
    /// By a call.
    Failed(Failed),
    /// By what the waiting says.
    Stopped(E),
}

impl Unconnected<Cut> {
    /// The call that failed; a deadline counts as ETIMEDOUT of connect. `Err`: this signal was caught.
    pub fn failed(self) -> Result<Failed, i32> {
        let connect = |errno| Ok(Failed { call: "connect", errno });
        match self {
            Self::Failed(failed) => Ok(failed),
            Self::Stopped(Cut::Signal(signal)) => Err(signal),
            Self::Stopped(Cut::Timeout) => connect(Errno::ETIMEDOUT),
            Self::Stopped(Cut::Failed(errno)) => connect(errno),
        }
    }
}

/// How to wait for a connection under a guard, until the deadline.
pub fn patiently<'a>(watch: &'a Guard, deadline: Option<Instant>) -> impl FnMut(Until) -> Result<(), Cut> + 'a {
    move |until| match until {
        Until::Decided(socket) => watch.wait_for(socket, libc::POLLOUT, deadline),
        Until::Later(_) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => Err(Cut::Timeout),
        Until::Later(time) => watch.sleep(time),
    }
}

/// connect without blocking in it: a socket that is connected and does not block, and the file of `from`, a name of one's own. `wait` is
/// called only if there is something to wait for, so whoever connects within this machine needs no preparations for it.
///
/// # Errors
/// What the calls say, or what `wait` says.
pub fn connect<E>(
    name: &Name,
    kind: libc::c_int,
    settings: &Settings,
    from: Option<&Name>,
    wait: impl FnMut(Until) -> Result<(), E>,
) -> Result<(OwnedFd, Option<SocketFile>), Unconnected<E>> {
    let failed = |call| move |errno| Unconnected::Failed(Failed { call, errno });
    let socket = socket::socket(name.family(), kind | libc::SOCK_NONBLOCK).map_err(failed("socket"))?;
    let fd = socket.as_raw_fd();
    settings.apply(fd).map_err(failed("setsockopt"))?;
    let mut file = None;
    if let Some(from) = from {
        socket::set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1).map_err(failed("setsockopt"))?;
        file = bind(fd, from, kind).map_err(failed("bind"))?;
    }
    complete(fd, name, wait).map(|()| (socket, file))
}

/// Connect a socket that does not block, and see it through.
///
/// # Errors
/// As [`connect`].
pub fn complete<E>(fd: RawFd, name: &Name, mut wait: impl FnMut(Until) -> Result<(), E>) -> Result<(), Unconnected<E>> {
    loop {
        // The first call begins the handshake, and within one machine that is already all: the second one tells how it went.
        let until = match socket::connect(fd, name) {
            Ok(()) => return Ok(()),
            Err(Errno::EINPROGRESS | Errno::EINTR) => continue,
            Err(Errno::EALREADY) => Until::Decided(fd),
            Err(Errno::EAGAIN) if name.family() == libc::AF_UNIX => Until::Later(QUEUE_FULL),
            Err(errno) => return Err(Unconnected::Failed(Failed { call: "connect", errno })),
        };
        wait(until).map_err(Unconnected::Stopped)?;
    }
}

/// How long, and for how much, a connection is still read after its end: see [`close_gently`].
const LINGER: (Duration, usize) = (Duration::from_secs(2), 64 << 20);

/// The pauses between looks at what is under way, for which there is nothing to wait for: the first one, and the longest.
pub const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// Whether something that was sent, or the end behind it, has not yet arrived in the peer's system: a reset would throw it away. What is sent
/// to a UNIX socket has arrived at once.
pub fn is_under_way(fd: RawFd) -> bool {
    socket::option(fd, libc::SOL_SOCKET, libc::SO_DOMAIN).is_ok_and(|family| family != libc::AF_UNIX)
        && socket::unconfirmed(fd).is_ok_and(|bytes| bytes > 0)
}

/// Wait until the peer has sent something, or until nothing is under way any more. True: it has sent something.
fn hears_before_all_has_arrived(fd: RawFd, end: Instant) -> bool {
    let mut pause = LOOKS.0;
    loop {
        match socket::receive(fd, &mut [0u8; 1], false, libc::MSG_PEEK) {
            Ok((got, _)) => return got > 0,
            Err(Errno::EAGAIN) if is_under_way(fd) && Instant::now() < end => {}
            Err(_) => return false,
        }
        if crate::sys::poll::wait(&mut [crate::sys::poll::interest(fd, libc::POLLIN)], Some(pause), None).is_err() {
            return false;
        }
        pause = (pause * 2).min(LOOKS.1);
    }
}

/// Before a connection is closed whose peer may still send: say that nothing more comes, and read away what it sends.
///
/// Closing a TCP socket with unread data makes the kernel send a reset, and so does what comes later: it throws away what has not arrived, or
/// has not been read, at the other side. A client that sends more than its server wants to read would lose the answer.
pub fn close_gently(fd: RawFd) {
    let end = Instant::now() + LINGER.0;
    if !hears_before_all_has_arrived(fd, end) || socket::shutdown(fd, libc::SHUT_WR).is_err() {
        return;
    }
    let mut left = LINGER.1;
    let mut waste = vec![0u8; 64 << 10];
    while left > 0 {
        match socket::receive(fd, &mut waste, false, 0) {
            Ok((0, _)) => return,
            Ok((got, _)) => left = left.saturating_sub(got),
            Err(Errno::EAGAIN) => {
                let time = end.saturating_duration_since(Instant::now());
                let mut interests = [crate::sys::poll::interest(fd, libc::POLLIN)];
                if time.is_zero() || crate::sys::poll::wait(&mut interests, Some(time), None) != Ok(1) {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
