//! Mailboxes: indirect addressing. Sender and receiver know a name and not one another, and need not live at the same time.
//!
//! ```text
//!   sender                      what the kernel keeps                          receiver
//!   socket(DGRAM)               NAME.box: a datagram socket with a queue of    connect(NAME.keeper)
//!   connect(NAME.box)           at most net.unix.max_dgram_qlen messages       recvmsg: a copy of the descriptor (SCM_RIGHTS)
//!   send(message) ------------> [ m3 | m2 | m1 ] ----------------------------> recvmsg(message)
//!   (waits while it is full)                                                   (waits while it is empty)
//! ```
//!
//! A socket is gone with its last descriptor, and its messages with it. So that a message can wait for a receiver that has not been
//! started yet, whoever comes first starts a [`keeper`]: a small process that holds the socket open for as long as there is a message in
//! it, a receiver has it open, or who has made it does (it may be about to send the first message). Receivers get their descriptor from it;
//! messages go from sender to receiver without it.

pub mod keeper;

use crate::ipc::base::Base;
use crate::ipc::endpoint::{Endpoint, Message, Outgoing, Role, Select};
use crate::ipc::error::{Error, Why};
use crate::ipc::run;
use crate::ipc::wait::{Patience, Wait};
use crate::sys::rights;
use crate::sys::socket::{self, Name};
use bstr::{BStr, BString};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Room for the longest message: the default limit of a socket's sending buffer is below.
const ROOM: usize = 256 << 10;

/// The files of a mailbox.
#[derive(Clone, Debug)]
pub struct Place {
    directory: PathBuf,
    name: String,
}

impl Place {
    /// The place of a name in the user's run directory.
    ///
    /// # Errors
    /// There is no such directory.
    pub fn of(name: &BStr, base: &Base) -> Result<Self, Error> {
        Ok(Self { directory: run::directory(base)?, name: name.to_string() })
    }

    pub(super) fn file(&self, ending: &str) -> PathBuf {
        self.directory.join(format!("{}.{ending}", self.name))
    }

    fn socket(&self, ending: &str) -> Name {
        Name::Path(self.file(ending).as_os_str().as_bytes().to_vec())
    }
}

/// A mailbox.
#[derive(Debug)]
pub struct Mailbox {
    place: Place,
    /// The address, for messages.
    address: String,
    fd: OwnedFd,
    /// The connection to the keeper of a receiver, or of a sender who has made the mailbox: while it lasts, the mailbox does.
    keeper: Option<OwnedFd>,
    room: Vec<u8>,
}

impl Mailbox {
    /// Open a mailbox; one that does not exist is made, but for a receiver that would not wait for its first message.
    ///
    /// # Errors
    /// The run directory or a process cannot be had; how the wait has ended.
    pub fn open(name: &BStr, role: Role, base: &Base, wait: &mut Wait) -> Result<Self, Error> {
        let address = format!("box:{name}");
        let place = Place::of(name, base)?;
        let (fd, keeper) = match role {
            Role::Sender => connect(&place, &address)?,
            Role::Receiver => {
                let mut made = None;
                loop {
                    match copy_from_keeper(&place, &address, wait)? {
                        Some((fd, keeper)) => break (fd, Some(keeper)),
                        None if wait.may_block() => made = keeper::start(&place, &address)?.or(made),
                        None => return Err(Error { tried: address, why: Why::WouldBlock(Errno::EAGAIN) }),
                    }
                }
            }
        };
        Ok(Self { place, address, fd, keeper, room: Vec::new() })
    }

    fn refused(&self, errno: Errno) -> Error {
        Error::refused(&self.address, errno)
    }
}

/// The other side is not there, or not any more.
fn is_gone(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ECONNREFUSED | Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN)
}

/// A sender's socket, and the connection to the keeper if the mailbox was made for it.
fn connect(place: &Place, address: &str) -> Result<(OwnedFd, Option<OwnedFd>), Error> {
    let refused = |errno| Error::refused(address, errno);
    let socket = socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM).map_err(refused)?;
    let mut made = None;
    loop {
        match socket::connect(socket.as_raw_fd(), &place.socket("box")) {
            Ok(()) => return Ok((socket, made)),
            Err(errno) if is_gone(errno) => made = keeper::start(place, address)?.or(made),
            Err(errno) => return Err(refused(errno)),
        }
    }
}

/// A receiver's descriptor, and the connection that counts it; `None`: there is no mailbox.
fn copy_from_keeper(place: &Place, address: &str, wait: &mut Wait) -> Result<Option<(OwnedFd, OwnedFd)>, Error> {
    let refused = |errno| Error::refused(address, errno);
    let keeper = socket::socket(libc::AF_UNIX, libc::SOCK_STREAM).map_err(refused)?;
    match socket::connect(keeper.as_raw_fd(), &place.socket("keeper")) {
        Ok(()) => {}
        Err(errno) if is_gone(errno) => return Ok(None),
        Err(errno) => return Err(refused(errno)),
    }
    if let Err(errno) = socket::send(keeper.as_raw_fd(), &[keeper::RECEIVE], true) {
        return if is_gone(errno) { Ok(None) } else { Err(refused(errno)) };
    }
    loop {
        // The keeper answers at once, so that is waited for even without patience.
        match rights::receive_descriptor(keeper.as_fd()) {
            Ok(Some(fd)) => return Ok(Some((fd, keeper))),
            Ok(None) | Err(Errno::ECONNRESET) => return Ok(None),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => wait.soon(&address, keeper.as_fd(), libc::POLLIN)?,
            Err(errno) => return Err(refused(errno)),
        }
    }
}

impl Endpoint for Mailbox {
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error> {
        loop {
            match socket::send(self.fd.as_raw_fd(), message.body, false) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => wait.ready(&self.address, self.fd.as_fd(), libc::POLLOUT)?,
                // Its last message was taken, and its keeper has gone: a new one is made.
                Err(errno) if is_gone(errno) => (self.fd, self.keeper) = connect(&self.place, &self.address)?,
                Err(errno) => return Err(self.refused(errno)),
            }
        }
    }

    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        self.room.resize(ROOM, 0);
        loop {
            match rights::receive_with_sender(self.fd.as_fd(), &mut self.room) {
                // No sender: somebody has removed the mailbox.
                Ok((0, None)) => return Err(self.refused(Errno::EIDRM)),
                Ok((length, sender)) => {
                    let length = length.min(select.size.unwrap_or(ROOM)).min(ROOM);
                    message.begin().extend_from_slice(&self.room[..length]);
                    message.sender = sender.map(|pid| BString::from(format!("pid:{pid}")));
                    return Ok(true);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => wait.ready(&self.address, self.fd.as_fd(), libc::POLLIN)?,
                Err(errno) => return Err(self.refused(errno)),
            }
        }
    }

    fn waiting(&self) -> Option<u64> {
        // A keeper that cannot be asked has not counted.
        let count = keeper::count(&self.place, &self.address, &mut Wait::new(Patience::None, 0)).ok()??;
        Some(count.0.into())
    }

    /// A receiver of its own looks at the message that it will get; beside others it may get another one.
    fn peek(&mut self, _select: &Select, wait: &mut Wait) -> Result<Option<Vec<u8>>, Error> {
        wait.ready(&self.address, self.fd.as_fd(), libc::POLLIN)?;
        self.room.resize(ROOM, 0);
        let looked = socket::receive(self.fd.as_raw_fd(), &mut self.room, false, libc::MSG_PEEK);
        // Another receiver has been faster: nothing was seen. Whatever else there is, receiving says it.
        Ok(looked.ok().map(|(length, _)| self.room[..length.min(ROOM)].to_vec()))
    }
}
