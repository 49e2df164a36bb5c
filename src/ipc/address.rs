//! Addresses: one notation for every mechanism, `mechanism:place`. Direct addressing names a process, indirect addressing a mailbox
//! or queue between processes.
//!
//! Without one notation, each mechanism would need a command of its own, and what they have in common could not be seen.

use crate::ipc::error::Error;
use bstr::{BString, ByteSlice};
use std::fmt;

/// A place where messages go to or come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `pid:N`: a process, by a signal.
    Process(i32),
    /// `%job`: a job of the shell, by a signal. The shell knows which process that is.
    Job(BString),
    /// `fd:N`: an open descriptor.
    Descriptor(i32),
    /// `fifo:PATH`: a named pipe.
    Fifo(BString),
    /// `/name`, `posix:/name`: a POSIX queue.
    Posix(BString),
    /// `sysv:...`: a System V queue.
    SystemV(SystemV),
    /// `tcp:HOST:PORT`, `udp:HOST:PORT`: an Internet socket.
    Internet(Internet),
    /// `unix:`, `unix-dgram:`, `unix-seq:`: a UNIX socket.
    Unix(Unix),
    /// `box:NAME`: a mailbox.
    Mailbox(BString),
    /// `rdv:NAME`: a rendezvous.
    Rendezvous(BString),
}

/// How a System V queue is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemV {
    /// `sysv:KEY`, decimal or hexadecimal, and shown as it was typed; 0 is IPC_PRIVATE, a queue without a key.
    Key(i32, Notation),
    /// `sysv:id=N`: the kernel's number of a queue.
    Id(i32),
    /// `sysv:file=PATH[:PROJ]`: the key that ftok(3) makes of a file's name and a letter or number (1 if not given).
    File {
        /// A file that exists.
        path: BString,
        /// Distinguishes several queues of one file.
        project: u8,
    },
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// As a decimal number.
    Decimal,
    /// `0x`, as `ipcs` shows it.
    Hexadecimal,
}

/// An Internet address; names are looked up when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Internet {
    /// Stream or datagram.
    pub transport: Transport,
    /// A host name, an IPv4 address, or an IPv6 address without its brackets; may be empty.
    pub host: BString,
    /// A number or the name of a service.
    pub port: BString,
}

/// What carries an Internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A byte stream.
    Tcp,
    /// Datagrams, which may be lost, doubled, or overtake one another.
    Udp,
}

/// The address of a UNIX socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unix {
    /// What one message is.
    pub kind: UnixKind,
    /// Where it is.
    pub place: UnixPlace,
}

/// Types of UNIX sockets (unix(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnixKind {
    /// `unix:`, SOCK_STREAM
    Stream,
    /// `unix-dgram:`, SOCK_DGRAM
    Datagram,
    /// `unix-seq:`, SOCK_SEQPACKET
    Seqpacket,
}

/// Where a UNIX socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnixPlace {
    /// A file.
    Path(BString),
    /// `@name`: a name in the kernel's own list, which needs no file and is gone with the socket.
    Abstract(BString),
}

impl Address {
    /// Read an address.
    ///
    /// # Errors
    /// A usage error that says what the address should look like.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let wrong = |expected: &str| Err(Error::usage(text.as_bstr().to_string(), expected));
        match text {
            [b'%', ..] => return Ok(Self::Job(BString::from(text))),
            [b'/', ..] => return posix(text, text),
            _ => {}
        }
        let Some((mechanism, place)) = text.split_once_str(":") else {
            return wrong("not an address (`help send` lists them)");
        };
        match mechanism {
            b"pid" => match number(place) {
                Some(pid) if pid > 0 => Ok(Self::Process(pid)),
                _ => wrong("pid: takes the number of a process"),
            },
            b"fd" => match number(place) {
                Some(fd) => Ok(Self::Descriptor(fd)),
                None => wrong("fd: takes the number of a descriptor"),
            },
            b"fifo" if is_path(place) => Ok(Self::Fifo(BString::from(place))),
            b"fifo" => wrong("fifo: takes a path"),
            b"posix" => posix(text, place),
            b"sysv" => sysv(text, place),
            b"tcp" => internet(text, Transport::Tcp, place),
            b"udp" => internet(text, Transport::Udp, place),
            b"unix" => unix(text, UnixKind::Stream, place),
            b"unix-dgram" => unix(text, UnixKind::Datagram, place),
            b"unix-seq" => unix(text, UnixKind::Seqpacket, place),
            b"box" if is_simple_name(place) => Ok(Self::Mailbox(BString::from(place))),
            b"rdv" if is_simple_name(place) => Ok(Self::Rendezvous(BString::from(place))),
            b"box" | b"rdv" => {
                wrong("the name has letters, digits, `_`, `-` and `.`, at most 64, and does not begin with a dot")
            }
            _ => wrong("no such kind of address (`help send` lists them)"),
        }
    }
}

impl Address {
    /// Whether what goes there is a stream of bytes, in which messages have no boundaries of their own.
    pub fn is_stream(&self) -> bool {
        match self {
            Self::Descriptor(_) | Self::Fifo(_) => true,
            Self::Internet(internet) => internet.transport == Transport::Tcp,
            Self::Unix(unix) => unix.kind == UnixKind::Stream,
            _ => false,
        }
    }
}

fn posix(text: &[u8], name: &[u8]) -> Result<Address, Error> {
    let is_good = name.len() > 1 && name[0] == b'/' && !name[1..].contains(&b'/') && !name.contains(&0);
    if is_good {
        return Ok(Address::Posix(BString::from(name)));
    }
    Err(Error::usage(text.as_bstr().to_string(), "the name of a POSIX queue has one slash, at its beginning"))
}

fn sysv(text: &[u8], place: &[u8]) -> Result<Address, Error> {
    let wrong = |expected: &str| Err(Error::usage(text.as_bstr().to_string(), expected));
    let queue = if let Some(id) = place.strip_prefix(b"id=") {
        match number(id) {
            Some(id) => SystemV::Id(id),
            None => return wrong("sysv:id= takes the number that `ipcs -q` shows as msqid"),
        }
    } else if let Some(file) = place.strip_prefix(b"file=") {
        let (path, project) = match file.rsplit_once_str(":") {
            // A name with a colon in it needs a project behind it; a directory's name does not.
            Some((path, end)) if !end.contains(&b'/') => match project(end) {
                Some(project) => (path, project),
                None => return wrong("sysv:file=PATH:PROJ takes a letter or a number 1 to 255 behind the colon"),
            },
            _ => (file, 1),
        };
        if !is_path(path) {
            return wrong("sysv:file= takes a path");
        }
        SystemV::File { path: BString::from(path), project }
    } else {
        match key(place) {
            Some(key) if place.starts_with(b"0x") || place.starts_with(b"0X") => {
                SystemV::Key(key, Notation::Hexadecimal)
            }
            Some(key) => SystemV::Key(key, Notation::Decimal),
            None => return wrong("sysv: takes a key (decimal or 0x...), id=N, or file=PATH[:PROJ]"),
        }
    };
    Ok(Address::SystemV(queue))
}

fn internet(text: &[u8], transport: Transport, place: &[u8]) -> Result<Address, Error> {
    let wrong = || Error::usage(text.as_bstr().to_string(), "takes HOST:PORT, an IPv6 address as [::1]:PORT");
    let (host, port) = place.rsplit_once_str(":").ok_or_else(wrong)?;
    let host = match (host.strip_prefix(b"["), host.contains(&b':')) {
        (Some(inner), _) => inner.strip_suffix(b"]").ok_or_else(wrong)?,
        (None, true) => return Err(wrong()),
        (None, false) => host,
    };
    let digits = port.iter().all(u8::is_ascii_digit);
    let fits = port.is_empty() || !digits || port.to_str().is_ok_and(|port| port.parse::<u16>().is_ok());
    if !fits {
        return Err(Error::usage(text.as_bstr().to_string(), "a port is at most 65535"));
    }
    if port.is_empty() || host.contains(&0) || port.contains(&0) {
        return Err(wrong());
    }
    Ok(Address::Internet(Internet { transport, host: BString::from(host), port: BString::from(port) }))
}

fn unix(text: &[u8], kind: UnixKind, place: &[u8]) -> Result<Address, Error> {
    // sockaddr_un has room for 108 bytes, of which a path needs one for its NUL, an abstract name one at its beginning.
    let (place, name) = match place.strip_prefix(b"@") {
        Some(name) => (UnixPlace::Abstract(BString::from(name)), name),
        None => (UnixPlace::Path(BString::from(place)), place),
    };
    let is_good = !name.is_empty() && name.len() <= 107 && (matches!(place, UnixPlace::Abstract(_)) || is_path(name));
    if is_good {
        return Ok(Address::Unix(Unix { kind, place }));
    }
    Err(Error::usage(text.as_bstr().to_string(), "takes a path or @name of 1 to 107 bytes"))
}

/// A decimal number without a sign.
fn number(text: &[u8]) -> Option<i32> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if digits { text.to_str().ok()?.parse().ok() } else { None }
}

/// A key: decimal (also negative, as `key_t` is signed) or hexadecimal with 0x.
pub fn key(text: &[u8]) -> Option<i32> {
    let text = text.to_str().ok()?;
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with('+') => u32::from_str_radix(digits, 16).ok().map(u32::cast_signed),
        Some(_) => None,
        None if text.starts_with('+') => None,
        None => text.parse::<i32>().ok().or_else(|| text.parse::<u32>().ok().map(u32::cast_signed)),
    }
}

/// A project as ftok(3) uses it: one letter, or a number from 1 to 255.
pub fn project(text: &[u8]) -> Option<u8> {
    match text {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => number(text).and_then(|number| u8::try_from(number).ok()).filter(|&number| number > 0),
    }
}

fn is_path(text: &[u8]) -> bool {
    !text.is_empty() && !text.contains(&0)
}

/// The name of a mailbox becomes part of a file's name.
fn is_simple_name(name: &[u8]) -> bool {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    (1..=64).contains(&name.len()) && name[0] != b'.' && name.iter().all(good)
}

impl Address {
    /// The address as it would be typed: paths and names are bytes.
    pub fn to_bytes(&self) -> BString {
        let joined = |parts: &[&[u8]]| BString::from(parts.concat());
        match self {
            Self::Process(pid) => format!("pid:{pid}").into(),
            Self::Job(id) => id.clone(),
            Self::Descriptor(fd) => format!("fd:{fd}").into(),
            Self::Fifo(path) => joined(&[b"fifo:", path]),
            Self::Posix(name) => name.clone(),
            Self::SystemV(SystemV::Key(key, Notation::Decimal)) => format!("sysv:{key}").into(),
            Self::SystemV(SystemV::Key(key, Notation::Hexadecimal)) => format!("sysv:{key:#010x}").into(),
            Self::SystemV(SystemV::Id(id)) => format!("sysv:id={id}").into(),
            Self::SystemV(SystemV::File { path, project }) => {
                joined(&[b"sysv:file=", path, format!(":{project}").as_bytes()])
            }
            Self::Internet(Internet { transport, host, port }) => {
                let name: &[u8] = if *transport == Transport::Tcp { b"tcp:" } else { b"udp:" };
                let (open, close): (&[u8], &[u8]) = if host.contains(&b':') { (b"[", b"]") } else { (b"", b"") };
                joined(&[name, open, host, close, b":", port])
            }
            Self::Unix(Unix { kind, place }) => {
                let name: &[u8] = match kind {
                    UnixKind::Stream => b"unix:",
                    UnixKind::Datagram => b"unix-dgram:",
                    UnixKind::Seqpacket => b"unix-seq:",
                };
                match place {
                    UnixPlace::Path(path) => joined(&[name, path]),
                    UnixPlace::Abstract(place) => joined(&[name, b"@", place]),
                }
            }
            Self::Mailbox(name) => joined(&[b"box:", name]),
            Self::Rendezvous(name) => joined(&[b"rdv:", name]),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_bytes().as_bstr().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        Address::parse(text.as_bytes()).ok().map(|address| address.to_string())
    }

    #[test]
    fn every_row_of_the_table_is_read_and_written() {
        for text in [
            "pid:12",
            "%2",
            "%cat",
            "fd:0",
            "fifo:a b",
            "/queue",
            "sysv:0x0000002a",
            "sysv:id=0",
            "sysv:file=/etc:1",
            "tcp:localhost:80",
            "udp:127.0.0.1:domain",
            "tcp:[::1]:80",
            "tcp::80",
            "unix:/tmp/s",
            "unix:@name",
            "unix-dgram:a",
            "unix-seq:b",
            "box:mine",
            "rdv:here-1",
        ] {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
        assert_eq!(shown("posix:/queue").as_deref(), Some("/queue"));
        assert_eq!(shown("sysv:42").as_deref(), Some("sysv:42"));
        assert_eq!(shown("sysv:file=a:b/c").as_deref(), Some("sysv:file=a:b/c:1"));
        assert_eq!(shown("sysv:0X2a").as_deref(), Some("sysv:0x0000002a"));
        assert_eq!(shown("sysv:file=a:b:C").as_deref(), Some("sysv:file=a:b:67"));
    }

    #[test]
    fn what_is_no_address_is_a_usage_error() {
        for text in [
            "",
            "x",
            "pid:",
            "pid:0",
            "pid:-1",
            "pid:1x",
            "fd:",
            "fd:+1",
            "fifo:",
            "/",
            "/a/b",
            "posix:a",
            "sysv:",
            "sysv:x",
            "sysv:0x",
            "sysv:0x123456789",
            "sysv:id=",
            "sysv:id=-1",
            "sysv:file=",
            "sysv:file=/etc:300",
            "sysv:file=/etc:0",
            "sysv:file=/etc:xy",
            "sysv:file=/etc:",
            "tcp:80",
            "tcp:h:",
            "tcp:h:65536",
            "tcp:::1:80",
            "unix:",
            "unix:@",
            "box:",
            "box:.a",
            "box:a/b",
            "rdv:",
            "what:ever",
        ] {
            let error = Address::parse(text.as_bytes()).err();
            assert_eq!(error.map(|error| error.status()), Some(2), "{text}");
        }
    }
}
