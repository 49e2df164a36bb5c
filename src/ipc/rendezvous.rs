//! Rendezvous: synchronous messages. Whoever comes first waits for the other one, and the sender goes on only when its message has been
//! taken. There is no buffer.
//!
//! ```text
//!   sender                                               receiver
//!                                                        flock(NAME.turn): one receiver at a time
//!   (inotify: waits until the name appears)  <---------- bind, listen, rename to NAME.rdv
//!   connect  ------------------------------------------> accept
//!   send(message)  ------------------------------------> recv(message)
//!   recv(taken) <--------------------------------------- send(taken)
//! ```
//!
//! What if the sender gives up while the receiver takes the message? Both must agree on what has happened. The sender shuts its
//! receiving side down and then looks whether `taken` has come: if not, it cannot come any more (the receiver's send fails, and the
//! receiver throws the message away), and the message was not sent. The kernel decides in one step which of the two was first.
//!
//! System calls: flock, socket, bind, listen, rename, accept, connect, send, recv, shutdown, inotify_add_watch, poll, unlink.

use crate::ipc::base::Base;
use crate::ipc::endpoint::{Endpoint, Message, Outgoing, Role, Select};
use crate::ipc::error::{Error, Why, errno_of};
use crate::ipc::run;
use crate::ipc::socket::file::is_stale;
use crate::ipc::wait::{Patience, Wait};
use crate::sys::socket::{self, Name};
use crate::sys::{inotify, rights, stream};
use bstr::{BStr, BString};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The ending of the file that a waiting sender has locked: NAME.PID.sender.
const SENDER: &str = "sender";
/// The receiver's word.
const TAKEN: &[u8] = b"taken";
/// How long who does not want to wait waits for the other side when it is there already.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Room for the longest message.
const ROOM: usize = 256 << 10;

/// One side of a rendezvous.
#[derive(Debug)]
pub struct Rendezvous {
    address: String,
    directory: PathBuf,
    /// Where the receiver listens.
    file: PathBuf,
    listener: Option<Listener>,
    room: Vec<u8>,
}

/// A receiver's socket, and its turn, which ends after the socket's name is gone.
#[derive(Debug)]
struct Listener {
    socket: OwnedFd,
    /// Who has connected and has said nothing yet: nobody waits for one of them alone.
    callers: Vec<OwnedFd>,
    file: PathBuf,
    _turn: run::Turn,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Rendezvous {
    /// Open one side. A receiver waits here while another one is there.
    ///
    /// # Errors
    /// The run directory or a socket cannot be had; how the wait has ended.
    pub fn open(name: &BStr, role: Role, base: &Base, wait: &mut Wait) -> Result<Self, Error> {
        let directory = run::directory(base)?;
        let file = directory.join(format!("{name}.rdv"));
        let address = format!("rdv:{name}");
        let mut open = Self { address, directory, file, listener: None, room: Vec::new() };
        if role == Role::Receiver {
            // No signal ends the process before the file is removed.
            wait.guard().map_err(|cut| Error::stopped(&open.address, cut))?;
            open.listener = Some(open.listen(wait)?);
        }
        Ok(open)
    }

    fn listen(&self, wait: &mut Wait) -> Result<Listener, Error> {
        let refused = |errno| Error::refused(&self.address, errno);
        let turn = run::lock(self.file.with_extension("turn"), &self.address, wait)?;
        let socket = socket::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET).map_err(refused)?;
        // It gets its name when it listens already: a sender that sees the name can connect.
        let early = self.file.with_extension("early");
        let _ = std::fs::remove_file(&early);
        socket::bind(socket.as_raw_fd(), &name_of(&early)).map_err(refused)?;
        socket::set_nonblocking(socket.as_raw_fd(), true).map_err(refused)?;
        socket::listen(socket.as_raw_fd(), 4096).map_err(refused)?;
        std::fs::rename(&early, &self.file).map_err(|error| refused(errno_of(&error)))?;
        Ok(Listener { socket, callers: Vec::new(), file: self.file.clone(), _turn: turn })
    }

    /// A connection to the receiver, when there is one.
    fn meet(&self, wait: &mut Wait) -> Result<OwnedFd, Error> {
        let refused = |errno| Error::refused(&self.address, errno);
        let mut watch: Option<(OwnedFd, run::Turn)> = None;
        loop {
            let socket = socket::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET).map_err(refused)?;
            let connect = |_| socket::connect(socket.as_raw_fd(), &name_of(&self.file));
            match wait.run(&self.address, connect) {
                Ok(()) => return Ok(socket),
                Err(Error { why: Why::Refused(Errno::ENOENT | Errno::ECONNREFUSED), .. }) => {}
                Err(error) => return Err(error),
            }
            if !wait.may_block() {
                return Err(Error { tried: self.address.clone(), why: Why::WouldBlock(Errno::EAGAIN) });
            }
            match &watch {
                // The receiver may have come before the watch was there: look again first.
                None => {
                    // No signal ends the process before the file is removed by which others see that somebody waits.
                    wait.guard().map_err(|cut| Error::stopped(&self.address, cut))?;
                    let process = nix::unistd::getpid();
                    let mark = run::lock(self.file.with_extension(format!("{process}.{SENDER}")), &self.address, wait)?;
                    let appearances = inotify::appearances(&run::c_path(&self.directory)?).map_err(refused)?;
                    watch = Some((appearances, mark));
                }
                Some((watch, _)) => {
                    wait.ready(&self.address, watch.as_fd(), libc::POLLIN)?;
                    let _ = stream::read_into(watch.as_fd(), &mut Vec::new(), 4096);
                }
            }
        }
    }

    /// Send over a connection; false: the receiver has gone without taking the message.
    fn hand_over(&self, connection: &OwnedFd, body: &[u8], wait: &mut Wait) -> Result<bool, Error> {
        let fd = connection.as_raw_fd();
        // An empty record would look like the end: each has a byte before its text.
        let record = [b"m", body].concat();
        match socket::send(fd, &record, true) {
            Ok(_) => {}
            Err(Errno::EPIPE | Errno::ECONNRESET) => return Ok(false),
            Err(errno) => return Err(Error::refused(&self.address, errno)),
        }
        let waited = wait.ready(&self.address, connection.as_fd(), libc::POLLIN);
        if waited.is_err() {
            // From here on the receiver's word cannot come any more; it may be there already.
            let _ = socket::shutdown(fd, libc::SHUT_RD);
        }
        let mut word = [0; 8];
        match socket::receive(fd, &mut word, false, 0) {
            Ok((length, _)) if word.get(..length) == Some(TAKEN) => Ok(true),
            _ => waited.map(|()| false),
        }
    }

    fn receive_at(&mut self, listener: &mut Listener, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        loop {
            match socket::accept(listener.socket.as_raw_fd()) {
                Ok((connection, _)) => listener.callers.push(connection),
                Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNABORTED) => {}
                Err(errno) => return Err(Error::refused(&self.address, errno)),
            }
            if self.take_first(&mut listener.callers, message)? {
                return Ok(true);
            }
            // Without patience only for a sender that is there: it goes on at once.
            let time = if wait.may_block() { None } else { Some(AT_ONCE) };
            let is_nobody = !wait.may_block() && listener.callers.is_empty();
            let fds: Vec<_> = std::iter::once(&listener.socket).chain(&listener.callers).map(AsFd::as_fd).collect();
            if is_nobody || (wait.first(&self.address, &fds, time)?.is_none() && !wait.may_block()) {
                return Err(Error { tried: self.address.clone(), why: Why::WouldBlock(Errno::EAGAIN) });
            }
        }
    }

    /// Take one sender's message, if it has come; false if it has not, and is still waited for. `None`: the sender has gone.
    fn take_over(&mut self, caller: &OwnedFd, message: &mut Message) -> Result<Option<bool>, Error> {
        let fd = caller.as_raw_fd();
        self.room.resize(ROOM, 0);
        match socket::receive(fd, &mut self.room, false, 0) {
            Ok((0, _)) | Err(Errno::ECONNRESET) => Ok(None),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(Some(false)),
            Err(errno) => Err(Error::refused(&self.address, errno)),
            // The sender goes on now, or it has given up, and then there was no message.
            Ok(_) if socket::send(fd, TAKEN, false).is_err() => Ok(None),
            Ok((length, _)) => {
                message.begin().extend_from_slice(&self.room[1..length]);
                message.sender = rights::peer(caller.as_fd()).map(|pid| BString::from(format!("pid:{pid}")));
                Ok(Some(true))
            }
        }
    }

    /// Take the message of the first caller that has one.
    fn take_first(&mut self, callers: &mut Vec<OwnedFd>, message: &mut Message) -> Result<bool, Error> {
        let mut at = 0;
        while at < callers.len() {
            match self.take_over(&callers[at], message)? {
                Some(false) => at += 1,
                taken => {
                    callers.remove(at);
                    if taken.is_some() {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }
}

/// Whether a receiver waits at a rendezvous; the file of one that was killed is none.
///
/// # Errors
/// As [`run::directory`].
pub fn is_awaited(name: &BStr, base: &Base) -> Result<bool, Error> {
    let file = run::directory(base)?.join(format!("{name}.rdv"));
    // A datagram socket cannot connect there, so the receiver does not notice.
    Ok(file.exists() && !is_stale(file.as_os_str().as_bytes(), libc::SOCK_DGRAM))
}

/// The rendezvous at which a receiver or a sender waits.
pub fn waiting(base: &Base) -> Vec<String> {
    let mut names = run::names(base, ".rdv");
    // Without the directory there are no names.
    names.retain(|name| is_awaited(name.as_str().into(), base).unwrap_or(false));
    let mut senders = run::names(base, &format!(".{SENDER}"));
    // The file of one that was killed is locked by nobody.
    senders.retain(|sender| run::is_locked(base, &format!("{sender}.{SENDER}")));
    names.extend(senders.iter().filter_map(|sender| sender.rsplit_once('.')).map(|(name, _)| name.to_owned()));
    names.sort();
    names.dedup();
    names
}

fn name_of(path: &Path) -> Name {
    Name::Path(path.as_os_str().as_bytes().to_vec())
}

impl Endpoint for Rendezvous {
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error> {
        loop {
            let connection = self.meet(wait)?;
            if !wait.may_block() {
                // The receiver is there: it takes the message now.
                let mut soon = Wait::new(Patience::within(AT_ONCE), 0);
                return match self.hand_over(&connection, message.body, &mut soon) {
                    Ok(true) => Ok(()),
                    _ => Err(Error { tried: self.address.clone(), why: Why::WouldBlock(Errno::EAGAIN) }),
                };
            }
            if self.hand_over(&connection, message.body, wait)? {
                return Ok(());
            }
        }
    }

    fn receive(&mut self, _select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let Some(mut listener) = self.listener.take() else {
            return Err(Error::refused(&self.address, Errno::ENOTCONN));
        };
        let result = self.receive_at(&mut listener, message, wait);
        self.listener = Some(listener);
        result
    }
}
