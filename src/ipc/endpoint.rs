//! The two primitives: send(destination, message) and receive(source, message), for every mechanism alike.

use crate::ipc::error::Error;
use crate::ipc::wait::Wait;
use bstr::BString;

/// One end of a mechanism.
pub trait Endpoint {
    /// Send one message.
    ///
    /// # Errors
    /// The system refused, or how the wait has ended; the message was not sent then, or (streams) not all of it, which the error says.
    fn send(&mut self, message: &Outgoing<'_>, wait: &mut Wait) -> Result<(), Error>;

    /// Receive one message into `message`, whose memory is used again; false at the end of a stream.
    ///
    /// # Errors
    /// The system refused, or how the wait has ended; no message was taken then.
    fn receive(&mut self, select: &Select, message: &mut Message, wait: &mut Wait) -> Result<bool, Error>;

    /// Look whether the next message that fits can be had without taking it, where the mechanism can do that: its text, or `None`
    /// if the mechanism cannot tell.
    ///
    /// # Errors
    /// As `receive`.
    fn peek(&mut self, _select: &Select, _wait: &mut Wait) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
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
}
