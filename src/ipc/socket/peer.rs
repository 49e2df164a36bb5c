//! Whether the peer of a connection is still there after its end of file.
//!
//! An end of file says that the peer sends no more, not that it does not listen. Over a UNIX socket a hang-up tells the two apart. TCP
//! sends the same FIN for `shutdown` and for `close`; who has closed refuses the next data, but before there is any to send, a program
//! that waits for its own input would wait for nobody. What can be done:
//! - a peer on this machine has a row in the kernel's tables of connections: without an inode when no process holds its socket any more;
//! - another machine is asked by keep-alive: it answers for a closed connection too, but only for its FIN_WAIT time (a minute).

use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;

/// Seconds between questions to a peer that has said nothing.
const KEEP_ALIVE: libc::c_int = 10;

/// Have the kernel ask a TCP peer whether it is there; poll(2) shows POLLHUP when it is not.
///
/// # Errors
/// It is no TCP socket.
pub fn keep_asking(fd: RawFd) -> Result<(), Errno> {
    socket::set_option(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?;
    socket::set_option(fd, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, KEEP_ALIVE)?;
    socket::set_option(fd, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, KEEP_ALIVE)
}

/// Whether the peer of this TCP connection was on this machine and has closed it. False where the kernel shows no tables.
pub fn has_gone(fd: RawFd) -> bool {
    let (Ok(Name::Inet(own)), Ok(Name::Inet(peer))) = (socket::local_name(fd), socket::peer_name(fd)) else {
        return false;
    };
    // A program that listens with one socket for IPv4 and IPv6 has its IPv4 connections in the other table.
    let tables: &[(&str, bool)] =
        if own.is_ipv4() { &[("/proc/net/tcp", false), ("/proc/net/tcp6", true)] } else { &[("/proc/net/tcp6", true)] };
    tables.iter().any(|&(table, long)| {
        let row = format!(" {} {} ", place(&peer, long), place(&own, long));
        std::fs::read_to_string(table)
            .is_ok_and(|text| text.lines().any(|line| line.contains(&row) && !has_inode(line)))
    })
}

/// The tenth column of a row is the inode (proc(5)).
fn has_inode(line: &str) -> bool {
    line.split_ascii_whitespace().nth(9) != Some("0")
}

/// An address as the tables show it: words of 32 bits as this machine keeps them, and the port. `long`: an IPv4 address mapped to IPv6.
fn place(address: &SocketAddr, long: bool) -> String {
    let bytes = match address.ip() {
        IpAddr::V4(ip) if long => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words: String =
        bytes.as_chunks::<4>().0.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word))).collect();
    format!("{words}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::{has_gone, keep_asking};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};

    /// The one that has only stopped sending is there, the one that has closed is not.
    #[test]
    fn half_closed_and_closed() {
        // The last one listens for IPv6 and IPv4, and is connected to over IPv4.
        for (listen, connect) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")] {
            let Ok(listener) = TcpListener::bind((listen, 0)) else { continue };
            let port = listener.local_addr().map_or(0, |name| name.port());
            let (Ok(stays), Ok((goes, _))) = (TcpStream::connect((connect, port)), listener.accept()) else {
                unreachable!("it listens")
            };
            let fd = stays.as_raw_fd();
            assert_eq!(keep_asking(fd), Ok(()));
            assert!(!has_gone(fd), "{listen}");
            assert!(goes.shutdown(Shutdown::Write).is_ok());
            assert!(!has_gone(fd), "{listen}");
            drop(goes);
            let end = Instant::now() + Duration::from_secs(10);
            while !has_gone(fd) {
                assert!(Instant::now() < end, "{listen}: it is still there");
            }
        }
    }
}
