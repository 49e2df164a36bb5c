//! Where a message ends on a byte stream: records (ONC RPC), lines (JSON-RPC over sockets), or requests of HTTP.

use crate::ipc::rpc::onc::record::{Assembler, MOST, TooLong, begin, finish};

/// The longest head of an HTTP message.
const MOST_HEAD: usize = 64 << 10;

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Record marks.
    Records,
    /// A newline behind each.
    Lines,
    /// POST requests and their answers.
    Http,
}

/// Takes messages out of a stream.
#[derive(Debug)]
pub enum Reader {
    /// Records.
    Records(Assembler),
    /// What has come and is no whole line yet.
    Lines(Vec<u8>),
    /// What has come and is no whole HTTP message yet.
    Http(Vec<u8>),
}

impl Reader {
    /// At the beginning of a stream.
    pub fn new(framing: Framing) -> Self {
        match framing {
            Framing::Records => Self::Records(Assembler::default()),
            Framing::Lines => Self::Lines(Vec::new()),
            Framing::Http => Self::Http(Vec::new()),
        }
    }

    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Records(assembler) => assembler.push(bytes),
            Self::Lines(buffer) | Self::Http(buffer) => buffer.extend_from_slice(bytes),
        }
    }

    /// Whether a message has begun and not ended.
    pub fn is_inside(&self) -> bool {
        match self {
            Self::Records(assembler) => assembler.is_inside(),
            Self::Lines(buffer) | Self::Http(buffer) => !buffer.is_empty(),
        }
    }

    /// The next complete message; of HTTP its body.
    ///
    /// # Errors
    /// It is longer than anything that is put together, or no HTTP: the connection is of no more use.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        match self {
            Self::Records(assembler) => assembler.next_record(),
            Self::Lines(buffer) => match memchr::memchr(b'\n', buffer) {
                Some(end) => {
                    let mut line: Vec<u8> = buffer.drain(..=end).collect();
                    line.pop();
                    Ok(Some(line))
                }
                None if buffer.len() > MOST => Err(TooLong),
                None => Ok(None),
            },
            Self::Http(buffer) => {
                let Some(head) = memchr::memmem::find(buffer, b"\r\n\r\n") else {
                    return if buffer.len() > MOST_HEAD { Err(TooLong) } else { Ok(None) };
                };
                let length = header(&buffer[..head], "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
                if length > MOST {
                    return Err(TooLong);
                }
                if buffer.len() < head + 4 + length {
                    return Ok(None);
                }
                let message: Vec<u8> = buffer.drain(..head + 4 + length).collect();
                Ok(Some(message[head + 4..].to_vec()))
            }
        }
    }
}

/// The value of a header of an HTTP message.
pub fn header(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

impl Framing {
    /// A reply as it goes over the stream. An empty one (a notification's) is nothing, and in HTTP "no content".
    pub fn reply(self, reply: &[u8]) -> Vec<u8> {
        match self {
            Self::Records => {
                let mut out = Vec::with_capacity(reply.len() + 4);
                begin(&mut out);
                out.extend_from_slice(reply);
                finish(&mut out, 0);
                out
            }
            Self::Lines if reply.is_empty() => Vec::new(),
            Self::Lines => [reply, b"\n"].concat(),
            Self::Http if reply.is_empty() => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
            Self::Http => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    reply.len()
                );
                [head.as_bytes(), reply].concat()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(framing: Framing, stream: &[u8], size: usize) -> Vec<Vec<u8>> {
        let (mut reader, mut found) = (Reader::new(framing), Vec::new());
        for piece in stream.chunks(size) {
            reader.push(piece);
            while let Some(message) = reader.next_message().expect("short") {
                found.push(message);
            }
        }
        found
    }

    #[test]
    fn messages_come_in_any_pieces() {
        let http = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 2\r\n\r\n{}GET /x HTTP/1.1\r\n\r\n";
        for size in [1, 5, 1000] {
            assert_eq!(messages(Framing::Lines, b"{}\n\n[1]\nrest", size), [&b"{}"[..], b"", b"[1]"]);
            assert_eq!(messages(Framing::Http, http, size), [&b"{}"[..], b""]);
            let record = Framing::Records.reply(b"abc");
            assert_eq!(messages(Framing::Records, &record, size), [b"abc"]);
        }
    }

    #[test]
    fn a_head_without_an_end_is_refused() {
        let mut reader = Reader::new(Framing::Http);
        reader.push(&vec![b'a'; MOST_HEAD + 1]);
        assert_eq!(reader.next_message(), Err(TooLong));
        let mut reader = Reader::new(Framing::Http);
        reader.push(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n");
        assert_eq!(reader.next_message(), Err(TooLong));
    }
}
