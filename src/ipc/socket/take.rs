//! Taking one message from a socket that keeps boundaries, and telling an empty one from the end.
//!
//! recv(2) says 0 for both. Of datagrams there is no end. A seqpacket connection has one, and poll(2) does not tell them apart either: it
//! shows that the peer has gone while messages of the peer are still there. But the kernel says who has sent a message (SO_PASSCRED,
//! unix(7)), an empty one too, and of the end it says nothing. That is asked for only while such a message is taken, because a socket that
//! has it set gets a name by itself when it sends, and the peer would see that.
//!
//! System calls: recvfrom, also with MSG_PEEK and MSG_TRUNC (how long is the next one?), getsockopt, setsockopt, recvmsg.

use crate::sys::rights;
use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use std::os::fd::RawFd;

/// The length of the message that is next, which stays where it is; 0 at the end, too.
///
/// # Errors
/// As [`socket::receive`]: EAGAIN, EINTR.
pub fn next_length(fd: RawFd) -> Result<usize, Errno> {
    socket::receive(fd, &mut [], false, libc::MSG_PEEK | libc::MSG_TRUNC).map(|(length, _)| length)
}

/// Take a message without waiting: its whole length (larger than `buffer` if the rest was cut off), and who has sent it. `None`: the end.
/// `kind` is the type of the socket, SOCK_DGRAM or SOCK_SEQPACKET.
///
/// # Errors
/// As [`socket::receive`]: EAGAIN, EINTR.
pub fn message(fd: RawFd, kind: libc::c_int, buffer: &mut [u8]) -> Result<Option<(usize, Name)>, Errno> {
    if kind == libc::SOCK_DGRAM || next_length(fd)? > 0 {
        return socket::receive(fd, buffer, false, libc::MSG_TRUNC).map(Some);
    }
    let before = socket::option(fd, libc::SOL_SOCKET, libc::SO_PASSCRED)?;
    socket::set_option(fd, libc::SOL_SOCKET, libc::SO_PASSCRED, 1)?;
    let received = rights::receive_message(fd, buffer);
    // What could be set can be set back.
    let _ = socket::set_option(fd, libc::SOL_SOCKET, libc::SO_PASSCRED, before);
    let sender = socket::peer_name(fd).unwrap_or(Name::Unnamed);
    Ok(received?.map(|length| (length, sender)))
}

#[cfg(test)]
mod tests {
    use super::message;
    use crate::sys::socket;
    use nix::errno::Errno;
    use std::os::fd::AsRawFd;

    /// Empty messages in front of, between, and behind others, taken before and after the sender has gone.
    #[test]
    fn an_empty_message_is_not_the_end() -> Result<(), Errno> {
        let messages: [&[u8]; 5] = [b"", b"one", b"", b"two", b""];
        for early in 0..=messages.len() {
            let (ours, theirs) = socket::pair(libc::SOCK_SEQPACKET)?;
            let mut buffer = [0; 2];
            let mut take = || message(ours.as_raw_fd(), libc::SOCK_SEQPACKET, &mut buffer);
            let mut lengths = Vec::new();
            for message in &messages[..early] {
                socket::send(theirs.as_raw_fd(), message, false)?;
                lengths.push(take()?.map(|(length, _)| length));
            }
            assert_eq!(take(), Err(Errno::EAGAIN));
            for message in &messages[early..] {
                socket::send(theirs.as_raw_fd(), message, false)?;
            }
            drop(theirs);
            for _ in early..=messages.len() {
                lengths.push(take()?.map(|(length, _)| length));
            }
            assert_eq!(lengths, [Some(0), Some(3), Some(0), Some(3), Some(0), None], "{early}");
            assert_eq!(socket::local_name(ours.as_raw_fd())?, socket::Name::Unnamed);
            assert_eq!(socket::option(ours.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PASSCRED)?, 0);
        }
        Ok(())
    }

    /// The peer may only have stopped sending, or the socket receiving: that is the end, too, and what was sent before counts.
    #[test]
    fn a_half_that_is_closed_ends() -> Result<(), Errno> {
        for (ours_ends, how) in [(false, libc::SHUT_WR), (true, libc::SHUT_RD)] {
            let (ours, theirs) = socket::pair(libc::SOCK_SEQPACKET)?;
            socket::send(theirs.as_raw_fd(), b"", false)?;
            socket::shutdown(if ours_ends { &ours } else { &theirs }.as_raw_fd(), how)?;
            let take = || message(ours.as_raw_fd(), libc::SOCK_SEQPACKET, &mut []);
            assert_eq!(take()?.map(|(length, _)| length), Some(0));
            assert_eq!(take()?, None);
        }
        Ok(())
    }
}
