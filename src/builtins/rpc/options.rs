//! Options of the verbs of `rpc`: letters and long names, in front of the operands.

use crate::ipc::rpc::client::{Patience, Transport};
use crate::ipc::rpc::dispatch::Semantics;
use crate::ipc::rpc::fault::Faults;
use crate::ipc::socket::name;
use crate::status::Error;
use bstr::ByteSlice;
use std::time::Duration;

/// What the options say. Which of them a verb takes is decided by the letters and names that it passes.
#[derive(Debug)]
pub struct Options {
    /// -H: the host, or a path.
    pub host: Option<Vec<u8>>,
    /// -H: the port.
    pub port: Option<u16>,
    /// -T
    pub transport: Option<Transport>,
    /// -t
    pub time: Option<Duration>,
    /// -r
    pub tries: Option<u32>,
    /// -x of call
    pub xid: Option<u32>,
    /// -j
    pub json: bool,
    /// -o
    pub notify: bool,
    /// -p
    pub prefix: Vec<u8>,
    /// -c, -s of stub; -x of encode and decode.
    pub flags: Vec<u8>,
    /// -b
    pub binds: Vec<Vec<u8>>,
    /// --register
    pub register: bool,
    /// --once, -n
    pub most: Option<u64>,
    /// --keep
    pub keep: bool,
    /// --semantics
    pub semantics: Option<Semantics>,
    /// The bad network.
    pub faults: Faults,
    /// Whether there is one.
    pub has_faults: bool,
}

/// The names of options that make a bad network.
pub const FAULTS: &[&str] = &["drop-request", "drop-reply", "duplicate", "delay", "seed"];

/// Options in front of the operands: letters as in getopts, and long ones. The operands are returned with them.
///
/// # Errors
/// An option that the verb does not have, or a value that is none.
pub fn parse<'a>(words: &'a [&'a [u8]], letters: &str, longs: &[&str]) -> Result<(Options, &'a [&'a [u8]]), Error> {
    let mut options = Options {
        host: None,
        port: None,
        transport: None,
        time: None,
        tries: None,
        xid: None,
        json: false,
        notify: false,
        prefix: Vec::new(),
        flags: Vec::new(),
        binds: Vec::new(),
        register: false,
        most: None,
        keep: false,
        semantics: None,
        faults: Faults::default(),
        has_faults: false,
    };
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        match word {
            b"--" => return Ok((options, &words[at + 1..])),
            [b'-', b'-', long @ ..] => options.long(&String::from_utf8_lossy(long), longs)?,
            [b'-', first, ..] if !first.is_ascii_digit() && *first != b'>' => {
                let mut rest = &word[1..];
                while let Some((&letter, behind)) = rest.split_first() {
                    rest = behind;
                    let shown = char::from(letter);
                    let Some(place) = letters.bytes().position(|known| known == letter && known != b':') else {
                        return Err(super::wrong(format!("-{shown}: invalid option")));
                    };
                    if letters.as_bytes().get(place + 1) != Some(&b':') {
                        options.flag(letter);
                        continue;
                    }
                    if rest.is_empty() {
                        at += 1;
                        let next = words.get(at);
                        rest = *next.ok_or_else(|| super::wrong(format!("-{shown}: option requires an argument")))?;
                    }
                    options.letter(letter, std::mem::take(&mut rest))?;
                }
            }
            _ => break,
        }
        at += 1;
    }
    Ok((options, &words[at..]))
}

/// Refuse options that this protocol does not have.
///
/// # Errors
/// One of them is given.
pub fn refuse(protocol: &str, options: &[(bool, &str)]) -> Result<(), Error> {
    match options.iter().find(|(is_given, _)| *is_given) {
        Some((_, name)) => Err(super::wrong(format!("{name}: {protocol} has no such option"))),
        None => Ok(()),
    }
}

impl Options {
    fn flag(&mut self, letter: u8) {
        match letter {
            b'j' => self.json = true,
            b'o' => self.notify = true,
            other => self.flags.push(other),
        }
    }

    fn letter(&mut self, letter: u8, argument: &[u8]) -> Result<(), Error> {
        match letter {
            b'H' => match name::host_and_port(argument) {
                Some((host, port)) if !argument.contains(&b'/') => {
                    self.host = Some(host.to_vec());
                    self.port = Some(number(port, "port")?);
                }
                _ => self.host = Some(argument.to_vec()),
            },
            b'T' => self.transport = Some(transport(argument)?),
            b't' => self.time = Some(seconds(argument)?),
            b'r' => self.tries = Some(number(argument, "number of tries").map(|tries: u32| tries.max(1))?),
            b'x' => self.xid = Some(number(argument, "xid")?),
            b'p' => self.prefix = argument.to_vec(),
            b'b' => self.binds.push(argument.to_vec()),
            b'n' => self.most = Some(number(argument, "number of calls")?),
            _ => {}
        }
        Ok(())
    }

    fn long(&mut self, option: &str, known: &[&str]) -> Result<(), Error> {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        if !known.contains(&name) {
            return Err(super::wrong(format!("--{name}: invalid option")));
        }
        let value = || value.ok_or_else(|| super::wrong(format!("--{name}: `=` and a value are expected")));
        match name {
            "register" => self.register = true,
            "once" => self.most = Some(1),
            "keep" => self.keep = true,
            "semantics" => {
                self.semantics = Some(match value()? {
                    "at-least-once" => Semantics::AtLeastOnce,
                    "at-most-once" => Semantics::AtMostOnce,
                    other => {
                        let what = format!("{other}: at-least-once or at-most-once is expected (`rpc help semantics`)");
                        return Err(super::wrong(what));
                    }
                });
            }
            "seed" => {
                let seed = number(value()?.as_bytes(), "seed")?;
                self.faults = std::mem::take(&mut self.faults).reseeded(seed);
                self.has_faults = true;
            }
            "delay" => {
                self.faults.delay = seconds(value()?.as_bytes())?;
                self.has_faults = true;
            }
            _ => {
                let share: f64 = number(value()?.as_bytes(), "share from 0 to 1")?;
                if !(0.0..=1.0).contains(&share) {
                    return Err(super::wrong(format!("--{name}={share}: a share from 0 to 1 is expected")));
                }
                self.has_faults = true;
                match name {
                    "drop-request" => self.faults.drop_request = share,
                    "drop-reply" => self.faults.drop_reply = share,
                    _ => self.faults.duplicate = share,
                }
            }
        }
        Ok(())
    }

    /// How patient a call over this transport is: one try, and three over UDP, where messages are lost.
    pub fn patience(&self, transport: Transport) -> Patience {
        let (first, tries) = if transport == Transport::Udp { (1, 3) } else { (25, 1) };
        Patience { first: self.time.unwrap_or(Duration::from_secs(first)), tries: self.tries.unwrap_or(tries) }
    }
}

/// `tcp`, `udp`, `unix`.
///
/// # Errors
/// Something else.
pub fn transport(word: &[u8]) -> Result<Transport, Error> {
    Transport::by_name(word).ok_or_else(|| super::wrong(format!("{}: tcp, udp or unix is expected", word.as_bstr())))
}

/// A number; after `0x`, as interface files write those of programs, in base 16.
///
/// # Errors
/// It is none, or too large.
pub fn number<T: std::str::FromStr>(word: &[u8], what: &str) -> Result<T, Error> {
    let parsed = word.to_str().ok().and_then(|text| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?.to_string().parse().ok(),
        None => text.parse().ok(),
    });
    parsed.ok_or_else(|| super::wrong(format!("{}: a {what} is expected", word.as_bstr())))
}

/// Seconds, with a fraction.
///
/// # Errors
/// It is no such number.
pub fn seconds(word: &[u8]) -> Result<Duration, Error> {
    let seconds: f64 = number(word, "time in seconds")?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| super::wrong(format!("{}: a time in seconds is expected", word.as_bstr())))
}
