//! POSIX queues as endpoints.
//!
//! The picture: `mq_open("/name")` gives a descriptor; `mq_send(fd, text, priority)` puts a message behind all those of its priority or
//! above; `mq_receive(fd)` takes the first. The kernel keeps a bounded tree by priority and hands a message to a waiting
//! receiver directly.

use crate::ipc::endpoint::{Endpoint, Message, Outgoing, Role, Select};
use crate::ipc::error::Error;
use crate::ipc::wait::Wait;
use crate::sys::mqueue;
use bstr::BStr;
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};

/// The highest priority on Linux.
pub const HIGHEST_PRIORITY: u32 = 32767;

/// A POSIX queue.
#[derive(Debug)]
pub struct Queue {
    fd: OwnedFd,
    name: String,
    /// A receiver's: the longest message that there can be.
    longest: usize,
}

impl Queue {
    /// The queue with a name, which must exist.
    ///
    /// # Errors
    /// ENOENT, EACCES, and others of mq_open(3).
    pub fn open(name: &BStr, role: Role) -> Result<Self, Error> {
        let flags = if role == Role::Sender { libc::O_WRONLY } else { libc::O_RDONLY };
        let error = |errno| Error::refused(name.to_string(), errno);
        let fd = mqueue::open(&c_name(name)?, flags).map_err(error)?;
        let longest = match role {
            Role::Sender => 0,
            Role::Receiver => mqueue::attributes(fd.as_fd()).map_err(error)?.message_size,
        };
        Ok(Self { fd, name: name.to_string(), longest: usize::try_from(longest).unwrap_or(usize::MAX) })
    }

    /// Have `signal` sent to this process, once, when a message comes to the empty queue and nobody waits for it (mq_notify(3)).
    ///
    /// # Errors
    /// EBUSY: somebody else has registered.
    pub fn notify(&self, signal: i32) -> Result<(), Errno> {
        mqueue::notify(self.fd.as_fd(), signal)
    }

    /// Only the descriptor, which goes on to be registered.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// The queue's descriptor.
    pub fn fd(&self) -> &OwnedFd {
        &self.fd
    }
}

/// The name for system calls.
///
/// # Errors
/// It holds a NUL.
pub fn c_name(name: &BStr) -> Result<CString, Error> {
    CString::new(name.to_vec()).map_err(|_| Error::usage(name.to_string(), "a name has no NUL"))
}

impl Endpoint for Queue {
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error> {
        if message.priority > HIGHEST_PRIORITY {
            return Err(Error::usage(&self.name, format!("the priority is 0 to {HIGHEST_PRIORITY}")));
        }
        let fd = self.fd.as_fd();
        let result = wait.run(&self.name, |block| mqueue::send(fd, message.body, message.priority, block));
        result.map_err(|error| {
            if error == Error::refused(&self.name, Errno::EMSGSIZE) {
                let tried = format!("{}: message of {} bytes", self.name, message.body.len());
                return Error::refused(tried, Errno::EMSGSIZE);
            }
            error
        })
    }

    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let longest = self.longest;
        let most = select.size.unwrap_or(longest);
        if most < longest && !select.truncate {
            // The kernel's rule: it does not look whether the next message would fit.
            let tried = format!("{}: a buffer of {most} bytes for messages of up to {longest}", self.name);
            return Err(Error::refused(tried, Errno::EMSGSIZE));
        }
        let fd = self.fd.as_fd();
        let buffer = message.begin();
        let priority = wait.run(&self.name, |block| mqueue::receive(fd, buffer, longest, block))?;
        buffer.truncate(most);
        message.priority = Some(priority);
        Ok(true)
    }
}
