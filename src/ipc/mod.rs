//! The mechanisms of inter-process communication as a small library, which a Rust program can use without the shell:
//!
//! ```no_run
//! use ipcsh::ipc::{self, Address, Outgoing, Wait};
//! let address = Address::parse(b"sysv:42")?;
//! let mut wait = Wait::new(ipc::Patience::Forever, 0);
//! let base = ipc::Base::from_environment();
//! let mut queue = ipc::open(&address, &ipc::Opening::sender(), &base, &mut wait)?;
//! queue.send(&Outgoing::new(b"hello"), &mut wait)?;
//! # Ok::<(), ipc::Error>(())
//! ```
//!
//! The picture: an [`Address`] names a place, [`open`] makes an [`Endpoint`] of it, and an endpoint has the lecture's two primitives,
//! send and receive. A [`Wait`] says how patient they are: a non-blocking attempt, until a deadline, or until a signal comes.
//! Reading order: `address`, `endpoint`, `wait`, `error`; then the mechanisms, each opening with its own picture.

pub mod address;
pub mod base;
pub mod endpoint;
pub mod error;
pub mod json;
pub mod mailbox;
pub mod mq;
pub mod pipe;
pub mod props;
pub mod rendezvous;
pub mod rpc;
pub mod run;
pub mod signals;
pub mod socket;
pub mod wait;

use bstr::ByteSlice;

pub use address::Address;
pub use base::Base;
pub use endpoint::{End, Endpoint, Message, Opening, Outgoing, Role, Select};
pub use error::{Error, Why};
pub use wait::{Patience, Wait};

/// Open the place that an address names, as a sender or as a receiver.
///
/// # Errors
/// The address names a place that cannot be opened so: nobody listens, no such queue, no permission, or the wait was ended.
pub fn open(address: &Address, opening: &Opening, base: &Base, wait: &mut Wait) -> Result<Box<dyn Endpoint>, Error> {
    match address {
        Address::Descriptor(number) => Ok(Box::new(pipe::Stream::descriptor(*number, opening)?)),
        Address::Fifo(path) => Ok(Box::new(pipe::Stream::fifo(path.as_bstr(), opening, wait)?)),
        Address::SystemV(queue) => Ok(Box::new(mq::sysv::Queue::open(queue)?)),
        Address::Internet(place) => {
            Ok(Box::new(socket::endpoint::internet(place, address.to_string(), opening, wait)?))
        }
        Address::Unix(place) => Ok(Box::new(socket::endpoint::unix(place, address.to_string(), opening, wait)?)),
        Address::Posix(name) => Ok(Box::new(mq::posix::Queue::open(name.as_bstr(), opening.role, &base.held)?)),
        Address::Mailbox(name) => Ok(Box::new(mailbox::Mailbox::open(name.as_bstr(), opening.role, base, wait)?)),
        Address::Rendezvous(name) => {
            Ok(Box::new(rendezvous::Rendezvous::open(name.as_bstr(), opening.role, base, wait)?))
        }
        Address::Process(_) | Address::Job(_) => {
            Err(Error::usage(address.to_string(), "signals are sent only: a trap receives them"))
        }
    }
}
