//! `rpc list`, `rpc ping`, `rpc bind` and `rpc unbind`: what rpcbind knows, and whether a program answers.

use super::call::{self, Unreached};
use super::options::{self, number};
use super::{lost, usage};
use crate::builtins::BuiltinResult;
use crate::ipc::rpc::client::{Transport, addresses};
use crate::ipc::rpc::onc::{Reply, Target};
use crate::ipc::rpc::rpcbind::{self, BindError, Binder, Entry, fresh_xid};
use crate::ipc::rpc::session::Destination;
use crate::ipc::wait::Guard;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::socket::Name;
use bstr::ByteSlice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

fn unreached(shell: &mut Shell, tried: &str, why: Unreached) -> BuiltinResult {
    match why {
        Unreached::Lost(why) => Ok(lost(shell, tried, &why)?),
        Unreached::Error(error) => Err(error.within(tried).into()),
    }
}

/// `rpc list [HOST]`: program, version, network, port, and the owner where rpcbind tells.
pub fn list(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (options, operands) = options::parse(words, "T:t:r:", &[])?;
    let host: &[u8] = match operands {
        [] => b"127.0.0.1",
        [host] => host,
        _ => return Err(usage("one host is expected")),
    };
    let watch = Guard::light();
    let transport = options.transport.unwrap_or(Transport::Tcp);
    let entries = addresses(transport, host, rpcbind::PORT)
        .map_err(BindError::Lost)
        .and_then(|names| Binder::open(&names, transport, options.patience(transport), &watch))
        .and_then(|mut binder| binder.list());
    drop(watch);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            let why = call::binding(shell, error);
            return unreached(shell, &host.as_bstr().to_string(), why);
        }
    };
    entries.sort();
    let mut text = format!("{:>10} {:>4} {:<6} {:<24} {}\n", "program", "vers", "netid", "address", "owner");
    for Entry { program, version, netid, address, owner } in &entries {
        text.push_str(format!("{program:>10} {version:>4} {netid:<6} {address:<24} {owner}").trim_end());
        text.push('\n');
    }
    shell.io.write(text.as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}

/// `rpc ping HOST PROG [VERS]`: call procedure 0, which every program has.
pub fn ping(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (mut options, operands) = options::parse(words, "T:t:r:", &[])?;
    let (host, program, version) = match operands {
        [host, program] => (host, program, None),
        [host, program, version] => (host, program, Some(number(version, "version number")?)),
        _ => return Err(usage("HOST PROG [VERS] are expected")),
    };
    call::place(&mut options, host)?;
    let program = number(program, "program number")?;
    let transport = options.transport.unwrap_or(Transport::Udp);
    let tried = format!("program {program} at {}", host.as_bstr());
    let watch = Guard::light();
    let destination = Destination {
        transport,
        host: options.host.clone().unwrap_or_default(),
        port: options.port,
        program: (program, version.unwrap_or(1)),
    };
    let mut connection = match call::connect(shell, &options, &destination, &watch) {
        Ok(connection) => connection,
        Err(why) => return unreached(shell, &tried, why),
    };
    // Without a version any will do: the server tells which it has.
    let mut asked = version.unwrap_or(u32::MAX);
    let mut may_ask_again = version.is_none();
    loop {
        let target = Target { program, version: asked, procedure: 0 };
        let patience = options.patience(transport);
        let (text, status) = match connection.call(fresh_xid(), target, b"", patience, &mut options.faults, &watch) {
            Err(why) => return Ok(lost(shell, &tried, &why)?),
            Ok((Reply::Success(_), _)) => (format!("program {program} version {asked} ready and waiting\n"), 0),
            Ok((Reply::ProgramMismatch(low, high), _)) if may_ask_again => {
                may_ask_again = false;
                asked = high.max(low);
                continue;
            }
            Ok((Reply::ProgramMismatch(low, high), _)) => {
                let what = format!("{tried}: it has versions {low} to {high}");
                return Err(Error::new(what).with_status(ExitStatus(11)).into());
            }
            Ok((Reply::ProgramUnavailable, _)) => {
                let what = format!("{tried}: the server there does not have it");
                return Err(Error::new(what).with_status(ExitStatus(10)).into());
            }
            Ok((reply, _)) => return Err(Error::new(format!("{tried}: {reply:?}")).into()),
        };
        shell.io.write(text.as_bytes())?;
        return Ok(ExitStatus(status));
    }
}

/// `rpc bind|unbind PROG VERS PROTO PORT`: tell rpcbind on this host.
pub fn bind(shell: &mut Shell, words: &[&[u8]], on: bool) -> BuiltinResult {
    let (options, operands) = options::parse(words, "t:r:", &[])?;
    let (program, version, protocol, port) = match operands {
        [program, version, protocol, port] => (program, version, protocol, number(port, "port")?),
        [program, version, protocol] if !on => (program, version, protocol, 0),
        _ => return Err(usage("PROG VERS tcp|udp PORT are expected")),
    };
    let target = (number(program, "program number")?, number(version, "version number")?);
    let (transport, ip) = match *protocol {
        b"tcp" => (Transport::Tcp, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        b"udp" => (Transport::Udp, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        b"tcp6" => (Transport::Tcp, IpAddr::V6(Ipv6Addr::LOCALHOST)),
        b"udp6" => (Transport::Udp, IpAddr::V6(Ipv6Addr::LOCALHOST)),
        other => return Err(usage(format!("{}: tcp, udp, tcp6 or udp6 is expected", other.as_bstr()))),
    };
    let watch = Guard::light();
    let names = [Name::Inet(SocketAddr::new(ip, rpcbind::PORT))];
    let done = Binder::open(&names, transport, options.patience(transport), &watch).and_then(|mut binder| match on {
        true => binder.set(target.0, target.1, SocketAddr::new(ip, port)),
        false => binder.unset(target.0, target.1),
    });
    drop(watch);
    let tried = format!("program {} version {}", target.0, target.1);
    match done {
        Ok(true) => Ok(ExitStatus::SUCCESS),
        Ok(false) if on => Err(Error::new(format!("{tried}: rpcbind has it already, from somebody else")).into()),
        Ok(false) => Err(Error::new(format!("{tried}: rpcbind does not have it, or not from this user")).into()),
        Err(error) => {
            let why = call::binding(shell, error);
            unreached(shell, &tried, why)
        }
    }
}
