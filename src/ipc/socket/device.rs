//! `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT`: connections in the place of file names, so that everything that reads and writes
//! descriptors can talk over the network. There is no such file; ksh had the idea.

use crate::ipc::socket::{self as sockets, Settings, Until, name};
use crate::ipc::wait::Guard;
use crate::status::reason;
use crate::sys::socket;
use nix::errno::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// What such a name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device<'a> {
    kind: libc::c_int,
    host: &'a [u8],
    port: &'a [u8],
}

/// How a path begins that is to be a name of this kind.
pub fn wanted(path: &[u8]) -> Option<&'static str> {
    ["/dev/tcp/", "/dev/udp/"].into_iter().find(|start| path.starts_with(start.as_bytes()))
}

/// The parts of a name of this kind; `None` for any other path.
pub fn parse(path: &[u8]) -> Option<Device<'_>> {
    let (kind, rest) = match path.strip_prefix(b"/dev/tcp/") {
        Some(rest) => (libc::SOCK_STREAM, rest),
        None => (libc::SOCK_DGRAM, path.strip_prefix(b"/dev/udp/")?),
    };
    let slash = memchr::memrchr(b'/', rest)?;
    let (host, port) = (&rest[..slash], &rest[slash + 1..]);
    (!host.is_empty() && !host.contains(&b'/') && !port.is_empty()).then_some(Device { kind, host, port })
}

/// Connect: a socket that blocks, at the lowest free number above 2.
///
/// # Errors
/// In words: what the resolver says, or the errno of the last address tried. A caught signal ends the waiting (EINTR).
pub fn open(device: &Device<'_>) -> Result<OwnedFd, String> {
    let Device { kind, host, port } = *device;
    let host = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
    let found = name::resolve(host, port, libc::AF_UNSPEC, kind, false);
    let found = found.map_err(|why| format!("{} ({})", why.words, why.symbol))?;
    let mut why = Errno::EADDRNOTAVAIL;
    // Nothing is to be put in order when a signal ends the process meanwhile.
    let mut watch = None;
    for name in found {
        let wait = |until: Until| sockets::patiently(watch.get_or_insert_with(Guard::light), None)(until);
        match sockets::connect(&name, kind, &Settings::default(), None, wait) {
            Ok((connection, _)) => return socket::let_block(connection.as_fd()).map(|()| connection).map_err(reason),
            Err(unconnected) => why = unconnected.failed().map_err(|_| reason(Errno::EINTR))?.errno,
        }
    }
    Err(format!("{} ({why:?})", reason(why)))
}

#[cfg(test)]
mod tests {
    use super::{Device, parse};

    #[test]
    fn names() {
        let tcp = |host, port| Some(Device { kind: libc::SOCK_STREAM, host, port });
        assert_eq!(parse(b"/dev/tcp/localhost/80"), tcp(b"localhost", b"80"));
        assert_eq!(parse(b"/dev/tcp/::1/http"), tcp(b"::1", b"http"));
        for other in
            ["/dev/tcp", "/dev/tcp/", "/dev/tcp/host", "/dev/tcp/host/", "/dev/tcp//80", "/dev/tcp/a/b/80", "/tmp/x"]
        {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }
}
