//! `recv`: the second of the two primitives, receive(source, message).
//!
//! A message that was taken is gone from where it was, so it is printed or stored before the command can end: a signal that would end the
//! process is kept back until then.

use crate::builtins::message::{self, Format, failed, failed_at, number, patience};
use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name};
use crate::fields::Fields;
use crate::ipc::{self, Address, End, Endpoint, Message, Opening, Role, Select, Wait, Why};
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
            Of a socket a line or string has at most 16 MiB.\n\
            -n  do not wait (status 3: would block), whatever -t says\n-t SEC  give up after SEC seconds (status 124)\n\
            -T TYPE  System V: exactly N, 0 any, -N the lowest up to N, !N any but N\n\
            -c COUNT  so many messages\n-a  wait for one (not with -n), then take all that are there\n\
            -v VAR  store it in VAR as it is (which cannot hold a NUL), or as -x, -j or -o make it\n\
            -o FORMAT  %m message, %t type, %p priority, %l length, %s sender\n\
            -0  end each with a NUL\n-x  %m in hexadecimal\n-j  JSON\n\
            RECV_TYPE, RECV_PRIO, RECV_FROM and RECV_LEN tell of the last message. Addresses: see `help send`.\n\
            At a prompt it is a part of the shell: ^C ends it, and ^Z does nothing.\n\
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
    let (found, address) =
        message::one_address(&fields, if queues_only { "nt:T:c:av:o:0xjS:" } else { "nt:T:c:av:o:0xj" })?;
    message::one_of(&found, "ca")?;
    let select = Select { truncate, ..Select::default() };
    let mut request = Request { select, count: 1, all: false, variable: None, format: Format::of(&found)? };
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
            b'0' => opening.end = End::Nul,
            _ => {}
        }
    }
    if truncate && request.select.size.is_none() {
        return Err(Error::usage("--truncate needs -S").into());
    }
    let patience = patience(nonblocking, seconds)?;
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
    // A message that could not be stored is not taken.
    message::check_variables(shell, request.variable.as_deref().map(Vec::as_slice))?;
    let mut wait = message::wait(shell, patience);
    let mut endpoint = match ipc::open(&address, &opening, &message::base(shell), &mut wait) {
        Ok(endpoint) => endpoint,
        Err(error) => return failed_at(&error, &address, Role::Receiver),
    };
    match &request.variable {
        Some(variable) => store(shell, &request, variable, &address, endpoint.as_mut(), &mut wait),
        None => print(shell, &request, &address, endpoint.as_mut(), &mut wait),
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
fn print(
    shell: &mut Shell,
    request: &Request,
    address: &Address,
    endpoint: &mut dyn Endpoint,
    wait: &mut Wait,
) -> BuiltinResult {
    let mut message = Message::default();
    let mut out = Vec::new();
    let mut got = 0;
    let several = request.all || request.count > 1;
    // What was taken is written before a signal ends the process.
    if let Err(stopped) = wait.guard() {
        return failed(&ipc::Error::stopped("recv", stopped));
    }
    // With `-a`: those that come after the first one was taken are not waited for, however fast they come.
    let mut wanted = if request.all { usize::MAX } else { request.count };
    let outcome = loop {
        if got == wanted {
            break Ok(ExitStatus::SUCCESS);
        }
        if let (true, Err(error)) = (got > 0, wait.goes_on(&"recv")) {
            break Err(error);
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
                if request.all && got == 1 {
                    let more = endpoint.waiting().map(|more| usize::try_from(more).unwrap_or(usize::MAX));
                    wanted = more.map_or(wanted, |more| more.saturating_add(1));
                }
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
    outcome.map_or_else(|error| failed_at(&error, address, Role::Receiver), Ok)
}

/// Store a message in a variable, which cannot hold a NUL: a message that has one stays where it is.
fn store(
    shell: &mut Shell,
    request: &Request,
    variable: &BString,
    address: &Address,
    endpoint: &mut dyn Endpoint,
    wait: &mut Wait,
) -> BuiltinResult {
    let reason = "the message has a NUL, which a variable cannot hold: use -x, or a file";
    let stays = || Err(Error::new(format!("{address}: {reason}")).into());
    let slot = shell.vars.slot_of(variable);
    let is_plain = request.format.is_plain();
    if is_plain {
        match endpoint.peek(&request.select, wait) {
            Ok(Some(body)) if body.contains(&0) => return stays(),
            // What there is to say of it, `receive` says.
            Ok(_) | Err(ipc::Error { why: Why::WouldBlock(_), .. }) => {}
            Err(error) => return failed_at(&error, address, Role::Receiver),
        }
        // No signal ends the process before it is clear where the message is.
        if let Err(cut) = wait.guard() {
            return failed(&ipc::Error::stopped(address.to_string(), cut));
        }
    }
    let mut message = Message::default();
    match endpoint.receive(&request.select, &mut message, wait) {
        Ok(true) => {}
        Ok(false) => return Ok(ExitStatus::FAILURE),
        Err(error) => return failed_at(&error, address, Role::Receiver),
    }
    if is_plain && message.body().contains(&0) {
        let stranded = |why| failed(&message.stranded(&address.to_string(), reason, why));
        return match endpoint.put_back(&message, wait) {
            Ok(true) => stays(),
            Ok(false) => stranded(None),
            Err(why) => stranded(Some(&why)),
        };
    }
    let mut text = Vec::new();
    request.format.append_text(&mut text, &message);
    shell.vars.set(slot, &text)?;
    message::set_variables(shell, &message)?;
    Ok(ExitStatus::SUCCESS)
}

/// Whether an attempt has found nothing.
pub fn is_nothing(error: &ipc::Error) -> bool {
    matches!(error.why, Why::WouldBlock(_))
}
