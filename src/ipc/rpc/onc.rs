//! The messages of ONC RPC version 2 (RFC 5531): a call names program, version and procedure by numbers, a reply repeats the call's xid.
//!
//! ```text
//! call:   xid 0 2 program version procedure  credential verifier  arguments...
//! reply:  xid 1 0 verifier 0  result...                accepted, SUCCESS
//!         xid 1 0 verifier 1..5 [low high]             accepted, and not executed
//!         xid 1 1 0 low high | xid 1 1 1 why           denied: RPC version, authentication
//! ```
//! The xid lets a caller match replies with calls, and a server recognise a call that it has seen: a retry keeps its xid.

use crate::ipc::rpc::xdr::{Decoder, XdrError};

const CALL: u32 = 0;
const REPLY: u32 = 1;
const RPC_VERSION: u32 = 2;
/// No authentication.
pub const AUTH_NONE: u32 = 0;
/// User and group numbers, believed without proof.
pub const AUTH_SYS: u32 = 1;
/// The longest credential or verifier (RFC 5531, section 8.2).
const MOST_AUTH: usize = 400;

/// What names a procedure on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The program.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// The procedure.
    pub procedure: u32,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The transaction.
    pub xid: u32,
    /// What is called.
    pub target: Target,
    /// Kind and body of the credential.
    pub credential: (u32, &'a [u8]),
    /// The arguments.
    pub arguments: &'a [u8],
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Executed; the result.
    Success(Vec<u8>),
    /// The server has no such program.
    ProgramUnavailable,
    /// It has other versions of it: the lowest and the highest.
    ProgramMismatch(u32, u32),
    /// The version has no such procedure.
    ProcedureUnavailable,
    /// The arguments cannot be decoded.
    GarbageArguments,
    /// The server could not execute it.
    SystemError,
    /// Not version 2 of RPC: the lowest and the highest that the server knows.
    RpcMismatch(u32, u32),
    /// The credential was refused; the reason's number.
    AuthError(u32),
}

/// A message that is no call or no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCall {
    /// Nothing that could be answered.
    Garbage,
    /// Another version of RPC, which is told.
    OtherVersion(u32),
}

fn put(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_opaque(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
    out.resize(out.len() + bytes.len().wrapping_neg() % 4, 0);
}

/// Append the head of a call; the arguments follow.
pub fn put_call(out: &mut Vec<u8>, xid: u32, target: Target, credential: (u32, &[u8])) {
    for number in [xid, CALL, RPC_VERSION, target.program, target.version, target.procedure, credential.0] {
        put(out, number);
    }
    put_opaque(out, credential.1);
    put(out, AUTH_NONE);
    put_opaque(out, b"");
}

/// The body of an AUTH_SYS credential (RFC 5531, appendix A).
pub fn auth_sys(machine: &str, uid: u32, gid: u32, groups: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, 0);
    put_opaque(&mut out, machine.as_bytes().get(..255).unwrap_or(machine.as_bytes()));
    put(&mut out, uid);
    put(&mut out, gid);
    let groups = &groups[..groups.len().min(16)];
    put(&mut out, groups.len() as u32);
    groups.iter().for_each(|&group| put(&mut out, group));
    out
}

fn auth<'a>(decoder: &mut Decoder<'a>) -> Result<(u32, &'a [u8]), XdrError> {
    let flavor = decoder.u32()?;
    let length = decoder.u32()? as usize;
    if length > MOST_AUTH {
        return Err(XdrError::new("the credential is too long"));
    }
    Ok((flavor, decoder.bytes(length)?))
}

/// Read a call.
///
/// # Errors
/// It is none.
pub fn parse_call(message: &[u8]) -> Result<Call<'_>, NoCall> {
    let mut decoder = Decoder::new(message);
    let garbage = |_: XdrError| NoCall::Garbage;
    let xid = decoder.u32().map_err(garbage)?;
    if decoder.u32().map_err(garbage)? != CALL {
        return Err(NoCall::Garbage);
    }
    if decoder.u32().map_err(garbage)? != RPC_VERSION {
        return Err(NoCall::OtherVersion(xid));
    }
    let target = Target {
        program: decoder.u32().map_err(garbage)?,
        version: decoder.u32().map_err(garbage)?,
        procedure: decoder.u32().map_err(garbage)?,
    };
    let credential = auth(&mut decoder).map_err(garbage)?;
    auth(&mut decoder).map_err(garbage)?;
    Ok(Call { xid, target, credential, arguments: decoder.rest() })
}

/// Append a reply.
pub fn put_reply(out: &mut Vec<u8>, xid: u32, reply: &Reply) {
    put(out, xid);
    put(out, REPLY);
    let (accepted, numbers): (bool, &[u32]) = match reply {
        Reply::Success(_) => (true, &[0]),
        Reply::ProgramUnavailable => (true, &[1]),
        Reply::ProgramMismatch(low, high) => (true, &[2, *low, *high]),
        Reply::ProcedureUnavailable => (true, &[3]),
        Reply::GarbageArguments => (true, &[4]),
        Reply::SystemError => (true, &[5]),
        Reply::RpcMismatch(low, high) => (false, &[0, *low, *high]),
        Reply::AuthError(why) => (false, &[1, *why]),
    };
    put(out, u32::from(!accepted));
    if accepted {
        put(out, AUTH_NONE);
        put(out, 0);
    }
    numbers.iter().for_each(|&number| put(out, number));
    if let Reply::Success(result) = reply {
        out.extend_from_slice(result);
    }
}

/// Read a reply: its xid, and what it says.
///
/// # Errors
/// It is none.
pub fn parse_reply(message: &[u8]) -> Result<(u32, Reply), XdrError> {
    let mut decoder = Decoder::new(message);
    let xid = decoder.u32()?;
    if decoder.u32()? != REPLY {
        return Err(XdrError::new("this is no reply"));
    }
    let reply = if decoder.u32()? == 0 {
        auth(&mut decoder)?;
        match decoder.u32()? {
            0 => Reply::Success(decoder.rest().to_vec()),
            1 => Reply::ProgramUnavailable,
            2 => Reply::ProgramMismatch(decoder.u32()?, decoder.u32()?),
            3 => Reply::ProcedureUnavailable,
            4 => Reply::GarbageArguments,
            5 => Reply::SystemError,
            other => return Err(XdrError::new(format!("{other} is no status of a reply"))),
        }
    } else {
        match decoder.u32()? {
            0 => Reply::RpcMismatch(decoder.u32()?, decoder.u32()?),
            1 => Reply::AuthError(decoder.u32()?),
            other => return Err(XdrError::new(format!("{other} is no reason to deny a call"))),
        }
    };
    Ok((xid, reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target { program: 100_000, version: 2, procedure: 3 };

    #[test]
    fn a_call_is_read_as_it_was_written() {
        let mut message = Vec::new();
        let body = auth_sys("host", 1000, 100, &[4, 24]);
        put_call(&mut message, 7, TARGET, (AUTH_SYS, &body));
        message.extend_from_slice(&[0, 0, 0, 9]);
        let call = parse_call(&message).expect("a call");
        assert_eq!((call.xid, call.target, call.arguments), (7, TARGET, &[0, 0, 0, 9][..]));
        assert_eq!(call.credential, (AUTH_SYS, &body[..]));
        for cut in 0..message.len() - 4 {
            assert_eq!(parse_call(&message[..cut]), Err(NoCall::Garbage), "{cut}");
        }
        message[11] = 3;
        assert_eq!(parse_call(&message), Err(NoCall::OtherVersion(7)));
    }

    #[test]
    fn replies_have_the_bytes_of_real_servers() {
        let tail = |reply: &Reply| {
            let mut message = Vec::new();
            put_reply(&mut message, 1, reply);
            assert_eq!(parse_reply(&message), Ok((1, reply.clone())));
            message.split_off(8)
        };
        assert_eq!(tail(&Reply::Success(Vec::new())), [0; 16]);
        assert_eq!(tail(&Reply::ProcedureUnavailable)[12..], [0, 0, 0, 3]);
        assert_eq!(tail(&Reply::ProgramMismatch(1, 4))[12..], [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4]);
        assert_eq!(tail(&Reply::GarbageArguments)[12..], [0, 0, 0, 4]);
        assert_eq!(tail(&Reply::ProgramUnavailable)[12..], [0, 0, 0, 1]);
        assert_eq!(tail(&Reply::RpcMismatch(2, 2)), [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2]);
        assert_eq!(tail(&Reply::AuthError(5)), [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5]);
        tail(&Reply::SystemError);
    }
}
