//! The two primitives: send(destination, message) and receive(source, message), for every mechanism alike.

use crate::ipc::error::{Error, Why};
use crate::ipc::wait::Wait;
use bstr::BString;
use nix::errno::Errno;

/// One end of a mechanism.
pub trait Endpoint {
    /// Send one message.
    ///
    /// # Errors
    /// The system refused, or how the wait has ended; the message was not sent then, or (streams) not all of it, which the error says.
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error>;

    /// After the last message: wait until nothing can be lost any more by closing, where that has to be waited for.
    ///
    /// # Errors
    /// As `send`: what was sent before has not arrived.
    fn finish(&mut self, _wait: &mut Wait) -> Result<(), Error> {
        Ok(())
    }

    /// Receive one message into `message`, whose memory is used again; false at the end of a stream.
    ///
    /// # Errors
    /// The system refused, or how the wait has ended; no message was taken then (of a byte stream that is no pipe, or a message that is
    /// longer than the pipe, a part may be gone, which the error says).
    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error>;

    /// Look whether the next message that fits can be had without taking it, where the mechanism can do that: its text, or `None`
    /// if the mechanism cannot tell.
    ///
    /// # Errors
    /// As `receive`.
    fn peek(&mut self, _select: &Select, _wait: &mut Wait) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }

    /// How many messages are there, of whatever type, where the mechanism counts them.
    fn waiting(&self) -> Option<u64> {
        None
    }

    /// Put a message back that was received, where the mechanism can do that: it goes behind its equals. False if it cannot.
    ///
    /// # Errors
    /// As `send`.
    fn put_back(&mut self, _message: &Message, _wait: &mut Wait) -> Result<bool, Error> {
        Ok(false)
    }
}

/// Send again what was taken. A sender that has waited may have taken the place: then the message waits for another one if the user's
/// time allows it.
///
/// # Errors
/// As `send`.
pub(super) fn again(endpoint: &mut dyn Endpoint, message: &Message, wait: &mut Wait) -> Result<(), Error> {
    let kind = message.kind.unwrap_or(1);
    let outgoing = Outgoing { body: message.body(), kind, priority: message.priority.unwrap_or(0) };
    match wait.attempt(|now| endpoint.send(&outgoing, now)) {
        Some(result) => result,
        None if wait.has_deadline() => endpoint.send(&outgoing, wait),
        None => Err(Error { tried: "the queue is full again".to_owned(), why: Why::WouldBlock(Errno::EAGAIN) }),
    }
}

/// Sender or receiver: it decides who listens, and which permission is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It will call send.
    Sender,
    /// It will call receive.
    Receiver,
}

/// What ends a message on a byte stream, which has no boundaries of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// A newline.
    #[default]
    Newline,
    /// A NUL.
    Nul,
    /// The end of the stream.
    Stream,
}

/// How an endpoint is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Sender or receiver.
    pub role: Role,
    /// On byte streams: what ends a message.
    pub end: End,
}

impl Opening {
    /// For sending lines.
    pub fn sender() -> Self {
        Self { role: Role::Sender, end: End::Newline }
    }

    /// For receiving lines.
    pub fn receiver() -> Self {
        Self { role: Role::Receiver, end: End::Newline }
    }
}

/// A message to send.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its bytes.
    pub body: &'a [u8],
    /// Its type (System V; at least 1).
    pub kind: i64,
    /// Its priority (POSIX).
    pub priority: u32,
}

impl<'a> Outgoing<'a> {
    /// A message of type 1 and priority 0.
    pub fn new(body: &'a [u8]) -> Self {
        Self { body, kind: 1, priority: 0 }
    }
}

/// Which message to receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// System V: 0 any, N exactly N, -N the lowest type up to N.
    pub kind: i64,
    /// System V: any but `kind`.
    pub except: bool,
    /// The longest message that is taken; `None`: whatever the mechanism allows.
    pub size: Option<usize>,
    /// A longer message is cut off; else it is an error and stays where it is.
    pub truncate: bool,
}

/// A message that has come. Its memory is meant to be used for many.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// What the kernel wrote; the text begins at `start`.
    pub(super) buffer: Vec<u8>,
    pub(super) start: usize,
    /// Its type, where messages have one.
    pub kind: Option<i64>,
    /// Its priority, where messages have one.
    pub priority: Option<u32>,
    /// Who sent it, where the kernel tells.
    pub sender: Option<BString>,
}

impl Message {
    /// Its bytes.
    pub fn body(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// An empty buffer for a text without anything before it; type, priority and sender are forgotten.
    pub fn begin(&mut self) -> &mut Vec<u8> {
        self.buffer.clear();
        self.start = 0;
        self.kind = None;
        self.priority = None;
        self.sender = None;
        &mut self.buffer
    }

    /// It could not be taken for this reason, but is taken, and cannot be put back: it is nowhere but here, and so it is shown.
    pub fn stranded(&self, address: &str, reason: &str, why: Option<&Error>) -> Error {
        let why = why.map_or_else(String::new, |error| format!(" ({error})"));
        let hex: String = self.body().iter().map(|byte| format!("{byte:02x}")).collect();
        Error::other(address, format!("{reason}; it cannot be put back{why}: in hexadecimal it is {hex}"))
    }
}
