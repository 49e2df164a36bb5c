//! As much of HTTP/1.1 (RFC 9112) as carries JSON-RPC: POST requests and their answers.
//!
//! ```text
//! POST / HTTP/1.1            HTTP/1.1 200 OK
//! Content-Length: 2          Transfer-Encoding: chunked
//!                            (empty line)
//! {}                         2 {} 0
//! ```
//! A body ends where Content-Length says, or behind its last chunk, or (of an answer) where the stream ends. Nothing is believed: heads, bodies and
//! chunks are put together from what has come, up to a limit.

use crate::ipc::rpc::buffer::Buffer;
use crate::ipc::rpc::frame::Broken;
use crate::ipc::rpc::record::MOST;

/// The longest head, or line between chunks.
const MOST_HEAD: usize = 64 << 10;

const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const ONLY_POST: &[u8] =
    b"HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// Any page of the web can make a browser send a POST with text to this machine, but not hide where the page is from.
const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NOT_IMPLEMENTED: &[u8] = b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Which of the two sides is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The server reads requests.
    Requests,
    /// The client reads answers.
    Answers,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    /// So many bytes of a body.
    Body(usize),
    /// The line with the size of a chunk.
    Size,
    /// So many bytes of a chunk.
    Chunk(usize),
    /// The end of the line behind a chunk.
    ChunkEnd,
    /// Lines behind the last chunk, up to an empty one.
    Trailer,
    /// Everything up to the end of the stream.
    ToEnd,
}

/// Puts messages together from bytes as they come.
#[derive(Debug)]
pub struct Messages {
    side: Side,
    input: Buffer,
    state: State,
    body: Vec<u8>,
    /// The start line of an answer that tells of a failure.
    failure: Option<String>,
    /// The stream has ended.
    ended: bool,
    /// The client waits to be asked for its body.
    asks: bool,
    /// The other side closes the connection behind this message, or wants it to be closed.
    is_last: bool,
}

impl Messages {
    /// At the beginning of a stream.
    pub fn new(side: Side) -> Self {
        let (input, body) = (Buffer::default(), Vec::new());
        Self { side, input, state: State::Head, body, failure: None, ended: false, asks: false, is_last: false }
    }

    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
    }

    /// No more will come.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// How many bytes wait for the rest of their message.
    pub fn waiting(&self) -> usize {
        self.input.rest().len() + self.body.len()
    }

    /// Whether the connection ends with the message that was returned last.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether the client wants to be told to go on, which it then is.
    pub fn asks(&mut self) -> bool {
        std::mem::take(&mut self.asks)
    }

    /// The body of the next complete message.
    ///
    /// # Errors
    /// It is no HTTP, no POST, too long, or an answer without JSON that tells of a failure.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        loop {
            match self.state {
                State::Head => match self.line_end(b"\r\n\r\n")? {
                    Some(length) => {
                        let head = self.input.take(length + 4)[..length].to_vec();
                        self.state = self.behind_head(&head)?;
                    }
                    None => return Ok(None),
                },
                State::Body(0) => return self.finish(),
                State::Body(left) => {
                    let took = self.move_body(left)?;
                    self.state = State::Body(left - took);
                    if took == 0 {
                        return Ok(None);
                    }
                }
                State::Size => match self.line_end(b"\r\n")? {
                    Some(length) => {
                        let line = self.input.take(length + 2)[..length].to_vec();
                        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
                        self.state =
                            match number(digits, 16).ok_or_else(|| broken("a chunk without a size", BAD_REQUEST))? {
                                0 => State::Trailer,
                                size => State::Chunk(size),
                            };
                    }
                    None => return Ok(None),
                },
                State::Chunk(0) => self.state = State::ChunkEnd,
                State::Chunk(left) => {
                    let took = self.move_body(left)?;
                    self.state = State::Chunk(left - took);
                    if took == 0 {
                        return Ok(None);
                    }
                }
                State::ChunkEnd | State::Trailer => match self.line_end(b"\r\n")? {
                    Some(length) => {
                        self.input.take(length + 2);
                        match (self.state, length) {
                            (State::ChunkEnd, 0) => self.state = State::Size,
                            (State::ChunkEnd, _) => return Err(broken("a chunk is longer than its size", BAD_REQUEST)),
                            (_, 0) => return self.finish(),
                            _ => {}
                        }
                    }
                    None => return Ok(None),
                },
                State::ToEnd => {
                    self.move_body(usize::MAX)?;
                    return if self.ended { self.finish() } else { Ok(None) };
                }
            }
        }
    }

    /// Where the next line (or head) ends; `None`: it has not come yet.
    fn line_end(&self, end: &[u8]) -> Result<Option<usize>, Broken> {
        let rest = self.input.rest();
        match memchr::memmem::find(&rest[..rest.len().min(MOST_HEAD)], end) {
            None if rest.len() >= MOST_HEAD => Err(broken("a line of HTTP is too long", BAD_REQUEST)),
            found => Ok(found),
        }
    }

    fn move_body(&mut self, most: usize) -> Result<usize, Broken> {
        let bytes = self.input.take(most);
        if bytes.len() > MOST - self.body.len() {
            return Err(broken("the message is too long", TOO_LARGE));
        }
        self.body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn finish(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        self.state = State::Head;
        let body = std::mem::take(&mut self.body);
        match self.failure.take() {
            Some(line) if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) => Err(broken(&line, b"")),
            _ => Ok(Some(body)),
        }
    }

    /// What follows a head.
    fn behind_head(&mut self, head: &[u8]) -> Result<State, Broken> {
        let head = String::from_utf8_lossy(head);
        let start = head.lines().next().unwrap_or_default();
        let words: Vec<&str> = start.split(' ').collect();
        let (version, status) = match (self.side, &words[..]) {
            (Side::Requests, ["POST", _, version]) => (*version, None),
            (Side::Requests, [_, _, version]) if version.starts_with("HTTP/1.") => {
                return Err(broken("no POST", ONLY_POST));
            }
            (Side::Answers, [version, status, ..]) => (*version, status.parse::<u16>().ok()),
            _ => ("", None),
        };
        if !version.starts_with("HTTP/1.") || (self.side == Side::Answers && status.is_none()) {
            return Err(broken("it is no HTTP", BAD_REQUEST));
        }
        let status = status.unwrap_or(200);
        let headers = Headers::parse(&head).ok_or_else(|| broken("a header that is none", BAD_REQUEST))?;
        let has = |name, word: &str| headers.value(name).is_some_and(|value| value.to_ascii_lowercase().contains(word));
        if self.side == Side::Requests && headers.value("origin").is_some() {
            return Err(broken("a web page", FORBIDDEN));
        }
        self.asks = has("expect", "100-continue");
        self.is_last = has("connection", "close") || (version == "HTTP/1.0" && !has("connection", "keep-alive"));
        self.failure = (!(200..300).contains(&status)).then(|| start.to_owned());
        if (100..200).contains(&status) {
            return Ok(State::Head);
        }
        // Two different ends of one message are an attack on whoever believes the other one.
        match (headers.value("transfer-encoding"), headers.value("content-length")) {
            (Some(coding), _) if !coding.eq_ignore_ascii_case("chunked") => {
                Err(broken(&format!("Transfer-Encoding: {coding}"), NOT_IMPLEMENTED))
            }
            (Some(_), Some(_)) if self.side == Side::Requests => Err(broken("two ends of one body", BAD_REQUEST)),
            (Some(_), _) => Ok(State::Size),
            (None, Some(length)) => match number(length.as_bytes(), 10) {
                Some(length) if length <= MOST => Ok(State::Body(length)),
                Some(_) => Err(broken("the message is too long", TOO_LARGE)),
                None => Err(broken("Content-Length is no number", BAD_REQUEST)),
            },
            (None, None) if self.side == Side::Requests || status == 204 => Ok(State::Body(0)),
            (None, None) => Ok(State::ToEnd),
        }
    }
}

fn broken(why: &str, answer: &'static [u8]) -> Broken {
    Broken { why: why.to_owned(), answer }
}

/// The headers of a message.
struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    /// `None`: a line is no header (a blank before the colon, a line that goes on), or one of which there is one is there twice and says two things.
    fn parse(head: &'a str) -> Option<Self> {
        let line = |line: &'a str| {
            let (name, value) = line.split_once(':')?;
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
            is_name.then(|| (name, value.trim_matches([' ', '\t'])))
        };
        let found = Self(head.lines().skip(1).map(line).collect::<Option<_>>()?);
        let agree = |name| found.values(name).all(|value| Some(value) == found.value(name));
        ["content-length", "transfer-encoding"].into_iter().all(agree).then_some(found)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }
}

/// Digits and nothing else; a number that is too large is the largest.
fn number(digits: &[u8], radix: u32) -> Option<usize> {
    let add = |number: usize, digit: &u8| {
        let digit = char::from(*digit).to_digit(radix)?;
        Some(number.saturating_mul(radix as usize).saturating_add(digit as usize))
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

/// The answer to a request. That of a notification is empty and still "OK": the clients of Python take 204, "no content", for an error. `is_last`: the
/// connection is closed behind it.
pub fn answer(body: &[u8], is_last: bool) -> Vec<u8> {
    let close = if is_last { "Connection: close\r\n" } else { "" };
    let kind = "Content-Type: application/json";
    let head = format!("HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {}\r\n{close}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(side: Side, stream: &[u8], size: usize) -> Result<Vec<String>, String> {
        let (mut messages, mut found) = (Messages::new(side), Vec::new());
        for piece in stream.chunks(size) {
            messages.push(piece);
            while let Some(body) = messages.next_message().map_err(|broken| broken.why)? {
                found.push(String::from_utf8_lossy(&body).into_owned());
            }
        }
        messages.end();
        found.extend(
            messages
                .next_message()
                .map_err(|broken| broken.why)?
                .map(|body| String::from_utf8_lossy(&body).into_owned()),
        );
        Ok(found)
    }

    #[test]
    fn requests_come_in_any_pieces() {
        let stream = b"POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 2\r\n\r\n{}POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\nPOST / HTTP/1.0\r\n\r\n";
        for size in [1, 2, 5, 1000] {
            assert_eq!(
                bodies(Side::Requests, stream, size),
                Ok(vec!["{}".into(), "abcd".into(), String::new()]),
                "{size}"
            );
        }
    }

    #[test]
    fn answers_end_in_three_ways() {
        for size in [1, 7, 1000] {
            let answers = |stream: &str| bodies(Side::Answers, stream.as_bytes(), size);
            assert_eq!(
                answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").as_deref(),
                Ok(&["{}".to_owned()][..])
            );
            assert_eq!(
                answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
                    .as_deref(),
                Ok(&["{}".to_owned()][..])
            );
            assert_eq!(answers("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}").as_deref(), Ok(&["{\"a\":1}".to_owned()][..]));
            assert_eq!(
                answers("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\noops"),
                Err("HTTP/1.1 404 Not Found".into())
            );
            assert_eq!(
                answers("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}").as_deref(),
                Ok(&["{}".to_owned()][..])
            );
        }
    }

    #[test]
    fn what_is_no_http_is_refused() {
        let requests = |stream: &[u8]| bodies(Side::Requests, stream, 100);
        assert_eq!(requests(&vec![b'a'; MOST_HEAD + 1]), Err("a line of HTTP is too long".into()));
        assert_eq!(
            requests(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"),
            Err("the message is too long".into())
        );
        assert_eq!(
            requests(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
            Err("Content-Length is no number".into())
        );
        assert_eq!(requests(b"GET / HTTP/1.1\r\n\r\n"), Err("no POST".into()));
        assert_eq!(requests(b"nonsense\r\n\r\n"), Err("it is no HTTP".into()));
        assert_eq!(
            requests(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            Err("a chunk without a size".into())
        );
        for (head, why) in [
            ("Content-Length: +2", "Content-Length is no number"),
            ("Content-Length:", "Content-Length is no number"),
            ("Content-Length : 2", "a header that is none"),
            ("Content-Length: 2\r\nContent-Length: 3", "a header that is none"),
            ("A: b\r\n c", "a header that is none"),
            ("nonsense", "a header that is none"),
            ("Transfer-Encoding: gzip, chunked", "Transfer-Encoding: gzip, chunked"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 2", "two ends of one body"),
            ("Origin: http://example.com\r\nContent-Length: 2", "a web page"),
            ("Transfer-Encoding: chunked\r\n\r\n+2", "a chunk without a size"),
        ] {
            let stream = format!("POST / HTTP/1.1\r\n{head}\r\n\r\n{{}}");
            assert_eq!(requests(stream.as_bytes()), Err(why.into()), "{head}");
        }
        let twice = b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(requests(twice), Ok(vec!["{}".into()]));
    }
}
