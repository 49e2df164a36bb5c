//! What goes over a UNIX socket beside its bytes: descriptors (SCM_RIGHTS) and who has sent a message (SCM_CREDENTIALS), see unix(7).

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, RecvMsg, UnixCredentials, recvmsg};
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Receive a descriptor that came with at least one byte; `None`: the peer has gone.
///
/// # Errors
/// EAGAIN, EINTR; EMFILE: no room for another descriptor.
pub fn receive_descriptor(over: BorrowedFd<'_>) -> Result<Option<OwnedFd>, Errno> {
    let mut byte = [0u8; 1];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut control = nix::cmsg_space!([RawFd; 1]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<()>(over.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = part
            && let Some(&number) = numbers.first()
        {
            // SAFETY: the kernel has just made this descriptor for us.
            return crate::sys::fd::make_private(unsafe { OwnedFd::from_raw_fd(number) }).map(Some);
        }
    }
    Ok(None)
}

/// Receive a message and the process that has sent it (with SO_PASSCRED), without blocking.
///
/// # Errors
/// EAGAIN: nothing there; EINTR.
pub fn receive_with_sender(over: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<(usize, Option<i32>), Errno> {
    let mut parts = [IoSliceMut::new(buffer)];
    let mut control = nix::cmsg_space!(UnixCredentials);
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
    let message = recvmsg::<()>(over.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let sender = message.cmsgs()?.find_map(|part| match part {
        ControlMessageOwned::ScmCredentials(sender) => Some(sender.pid()),
        _ => None,
    });
    Ok((message.bytes, sender))
}

/// The process that has sent the message that is next, which stays where it is (with SO_PASSCRED).
///
/// # Errors
/// EAGAIN: nothing there; EINTR.
pub fn next_sender(over: RawFd) -> Result<Option<i32>, Errno> {
    let mut control = nix::cmsg_space!(UnixCredentials);
    let message = recvmsg::<()>(over, &mut [], Some(&mut control), MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK)?;
    Ok(sender(&message))
}

/// The sender that the kernel names; 0 is one that had gone on before it was asked to.
fn sender(message: &RecvMsg<'_, '_, ()>) -> Option<i32> {
    message.cmsgs().ok()?.find_map(|part| match part {
        ControlMessageOwned::ScmCredentials(sender) => Some(sender.pid()).filter(|&pid| pid > 0),
        _ => None,
    })
}

/// Receive a message of a UNIX socket with SO_PASSCRED, without blocking: its whole length. `None`: the end of a connection, with which
/// nothing comes; with every message, an empty one too, comes who has sent it.
///
/// # Errors
/// EAGAIN: nothing there; EINTR.
pub fn receive_message(over: RawFd, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    let mut parts = [IoSliceMut::new(buffer)];
    let mut control = nix::cmsg_space!(UnixCredentials);
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
    let message = recvmsg::<()>(over, &mut parts, Some(&mut control), flags)?;
    // ENOBUFS: more came with it than there was room for.
    let is_message = message.bytes > 0 || message.cmsgs().map_or(true, |mut parts| parts.next().is_some());
    Ok(is_message.then_some(message.bytes))
}

/// The process at the other end of a connection.
pub fn peer(connection: BorrowedFd<'_>) -> Option<i32> {
    nix::sys::socket::getsockopt(&connection, nix::sys::socket::sockopt::PeerCredentials).ok().map(|peer| peer.pid())
}
