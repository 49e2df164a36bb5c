//! `rpc`: remote procedure calls at the prompt. Interface files become functions, and functions become procedures.
//!
//! [`crate::ipc::rpc`] has the protocol; here are the verbs.

mod call;
mod codec;
mod directory;
mod json;
mod options;
mod semantics;
mod serve;
mod stubs;

use crate::builtins::{Builtin, BuiltinResult, Kind};
use crate::fields::Fields;
use crate::ipc::error::words;
use crate::ipc::rpc::client::Lost;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use bstr::ByteSlice;
use nix::errno::Errno;

/// `rpc`
pub const BUILTIN: Builtin = Builtin {
    name: "rpc",
    kind: Kind::Regular,
    usage: "rpc import [-p PREFIX] [-H HOST[:PORT]] [-T tcp|udp|unix] FILE.x\n\
            rpc stub [-c | -s] FILE.x\n\
            rpc call [-H HOST[:PORT]] [-T tcp|udp|unix] [-t SEC] [-r TRIES] [-x XID] [-j] FILE.x::[VERS::]PROC [NAME=VALUE... | VALUE... | -- VALUE...]\n\
            rpc call [...] HOST[:PORT] PROG VERS PROC ['TYPE...' VALUE...] ['->' 'TYPE']\n\
            rpc call [-o] [-j] json+unix:SOCK | json+tcp:HOST:PORT | json+http://HOST:PORT/PATH METHOD [NAME=STRING | NAME:=JSON | VALUE | :=JSON]... [-- STRING...]\n\
            rpc batch json+... FILE\n\
            rpc serve [-b tcp:PORT|udp:PORT|unix:PATH]... [--register] [--once | -n N] [-t SEC] [--semantics=at-least-once|at-most-once] FILE.x\n\
            rpc serve [-n N] [-t SEC] json+unix:SOCK | json+tcp:PORT | json+http:PORT FUNCTION...\n\
            rpc list [HOST]\n\
            rpc ping [-T tcp|udp] HOST PROG [VERS]\n\
            rpc bind|unbind PROG VERS tcp|udp|tcp6|udp6 PORT\n\
            rpc encode|decode [-x] FILE.x::TYPE [VALUE...]\n\
            rpc help semantics",
    about: "Call procedures in other processes, and serve them with functions of the shell: ONC RPC (RFC 5531) and JSON-RPC 2.0.\n\
            -H HOST[:PORT]  where to call; without PORT rpcbind is asked; with -T unix a path\n\
            -T tcp|udp|unix  what carries the messages (tcp)\n-t SEC  time for a try (25; with udp 1), doubled at each further one; of serve: for a function, which then runs in a process\n\
            of its own, as only a process can be ended: what it changes in variables is lost with it\n\
            -r N  tries in all (1; with udp 3)\n-x XID  the number of the call\n-j  the result as JSON\n-o  a notification: no answer\n\
            -b ADDR  where to serve (on the loopback interface); port 0 takes a free one; json+http refuses what pages of the web send (Origin)\n--register  tell rpcbind\n\
            --once, -n N  end after one or N calls\n--keep  keep the connection for the next call (stubs do, and they have the interface of their import until the next one)\n\
            -- VALUE...  values in their order, strings as they are: for data that may look like NAME=VALUE or stand in quotes\n\
            --drop-request=P --drop-reply=P --duplicate=P --delay=SEC --seed=N  a bad network, on both sides\n\
            Status of call: 0 done; 1 local error; 2 interface or type error; 10 PROG_UNAVAIL; 11 PROG_MISMATCH; 12 PROC_UNAVAIL;\n\
            13 GARBAGE_ARGS; 14 SYSTEM_ERR; 15 RPC_MISMATCH; 16 AUTH_ERROR; 17 not registered; 18 cannot connect;\n\
            20..24 JSON-RPC -32700, -32600, -32601, -32602, -32603; 25 another JSON-RPC error; 124 timeout.\n\
            RPC_STATUS RPC_DETAIL RPC_XID RPC_TRIES are set. At a prompt ^C ends a call or a server, and ^Z does nothing.\n\
            A server answers one call after the other: a function that calls its own server waits for itself, until -t.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let words: Vec<&[u8]> = fields.iter_from(2).map(|field| field.as_bytes()).collect();
    let verb = fields.get(1).map_or(&b""[..], |verb| verb.as_bytes());
    // Further behind it may be anybody's data.
    if verb == b"--help" || words.first() == Some(&&b"--help"[..]) {
        let text = format!("usage: {}\n{}\n", BUILTIN.usage.replace('\n', "\n       "), BUILTIN.about);
        shell.io.write(text.as_bytes())?;
        return Ok(ExitStatus::SUCCESS);
    }
    match verb {
        b"call" => call::call(shell, &words),
        b"import" => stubs::import(shell, &words),
        b"stub" => stubs::stub(shell, &words),
        b"serve" => serve::serve(shell, &words),
        b"batch" => json::batch(shell, &words),
        b"list" => directory::list(shell, &words),
        b"ping" => directory::ping(shell, &words),
        b"bind" => directory::bind(shell, &words, true),
        b"unbind" => directory::bind(shell, &words, false),
        b"encode" => codec::encode(shell, &words),
        b"decode" => codec::decode(shell, &words),
        b"help" => semantics::help(shell, &words),
        b"" => Err(usage(
            "a verb is expected: call, serve, import, stub, batch, list, ping, bind, unbind, encode, decode, help",
        )),
        other => Err(usage(format!("{}: no such verb", other.as_bstr()))),
    }
}

/// A wrong call: one line of usage follows the message. An interface or a value that is wrong needs none, and is an [`Error::usage`].
fn wrong(what: impl Into<bstr::BString>) -> Error {
    let mut text = what.into();
    text.extend_from_slice(b"\nusage: rpc call|import|stub|serve|batch|list|ping|bind|unbind|encode|decode|help ... (`rpc --help` has all of it)");
    Error::usage(text)
}

/// [`wrong`], as what a verb returns.
fn usage(what: impl Into<bstr::BString>) -> crate::status::Failure {
    wrong(what).into()
}

/// The system has refused something.
fn refused(tried: impl std::fmt::Display, errno: Errno) -> Error {
    Error::new(format!("{tried}: {}", words(errno)))
}

/// No server, no reply.
fn lost(shell: &mut Shell, tried: &str, lost: &Lost) -> Result<ExitStatus, Error> {
    let (status, name) = match lost {
        Lost::Timeout => (124, "TIMEDOUT"),
        Lost::Signal(number) => (128 + number, "INTERRUPTED"),
        Lost::Connect(_) | Lost::Resolve(_) => (18, "CANNOT_CONNECT"),
        Lost::Broken(_) => (18, "CONNECTION_LOST"),
        Lost::Garbage(_) => (1, "CANNOT_DECODE_REPLY"),
    };
    let detail = lost.to_string();
    outcome(shell, name, &detail)?;
    if let Lost::Signal(_) = lost {
        return Ok(ExitStatus(status));
    }
    Err(Error::new(format!("{tried}: {detail}")).with_status(ExitStatus(status)))
}

/// A call that cannot even be made: RPC_STATUS and RPC_DETAIL say so, and not how the one before has ended.
fn local<T>(shell: &mut Shell, result: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &result {
        let message = error.message().to_string();
        outcome(shell, "LOCAL_ERROR", message.lines().next().unwrap_or_default())?;
    }
    result
}

/// Set RPC_STATUS and RPC_DETAIL.
fn outcome(shell: &mut Shell, status: &str, detail: &str) -> Result<(), Error> {
    shell.vars.set_by_name(b"RPC_STATUS", status.as_bytes())?;
    shell.vars.set_by_name(b"RPC_DETAIL", detail.as_bytes())
}

/// Set RPC_XID and RPC_TRIES.
fn attempts(shell: &mut Shell, xid: u32, tries: u32) -> Result<(), Error> {
    shell.vars.set_by_name(b"RPC_XID", xid.to_string().as_bytes())?;
    shell.vars.set_by_name(b"RPC_TRIES", tries.to_string().as_bytes())
}
