//! The command line of `nc`: letters as in netcat-openbsd, options behind operands too (as its getopt allows), and long options.

use super::request::Request;
use crate::fields::Fields;
use crate::ipc::socket::{frame::Framing, name};
use crate::shell::vars::is_name;
use crate::status::Error;
use bstr::{BStr, BString, ByteSlice};
use std::ops::RangeInclusive;
use std::time::Duration;

/// What the command line says.
pub enum Parsed {
    /// Do this.
    Request(Box<Request>),
    /// Print the usage.
    Help,
}

/// Options of netcat-openbsd that need a program made for them.
const ELSEWHERE: &[u8] = b"PStVXxZMmT";
/// The letters that take an argument.
const WITH_ARGUMENT: &[u8] = b"IiOpqsWwe";

/// Read the fields of a call.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(fields: &Fields) -> Result<Parsed, Error> {
    let mut request = Request { kind: libc::SOCK_STREAM, ..Request::default() };
    let mut operands = Vec::new();
    let mut rest = fields.iter_from(1);
    let mut only_operands = false;
    while let Some(field) = rest.next() {
        let bytes = field.as_bytes();
        match bytes {
            _ if only_operands || bytes.len() < 2 || bytes[0] != b'-' => operands.push(field),
            [] => {}
            b"--" => only_operands = true,
            b"--help" => return Ok(Parsed::Help),
            [b'-', b'-', long @ ..] => self::long(&mut request, long, &mut rest)?,
            [_, letters @ ..] => {
                let mut letters = letters;
                while let [letter, behind @ ..] = letters {
                    letters = behind;
                    if *letter == b'h' {
                        return Ok(Parsed::Help);
                    }
                    if !WITH_ARGUMENT.contains(letter) {
                        flag(&mut request, *letter)?;
                        continue;
                    }
                    let argument = if behind.is_empty() { rest.next() } else { Some(behind.as_bstr()) };
                    let missing = || Error::new(format!("-{}: option requires an argument", char::from(*letter)));
                    with_argument(&mut request, *letter, argument.ok_or_else(missing)?)?;
                    break;
                }
            }
        }
    }
    place_operands(&mut request, &operands)?;
    check(&request)?;
    Ok(Parsed::Request(Box::new(request)))
}

fn flag(request: &mut Request, letter: u8) -> Result<(), Error> {
    match letter {
        b'4' => request.family = libc::AF_INET,
        b'6' => request.family = libc::AF_INET6,
        b'U' => request.family = libc::AF_UNIX,
        b'b' => request.settings.broadcast = true,
        b'C' => request.crlf = true,
        b'D' => request.settings.debug = true,
        b'd' => request.no_input = true,
        b'F' => request.pass = true,
        b'k' => request.keep = true,
        b'l' => request.listen = true,
        // What it asks for is always done.
        b'N' => {}
        b'n' => request.numeric = true,
        b'r' => request.random = true,
        b'u' => request.kind = libc::SOCK_DGRAM,
        b'v' => request.verbose = true,
        b'z' => request.scan = true,
        _ if ELSEWHERE.contains(&letter) => {
            let letter = char::from(letter);
            return Err(Error::new(format!("-{letter}: not in this nc; use the program: env nc -{letter} ...")));
        }
        _ => return Err(Error::new([b"-", &[letter][..], b": invalid option"].concat())),
    }
    Ok(())
}

fn with_argument(request: &mut Request, letter: u8, argument: &BStr) -> Result<(), Error> {
    match letter {
        b'I' => request.settings.receive_buffer = Some(number(argument, "TCP receive window", 1)? as i32),
        b'O' => request.settings.send_buffer = Some(number(argument, "TCP send window", 1)? as i32),
        b'i' => request.interval = Some(seconds(argument, "interval")?),
        b'q' if argument.starts_with(b"-") => {
            seconds(argument[1..].as_bstr(), "quit timer")?;
            request.quit = None;
        }
        b'q' => request.quit = Some(seconds(argument, "quit timer")?),
        b'w' => request.timeout = Some(seconds(argument, "timeout")?),
        b'W' => request.limit = Some(number(argument, "receive limit", 1)? as u64),
        b'p' => request.source_port = Some(BString::from(argument)),
        b's' => request.source = Some(BString::from(argument)),
        _ => request.command = Some(BString::from(argument)),
    }
    Ok(())
}

fn long<'a>(request: &mut Request, option: &[u8], rest: &mut impl Iterator<Item = &'a BStr>) -> Result<(), Error> {
    let (option, value) = match memchr::memchr(b'=', option) {
        Some(at) => (&option[..at], Some(option[at + 1..].as_bstr())),
        None => (option, None),
    };
    let mut argument = || {
        let missing = || Error::new([b"--", option, b": option requires an argument"].concat());
        value.or_else(|| rest.next()).ok_or_else(missing)
    };
    match option {
        b"exec" => request.command = Some(BString::from(argument()?)),
        b"max" => request.most = Some(number(argument()?, "number of handlers", 1)? as usize),
        b"fd" => request.fd_name = Some(variable(argument()?)?),
        b"port" => request.port_name = Some(variable(argument()?)?),
        b"framed" => {
            let value = argument()?;
            let framing = Framing::by_name(value);
            let wrong = || Error::new(format!("--framed: line, nul or len expected, not {value}"));
            request.framing = Some(framing.ok_or_else(wrong)?);
        }
        b"seqpacket" if value.is_none() => {
            request.kind = libc::SOCK_SEQPACKET;
            request.family = libc::AF_UNIX;
        }
        b"hex" if value.is_none() => request.hex = true,
        _ => return Err(Error::new([b"--", option, b": invalid option"].concat())),
    }
    Ok(())
}

fn variable(name: &BStr) -> Result<BString, Error> {
    if is_name(name) { Ok(BString::from(name)) } else { Err(crate::builtins::bad_name(name)) }
}

/// A whole number, at least `least`; the words for what is wrong are netcat's.
fn number(text: &BStr, what: &str, least: i64) -> Result<i64, Error> {
    let wrong = |why: &str| Error::new(format!("{what} {why}: {text}"));
    let number: i64 = text.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| wrong("invalid"))?;
    match number {
        _ if number < least => Err(wrong("too small")),
        _ if number > i64::from(i32::MAX) => Err(wrong("too large")),
        _ => Ok(number),
    }
}

/// Seconds, with a fraction if need be.
fn seconds(text: &BStr, what: &str) -> Result<Duration, Error> {
    let wrong = |why: &str| Error::new(format!("{what} {why}: {text}"));
    let plain = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let number = text.to_str().ok().filter(|_| plain).and_then(|text| text.parse::<f64>().ok());
    match number.ok_or_else(|| wrong("invalid"))? {
        number if number < 0.0 => Err(wrong("too small")),
        number if number > f64::from(i32::MAX) => Err(wrong("too large")),
        number => Ok(Duration::from_secs_f64(number)),
    }
}

/// A port, or with `ranges` a range of ports.
fn ports(request: &Request, text: &BStr, ranges: bool) -> Result<RangeInclusive<u16>, Error> {
    let least = u16::from(!request.listen);
    let one = |text: &[u8]| -> Result<u16, Error> {
        let wrong = |why: &str| Error::new(format!("port number {why}: {}", text.as_bstr()));
        match name::port(text, request.kind) {
            Some(port) if port < least => Err(wrong("too small")),
            Some(port) => Ok(port),
            None if !text.is_empty() && text.iter().all(u8::is_ascii_digit) => Err(wrong("too large")),
            None => Err(wrong("invalid")),
        }
    };
    if let (true, Some(dash)) = (ranges && text.first().is_some_and(u8::is_ascii_digit), text.find_byte(b'-')) {
        let (low, high) = (one(&text[..dash])?, one(&text[dash + 1..])?);
        return Ok(low.min(high)..=low.max(high));
    }
    one(text).map(|port| port..=port)
}

/// Which operand is what.
fn place_operands(request: &mut Request, operands: &[&BStr]) -> Result<(), Error> {
    let source = request.source.clone().unwrap_or_default();
    match (request.is_unix(), request.listen, operands) {
        (true, _, [path]) if !path.is_empty() => request.host = BString::from(*path),
        (true, true, []) if !source.is_empty() => request.host = source,
        (true, _, []) => return Err(Error::new("missing path")),
        (true, ..) => return Err(Error::new("one path expected")),
        (false, true, []) => {
            let port = request.source_port.clone().ok_or_else(|| Error::new("missing port number"))?;
            request.host = source;
            request.ports = vec![ports(request, port.as_bstr(), false)?];
        }
        (false, true, [one]) => match request.source_port.clone() {
            Some(_) if one.iter().all(u8::is_ascii_digit) => return Err(Error::new("two port numbers")),
            Some(port) => {
                request.host = BString::from(*one);
                request.ports = vec![ports(request, port.as_bstr(), false)?];
            }
            None => {
                request.host = source;
                request.ports = vec![ports(request, one, false)?];
            }
        },
        (false, true, [host, port]) if request.source_port.is_none() => {
            request.host = BString::from(*host);
            request.ports = vec![ports(request, port, false)?];
        }
        (false, true, [_, _]) => return Err(Error::new("two port numbers")),
        (false, true, _) => return Err(Error::new("too many operands")),
        (false, false, []) => return Err(Error::new("host and port expected")),
        (false, false, [_]) => return Err(Error::new("missing port number")),
        (false, false, [host, all @ ..]) => {
            request.host = BString::from(*host);
            request.ports = all.iter().map(|port| ports(request, port, true)).collect::<Result<_, _>>()?;
        }
    }
    Ok(())
}

/// What cannot be together.
fn check(request: &Request) -> Result<(), Error> {
    let records = request.has_records();
    let wrong = match () {
        () if request.listen && request.scan => "cannot use -z and -l",
        () if request.keep && !request.listen => "must use -l with -k",
        () if request.pass && request.is_unix() => "cannot use -F and -U",
        () if request.pass && request.listen => "cannot use -F and -l",
        () if request.kind == libc::SOCK_SEQPACKET && !request.is_unix() => "--seqpacket is for UNIX sockets",
        () if request.framing.is_some() && !records => "--framed is for sockets that keep boundaries (-u, --seqpacket)",
        () if request.hex && request.framing.is_some() => "cannot use --hex and --framed",
        () if request.command.is_some() && (request.hex || request.crlf || request.pass || request.scan) => {
            "cannot use --exec with --hex, -C, -F or -z"
        }
        () if request.fd_name.is_some() && (request.keep || request.command.is_some() || request.scan) => {
            "cannot use --fd with -k, --exec or -z"
        }
        () if request.most.is_some() && !(request.keep && request.command.is_some()) => "--max needs -k and --exec",
        () if request.port_name.is_some() && (!request.listen || request.is_unix()) => "--port needs -l and a port",
        () => return Ok(()),
    };
    Err(Error::new(wrong))
}
