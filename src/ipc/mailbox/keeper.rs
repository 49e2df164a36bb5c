//! The process that is a mailbox's life.
//!
//! It sleeps in poll until somebody asks or a receiver goes; who has connected and says nothing is not waited for. When who has made the
//! mailbox and the last receiver have gone and the queue is empty, it ends, in this order, so that no message is lost: shutdown makes every
//! later `send` fail (the sender makes a new mailbox then); what came before that is still in the queue, is moved to a new socket, and the
//! keeper lives on. Only with an empty queue do the files go, and the process. Making and ending take turns by flock(2).
//!
//! System calls: flock, bind, listen, fork, setsid, poll, accept, sendmsg (SCM_RIGHTS), shutdown, unlink.

use super::{Place, is_gone};
use crate::ipc::error::Error;
use crate::ipc::run;
use crate::ipc::wait::{Cut, Guard, Patience, Wait};
use crate::sys::{fd, fork, poll, rights, socket};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

/// What a connection to the keeper asks for: a copy of the descriptor, for as long as the connection lasts ...
pub(super) const RECEIVE: u8 = b'r';
/// ... the end of the mailbox ...
const REMOVE: u8 = b'x';
/// ... or how many messages are in it.
const COUNT: u8 = b'c';

/// How long the lock is waited for, which is held for moments only.
const AT_ONCE: Duration = Duration::from_secs(10);

/// How long the keeper rests when the system has no descriptor or no memory for it: to ask again at once would only keep it busy.
const REST: Duration = Duration::from_millis(100);

/// Make a mailbox, if there is none. It lasts at least as long as the descriptor that is returned.
///
/// # Errors
/// Its files or its process cannot be made; how the wait has ended.
pub(super) fn start(place: &Place, address: &str) -> Result<Option<OwnedFd>, Error> {
    let refused = |errno| Error::refused(address, errno);
    // Even without patience.
    let _lock = run::lock(place.directory.join("lock"), address, &mut Wait::new(Patience::within(AT_ONCE), 0))?;
    let probe = socket::socket(libc::AF_UNIX, libc::SOCK_STREAM).map_err(refused)?;
    if socket::connect(probe.as_raw_fd(), &place.socket("keeper")).is_ok() {
        return Ok(None);
    }
    remove_files(place);
    let queue = bound(place).map_err(refused)?;
    let listener = socket::socket(libc::AF_UNIX, libc::SOCK_STREAM).map_err(refused)?;
    socket::bind(listener.as_raw_fd(), &place.socket("keeper")).map_err(refused)?;
    socket::listen(listener.as_raw_fd(), 4096).map_err(refused)?;
    let (queue, listener) = (fd::make_private(queue).map_err(refused)?, fd::make_private(listener).map_err(refused)?);
    // Whoever makes it may end before it has sent or received anything: the other end tells.
    let (own, maker) = socket::pair(libc::SOCK_STREAM).map_err(refused)?;
    let keep = [queue.as_raw_fd(), listener.as_raw_fd(), maker.as_raw_fd()];
    fork::detached(&keep, c"ipcsh-mailbox", |kept| {
        if let Ok([queue, listener, maker]) = <[OwnedFd; 3]>::try_from(kept) {
            Keeper { place, queue, listener, maker: Some(maker), receivers: Vec::new(), callers: Vec::new() }.run();
        }
    })
    .map_err(refused)?;
    Ok(Some(own))
}

/// A datagram socket at the mailbox's name, which says who sends.
fn bound(place: &Place) -> Result<OwnedFd, Errno> {
    let queue = socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM)?;
    socket::set_option(queue.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PASSCRED, 1)?;
    socket::bind(queue.as_raw_fd(), &place.socket("box"))?;
    Ok(queue)
}

fn remove_files(place: &Place) {
    for ending in ["box", "keeper"] {
        let _ = std::fs::remove_file(place.file(ending));
    }
}

/// Ask the keeper something; its answer. `None`: there is no mailbox.
fn ask(place: &Place, address: &str, question: u8, wait: &mut Wait) -> Result<Option<Vec<u8>>, Error> {
    let refused = |errno| Error::refused(address, errno);
    let keeper = socket::socket(libc::AF_UNIX, libc::SOCK_STREAM).map_err(refused)?;
    let asked = socket::connect(keeper.as_raw_fd(), &place.socket("keeper"))
        .and_then(|()| socket::send(keeper.as_raw_fd(), &[question], true));
    match asked {
        Ok(_) => {}
        Err(errno) if is_gone(errno) => return Ok(None),
        Err(errno) => return Err(refused(errno)),
    }
    let mut answer = vec![0; 64];
    wait.soon(&address, keeper.as_fd(), libc::POLLIN)?;
    match socket::receive(keeper.as_raw_fd(), &mut answer, true, 0) {
        // It has ended meanwhile, or keeps nothing any more.
        Ok((0, _)) => Ok(None),
        Ok((length, _)) => {
            answer.truncate(length);
            Ok(Some(answer))
        }
        Err(errno) if is_gone(errno) => Ok(None),
        Err(errno) => Err(refused(errno)),
    }
}

/// Remove a mailbox and what is in it; false if there is none.
///
/// # Errors
/// How the wait has ended.
pub fn remove(place: &Place, address: &str, wait: &mut Wait) -> Result<bool, Error> {
    Ok(ask(place, address, REMOVE, wait)?.is_some())
}

/// How many messages are in a mailbox, and how many receivers have it open; `None`: there is none.
///
/// # Errors
/// How the wait has ended.
pub fn count(place: &Place, address: &str, wait: &mut Wait) -> Result<Option<(u32, u32)>, Error> {
    let Some(answer) = ask(place, address, COUNT, wait)? else { return Ok(None) };
    let number = |bytes: Option<&[u8]>| bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
    Ok(Some((number(answer.get(..4)), number(answer.get(4..8)))))
}

fn rest(guard: &Guard) {
    // A signal that comes meanwhile is seen by the next wait.
    let _ = guard.sleep(REST);
}

/// The keeper's own side.
struct Keeper<'a> {
    place: &'a Place,
    queue: OwnedFd,
    listener: OwnedFd,
    maker: Option<OwnedFd>,
    receivers: Vec<OwnedFd>,
    /// Connections on which nothing was asked yet.
    callers: Vec<OwnedFd>,
}

/// More callers that say nothing are not kept: the oldest one goes, and if it did want something, it asks anew.
const CALLERS: usize = 64;

impl Keeper<'_> {
    fn run(mut self) {
        // A signal that ends the process ends the mailbox as `ipc rm` does: no file stays.
        let guard = Guard::for_descriptors();
        while self.maker.is_some() || self.exists() || !self.ends() {
            let maker = self.maker.as_ref().map_or(-1, AsRawFd::as_raw_fd);
            let mut interests =
                vec![poll::interest(self.listener.as_raw_fd(), libc::POLLIN), poll::interest(maker, libc::POLLIN)];
            let connections = self.receivers.iter().chain(&self.callers);
            interests.extend(connections.map(|it| poll::interest(it.as_raw_fd(), libc::POLLIN)));
            match guard.wait(&mut interests, None) {
                Ok(()) => {}
                Err(Cut::Signal(_)) => return self.close(),
                // Without its keeper the mailbox would lose what is in it.
                Err(_) => {
                    rest(&guard);
                    continue;
                }
            }
            if interests[1].revents != 0 {
                self.maker = None;
            }
            // A receiver says nothing more: what comes from it is its end.
            let mut gone = interests[2..].iter().map(|it| it.revents != 0);
            self.receivers.retain(|_| !gone.next().unwrap_or(false));
            if interests[0].revents != 0 {
                match socket::accept(self.listener.as_raw_fd()) {
                    Ok((connection, _)) => self.callers.push(connection),
                    // Receivers have all descriptors: who asks is heard when one of them goes.
                    Err(_) => rest(&guard),
                }
                if self.callers.len() > CALLERS {
                    self.callers.remove(0);
                }
            }
            // Receivers that had gone when poll looked at them do not count any more, whatever is asked now.
            for caller in std::mem::take(&mut self.callers) {
                let mut question = [0];
                match socket::receive(caller.as_raw_fd(), &mut question, false, 0) {
                    Err(Errno::EAGAIN) => self.callers.push(caller),
                    Ok((1, _)) if !self.serve(caller, question[0]) => return,
                    _ => {}
                }
            }
        }
    }

    /// What a connection asks for; false if the mailbox has been removed.
    fn serve(&mut self, connection: OwnedFd, question: u8) -> bool {
        match question {
            RECEIVE if socket::send_descriptor(connection.as_raw_fd(), self.queue.as_raw_fd()).is_ok() => {
                self.receivers.push(connection);
            }
            COUNT if self.exists() => {
                let mut answer = self.messages().to_ne_bytes().to_vec();
                answer.extend_from_slice(&(self.receivers.len() as u32).to_ne_bytes());
                // Who has asked may have gone: then nobody misses the answer.
                let _ = socket::send(connection.as_raw_fd(), &answer, true);
            }
            REMOVE if self.exists() => {
                self.close();
                // Who has asked may have gone; the mailbox was to go all the same.
                let _ = socket::send(connection.as_raw_fd(), &[REMOVE], true);
                return false;
            }
            _ => {}
        }
        true
    }

    /// The end of the mailbox and of what is in it.
    fn close(&self) {
        let _lock = self.lock();
        remove_files(self.place);
        // Receivers wait for messages: this wakes them.
        let _ = socket::shutdown(self.queue.as_raw_fd(), libc::SHUT_RDWR);
    }

    fn lock(&self) -> Option<run::Turn> {
        run::lock(self.place.directory.join("lock"), "", &mut Wait::new(Patience::Forever, 0)).ok()
    }

    /// Whether it holds a message or a receiver has it open.
    fn exists(&self) -> bool {
        let is_empty = || socket::receive(self.queue.as_raw_fd(), &mut [], false, libc::MSG_PEEK) == Err(Errno::EAGAIN);
        !self.receivers.is_empty() || !is_empty()
    }

    /// Walk over the queue with an offset for peeking (SO_PEEK_OFF, unix(7)).
    fn messages(&self) -> u32 {
        let set = |offset| socket::set_option(self.queue.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEEK_OFF, offset);
        if set(0).is_err() {
            return 0;
        }
        let mut room = vec![0; super::ROOM];
        let mut count = 0;
        while socket::receive(self.queue.as_raw_fd(), &mut room, false, libc::MSG_PEEK).is_ok() {
            count += 1;
        }
        let _ = set(-1);
        count
    }

    /// End, unless somebody came just now: true if the files are gone.
    fn ends(&mut self) -> bool {
        let Some(_lock) = self.lock() else { return true };
        let mut waiting = [poll::interest(self.listener.as_raw_fd(), libc::POLLIN)];
        if poll::wait(&mut waiting, Some(Duration::ZERO), None) == Ok(1) {
            return false;
        }
        let _ = socket::shutdown(self.queue.as_raw_fd(), libc::SHUT_RD);
        let mut room = vec![0; super::ROOM];
        let mut late = None;
        // Nobody can send any more. A message, be it an empty one, has a sender; the end that shutdown makes has none.
        while let Ok((length, Some(_))) = rights::receive_with_sender(self.queue.as_fd(), &mut room) {
            let Some(queue) = late.take().or_else(|| self.renew()) else { break };
            let name = self.place.socket("box");
            let _ = socket::send_to(queue.as_raw_fd(), &room[..length.min(super::ROOM)], &name, false);
            late = Some(queue);
        }
        match late {
            Some(queue) => {
                self.queue = queue;
                false
            }
            None => {
                remove_files(self.place);
                true
            }
        }
    }

    /// A new socket at the old name.
    fn renew(&self) -> Option<OwnedFd> {
        let _ = std::fs::remove_file(self.place.file("box"));
        bound(self.place).ok()
    }
}
