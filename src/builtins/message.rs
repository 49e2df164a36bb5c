//! What `send`, `recv`, `mq` and `ipc` have in common: options, patience, errors, and how a message looks on standard output.

use crate::builtins::{Builtin, BuiltinResult, Opt, about, options};
use crate::fields::Fields;
use crate::ipc::rpc::text::hex;
use crate::ipc::{self, Address, Base, Message, Patience, Role, Wait, Why, address, json};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Failure};
use bstr::{BStr, BString, ByteSlice};
use nix::errno::Errno;
use serde_json::{Map, Value};
use std::time::Duration;

/// `-n` and `-t SEC`.
///
/// # Errors
/// SEC is no number of seconds.
pub fn patience(nonblocking: bool, seconds: Option<&BStr>) -> Result<Patience, Error> {
    match seconds {
        _ if nonblocking => Ok(Patience::None),
        None => Ok(Patience::Forever),
        Some(text) => duration(text)
            .map(Patience::within)
            .ok_or_else(|| Error::usage(format!("-t: {text}: not a number of seconds"))),
    }
}

/// Seconds, with a fraction if need be.
pub fn duration(text: &BStr) -> Option<Duration> {
    let is_decimal = !text.is_empty() && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let seconds: f64 = if is_decimal { text.to_str().ok()?.parse().ok()? } else { return None };
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// A number that an option takes.
///
/// # Errors
/// It is none.
pub fn number<T: std::str::FromStr>(letter: u8, text: &BStr) -> Result<T, Error> {
    let wrong = || Error::usage(format!("-{}: {text}: not a number that fits", char::from(letter)));
    if text.starts_with(b"+") {
        return Err(wrong());
    }
    text.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(wrong)
}

/// The status of an address, a job too, where nothing and nobody is.
pub const NOWHERE: ExitStatus = ExitStatus(4);

/// An error of the library as the shell's: it has said all, and its status is the contract's.
pub fn error(error: &ipc::Error) -> Error {
    Error::new(error.to_string()).with_status(ExitStatus(error.status()))
}

/// What an error of the library does: an interruption is a status and no message, because the trap or the prompt says it.
///
/// # Errors
/// Every other error.
pub fn failed(failure: &ipc::Error) -> BuiltinResult {
    match failure.why {
        Why::Interrupted(_) => Ok(ExitStatus(failure.status())),
        _ => Err(error(failure).into()),
    }
}

/// An error at an address as the shell's, and what its errno means there: the kernel's words tell neither an empty queue from a full one nor
/// what makes a place.
pub fn error_at(failure: &ipc::Error, address: &Address, role: Role) -> Error {
    let mut text = failure.to_string();
    text.push_str(match (&failure.why, address, role) {
        (Why::WouldBlock(_), Address::Rendezvous(_), Role::Sender) => " (nobody receives)",
        (Why::WouldBlock(_), Address::Rendezvous(_), Role::Receiver) => " (nobody sends)",
        (Why::WouldBlock(_), _, Role::Sender) => " (full)",
        (Why::WouldBlock(Errno::ENOMSG), Address::SystemV(_), Role::Receiver) => " (empty, or no message of that -T)",
        (Why::WouldBlock(_), _, Role::Receiver) => " (empty)",
        (Why::Refused(Errno::ENOENT), Address::Posix(_) | Address::SystemV(address::SystemV::Key(..)), _) => {
            " (`mq create` makes it)"
        }
        (Why::Refused(Errno::ENOENT), Address::Fifo(_), _) => " (`mkfifo` makes it)",
        (Why::Refused(Errno::ENXIO), Address::Fifo(_), Role::Sender) => " (nobody reads)",
        _ => "",
    });
    Error::new(text).with_status(ExitStatus(failure.status()))
}

/// As [`failed`], with [`error_at`].
///
/// # Errors
/// All but an interruption.
pub fn failed_at(failure: &ipc::Error, address: &Address, role: Role) -> BuiltinResult {
    match failure.why {
        Why::Interrupted(_) => Ok(ExitStatus(failure.status())),
        _ => Err(error_at(failure, address, role).into()),
    }
}

/// A failed call of a builtin: after a usage error its synopsis in one line, status 2.
pub fn with_usage(shell: &mut Shell, builtin: &Builtin, result: BuiltinResult) -> BuiltinResult {
    with_line(shell, builtin, builtin.usage.lines().next().unwrap_or_default(), result)
}

/// The same with the synopsis of a verb.
fn with_line(shell: &mut Shell, builtin: &Builtin, usage: &str, result: BuiltinResult) -> BuiltinResult {
    match result {
        Err(Failure::Error(error)) if error.status == ExitStatus::USAGE => {
            shell.report(&error.within(builtin.name));
            shell.io.write_error(format!("usage: {usage}\n").as_bytes());
            Ok(ExitStatus::USAGE)
        }
        result => result,
    }
}

/// The place of a variable that is to get a value, looked at before something is done whose result nobody would have.
///
/// # Errors
/// It is read-only: status 1, because the call is none that its usage would make right.
pub fn check_writable(shell: &mut Shell, variable: &[u8]) -> Result<u32, Error> {
    let slot = shell.vars.slot_of(variable);
    let writable = shell.vars.check_writable(slot).map(|()| slot);
    writable.map_err(|error| error.with_status(ExitStatus::FAILURE))
}

/// An address.
///
/// # Errors
/// It is none, which is a usage error.
pub fn address(text: &[u8]) -> Result<Address, Error> {
    Address::parse(text).map_err(|wrong| error(&wrong))
}

/// Options, and the address that is the only operand behind them.
///
/// # Errors
/// Usage errors.
pub fn one_address<'a>(fields: &'a Fields, spec: &str) -> Result<(Vec<Opt<'a>>, Address), Error> {
    let (found, first) = options(fields, spec)?;
    let place = fields.get(first).ok_or_else(|| Error::usage("address expected"))?;
    match fields.get(first + 1) {
        Some(more) => Err(Error::usage(format!("{more}: one address expected"))),
        None => Ok((found, address(place)?)),
    }
}

/// A verb of a builtin that has several: its name and what it does; the verb itself is field 0 of what it gets. The first line of the
/// builtin's usage lists the verbs, and each has a line behind that.
pub type Verb = (&'static str, fn(&mut Shell, &Fields) -> BuiltinResult);

/// Do what the verb in the first argument says.
///
/// # Errors
/// As the verb; there is no such verb (status 2).
pub fn verb(shell: &mut Shell, builtin: &Builtin, fields: &Fields, verbs: &[Verb]) -> BuiltinResult {
    if help(shell, builtin, fields)? {
        return Ok(ExitStatus::SUCCESS);
    }
    let mut rest = Fields::new();
    fields.iter_from(1).for_each(|field| rest.push(field));
    let Some((name, run)) = verbs.iter().find(|(name, _)| fields.get(1).is_some_and(|verb| verb == name)) else {
        let error = fields.get(1).map_or_else(
            || Error::usage("verb expected"),
            |word| about(word, "no such verb").with_status(ExitStatus::USAGE),
        );
        return with_usage(shell, builtin, Err(error.into()));
    };
    let has_verb = |line: &&str| line.split(' ').nth(1).is_some_and(|verbs| verbs.split('|').any(|verb| verb == *name));
    let line = builtin.usage.lines().skip(1).find(has_verb).unwrap_or_default();
    if rest.get(1).is_some_and(|field| field == "--help") {
        shell.io.write(format!("usage: {line}\n{}\n", builtin.about).as_bytes())?;
        return Ok(ExitStatus::SUCCESS);
    }
    let result = run(shell, &rest);
    with_line(shell, builtin, line, result)
}

/// `--help` as the first argument: print the help text.
///
/// # Errors
/// The write failed.
pub fn help(shell: &mut Shell, builtin: &Builtin, fields: &Fields) -> Result<bool, Error> {
    if fields.get(1).is_none_or(|field| field != "--help") {
        return Ok(false);
    }
    let text = format!("usage: {}\n{}\n", builtin.usage.replace('\n', "\n       "), builtin.about);
    shell.io.write(text.as_bytes()).map(|()| true)
}

/// Options of which a call may have one.
///
/// # Errors
/// It has several.
pub fn one_of(found: &[Opt<'_>], letters: &str) -> Result<(), Error> {
    let mut given = letters.bytes().filter(|letter| found.iter().any(|option| option.letter == *letter));
    match (given.next(), given.next()) {
        (Some(one), Some(other)) => {
            Err(Error::usage(format!("-{} and -{} exclude each other", char::from(one), char::from(other))))
        }
        _ => Ok(()),
    }
}

/// How a message is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// What stands for the bytes of the message.
    style: Style,
    /// `-o`: a text with `%m %t %p %l %s`; without one it is `%m`.
    pattern: Option<BString>,
    /// What stands behind each message.
    end: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Hex,
    /// A JSON object of everything.
    Json,
}

impl Format {
    /// By the options `-o`, `-0`, `-x` and `-j`.
    ///
    /// # Errors
    /// Some of them exclude each other.
    pub fn of(found: &[Opt<'_>]) -> Result<Self, Error> {
        one_of(found, "0xj")?;
        one_of(found, "oj")?;
        let mut format = Self { style: Style::Plain, pattern: None, end: b'\n' };
        for option in found {
            match option.letter {
                b'o' => format.pattern = option.argument.map(BString::from),
                b'0' => format.end = 0,
                b'x' => format.style = Style::Hex,
                b'j' => format.style = Style::Json,
                _ => {}
            }
        }
        Ok(format)
    }

    /// Whether the bytes of a message appear as they are.
    pub fn is_plain(&self) -> bool {
        self.style == Style::Plain && self.pattern.as_ref().is_none_or(|pattern| pattern.contains_str("%m"))
    }

    /// Append a message and what stands behind it.
    pub fn append(&self, out: &mut Vec<u8>, message: &Message) {
        self.append_text(out, message);
        out.push(self.end);
    }

    /// Append a message.
    pub fn append_text(&self, out: &mut Vec<u8>, message: &Message) {
        match (self.style, &self.pattern) {
            (Style::Json, _) => out.extend_from_slice(as_json(message).to_string().as_bytes()),
            (_, Some(pattern)) => self.append_pattern(out, pattern, message),
            (_, None) => self.append_body(out, message),
        }
    }

    fn append_body(&self, out: &mut Vec<u8>, message: &Message) {
        if self.style == Style::Plain {
            out.extend_from_slice(message.body());
        } else {
            hex(message.body(), out);
        }
    }

    fn append_pattern(&self, out: &mut Vec<u8>, pattern: &[u8], message: &Message) {
        let mut bytes = pattern.iter().copied();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                out.push(byte);
                continue;
            }
            match bytes.next() {
                Some(b'm') => self.append_body(out, message),
                Some(b't') => out.extend_from_slice(message.kind.unwrap_or(0).to_string().as_bytes()),
                Some(b'p') => out.extend_from_slice(message.priority.unwrap_or(0).to_string().as_bytes()),
                Some(b'l') => out.extend_from_slice(message.body().len().to_string().as_bytes()),
                Some(b's') => out.extend_from_slice(message.sender.as_ref().map_or(&[][..], |sender| sender)),
                Some(b'%') => out.push(b'%'),
                Some(other) => out.extend_from_slice(&[b'%', other]),
                None => out.push(b'%'),
            }
        }
    }
}

fn as_json(message: &Message) -> Value {
    let mut object = Map::new();
    object.insert("message".into(), json::bytes(message.body()));
    object.insert("length".into(), message.body().len().into());
    if let Some(kind) = message.kind {
        object.insert("type".into(), kind.into());
    }
    if let Some(priority) = message.priority {
        object.insert("priority".into(), priority.into());
    }
    if let Some(sender) = &message.sender {
        object.insert("from".into(), json::bytes(sender));
    }
    Value::Object(object)
}

/// The variables that tell of the last message.
const VARIABLES: [&[u8]; 4] = [b"RECV_TYPE", b"RECV_PRIO", b"RECV_FROM", b"RECV_LEN"];

/// Before a message is taken: whether what it sets, and the user's own variable for it, can be set.
///
/// # Errors
/// One of them is read-only.
pub fn check_variables(shell: &mut Shell, own: Option<&[u8]>) -> Result<(), Error> {
    VARIABLES.into_iter().chain(own).try_for_each(|name| check_writable(shell, name).map(drop))
}

/// RECV_TYPE, RECV_PRIO, RECV_FROM and RECV_LEN tell of the last message; what it does not have is empty.
///
/// # Errors
/// One of them is read-only.
pub fn set_variables(shell: &mut Shell, message: &Message) -> Result<(), Error> {
    let text = |value: Option<String>| value.unwrap_or_default().into_bytes();
    let values: [Vec<u8>; 4] = [
        text(message.kind.map(|kind| kind.to_string())),
        text(message.priority.map(|priority| priority.to_string())),
        message.sender.clone().unwrap_or_default().into(),
        text(Some(message.body().len().to_string())),
    ];
    VARIABLES.into_iter().zip(values).try_for_each(|(name, value)| shell.vars.set_by_name(name, &value))
}

/// Where this shell stands: the variable XDG_RUNTIME_DIR counts, exported or not.
pub fn base(shell: &mut Shell) -> Base {
    let session = shell.vars.value_of(b"XDG_RUNTIME_DIR").map(|path| path.to_path_lossy().into_owned());
    Base { session, held: shell.held.clone() }
}

/// A wait for one command.
pub fn wait(shell: &Shell, patience: Patience) -> Wait {
    Wait::new(patience, shell.interrupting())
}
