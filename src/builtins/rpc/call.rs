//! `rpc call`: by an interface file, or with program, version, procedure and types in the line.

use super::options::{self, FAULTS, Options};
use super::{attempts, json, local, lost, outcome, wrong};
use crate::builtins::BuiltinResult;
use crate::ipc::rpc::client::{Connection, Lost, Transport, addresses};
use crate::ipc::rpc::frame::Framing;
use crate::ipc::rpc::interface::{Field, Interface, Type};
use crate::ipc::rpc::onc::{Reply, Target};
use crate::ipc::rpc::rpcbind::{self, BindError, Binder, fresh_xid};
use crate::ipc::rpc::session::Destination;
use crate::ipc::rpc::{idl, text, xdr};
use crate::ipc::wait::Guard;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::socket::Name;
use bstr::ByteSlice;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

/// What is to be called, and with what.
pub struct Request {
    interface: Rc<Interface>,
    target: Target,
    /// For messages: `ADD`, `100000.2.3`.
    name: String,
    arguments: Vec<u8>,
    result: Type,
}

/// `rpc call`
pub fn call(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let longs = [&["keep"], FAULTS].concat();
    let parsed = options::parse(words, "H:T:t:r:x:jo", &longs).map_err(misused);
    let (mut options, operands) = local(shell, parsed)?;
    if let Some((&address, rest)) = operands.split_first().filter(|(first, _)| first.starts_with(b"json+")) {
        return json::call(shell, &options, address, rest);
    }
    let request = request(shell, &mut options, operands);
    let request = local(shell, request)?;
    perform(shell, &mut options, &request)
}

fn request(shell: &mut Shell, options: &mut Options, operands: &[&[u8]]) -> Result<Request, Error> {
    let Some((&first, rest)) = operands.split_first() else {
        let what = "what to call is expected: FILE.x::PROC, or HOST PROG VERS PROC, or json+...";
        return Err(misused(wrong(what)));
    };
    options::refuse("ONC RPC", &[(options.notify, "-o")]).map_err(misused)?;
    if memchr::memmem::find(first, b"::").is_some() {
        return by_interface(shell, options.keep, first, rest);
    }
    if options.transport == Some(Transport::Unix) {
        options.host = Some(first.to_vec());
    } else {
        place(options, first).map_err(misused)?;
    }
    by_numbers(rest)
}

/// A wrong call is a local error in the table of statuses; 2 tells of interfaces and types there.
pub fn misused(error: Error) -> Error {
    error.with_status(ExitStatus::FAILURE)
}

/// `HOST[:PORT]` as an operand.
pub fn place(options: &mut Options, word: &[u8]) -> Result<(), Error> {
    match crate::ipc::socket::name::host_and_port(word) {
        Some((host, port)) => {
            options.host = Some(host.to_vec());
            options.port = Some(options::number(port, "port")?);
        }
        None => options.host = Some(word.to_vec()),
    }
    Ok(())
}

/// `FILE.x::[VERS::]NAME` in its parts.
///
/// # Errors
/// There is no `::`.
pub fn parts(word: &[u8]) -> Result<(PathBuf, Option<String>, String), Error> {
    let text = word.to_str_lossy();
    let (path, rest) = text.split_once("::").ok_or_else(|| wrong(format!("{text}: FILE.x::NAME is expected")))?;
    Ok(match rest.split_once("::") {
        Some((version, name)) => (path.into(), Some(version.to_owned()), name.to_owned()),
        None => (path.into(), None, rest.to_owned()),
    })
}

fn by_interface(shell: &mut Shell, is_stub: bool, word: &[u8], values: &[&[u8]]) -> Result<Request, Error> {
    let (path, version, name) = parts(word)?;
    let interface = if is_stub { shell.rpc.interface_of_stub(&path) } else { shell.rpc.interface(&path) }?;
    let found = interface.procedure(version.as_deref(), &name).ok_or_else(|| {
        let names: Vec<&str> = interface.procedures().map(|found| &*found.procedure.name).collect();
        let names = if names.is_empty() { String::from("none") } else { names.join(", ") };
        Error::usage(format!("{name}: no such procedure in {} (there are: {names})", path.display()))
    })?;
    let arguments = &found.procedure.arguments;
    let values = text::arguments(&interface, arguments, values);
    let mut encoded = Vec::new();
    values
        .and_then(|values| xdr::encode_all(&interface, arguments, &values, &mut encoded))
        .map_err(|error| Error::usage(format!("{name}: {error}")))?;
    let target =
        Target { program: found.program.number, version: found.version.number, procedure: found.procedure.number };
    let result = found.procedure.result.clone();
    Ok(Request { interface: Rc::clone(&interface), target, name, arguments: encoded, result })
}

/// `PROG VERS PROC`, and what follows.
fn numbers<'a>(words: &'a [&'a [u8]]) -> Result<(Target, &'a [&'a [u8]]), Error> {
    let [program, version, procedure, rest @ ..] = words else {
        return Err(wrong("HOST PROG VERS PROC are expected, or FILE.x::PROC"));
    };
    let target = Target {
        program: options::number(program, "program number")?,
        version: options::number(version, "version number")?,
        procedure: options::number(procedure, "procedure number")?,
    };
    Ok((target, rest))
}

/// `PROG VERS PROC ['TYPE...' VALUE...] ['->' 'TYPE']`
fn by_numbers(words: &[&[u8]]) -> Result<Request, Error> {
    let (target, rest) = numbers(words).map_err(misused)?;
    let name = format!("{}.{}.{}", target.program, target.version, target.procedure);
    let (fields, rest) = match rest {
        [] | [b"->", ..] => (Vec::new(), rest),
        [list, rest @ ..] => (types(list)?, rest),
    };
    // A value may look like the arrow.
    let least = fields.len() + usize::from(rest.first() == Some(&&b"--"[..]));
    let arrow = rest.iter().skip(least).position(|word| *word == b"->").map(|at| at + least);
    let (values, result) = match arrow.map(|at| (&rest[..at], &rest[at + 1..])) {
        Some((values, [])) => (values, Vec::new()),
        Some((values, [list])) => (values, types(list)?),
        Some(_) => return Err(misused(wrong("one word with the types of the result is expected behind ->"))),
        None => (rest, Vec::new()),
    };
    let interface = Rc::new(Interface::default());
    let mut arguments = Vec::new();
    text::in_order(&interface, &fields, values)
        .and_then(|values| xdr::encode_all(&interface, &fields, &values, &mut arguments))
        .map_err(|error| Error::usage(format!("{name}: {error}")))?;
    let result = match result.len() {
        0 => Type::Void,
        1 => result[0].kind.clone(),
        _ => Type::Struct(Rc::new(result)),
    };
    Ok(Request { interface, target, name, arguments, result })
}

/// `int, string, opaque<8>`: types with commas or, where `unsigned` goes with the word behind it, blanks between them.
fn types(list: &[u8]) -> Result<Vec<Field>, Error> {
    let list = list.to_str_lossy();
    let mut names: Vec<String> = Vec::new();
    if list.contains(',') {
        names.extend(list.split(',').map(|name| name.trim().to_owned()));
    } else {
        for word in list.split_whitespace() {
            match names.last_mut() {
                Some(last) if last == "unsigned" && ["int", "hyper", "long", "short", "char"].contains(&word) => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => names.push(word.to_owned()),
            }
        }
    }
    let field = |(index, name): (usize, &String)| {
        idl::inline_type(name).map(|kind| Field { name: format!("{}", index + 1), kind })
    };
    let fields: Vec<Field> = names.iter().enumerate().map(field).collect::<Result<_, _>>()?;
    Ok(fields.into_iter().filter(|field| field.kind != Type::Void).collect())
}

/// Connect, call, print.
pub fn perform(shell: &mut Shell, options: &mut Options, request: &Request) -> BuiltinResult {
    let watch = Guard::light();
    let transport = options.transport.unwrap_or(Transport::Tcp);
    let destination = Destination {
        transport,
        host: options.host.clone().unwrap_or_else(|| b"127.0.0.1".to_vec()),
        port: options.port,
        program: (request.target.program, request.target.version),
    };
    let xid = options.xid.unwrap_or_else(fresh_xid);
    attempts(shell, xid, 0)?;
    let port = destination.port.map_or_else(String::new, |port| format!(":{port}"));
    let tried = format!("{} at {}{port}", request.name, destination.host.as_bstr());
    let kept = if options.keep { shell.rpc.take(&destination) } else { None };
    let mut connection = match kept {
        Some(connection) => connection,
        None => match connect(shell, options, &destination, &watch) {
            Ok(mut connection) => {
                connection.introduce();
                connection
            }
            Err(Unreached::Lost(why)) => return Ok(lost(shell, &tried, &why)?),
            Err(Unreached::Error(error)) => return Err(error.within(tried).into()),
        },
    };
    let patience = options.patience(transport);
    let answer = connection.call(xid, request.target, &request.arguments, patience, &mut options.faults, &watch);
    drop(watch);
    match answer {
        Ok((reply, tries)) => {
            attempts(shell, xid, tries)?;
            if options.keep {
                shell.rpc.keep(destination, connection);
            }
            show_reply(shell, request, &reply, options.json)
        }
        Err(why) => {
            if why == Lost::Timeout {
                attempts(shell, xid, patience.tries)?;
            }
            Ok(lost(shell, &tried, &why)?)
        }
    }
}

/// Why there is no connection.
pub enum Unreached {
    /// Nobody there.
    Lost(Lost),
    /// Not registered, or rpcbind refuses.
    Error(Error),
}

impl From<Lost> for Unreached {
    fn from(why: Lost) -> Self {
        Self::Lost(why)
    }
}

/// Ask rpcbind for the port if need be, and connect.
pub fn connect(
    shell: &mut Shell,
    options: &Options,
    destination: &Destination,
    watch: &Guard,
) -> Result<Connection, Unreached> {
    let Destination { transport, host, port, program: (program, version) } = destination;
    let patience = options.patience(*transport);
    let open = |names: &[Name]| {
        Connection::open(*transport, Framing::Records, names, watch, Instant::now().checked_add(patience.first))
    };
    if let Some(port) = port.or((*transport == Transport::Unix).then_some(0)) {
        return Ok(open(&addresses(*transport, host, port)?)?);
    }
    // A host may have several addresses, and a program may be registered for IPv4 only, or for IPv6.
    let mut why = None;
    for name in addresses(*transport, host, rpcbind::PORT)? {
        let names = [name];
        let port = Binder::open(&names, *transport, patience, watch)
            .and_then(|mut binder| binder.port(*program, *version))
            .map_err(|error| binding(shell, error));
        match (port, &names) {
            (Ok(Some(port)), [Name::Inet(address)]) => {
                let mut address = *address;
                address.set_port(port);
                return Ok(open(&[Name::Inet(address)])?);
            }
            (Ok(_), _) => {
                outcome(shell, "PROG_NOT_REGISTERED", "").map_err(Unreached::Error)?;
                let what = format!("program {program} is not registered with rpcbind");
                why = Some(Unreached::Error(Error::new(what).with_status(ExitStatus(17))));
            }
            (Err(error @ Unreached::Lost(Lost::Signal(_))), _) => return Err(error),
            (Err(error), _) => why = why.or(Some(error)),
        }
    }
    Err(why.unwrap_or(Unreached::Lost(Lost::Resolve(String::from("no address")))))
}

/// rpcbind could not be asked.
pub fn binding(shell: &mut Shell, error: BindError) -> Unreached {
    match error {
        BindError::Lost(why @ (Lost::Signal(_) | Lost::Timeout)) => Unreached::Lost(why),
        BindError::Lost(why) => {
            let hint = match why {
                Lost::Connect(_) => " (start rpcbind, or say where: HOST:PORT)",
                _ => "",
            };
            let error = Error::new(format!("rpcbind (port 111): {why}{hint}")).with_status(ExitStatus(18));
            Unreached::Error(outcome(shell, "CANNOT_CONNECT", &why.to_string()).err().unwrap_or(error))
        }
        BindError::Refused(what) => Unreached::Error(Error::new(what)),
    }
}

fn show_reply(shell: &mut Shell, request: &Request, reply: &Reply, as_json: bool) -> BuiltinResult {
    let (status, name, detail) = match reply {
        Reply::Success(result) => {
            let value = match xdr::decode(&request.interface, &request.result, result) {
                Ok(value) => value,
                Err(error) => {
                    outcome(shell, "CANNOT_DECODE_RESULT", &error.to_string())?;
                    return Err(
                        Error::usage(format!("{}: the result is not of its type: {error}", request.name)).into()
                    );
                }
            };
            outcome(shell, "SUCCESS", "")?;
            let printed = match as_json {
                true => text::json_line(&request.interface, &request.result, &value),
                false => text::print(&request.interface, &request.result, &value),
            };
            if !printed.is_empty() {
                shell.io.write(&printed)?;
            }
            return Ok(ExitStatus::SUCCESS);
        }
        Reply::ProgramUnavailable => (10, "PROG_UNAVAIL", String::new()),
        Reply::ProgramMismatch(low, high) => (11, "PROG_MISMATCH", format!("{low} {high}")),
        Reply::ProcedureUnavailable => (12, "PROC_UNAVAIL", String::new()),
        Reply::GarbageArguments => (13, "GARBAGE_ARGS", String::new()),
        Reply::SystemError => (14, "SYSTEM_ERR", String::new()),
        Reply::RpcMismatch(low, high) => (15, "RPC_MISMATCH", format!("{low} {high}")),
        Reply::AuthError(why) => (16, "AUTH_ERROR", why.to_string()),
    };
    outcome(shell, name, &detail)?;
    let words = match reply {
        Reply::ProgramUnavailable => String::from("the server does not have this program"),
        Reply::ProgramMismatch(low, high) => format!("the server has versions {low} to {high} of the program"),
        Reply::ProcedureUnavailable => String::from("the server does not have this procedure"),
        Reply::GarbageArguments => String::from("the server cannot decode the arguments"),
        Reply::SystemError => String::from("the procedure has failed on the server"),
        Reply::RpcMismatch(low, high) => format!("the server speaks versions {low} to {high} of RPC"),
        _ => format!("the server refuses the credential (reason {detail})"),
    };
    Err(Error::new(format!("{}: {name}: {words}", request.name)).with_status(ExitStatus(status)).into())
}
