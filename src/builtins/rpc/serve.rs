//! `rpc serve`: functions of the shell as the procedures of an interface.

use super::options::{self, FAULTS, number};
use super::stubs::is_free;
use super::{json, usage};
use crate::builtins::BuiltinResult;
use crate::exec::procedure::{self, Desk};
use crate::ipc::rpc::client::Transport;
use crate::ipc::rpc::dispatch::{Dispatcher, Procedures, Semantics};
use crate::ipc::rpc::frame::Framing;
use crate::ipc::rpc::interface::{Interface, Program, Type};
use crate::ipc::rpc::onc::{self, Reply};
use crate::ipc::rpc::rpcbind::{self, BindError, Binder};
use crate::ipc::rpc::server::Server;
use crate::ipc::rpc::xdr::Value;
use crate::ipc::rpc::{client, text, xdr};
use crate::ipc::socket::{self, Listener, Settings, name};
use crate::ipc::wait::{Cut, Guard};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Flow};
use crate::sys::socket::Name;
use bstr::ByteSlice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// `rpc serve`
pub fn serve(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let longs = [&["register", "once", "semantics"], FAULTS].concat();
    let (options, operands) = options::parse(words, "b:n:t:", &longs)?;
    let Some((&first, rest)) = operands.split_first() else { return Err(usage("FILE.x is expected, or json+...")) };
    if first.starts_with(b"json+") {
        return json::serve(shell, &options, first, rest);
    }
    if !rest.is_empty() {
        return Err(usage("one FILE.x is expected: its procedures are the functions of their names"));
    }
    let interface = shell.rpc.interface(Path::new(&*first.to_path_lossy()))?;
    if interface.programs.is_empty() {
        return Err(Error::usage(format!("{}: it defines no program", first.as_bstr())).into());
    }
    let missing = interface.procedures().filter(|found| found.procedure.number != 0);
    let missing = missing.filter(|found| shell.commands.function(found.procedure.name.as_bytes()).is_none());
    let missing: Vec<String> = missing.map(|found| found.procedure.name.clone()).collect();
    if missing.len() == interface.procedures().filter(|found| found.procedure.number != 0).count()
        && !missing.is_empty()
    {
        return Err(usage(format!("no procedure of {} is a function: {}", first.as_bstr(), missing.join(", "))));
    }
    let binds: Vec<&[u8]> = match &options.binds[..] {
        [] => vec![b"tcp:0", b"udp:0"],
        binds => binds.iter().map(|bind| &bind[..]).collect(),
    };
    let watch = Guard::for_sockets();
    let listeners = binds.into_iter().map(|bind| listen(shell, bind)).collect::<Result<Vec<_>, _>>()?;
    let registered =
        if options.register { register(shell, &watch, &interface, &listeners)? } else { Registered::new() };
    let desk = Desk::new(options.time, false)?;
    let semantics = options.semantics.unwrap_or(Semantics::AtLeastOnce);
    let service = Functions { shell, interface: &interface, desk: &desk, interrupted: None };
    let mut dispatcher = Dispatcher::new(semantics, options.faults.clone(), service);
    dispatcher.most = options.most;
    let (ended, watch) = Server::new(Framing::Records, listeners).run(watch, &mut dispatcher);
    let (counts, interrupted) = (dispatcher.counts, dispatcher.procedures.interrupted.take());
    unregister(&registered);
    if options.has_faults || options.semantics.is_some() {
        let text = format!(
            "rpc: {} calls, {} executed, {} answered from the cache, {} messages lost\n",
            counts.calls, counts.executed, counts.cached, counts.lost
        );
        shell.io.write_error(text.as_bytes());
    }
    drop(watch);
    end(ended, interrupted)
}

/// What the end of a server means.
pub fn end(ended: Result<(), Cut>, interrupted: Option<Flow>) -> BuiltinResult {
    match (interrupted, ended) {
        (Some(flow), _) => Err(flow.into()),
        (None, Ok(())) => Ok(ExitStatus::SUCCESS),
        (None, Err(Cut::Signal(number))) => Ok(ExitStatus::from_signal(number)),
        (None, Err(Cut::Timeout)) => Ok(ExitStatus(124)),
        (None, Err(Cut::Failed(errno))) => Err(super::refused("cannot wait for calls", errno).into()),
    }
}

/// Listen at `tcp:[HOST:]PORT`, `udp:[HOST:]PORT` or `unix:PATH`. A port that was not chosen is told.
pub fn listen(shell: &mut Shell, bind: &[u8]) -> Result<(Transport, Listener), Error> {
    let wrong = || super::wrong(format!("{}: tcp:PORT, udp:PORT or unix:PATH is expected", bind.as_bstr()));
    let colon = memchr::memchr(b':', bind).ok_or_else(wrong)?;
    let (transport, place) = (Transport::by_name(&bind[..colon]).ok_or_else(wrong)?, &bind[colon + 1..]);
    let names = match transport {
        Transport::Unix => vec![name::unix(place)],
        _ => {
            let (host, port) = name::host_and_port(place).unwrap_or((b"127.0.0.1", place));
            let port: u16 = number(port, "port")?;
            client::addresses(transport, host, port).map_err(|why| Error::new(format!("{}: {why}", bind.as_bstr())))?
        }
    };
    let name = names.first().ok_or_else(wrong)?;
    let listener = socket::listen(name, transport.kind(), &Settings::default())
        .map_err(|failed| super::refused(format_args!("{}: {}", bind.as_bstr(), failed.call), failed.errno))?;
    if let (Name::Inet(asked), Ok(Name::Inet(given))) = (name, listener.name())
        && asked.port() == 0
    {
        shell.vars.set_by_name(b"RPC_PORT", given.port().to_string().as_bytes())?;
        let kind = if transport == Transport::Udp { "udp" } else { "tcp" };
        shell.io.write_error(format!("rpc: listening on {kind}:{given}\n").as_bytes());
    }
    Ok((transport, listener))
}

/// Programs and versions that rpcbind was told of, and where.
type Registered = Vec<(u32, u32, Transport, SocketAddr)>;

/// Talk to the rpcbind of this host about a place of this family.
fn binder<T>(
    watch: &Guard,
    transport: Transport,
    place: SocketAddr,
    run: impl FnOnce(&mut Binder<'_>) -> Result<T, BindError>,
) -> Result<T, BindError> {
    let patience = client::Patience { first: Duration::from_secs(3), tries: 2 };
    let ip = if place.is_ipv6() { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let names = [Name::Inet(SocketAddr::new(ip, rpcbind::PORT))];
    Binder::open(&names, transport, patience, watch).and_then(|mut binder| run(&mut binder))
}

/// Tell rpcbind where the programs are. What an earlier server has left is taken back first.
fn register(
    shell: &mut Shell,
    watch: &Guard,
    interface: &Interface,
    listeners: &[(Transport, Listener)],
) -> Result<Registered, Error> {
    let places: Vec<(Transport, SocketAddr)> = listeners
        .iter()
        .filter_map(|(transport, listener)| match listener.name() {
            Ok(Name::Inet(address)) => Some((*transport, address)),
            _ => None,
        })
        .collect();
    let versions = |program: &'_ Program| {
        program.versions.iter().map(|version| (program.number, version.number)).collect::<Vec<_>>()
    };
    let targets: Vec<(u32, u32)> = interface.programs.iter().flat_map(versions).collect();
    let all =
        || targets.iter().flat_map(|target| places.iter().map(move |place| (target.0, target.1, place.0, place.1)));
    // All before the first one is set: to unset takes back those of all protocols.
    unregister(&all().collect());
    let mut registered = Registered::new();
    for (program, version, transport, place) in all() {
        let done = binder(watch, transport, place, |binder| binder.set(program, version, place));
        if done == Ok(true) {
            registered.push((program, version, transport, place));
            continue;
        }
        unregister(&registered);
        let tried = format!("cannot register program {program} version {version}");
        return Err(match done {
            Ok(_) => Error::new(format!("{tried}: rpcbind has it already, from another user")),
            Err(error) => match super::call::binding(shell, error) {
                super::call::Unreached::Lost(why) => Error::new(format!("{tried}: {why}")),
                super::call::Unreached::Error(error) => error.within(tried),
            },
        });
    }
    Ok(registered)
}

/// Take back what rpcbind was told, and wait until it has done so. That it is gone already, or rpcbind is, is as good.
fn unregister(registered: &Registered) {
    let watch = Guard::afterwards();
    for &(program, version, transport, place) in registered {
        let _ = binder(&watch, transport, place, |binder| binder.unset(program, version));
    }
}

/// The functions of the shell as procedures.
struct Functions<'a> {
    shell: &'a mut Shell,
    interface: &'a Rc<Interface>,
    desk: &'a Desk,
    /// ^C at a prompt, in a function: the server ends.
    interrupted: Option<Flow>,
}

impl Procedures for Functions<'_> {
    fn is_over(&self) -> bool {
        self.interrupted.is_some()
    }

    fn too_long(&mut self, length: usize) {
        let what = format!("rpc: a reply of {length} bytes is too long for a datagram: the call needs -T tcp");
        self.shell.report(&Error::new(what));
    }

    fn execute(&mut self, call: &onc::Call<'_>, _peer: &Name) -> Reply {
        let Some(program) = self.interface.programs.iter().find(|program| program.number == call.target.program) else {
            return Reply::ProgramUnavailable;
        };
        let versions = || program.versions.iter().map(|version| version.number);
        let Some(version) = program.versions.iter().find(|version| version.number == call.target.version) else {
            return Reply::ProgramMismatch(versions().min().unwrap_or(0), versions().max().unwrap_or(0));
        };
        let found = version.procedures.iter().find(|procedure| procedure.number == call.target.procedure);
        let Some(procedure) =
            found.filter(|procedure| self.shell.commands.function(procedure.name.as_bytes()).is_some())
        else {
            // Procedure 0 does nothing and answers, whether it is written down or not.
            return match call.target.procedure {
                0 => Reply::Success(Vec::new()),
                _ => Reply::ProcedureUnavailable,
            };
        };
        let Ok(values) = xdr::decode_all(self.interface, &procedure.arguments, call.arguments) else {
            return Reply::GarbageArguments;
        };
        let fields = procedure.arguments.iter().zip(&values);
        let arguments: Vec<Vec<u8>> =
            fields.map(|(field, value)| argument(self.interface, &field.kind, value)).collect();
        // A variable of the shell cannot hold a NUL.
        if arguments.iter().any(|argument| argument.contains(&0)) {
            return Reply::GarbageArguments;
        }
        let named = procedure.arguments.iter().zip(&arguments).filter(|(field, _)| is_free(&field.name));
        let variables: Vec<(&str, &[u8])> = named.map(|(field, value)| (&*field.name, &value[..])).collect();
        let call =
            procedure::Call { function: procedure.name.as_bytes(), arguments: &arguments, variables: &variables };
        let answer = match self.desk.call(self.shell, &call) {
            Ok(answer) => answer,
            Err(flow) => {
                self.interrupted = Some(flow);
                return Reply::SystemError;
            }
        };
        match answer.status.0 {
            0 => {}
            2 => return Reply::GarbageArguments,
            _ => return Reply::SystemError,
        }
        let mut encoded = Vec::new();
        let result = text::result(self.interface, &procedure.result, &answer.output)
            .and_then(|value| xdr::encode(self.interface, &procedure.result, &value, &mut encoded));
        match result {
            Ok(()) => Reply::Success(encoded),
            Err(error) => {
                let what = format!("rpc: {}: what it printed is not its result: {error}", procedure.name);
                self.shell.report(&Error::new(what));
                Reply::SystemError
            }
        }
    }
}

/// A value as an argument: a string is its bytes, anything else as it is written inside other values.
fn argument(interface: &Interface, kind: &Type, value: &Value) -> Vec<u8> {
    match (interface.resolve(kind), value) {
        (Type::String(_), Value::Bytes(bytes)) => bytes.clone(),
        _ => {
            let mut out = Vec::new();
            text::nested(interface, kind, value, &mut out);
            out
        }
    }
}
