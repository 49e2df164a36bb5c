//! POSIX queues as endpoints.
//!
//! The picture: `mq_open("/name")` gives a descriptor; `mq_send(fd, text, priority)` puts a message behind all those of its priority or
//! above; `mq_receive(fd)` takes the first. The kernel keeps a bounded tree by priority and hands a message to a waiting
//! receiver directly.

use crate::ipc::endpoint::{Endpoint, Message, Outgoing, Role, Select, again};
use crate::ipc::error::{Error, Why, words};
use crate::ipc::wait::Wait;
use crate::sys::{fd, mqueue};
use bstr::{BStr, BString, ByteSlice};
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

/// The highest priority on Linux.
pub const HIGHEST_PRIORITY: u32 = 32767;

/// The default limit of a message's length (msgsize_max): most queues have it or less, so nobody has to ask.
const USUAL: usize = 8192;

/// A POSIX queue.
#[derive(Debug)]
pub struct Queue {
    fd: Rc<OwnedFd>,
    name: BString,
    held: Held,
    /// Room for a message, which must be enough for the longest one that there can be, not only for the one that comes.
    room: usize,
}

impl Queue {
    /// The queue with a name, which must exist.
    ///
    /// # Errors
    /// ENOENT, EACCES, and others of mq_open(3).
    pub fn open(name: &BStr, role: Role, held: &Held) -> Result<Self, Error> {
        let flags = if role == Role::Sender { libc::O_WRONLY } else { libc::O_RDONLY };
        Ok(Self { fd: held.open(name, flags)?, name: name.to_owned(), held: held.clone(), room: USUAL })
    }

    /// The longest message that there can be.
    fn longest(&self) -> Result<usize, Error> {
        let attributes =
            mqueue::attributes(self.fd.as_fd()).map_err(|errno| Error::refused(self.name.to_string(), errno))?;
        Ok(usize::try_from(attributes.message_size).unwrap_or(usize::MAX))
    }

    /// Put back a message that is longer than asked for; the error that says so.
    fn longer(mut self, size: usize, message: &Message, wait: &mut Wait) -> Error {
        let tried = format!("{}: message of {} bytes for {size}", self.name, message.body().len());
        match again(&mut self, message, wait) {
            Ok(()) => Error::refused(tried, Errno::E2BIG),
            Err(why) => message.stranded(&tried, &words(Errno::E2BIG), Some(&why)),
        }
    }

    /// The queue's descriptor.
    pub fn fd(&self) -> &OwnedFd {
        &self.fd
    }
}

/// The queues that will be announced to this process. The kernel ends a registration (mq_notify(3)) when its process closes *any* descriptor
/// of the queue. So each has one descriptor, which stays open, and which whoever opens the queue in this process is given.
#[derive(Clone, Debug, Default)]
pub struct Held(Vec<Registered>);

#[derive(Clone, Debug)]
struct Registered {
    name: BString,
    fd: Rc<OwnedFd>,
    /// O_RDWR, or what is permitted of it.
    access: i32,
}

impl Held {
    /// A descriptor of the queue that has this name now, for O_RDONLY or O_WRONLY.
    ///
    /// # Errors
    /// As mq_open(3).
    pub fn open(&self, name: &BStr, access: i32) -> Result<Rc<OwnedFd>, Error> {
        if let Some(fd) = self.find(name, access) {
            return Ok(fd);
        }
        mqueue::open(&c_name(name)?, access).map(Rc::new).map_err(|errno| Error::refused(name.to_string(), errno))
    }

    /// The descriptor that is open already. A queue has no links: once its name was removed, a queue of this name is another one.
    pub fn find(&self, name: &BStr, access: i32) -> Option<Rc<OwnedFd>> {
        let fits = |it: &&Registered| it.name == name && (it.access == libc::O_RDWR || it.access == access);
        let is_named = |it: &&Registered| nix::sys::stat::fstat(it.fd.as_fd()).is_ok_and(|file| file.st_nlink > 0);
        self.0.iter().filter(fits).find(is_named).map(|it| Rc::clone(&it.fd))
    }

    /// Have `signal` sent to this process, once, when a message comes to the empty queue and nobody waits for it.
    ///
    /// # Errors
    /// EBUSY: some process, maybe this one, is registered; as mq_open(3).
    pub fn register(&mut self, name: &BStr, signal: i32) -> Result<(), Error> {
        let own = i64::from(nix::unistd::getpid().as_raw());
        self.0.retain(|it| whom(&it.fd).is_none_or(|pid| pid == own));
        let refused = |tried: String, errno| Error::refused(tried, errno);
        let path = c_name(name)?;
        let found = [libc::O_RDWR, libc::O_RDONLY, libc::O_WRONLY].into_iter().find_map(|access| {
            let held = self.find(name, access).map(Ok);
            match held.unwrap_or_else(|| mqueue::open(&path, access).and_then(fd::make_private).map(Rc::new)) {
                Err(Errno::EACCES) if access != libc::O_WRONLY => None,
                opened => Some(opened.map(|fd| Registered { name: name.to_owned(), fd, access })),
            }
        });
        let queue = found.unwrap_or(Err(Errno::EACCES)).map_err(|errno| refused(name.to_string(), errno))?;
        mqueue::notify(queue.fd.as_fd(), signal).map_err(|errno| match whom(&queue.fd) {
            Some(pid) if errno == Errno::EBUSY && pid == own => {
                refused(format!("{name}: this shell is registered"), errno)
            }
            Some(pid) if errno == Errno::EBUSY => refused(format!("{name}: process {pid} is registered"), errno),
            _ => refused(name.to_string(), errno),
        })?;
        self.0.push(queue);
        Ok(())
    }
}

/// Which process is registered with a queue (0: none), if it can be read: its descriptor gives a line about it (mq_overview(7)).
fn whom(queue: &OwnedFd) -> Option<i64> {
    facts(queue).into_iter().find_map(|(name, value)| if name == "NOTIFY_PID" { Some(value) } else { None })
}

/// The numbers of the line that the descriptor of a queue gives: QSIZE, NOTIFY, SIGNO, NOTIFY_PID.
pub fn facts(queue: &OwnedFd) -> Vec<(String, i64)> {
    let mut line = [0; 128];
    let length = fd::read_at(queue.as_raw_fd(), &mut line, 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&line[..length]).into_owned();
    let pairs = text.split_whitespace().filter_map(|word| word.split_once(':'));
    pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
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
            return Err(Error::usage(self.name.to_string(), format!("the priority is 0 to {HIGHEST_PRIORITY}")));
        }
        let fd = self.fd.as_fd();
        let result = wait.run(&self.name, |block| mqueue::send(fd, message.body, message.priority, block));
        result.map_err(|error| {
            if error.why == Why::Refused(Errno::EMSGSIZE) {
                let tried = format!("{}: message of {} bytes", self.name, message.body.len());
                return Error::refused(tried, Errno::EMSGSIZE);
            }
            error
        })
    }

    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error> {
        let size = select.size.unwrap_or(usize::MAX);
        let mut writer = None;
        if !select.truncate && size < usize::MAX && size < self.longest()? {
            // The kernel looks at no message before it is taken: a longer one will have to be put back.
            writer = Some(Self::open(self.name.as_bstr(), Role::Sender, &self.held).map_err(|mut error| {
                error.tried.push_str(": only who may write can put a longer message back");
                error
            })?);
            // From here on a signal does not end the process before the message is back.
            wait.guard().map_err(|cut| Error::stopped(self.name.to_string(), cut))?;
        }
        let fd = self.fd.as_fd();
        let buffer = message.begin();
        let priority = loop {
            let room = self.room;
            match wait.run(&self.name, |block| mqueue::receive(fd, buffer, room, block)) {
                Err(error) if error.why == Why::Refused(Errno::EMSGSIZE) && room < self.longest()? => {
                    self.room = self.longest()?;
                }
                result => break result?,
            }
        };
        message.priority = Some(priority);
        let length = message.body().len();
        if let Some(writer) = writer.filter(|_| length > size) {
            return Err(writer.longer(size, message, wait));
        }
        message.buffer.truncate(size);
        Ok(true)
    }

    fn waiting(&self) -> Option<u64> {
        mqueue::attributes(self.fd.as_fd()).ok().and_then(|attributes| u64::try_from(attributes.messages).ok())
    }

    fn put_back(&mut self, message: &Message, wait: &mut Wait) -> Result<bool, Error> {
        let mut writer = Self::open(self.name.as_bstr(), Role::Sender, &self.held)?;
        again(&mut writer, message, wait).map(|()| true)
    }
}
