//! System V queues as endpoints.
//!
//! The picture: `msgget(key)` finds the queue's id; `msgsnd(id, {type, text})` appends a message; `msgrcv(id, type)` takes the first one
//! that fits. The kernel keeps one list per queue, wakes receivers when a message comes that they asked for, and hands it to them directly.

use crate::ipc::address::{Address, SystemV};
use crate::ipc::endpoint::{Endpoint, Message, Outgoing, Select, again};
use crate::ipc::error::{Error, Why};
use crate::ipc::wait::Wait;
use crate::sys::msg::{self, TYPE};
use nix::errno::Errno;
use std::ffi::CString;

/// A System V queue.
#[derive(Debug)]
pub struct Queue {
    id: i32,
    name: String,
    /// What msgsnd wants: type and text in one piece.
    outgoing: Vec<u8>,
    /// A length that is below the queue's own limit.
    fits: usize,
    /// Room for the longest message that was met.
    room: usize,
}

/// The default limit of a message's length (MSGMAX): most systems have it, so nobody has to ask.
const USUAL: usize = 8192;

/// How many messages are looked at for one of a certain type: the kernel counts from the first one each time.
const LOOKED_AT: usize = 500;

impl Queue {
    /// The queue of an address, which must exist.
    ///
    /// # Errors
    /// There is none; the file of a key cannot be found.
    pub fn open(queue: &SystemV) -> Result<Self, Error> {
        let name = Address::SystemV(queue.clone()).to_string();
        let id = find(queue, &name)?;
        Ok(Self { id, name, outgoing: Vec::new(), fits: 0, room: USUAL })
    }

    /// How many messages are in the queue.
    ///
    /// # Errors
    /// EACCES: not readable; EIDRM: removed.
    pub fn messages(&self) -> Result<u64, Error> {
        let status = msg::stat(self.id).map_err(|errno| self.error(Error::refused(&self.name, errno)))?;
        Ok(status.msg_qnum)
    }

    /// The error of a call: an id that is no queue's (any more) is EINVAL to the kernel, as much else is.
    fn error(&self, error: Error) -> Error {
        let gone = error == Error::refused(&self.name, Errno::EINVAL)
            && matches!(msg::stat(self.id), Err(Errno::EINVAL | Errno::EIDRM));
        if gone { Error::refused(&self.name, Errno::EIDRM) } else { error }
    }

    /// The message at an index, the oldest is 0, without taking it (MSG_COPY); `None` behind the last.
    ///
    /// # Errors
    /// ENOSYS: a kernel without CONFIG_CHECKPOINT_RESTORE; EACCES, EIDRM.
    pub fn look_at(&mut self, index: usize, message: &mut Message) -> Result<bool, Error> {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        loop {
            match msg::receive(self.id, message.begin(), self.room, index, msg::MSG_COPY | msg::IPC_NOWAIT) {
                Ok(()) => {
                    note_type(message);
                    return Ok(true);
                }
                Err(Errno::ENOMSG) => return Ok(false),
                Err(Errno::E2BIG) => self.room *= 2,
                Err(errno) => return Err(self.error(Error::refused(&self.name, errno))),
            }
        }
    }
}

/// The id of a queue that exists; `name` is its address.
///
/// # Errors
/// ENOENT: none has this key; errors of stat(2) for a file; usage: key 0 finds none, and to ask the kernel for it makes one.
pub fn find(queue: &SystemV, name: &str) -> Result<i32, Error> {
    match queue {
        SystemV::Id(id) => Ok(*id),
        SystemV::Key(msg::IPC_PRIVATE, _) => {
            Err(Error::usage(name, "key 0 is IPC_PRIVATE, which is a new queue each time: use sysv:id=N"))
        }
        other => key(other).and_then(|key| msg::get(key, 0)).map_err(|errno| Error::refused(name, errno)),
    }
}

/// The key that an address stands for; of a queue that was named by its id the key that the kernel knows.
///
/// # Errors
/// The file of a key cannot be found.
pub fn key(queue: &SystemV) -> Result<i32, Errno> {
    match queue {
        SystemV::Key(key, _) => Ok(*key),
        SystemV::Id(id) => msg::stat(*id).map(|status| status.msg_perm.__key),
        SystemV::File { path, project } => {
            let path = CString::new(path.as_slice()).map_err(|_| Errno::ENOENT)?;
            msg::key_of_file(&path, *project)
        }
    }
}

/// The type stands before the text.
fn note_type(message: &mut Message) {
    message.start = TYPE;
    message.kind = message.buffer.first_chunk::<TYPE>().map(|bytes| i64::from_ne_bytes(*bytes));
}

impl Endpoint for Queue {
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error> {
        if message.kind < 1 {
            return Err(Error::usage(&self.name, "the type of a message is at least 1"));
        }
        self.outgoing.clear();
        self.outgoing.extend_from_slice(&message.kind.to_ne_bytes());
        self.outgoing.extend_from_slice(message.body);
        let (id, outgoing, fits) = (self.id, &self.outgoing, &mut self.fits);
        let length = message.body.len();
        // Most messages fit at once: one system call. Before it sleeps, one that is longer than the whole queue is found: it would
        // wait for ever.
        let result = wait.run(&self.name, |block| {
            if !block {
                return msg::send(id, outgoing, msg::IPC_NOWAIT);
            }
            if length > *fits {
                if msg::stat(id).is_ok_and(|it| it.msg_qbytes < length as u64) {
                    return Err(Errno::EMSGSIZE);
                }
                *fits = length;
            }
            msg::send(id, outgoing, 0)
        });
        result.map_err(|error| {
            let error = self.error(error);
            // Without patience it would block now, and for ever.
            let is_full = matches!(error.why, Why::WouldBlock(_) | Why::Refused(Errno::EMSGSIZE));
            if let (true, Ok(status)) = (is_full, msg::stat(self.id))
                && status.msg_qbytes < length as u64
            {
                let tried = format!("{}: message of {length} bytes for a queue of {}", self.name, status.msg_qbytes);
                return Error::refused(tried, Errno::EMSGSIZE);
            }
            let is_too_long = || msg::limits().is_ok_and(|(limits, _)| length as i64 > limits.longest_message);
            if error == Error::refused(&self.name, Errno::EINVAL) && is_too_long() {
                return Error::refused(format!("{}: message of {length} bytes", self.name), Errno::EMSGSIZE);
            }
            error
        })
    }

    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let mut flags = if select.truncate { msg::MSG_NOERROR } else { 0 };
        if select.except {
            flags |= msg::MSG_EXCEPT;
        }
        let id = self.id;
        loop {
            let buffer = message.begin();
            let size = select.size.unwrap_or(self.room);
            let result = wait.run(&self.name, |block| {
                let flags = if block { flags } else { flags | msg::IPC_NOWAIT };
                msg::receive(id, buffer, size, select.kind, flags)
            });
            match result {
                Ok(()) => {
                    note_type(message);
                    return Ok(true);
                }
                // It is still there: once more, with room for it.
                Err(error) if select.size.is_none() && error == Error::refused(&self.name, Errno::E2BIG) => {
                    self.room *= 2;
                }
                Err(error) => return Err(self.error(error)),
            }
        }
    }

    fn peek(&mut self, select: &Select, _wait: &mut Wait) -> Result<Option<Vec<u8>>, Error> {
        let mut best: Option<(i64, Vec<u8>)> = None;
        let mut message = Message::default();
        let mut index = 0;
        while self.look_at(index, &mut message)? {
            index += 1;
            if index > LOOKED_AT {
                return Ok(None);
            }
            let kind = message.kind.unwrap_or(0);
            let fits = match select.kind {
                0 => true,
                wanted if wanted < 0 => {
                    kind <= wanted.saturating_neg() && best.as_ref().is_none_or(|best| kind < best.0)
                }
                wanted => (kind == wanted) != select.except,
            };
            if fits {
                best = Some((kind, message.body().to_vec()));
                if select.kind >= 0 {
                    break;
                }
            }
        }
        Ok(best.map(|best| best.1))
    }

    fn waiting(&self) -> Option<u64> {
        self.messages().ok()
    }

    fn put_back(&mut self, message: &Message, wait: &mut Wait) -> Result<bool, Error> {
        again(self, message, wait).map(|()| true)
    }
}
