//! `send`: the first of the two primitives, send(destination, message), over every mechanism that an address can name.

use crate::builtins::kill;
use crate::builtins::message::{self, NOWHERE, failed_at, number, patience};
use crate::builtins::{Builtin, BuiltinResult, Kind, options};
use crate::fields::Fields;
use crate::ipc::{self, Address, End, Endpoint, Opening, Outgoing, Role, Wait};
use crate::jobs;
use crate::shell::Shell;
use crate::shell::io::MEMORY;
use crate::status::{Error, ExitStatus};
use crate::sys::{fd, signames};
use bstr::{BStr, ByteSlice};
use nix::errno::Errno;
use nix::unistd::Pid;

/// `send`
pub const BUILTIN: Builtin = Builtin {
    name: "send",
    kind: Kind::Regular,
    usage: "send [-n] [-t sec] [-p prio] [-T type] [-q value] [-l | -0 | -a] addr [message...]",
    about: "Send each argument as one message; without one, standard input is the message.\n\
            -n  do not wait (status 3: would block), whatever -t says\n-t SEC  give up after SEC seconds (status 124)\n\
            -p PRIO  priority, 0 to 32767 (POSIX queues)\n-T TYPE  type, 1 or more (System V queues)\n\
            -q VALUE  an int that a real-time signal carries\n-l  each line of standard input is a message\n-0  each NUL-ended string is one\n-a  on a byte stream: nothing behind a message\n\
            Addresses:\n\
            pid:N, %job             a process; each message is the name or number of a signal\n\
            fd:N, fifo:PATH         a pipe: a newline (-0: a NUL) ends a message\n\
            /name, posix:/name      a POSIX queue\n\
            sysv:KEY, sysv:id=N, sysv:file=PATH[:PROJ]  a System V queue\n\
            tcp:HOST:PORT, udp:HOST:PORT                Internet sockets (tcp: sent is, but for -n, what has arrived in the system there)\n\
            unix:PATH, unix-dgram:PATH, unix-seq:PATH   UNIX sockets (@name: abstract)\n\
            box:NAME, rdv:NAME      a mailbox; a rendezvous\n\
            At a prompt it is a part of the shell: ^C ends it, and ^Z does nothing.\n\
            Status: 0 sent, 1 refused, 2 usage, 3 would block, 4 nobody there, 5 no permission, 124 time-out, 128+n signal n.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    if message::help(shell, &BUILTIN, fields)? {
        return Ok(ExitStatus::SUCCESS);
    }
    let result = send(shell, fields, false);
    message::with_usage(shell, &BUILTIN, result)
}

/// What the options say.
struct Request {
    opening: Opening,
    kind: i64,
    priority: u32,
    value: Option<i32>,
    split: Option<u8>,
}

/// Where the messages go.
enum Target {
    Place(Box<dyn Endpoint>),
    Process(Pid),
    /// A job's number.
    Job(usize),
}

/// `send`, and `mq send` with `queues_only`.
///
/// # Errors
/// A usage error, or why a message could not be sent.
pub fn send(shell: &mut Shell, fields: &Fields, queues_only: bool) -> BuiltinResult {
    let (found, first) = options(fields, if queues_only { "nt:p:T:l0" } else { "nt:p:T:q:l0a" })?;
    let mut request = Request { opening: Opening::sender(), kind: 1, priority: 0, value: None, split: None };
    let (mut nonblocking, mut seconds) = (false, None);
    let (mut has_kind, mut has_priority) = (false, false);
    for option in &found {
        let argument = option.argument.unwrap_or_default();
        match option.letter {
            b'n' => nonblocking = true,
            b't' => seconds = Some(argument),
            b'p' => (request.priority, has_priority) = (number(b'p', argument)?, true),
            b'T' => (request.kind, has_kind) = (number(b'T', argument)?, true),
            b'q' => request.value = Some(number(b'q', argument)?),
            b'l' => request.split = Some(b'\n'),
            b'a' => request.opening.end = End::Stream,
            _ => {
                request.split = Some(0);
                request.opening.end = End::Nul;
            }
        }
    }
    message::one_of(&found, "l0a")?;
    let patience = patience(nonblocking, seconds)?;
    let place = fields.get(first).ok_or_else(|| Error::usage("address expected"))?;
    let address = message::address(place)?;
    if request.opening.end == End::Stream && !address.is_stream() {
        return Err(Error::usage(format!("{address}: -a is for byte streams")).into());
    }
    check(&address, has_kind, has_priority, request.value.is_some(), queues_only)?;
    let bodies = fields.get(first + 1).map(|_| fields.iter_from(first + 1));
    if let (Some(end), Some(_)) = (request.split, &bodies)
        && (end == b'\n' || !address.is_stream())
    {
        let letter = if end == b'\n' { 'l' } else { '0' };
        return Err(Error::usage(format!("-{letter} is for standard input: each argument is one message")).into());
    }
    let mut wait = message::wait(shell, patience);
    let mut target = match &address {
        Address::Process(pid) => Target::Process(Pid::from_raw(*pid)),
        Address::Job(id) => {
            Target::Job(jobs::id::find(&shell.jobs, id).map_err(|error| error.with_status(NOWHERE))?.number)
        }
        _ => match ipc::open(&address, &request.opening, &message::base(shell), &mut wait) {
            Ok(endpoint) => Target::Place(endpoint),
            Err(error) => return failed_at(&error, &address, Role::Sender),
        },
    };
    let mut send = |shell: &mut Shell, body: &BStr, wait: &mut Wait| {
        let refused = |errno| ipc::Error::refused(address.to_string(), errno);
        match &mut target {
            Target::Place(endpoint) => {
                endpoint.send(&Outgoing { body, kind: request.kind, priority: request.priority }, wait)
            }
            Target::Process(pid) => shell.jobs.send(*pid, signal(&address, body)?, request.value).map_err(refused),
            Target::Job(job) => kill::send_to_job(shell, *job, signal(&address, body)?, request.value).map_err(refused),
        }
    };
    let mut result = match bodies {
        Some(mut bodies) => bodies.try_for_each(|body| send(shell, body, &mut wait)),
        None => from_input(shell, request.split, &mut wait, &mut send),
    };
    if let (Ok(()), Target::Place(endpoint)) = (&result, &mut target) {
        result = endpoint.finish(&mut wait);
    }
    drop(target);
    result.map_or_else(|error| failed_at(&error, &address, Role::Sender), |()| Ok(ExitStatus::SUCCESS))
}

/// Options that mean nothing at an address are a mistake of the user's.
fn check(address: &Address, kind: bool, priority: bool, value: bool, queues_only: bool) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::usage(format!("{address}: {what}")));
    match address {
        Address::SystemV(_) if priority => wrong("System V messages have a type (-T) and no priority"),
        Address::Posix(_) if kind => wrong("POSIX messages have a priority (-p) and no type"),
        Address::SystemV(_) | Address::Posix(_) if value => wrong("-q is for signals"),
        Address::SystemV(_) | Address::Posix(_) => Ok(()),
        _ if queues_only => wrong("not a message queue (/name or sysv:...)"),
        _ if kind => wrong("-T is for System V queues"),
        _ if priority => wrong("-p is for POSIX queues"),
        Address::Process(_) | Address::Job(_) => Ok(()),
        _ if value => wrong("-q is for signals"),
        _ => Ok(()),
    }
}

/// Standard input: one message, or one for each line or string that ends so.
fn from_input(
    shell: &mut Shell,
    end: Option<u8>,
    wait: &mut Wait,
    send: &mut dyn FnMut(&mut Shell, &BStr, &mut Wait) -> Result<(), ipc::Error>,
) -> Result<(), ipc::Error> {
    let mut text = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let got = wait.block(&"standard input", || read_chunk(shell, &mut chunk))?;
        text.extend_from_slice(&chunk[..got]);
        let Some(end) = end else {
            if got > 0 {
                continue;
            }
            return send(shell, text.as_bstr(), wait);
        };
        let mut at = 0;
        while let Some(length) = memchr::memchr(end, &text[at..]) {
            send(shell, text[at..at + length].as_bstr(), wait)?;
            at += length + 1;
        }
        text.drain(..at);
        if got == 0 {
            // The last line may lack its newline.
            return if text.is_empty() { Ok(()) } else { send(shell, text.as_bstr(), wait) };
        }
    }
}

/// What comes next on standard input, which may be a here-document in memory.
fn read_chunk(shell: &mut Shell, chunk: &mut [u8]) -> Result<usize, Errno> {
    if shell.io.input != MEMORY {
        return fd::read(shell.io.input, chunk);
    }
    let text = shell.io.peek(0)?;
    let length = text.len().min(chunk.len());
    chunk[..length].copy_from_slice(&text[..length]);
    shell.io.consume(length);
    Ok(length)
}

/// A message to a process is the name or number of a signal.
fn signal(address: &Address, message: &BStr) -> Result<i32, ipc::Error> {
    let name = message.trim().as_bstr();
    let wrong = || match name.is_empty() {
        true => ipc::Error::usage(address.to_string(), "the name of a signal expected"),
        false => ipc::Error::usage(address.to_string(), format!("{name}: no such signal")),
    };
    signames::condition(name).ok_or_else(wrong)
}
