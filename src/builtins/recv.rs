//! `recv`: the second of the two primitives, receive(source, message).
//!
//! A message that was taken is gone from where it was, so it is printed or stored before the command can end: a signal that would end the
//! process is kept back until then.

use crate::builtins::message::{self, Format, failed, number, patience};
use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name, options};
use crate::fields::Fields;
use crate::ipc::{self, Address, Base, End, Endpoint, Message, Opening, Outgoing, Select, Wait, Why};
use crate::shell::Shell;
use crate::shell::vars::is_name;
use crate::status::{Error, ExitStatus};
use bstr::{BStr, BString, ByteSlice};

/// `recv`
pub const BUILTIN: Builtin = Builtin {
    name: "recv",
    kind: Kind::Regular,
    usage: "recv [-n] [-t sec] [-T type] [-c count | -a] [-v var] [-o format] [-0 | -x | -j] addr",
    about: "Receive a message and print it with a newline, or store it unchanged in a variable.\n\
            On a byte stream (fd:, fifo:, tcp:, unix:) a message is one line, one NUL-ended string (-0), or the whole stream (-a).\n\
            -n  do not wait (status 3: would block)\n-t SEC  give up after SEC seconds (status 124)\n\
            -T TYPE  System V: exactly N, 0 any, -N the lowest up to N, !N any but N\n\
            -c COUNT  so many messages\n-a  wait for one (not with -n), then take all that are there\n\
            -v VAR  store it in VAR\n-o FORMAT  %m message, %t type, %p priority, %l length, %s sender\n\
            -0  end each with a NUL\n-x  hexadecimal\n-j  JSON\n\
            RECV_TYPE, RECV_PRIO, RECV_FROM and RECV_LEN tell of the last message. Addresses: see `help send`.\n\
            Status: as send; 1 also at the end of a stream.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    if message::help(shell, &BUILTIN, fields)? {
        return Ok(ExitStatus::SUCCESS);
    }
    let result = receive(shell, fields, false);
    message::with_usage(shell, &BUILTIN, result)
}

/// What the options say.
#[derive(Default)]
struct Request {
    select: Select,
    count: usize,
    all: bool,
    variable: Option<BString>,
    format: Format,
}

/// How many bytes of output are gathered at most before they are written.
const GATHERED: usize = 1 << 16;

/// `recv`, and `mq recv` with `queues_only`.
///
/// # Errors
/// A usage error, or why no message came.
pub fn receive(shell: &mut Shell, fields: &Fields, queues_only: bool) -> BuiltinResult {
    let (fields, truncate) = without_truncate(fields, queues_only);
    let (found, first) = options(&fields, if queues_only { "nt:T:c:av:o:0xjS:" } else { "nt:T:c:av:o:0xj" })?;
    let mut request = Request { count: 1, ..Request::default() };
    request.select.truncate = truncate;
    let (mut nonblocking, mut seconds, mut typed) = (false, None, false);
    let mut opening = Opening::receiver();
    for option in &found {
        let argument = option.argument.unwrap_or_default();
        match option.letter {
            b'n' => nonblocking = true,
            b't' => seconds = Some(argument),
            b'T' => {
                typed = true;
                (request.select.kind, request.select.except) = selection(argument)?;
            }
            b'c' => request.count = number(b'c', argument)?,
            b'a' => request.all = true,
            b'S' => request.select.size = Some(number::<u32>(b'S', argument)? as usize),
            b'v' if is_name(argument) => request.variable = Some(BString::from(argument)),
            b'v' => return Err(bad_name(argument).into()),
            b'o' => request.format = Format::Text(BString::from(argument)),
            b'0' => {
                request.format = Format::Nul;
                opening.end = End::Nul;
            }
            b'x' => request.format = Format::Hex,
            _ => request.format = Format::Json,
        }
    }
    let patience = patience(nonblocking, seconds)?;
    let place = fields.get(first).ok_or_else(|| Error::usage("address expected"))?;
    if fields.get(first + 1).is_some() {
        return Err(Error::usage("one address expected").into());
    }
    let address = Address::parse(place).map_err(|error| message::error(&error))?;
    let is_queue = matches!(address, Address::SystemV(_) | Address::Posix(_));
    if queues_only && !is_queue {
        return Err(Error::usage(format!("{address}: not a message queue (/name or sysv:...)")).into());
    }
    if typed && !matches!(address, Address::SystemV(_)) {
        return Err(Error::usage(format!("{address}: -T is for System V queues")).into());
    }
    if request.all && address.is_stream() {
        opening.end = End::Stream;
        request.all = false;
    }
    if request.variable.is_some() && (request.all || request.count > 1) {
        return Err(Error::usage("-v takes one message").into());
    }
    let mut wait = message::wait(shell, patience);
    let mut endpoint = match ipc::open(&address, &opening, &message::base(shell), &mut wait) {
        Ok(endpoint) => endpoint,
        Err(error) => return failed(&error),
    };
    match &request.variable {
        Some(variable) => store(shell, &request, variable, &address, endpoint.as_mut(), &mut wait),
        None => print(shell, &request, endpoint.as_mut(), &mut wait),
    }
}

/// `--truncate` stands anywhere before the address.
fn without_truncate(fields: &Fields, queues_only: bool) -> (Fields, bool) {
    let mut rest = Fields::new();
    let mut truncate = false;
    for field in fields.iter() {
        if queues_only && field == "--truncate" {
            truncate = true;
        } else {
            rest.push(field);
        }
    }
    (rest, truncate)
}

/// A type as msgrcv(2) takes it, and `!N` for MSG_EXCEPT.
///
/// # Errors
/// It is no number.
pub fn selection(text: &BStr) -> Result<(i64, bool), Error> {
    let (digits, except) = text.strip_prefix(b"!").map_or((text.as_bytes(), false), |digits| (digits, true));
    let kind: i64 = number(b'T', digits.into())?;
    if except && kind < 1 {
        return Err(Error::usage(format!("-T: {text}: a type is at least 1")));
    }
    Ok((kind, except))
}

/// Print messages. Those that are there at once are gathered for one write; before it waits, all is written.
fn print(shell: &mut Shell, request: &Request, endpoint: &mut dyn Endpoint, wait: &mut Wait) -> BuiltinResult {
    let mut message = Message::default();
    let mut out = Vec::new();
    let mut got = 0;
    let several = request.all || request.count > 1;
    // What was taken is written before a signal ends the process.
    if let Err(stopped) = wait.guard() {
        return failed(&ipc::Error::stopped("recv", stopped));
    }
    let outcome = loop {
        if !request.all && got == request.count {
            break Ok(ExitStatus::SUCCESS);
        }
        let eager = several && (got > 0 || request.all);
        let now = if eager { wait.attempt(|now| endpoint.receive(&request.select, &mut message, now)) } else { None };
        let result = match now {
            Some(taken) => taken,
            None if request.all && got > 0 => break Ok(ExitStatus::SUCCESS),
            None => {
                if !out.is_empty() {
                    shell.io.write(&out)?;
                    shell.io.settle();
                    out.clear();
                }
                endpoint.receive(&request.select, &mut message, wait)
            }
        };
        match result {
            Ok(true) => {
                got += 1;
                request.format.append(&mut out, &message);
                if out.len() >= GATHERED {
                    shell.io.write(&out)?;
                    out.clear();
                }
            }
            Ok(false) if request.all && got > 0 => break Ok(ExitStatus::SUCCESS),
            Ok(false) => break Ok(ExitStatus::FAILURE),
            Err(error) => break Err(error),
        }
    };
    if !out.is_empty() {
        shell.io.write(&out)?;
        // What was taken from its queue must not be lost with this process.
        shell.io.settle();
    }
    if got > 0 {
        message::set_variables(shell, &message)?;
    }
    outcome.map_or_else(|error| failed(&error), Ok)
}

/// Store a message in a variable, which cannot hold a NUL.
fn store(
    shell: &mut Shell,
    request: &Request,
    variable: &BString,
    address: &Address,
    endpoint: &mut dyn Endpoint,
    wait: &mut Wait,
) -> BuiltinResult {
    let nul =
        || Error::new(format!("{address}: the message has a NUL, which a variable cannot hold: use -x, or a file"));
    let slot = shell.vars.slot_of(variable);
    shell.vars.check_writable(slot)?;
    if endpoint.peek(&request.select, wait).is_ok_and(|body| body.is_some_and(|body| body.contains(&0))) {
        return Err(nul().into());
    }
    let mut message = Message::default();
    match endpoint.receive(&request.select, &mut message, wait) {
        Ok(true) => {}
        Ok(false) => return Ok(ExitStatus::FAILURE),
        Err(error) => return failed(&error),
    }
    if message.body().contains(&0) {
        return Err(match give_back(address, &message, &message::base(shell), wait) {
            Ok(()) => nul(),
            Err(why) => not_given_back(address, &why, &message),
        }
        .into());
    }
    shell.vars.set(slot, message.body())?;
    message::set_variables(shell, &message)?;
    Ok(ExitStatus::SUCCESS)
}

/// A POSIX queue cannot be looked into: what was taken goes back with its priority, behind those that have the same one. A sender that has
/// waited may have taken the place: then the message waits for another one if the user's time allows it.
///
/// # Errors
/// Why it could not be put back.
fn give_back(address: &Address, message: &Message, base: &Base, wait: &mut Wait) -> Result<(), ipc::Error> {
    if !matches!(address, Address::Posix(_) | Address::SystemV(_)) {
        return Err(ipc::Error::other(address.to_string(), "what was taken cannot be put back"));
    }
    // No signal ends the process before it is clear where the message is.
    wait.guard().map_err(|cut| ipc::Error::stopped(address.to_string(), cut))?;
    let mut sender = ipc::open(address, &Opening::sender(), base, wait)?;
    let outgoing =
        Outgoing { body: message.body(), kind: message.kind.unwrap_or(1), priority: message.priority.unwrap_or(0) };
    match wait.attempt(|now| sender.send(&outgoing, now)) {
        Some(result) => result,
        None if wait.has_deadline() => sender.send(&outgoing, wait),
        None => Err(ipc::Error { tried: address.to_string(), why: Why::WouldBlock(nix::errno::Errno::EAGAIN) }),
    }
}

/// The message is nowhere but here: it is shown.
fn not_given_back(address: &Address, why: &ipc::Error, message: &Message) -> Error {
    let mut text = Vec::new();
    Format::Hex.append(&mut text, message);
    let why = if is_nothing(why) { "the queue is full again".to_owned() } else { why.to_string() };
    Error::new(format!(
        "{address}: the message has a NUL, which a variable cannot hold, and cannot be put back ({why}); in hexadecimal it is {}",
        text.trim().as_bstr()
    ))
}

/// Whether an attempt has found nothing.
pub fn is_nothing(error: &ipc::Error) -> bool {
    matches!(error.why, Why::WouldBlock(_))
}
