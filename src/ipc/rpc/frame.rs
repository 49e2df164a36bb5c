//! Where a message ends on a byte stream: records (ONC RPC), lines (JSON-RPC over sockets), or the bodies of HTTP.

use crate::ipc::rpc::buffer::Buffer;
use crate::ipc::rpc::http::{self, Messages, Side};
use crate::ipc::rpc::record::{self, Assembler, MOST};

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Record marks.
    Records,
    /// A newline behind each.
    Lines,
    /// HTTP, read from this side.
    Http(Side),
}

/// The stream is of no more use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What is wrong.
    pub why: String,
    /// What the other side is told before the connection is closed.
    pub answer: &'static [u8],
}

/// Takes messages out of a stream.
#[derive(Debug)]
pub enum Reader {
    /// Records.
    Records(Assembler),
    /// What has come and is no whole line yet, and how much of it was looked at.
    Lines(Buffer, usize),
    /// Messages of HTTP.
    Http(Messages),
}

impl Reader {
    /// At the beginning of a stream.
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::Records => Self::Records(Assembler::default()),
            Framing::Lines => Self::Lines(Buffer::default(), 0),
            Framing::Http(side) => Self::Http(Messages::new(side)),
        }
    }

    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Records(assembler) => assembler.push(bytes),
            Self::Lines(buffer, _) => buffer.push(bytes),
            Self::Http(messages) => messages.push(bytes),
        }
    }

    /// The stream has ended: a message may end there.
    ///
    /// # Errors
    /// As [`Reader::next_message`].
    pub fn end(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        match self {
            Self::Http(messages) => messages.end(),
            Self::Records(_) | Self::Lines(..) => {}
        }
        self.next_message()
    }

    /// Whether a message has begun and not ended.
    pub fn is_inside(&self) -> bool {
        match self {
            Self::Records(assembler) => assembler.is_inside(),
            _ => self.waiting() > 0,
        }
    }

    /// How many bytes wait for the rest of their message.
    pub fn waiting(&self) -> usize {
        match self {
            Self::Records(assembler) => assembler.waiting(),
            Self::Lines(buffer, _) => buffer.rest().len(),
            Self::Http(messages) => messages.waiting(),
        }
    }

    /// The next complete message; of HTTP its body.
    ///
    /// # Errors
    /// It is longer than anything that is put together, or no HTTP.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let too_long = || Broken { why: String::from("a message that is too long"), answer: b"" };
        match self {
            Self::Records(assembler) => assembler.next_record().map_err(|record::TooLong| too_long()),
            Self::Lines(buffer, seen) => match memchr::memchr(b'\n', &buffer.rest()[*seen..]) {
                Some(end) => {
                    let length = *seen + end;
                    *seen = 0;
                    Ok(Some(buffer.take(length + 1)[..length].to_vec()))
                }
                None => {
                    buffer.tidy();
                    *seen = buffer.rest().len();
                    if *seen > MOST { Err(too_long()) } else { Ok(None) }
                }
            },
            Self::Http(messages) => messages.next_message(),
        }
    }

    /// A message as it goes over the stream, in answer to the one that was read last. An empty one (a notification's) is nothing.
    pub fn answer(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Records(_) => record::record(message),
            Self::Lines(..) if message.is_empty() => Vec::new(),
            Self::Lines(..) => [message, b"\n"].concat(),
            Self::Http(messages) => http::answer(message, messages.is_last()),
        }
    }

    /// Whether the connection ends with the answer to the message that was read last.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Http(messages) if messages.is_last())
    }

    /// What the other side waits for before it sends the rest of its message.
    pub fn prompt(&mut self) -> &'static [u8] {
        let asks = if let Self::Http(messages) = self { messages.asks() } else { false };
        if asks { b"HTTP/1.1 100 Continue\r\n\r\n" } else { b"" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_any_pieces() {
        for size in [1, 5, 1000] {
            let (mut reader, mut found) = (Reader::new(Framing::Lines), Vec::new());
            for piece in b"{}\n\n[1]\nrest".chunks(size) {
                reader.push(piece);
                while let Some(message) = reader.next_message().expect("short") {
                    found.push(message);
                }
            }
            assert_eq!(found, [&b"{}"[..], b"", b"[1]"]);
            assert_eq!((reader.waiting(), reader.end()), (4, Ok(None)));
        }
    }
}
