//! Sockets, call by call: socket, bind, listen, accept4, connect, send, sendto, recv, recvfrom, shutdown, getsockname, getpeername,
//! getsockopt, setsockopt, socketpair, and sendmsg for passing a descriptor.
//!
//! The kernel takes addresses as untyped bytes, a `sockaddr` of some family and its length; [`Name`] is what such bytes say. All
//! descriptors are made close-on-exec in the call that makes them: a program started in between never sees them.

use nix::errno::Errno;
use std::mem::{MaybeUninit, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The name of a socket (unix(7), ip(7), ipv6(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// An Internet address and port.
    Inet(SocketAddr),
    /// A file of type socket.
    Path(Vec<u8>),
    /// A name in the abstract namespace, without the NUL that begins it: no file, gone with the last descriptor.
    Abstract(Vec<u8>),
    /// None: a UNIX socket that was not bound.
    Unnamed,
}

impl Name {
    /// The address family for `socket`.
    pub fn family(&self) -> libc::c_int {
        match self {
            Self::Inet(SocketAddr::V4(_)) => libc::AF_INET,
            Self::Inet(SocketAddr::V6(_)) => libc::AF_INET6,
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed => libc::AF_UNIX,
        }
    }
}

/// A name as the kernel takes it.
struct Address {
    storage: libc::sockaddr_storage,
    length: libc::socklen_t,
}

impl Address {
    fn empty() -> Self {
        // SAFETY: all zeros is a valid sockaddr_storage (of the family AF_UNSPEC).
        Self { storage: unsafe { std::mem::zeroed() }, length: size_of::<libc::sockaddr_storage>() as libc::socklen_t }
    }

    fn holding<T>(value: T, length: usize) -> Self {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        let mut address = Self::empty();
        // SAFETY: the storage is large enough for every kind of socket address (asserted above) and aligned for all of them.
        unsafe { (&raw mut address.storage).cast::<T>().write(value) };
        address.length = length as libc::socklen_t;
        address
    }

    /// ENAMETOOLONG: a path or abstract name of more than 107 bytes.
    fn new(name: &Name) -> Result<Self, Errno> {
        match name {
            Name::Inet(SocketAddr::V4(inet)) => {
                let address = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: inet.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(inet.ip().octets()) },
                    sin_zero: [0; 8],
                };
                Ok(Self::holding(address, size_of::<libc::sockaddr_in>()))
            }
            Name::Inet(SocketAddr::V6(inet)) => {
                let address = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: inet.port().to_be(),
                    sin6_flowinfo: inet.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: inet.ip().octets() },
                    sin6_scope_id: inet.scope_id(),
                };
                Ok(Self::holding(address, size_of::<libc::sockaddr_in6>()))
            }
            Name::Path(path) => Self::unix(path, 0),
            Name::Abstract(name) => Self::unix(name, 1),
            Name::Unnamed => Self::unix(b"", 0),
        }
    }

    /// `before` is 1 for the NUL that begins an abstract name. A path must leave room for the NUL that ends it.
    fn unix(name: &[u8], before: usize) -> Result<Self, Errno> {
        let mut address = libc::sockaddr_un { sun_family: libc::AF_UNIX as libc::sa_family_t, sun_path: [0; SUN_PATH] };
        if name.len() >= SUN_PATH || name.contains(&0) && before == 0 {
            return Err(if name.len() >= SUN_PATH { Errno::ENAMETOOLONG } else { Errno::EINVAL });
        }
        for (place, &byte) in address.sun_path[before..].iter_mut().zip(name) {
            *place = byte as libc::c_char;
        }
        let ends_with_nul = usize::from(before == 0 && !name.is_empty());
        Ok(Self::holding(address, UN_HEAD + before + name.len() + ends_with_nul))
    }

    fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    fn pointer_mut(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    fn name(&self) -> Name {
        match libc::c_int::from(self.storage.ss_family) {
            libc::AF_INET => {
                // SAFETY: the kernel says that it is an IPv4 address; the storage is larger and aligned.
                let inet = unsafe { (&raw const self.storage).cast::<libc::sockaddr_in>().read() };
                let ip = Ipv4Addr::from(inet.sin_addr.s_addr.to_ne_bytes());
                Name::Inet(SocketAddr::new(IpAddr::V4(ip), u16::from_be(inet.sin_port)))
            }
            libc::AF_INET6 => {
                // SAFETY: as above, for IPv6.
                let inet = unsafe { (&raw const self.storage).cast::<libc::sockaddr_in6>().read() };
                let ip = Ipv6Addr::from(inet.sin6_addr.s6_addr);
                let port = u16::from_be(inet.sin6_port);
                Name::Inet(SocketAddr::V6(SocketAddrV6::new(ip, port, inet.sin6_flowinfo, inet.sin6_scope_id)))
            }
            libc::AF_UNIX => {
                // SAFETY: as above, for a UNIX name.
                let unix = unsafe { (&raw const self.storage).cast::<libc::sockaddr_un>().read() };
                let length = (self.length as usize).saturating_sub(UN_HEAD).min(SUN_PATH);
                let bytes: Vec<u8> = unix.sun_path[..length].iter().map(|&byte| byte as u8).collect();
                match &bytes[..] {
                    [] => Name::Unnamed,
                    [0, name @ ..] => Name::Abstract(name.to_vec()),
                    path => Name::Path(path.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()),
                }
            }
            _ => Name::Unnamed,
        }
    }
}

/// Room for a name in `sockaddr_un`, with the NUL at its end.
const SUN_PATH: usize = 108;
/// What stands before it.
const UN_HEAD: usize = size_of::<libc::sa_family_t>();

fn check(result: libc::c_int) -> Result<libc::c_int, Errno> {
    Errno::result(result)
}

fn count(result: isize) -> Result<usize, Errno> {
    Errno::result(result).map(|count| count as usize)
}

/// A new descriptor, at the lowest free number above 2, which a user could take for his own.
fn owned(fd: RawFd) -> Result<OwnedFd, Errno> {
    // SAFETY: the descriptor is new and nobody else's.
    let new = unsafe { OwnedFd::from_raw_fd(fd) };
    if fd > 2 { Ok(new) } else { crate::sys::fd::make_private(new) }
}

/// socket(2): an endpoint without a name. `kind` is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET, and perhaps SOCK_NONBLOCK. What is to live
/// while commands of the user run goes to a private number ([`make_private`](crate::sys::fd::make_private)).
///
/// # Errors
/// EAFNOSUPPORT, EPROTONOSUPPORT: no such combination; EMFILE.
pub fn socket(family: libc::c_int, kind: libc::c_int) -> Result<OwnedFd, Errno> {
    // SAFETY: socket touches no memory.
    owned(check(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) })?)
}

/// socketpair(2): two UNIX sockets connected to one another.
///
/// # Errors
/// EMFILE.
pub fn pair(kind: libc::c_int) -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) })?;
    // SAFETY: both descriptors are new and nobody else's.
    let [one, other] = ends.map(|end| crate::sys::fd::make_private(unsafe { OwnedFd::from_raw_fd(end) }));
    Ok((one?, other?))
}

/// bind(2): give the socket a name that others can connect or send to.
///
/// # Errors
/// EADDRINUSE; EADDRNOTAVAIL: not an address of this machine; EACCES; ENOENT: no such directory for a path; ENAMETOOLONG.
pub fn bind(fd: RawFd, name: &Name) -> Result<(), Errno> {
    let address = Address::new(name)?;
    // SAFETY: pointer and length describe `address`.
    check(unsafe { libc::bind(fd, address.pointer(), address.length) }).map(drop)
}

/// listen(2): the kernel completes connections from now on and keeps up to `backlog` of them for `accept`.
///
/// # Errors
/// EADDRINUSE; EOPNOTSUPP: not a stream or seqpacket socket.
pub fn listen(fd: RawFd, backlog: libc::c_int) -> Result<(), Errno> {
    // SAFETY: listen touches no memory.
    check(unsafe { libc::listen(fd, backlog) }).map(drop)
}

/// accept4(2): take a connection: a new socket that blocks, and the name of the peer. Its number is above 2: who has closed standard output
/// has not asked for the connection there.
///
/// # Errors
/// EINTR; EAGAIN: none is waiting, and the socket does not block; ECONNABORTED: it was there and has gone; EMFILE.
pub fn accept(fd: RawFd) -> Result<(OwnedFd, Name), Errno> {
    let mut address = Address::empty();
    // SAFETY: pointer and length describe `address`.
    let new = unsafe { libc::accept4(fd, address.pointer_mut(), &raw mut address.length, libc::SOCK_CLOEXEC) };
    Ok((owned(check(new)?)?, address.name()))
}

/// connect(2): a stream is connected to whoever listens there; a datagram socket only notes where to send and from whom to receive.
///
/// # Errors
/// ECONNREFUSED: nobody listens; EINPROGRESS: the socket does not block, and another call or poll will tell; EALREADY: it is not decided yet;
/// EINTR: it goes on; ENETUNREACH, EHOSTUNREACH, ETIMEDOUT; ENOENT, EACCES for paths.
pub fn connect(fd: RawFd, name: &Name) -> Result<(), Errno> {
    let address = Address::new(name)?;
    // SAFETY: pointer and length describe `address`.
    check(unsafe { libc::connect(fd, address.pointer(), address.length) }).map(drop)
}

/// send(2) with MSG_NOSIGNAL, and MSG_DONTWAIT if it is not to `block`.
///
/// # Errors
/// EAGAIN; EINTR; EPIPE, ECONNRESET: the peer has gone; EMSGSIZE: too long for a datagram; ECONNREFUSED: nobody took the datagram before.
pub fn send(fd: RawFd, bytes: &[u8], block: bool) -> Result<usize, Errno> {
    // SAFETY: pointer and length describe `bytes`.
    count(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags(block)) })
}

/// sendto(2): one datagram to this name.
///
/// # Errors
/// As [`send`] and [`connect`].
pub fn send_to(fd: RawFd, bytes: &[u8], name: &Name, block: bool) -> Result<usize, Errno> {
    let address = Address::new(name)?;
    let (start, length) = (bytes.as_ptr().cast(), bytes.len());
    // SAFETY: the pointers and lengths describe `bytes` and `address`.
    count(unsafe { libc::sendto(fd, start, length, flags(block), address.pointer(), address.length) })
}

fn flags(block: bool) -> libc::c_int {
    libc::MSG_NOSIGNAL | if block { 0 } else { libc::MSG_DONTWAIT }
}

/// recvfrom(2): what was received, its whole length (larger than `buffer` if the rest of a datagram was cut off), and from whom.
/// 0 is the end of a stream, or an empty datagram. `more` is further flags, such as MSG_PEEK.
///
/// # Errors
/// EAGAIN; EINTR; ECONNRESET: a stream was broken off; ECONNREFUSED: nobody took the datagram sent before.
pub fn receive(fd: RawFd, buffer: &mut [u8], block: bool, more: libc::c_int) -> Result<(usize, Name), Errno> {
    let mut address = Address::empty();
    let (start, length) = (buffer.as_mut_ptr().cast(), buffer.len());
    let flags = more | if block { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: the pointers and lengths describe `buffer` and `address`.
    let got = unsafe { libc::recvfrom(fd, start, length, flags, address.pointer_mut(), &raw mut address.length) };
    let got = count(got)?;
    if address.length == 0 {
        // A connected stream does not say from whom.
        return Ok((got, Name::Unnamed));
    }
    Ok((got, address.name()))
}

/// Read away as many bytes of a stream as `scratch` has room for: they were seen before, so this does not wait. (Should another reader have
/// been faster, there is nothing to take away.)
pub fn discard(fd: RawFd, scratch: &mut [u8]) {
    let mut at = 0;
    while at < scratch.len() {
        match receive(fd, &mut scratch[at..], false, 0) {
            Err(Errno::EINTR) => {}
            Ok((0, _)) | Err(_) => return,
            Ok((got, _)) => at += got,
        }
    }
}

/// shutdown(2): end one direction, for all copies of the descriptor. The peer sees the end of the stream. `how` is SHUT_RD, SHUT_WR or
/// SHUT_RDWR.
///
/// # Errors
/// ENOTCONN; ENOTSOCK.
pub fn shutdown(fd: RawFd, how: libc::c_int) -> Result<(), Errno> {
    // SAFETY: shutdown touches no memory.
    check(unsafe { libc::shutdown(fd, how) }).map(drop)
}

/// SIOCOUTQ (tcp(7)): how many bytes the other side has not confirmed yet; the end of the stream counts as one.
///
/// # Errors
/// ENOTSOCK; ENOTTY.
pub fn unconfirmed(fd: RawFd) -> Result<usize, Errno> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: SIOCOUTQ, which is TIOCOUTQ for sockets, writes one int.
    check(unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut bytes) })?;
    Ok(bytes as usize)
}

/// getsockname(2): the socket's own name.
///
/// # Errors
/// ENOTSOCK, EBADF.
pub fn local_name(fd: RawFd) -> Result<Name, Errno> {
    let mut address = Address::empty();
    // SAFETY: pointer and length describe `address`.
    check(unsafe { libc::getsockname(fd, address.pointer_mut(), &raw mut address.length) })?;
    Ok(address.name())
}

/// getpeername(2): the name of the socket at the other end.
///
/// # Errors
/// ENOTCONN; ENOTSOCK, EBADF.
pub fn peer_name(fd: RawFd) -> Result<Name, Errno> {
    let mut address = Address::empty();
    // SAFETY: pointer and length describe `address`.
    check(unsafe { libc::getpeername(fd, address.pointer_mut(), &raw mut address.length) })?;
    Ok(address.name())
}

/// setsockopt(2) of an option whose value is an int.
///
/// # Errors
/// ENOPROTOOPT: no such option here; EINVAL; EPERM.
pub fn set_option(fd: RawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> Result<(), Errno> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: pointer and length describe `value`.
    check(unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), length) }).map(drop)
}

/// SO_RCVTIMEO or SO_SNDTIMEO (socket(7)): a blocking call gives up with EAGAIN after this time.
///
/// # Errors
/// ENOTSOCK; EDOM: too large.
pub fn set_time_option(fd: RawFd, option: libc::c_int, time: std::time::Duration) -> Result<(), Errno> {
    let seconds = libc::time_t::try_from(time.as_secs()).unwrap_or(libc::time_t::MAX);
    let value = libc::timeval { tv_sec: seconds, tv_usec: time.subsec_micros().into() };
    let length = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: pointer and length describe `value`.
    check(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const value).cast(), length) }).map(drop)
}

/// SO_RCVTIMEO or SO_SNDTIMEO as it is; `None`: no limit.
///
/// # Errors
/// ENOTSOCK.
pub fn time_option(fd: RawFd, option: libc::c_int) -> Result<Option<std::time::Duration>, Errno> {
    let mut value = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let mut length = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: pointer and length describe `value`.
    check(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, (&raw mut value).cast(), &raw mut length) })?;
    let time = std::time::Duration::new(value.tv_sec as u64, value.tv_usec as u32 * 1000);
    Ok(Some(time).filter(|time| !time.is_zero()))
}

/// getsockopt(2) of an option whose value is an int.
///
/// # Errors
/// ENOPROTOOPT: no such option here; ENOTSOCK.
pub fn option(fd: RawFd, level: libc::c_int, option: libc::c_int) -> Result<libc::c_int, Errno> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: pointer and length describe `value`.
    check(unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &raw mut length) })?;
    Ok(value)
}

/// SO_ERROR: the error that a connect in the background or an ICMP message has left, which is taken away by asking.
///
/// # Errors
/// That error; ENOTSOCK.
pub fn take_error(fd: RawFd) -> Result<(), Errno> {
    match option(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        errno => Err(Errno::from_raw(errno)),
    }
}

/// The type of an open socket: SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET.
///
/// # Errors
/// ENOTSOCK, EBADF.
pub fn kind(fd: RawFd) -> Result<libc::c_int, Errno> {
    option(fd, libc::SOL_SOCKET, libc::SO_TYPE)
}

/// O_NONBLOCK on or off (fcntl(2)).
///
/// # Errors
/// EBADF.
pub fn set_nonblocking(fd: RawFd, on: bool) -> Result<(), Errno> {
    // SAFETY: fcntl with an integer argument touches no memory.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    let wanted = if on { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    if wanted == flags {
        return Ok(());
    }
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, wanted) }).map(drop)
}

/// O_NONBLOCK off, on a socket that has just been made and has no other flag.
///
/// # Errors
/// None for an open descriptor.
pub fn let_block(new: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: fcntl with an integer argument touches no memory.
    check(unsafe { libc::fcntl(new.as_raw_fd(), libc::F_SETFL, 0) }).map(drop)
}

/// sendmsg(2) with SCM_RIGHTS (unix(7)): give the process at the other end of a UNIX socket a copy of a descriptor.
///
/// # Errors
/// ENOTSOCK; EINVAL: not a UNIX socket; EPIPE.
pub fn send_descriptor(over: RawFd, fd: RawFd) -> Result<(), Errno> {
    let mut byte = 0u8;
    let mut vector = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = MaybeUninit::<[libc::cmsghdr; 2]>::zeroed();
    // SAFETY: all zeros is a valid msghdr: no name, no vectors, no control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE only calculates.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) } as _;
    let header = libc::cmsghdr {
        // SAFETY: CMSG_LEN only calculates.
        cmsg_len: unsafe { libc::CMSG_LEN(size_of::<RawFd>() as u32) } as _,
        cmsg_level: libc::SOL_SOCKET,
        cmsg_type: libc::SCM_RIGHTS,
    };
    // SAFETY: `control` has 32 aligned bytes, and CMSG_SPACE of an int is 24.
    unsafe { control.as_mut_ptr().cast::<libc::cmsghdr>().write(header) };
    // SAFETY: CMSG_DATA only calculates an address inside `control`.
    let data = unsafe { libc::CMSG_DATA(control.as_mut_ptr().cast()) };
    // SAFETY: there is room for an int behind the header.
    unsafe { data.cast::<RawFd>().write_unaligned(fd) };
    // SAFETY: `message` points to initialised values that live.
    count(unsafe { libc::sendmsg(over, &raw const message, libc::MSG_NOSIGNAL) }).map(drop)
}
