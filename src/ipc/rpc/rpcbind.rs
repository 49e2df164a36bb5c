//! Binding: rpcbind (RFC 1833) knows which program listens where. It is itself a program that is called: 100000, at port 111.
//!
//! Version 2, the port mapper, knows ports of TCP and UDP over IPv4; versions 3 and 4 know addresses as text ("universal addresses":
//! `127.0.0.1.4.210` is port 4 * 256 + 210), and IPv6. Over IPv4 version 2 is spoken, which every rpcbind and portmap knows; over IPv6 version 4, and 3
//! where that is not known.

use crate::ipc::rpc::client::{Connection, Lost, Patience, Transport};
use crate::ipc::rpc::fault::Faults;
use crate::ipc::rpc::frame::Framing;
use crate::ipc::rpc::idl;
use crate::ipc::rpc::interface::Interface;
use crate::ipc::rpc::onc::{Reply, Target};
use crate::ipc::rpc::xdr::{self, Value};
use crate::ipc::wait::Guard;
use crate::sys::fork;
use crate::sys::socket::Name;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The port of rpcbind.
pub const PORT: u16 = 111;

/// The interface of rpcbind, as far as it is used here.
const INTERFACE: &str = "
struct mapping { unsigned prog; unsigned vers; unsigned prot; unsigned port; };
struct maplist { mapping map; maplist *next; };
struct address { unsigned prog; unsigned vers; string netid<>; string addr<>; string owner<>; };
struct addresslist { address map; addresslist *next; };
program PORTMAP {
    version TWO { bool SET(mapping) = 1; bool UNSET(mapping) = 2; unsigned GETPORT(mapping) = 3; maplist *DUMP(void) = 4; } = 2;
    version THREE { bool SET(address) = 1; bool UNSET(address) = 2; string GETADDR(address) = 3; addresslist *DUMP(void) = 4; } = 3;
    version FOUR { bool SET(address) = 1; bool UNSET(address) = 2; string GETADDR(address) = 3; addresslist *DUMP(void) = 4; } = 4;
} = 100000;
";

/// A registration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The program.
    pub program: u32,
    /// Its version.
    pub version: u32,
    /// `tcp`, `udp`, `tcp6`, `udp6`, `local`.
    pub netid: String,
    /// The address: `HOST.HIGH.LOW` or a path; of version 2 only the port.
    pub address: String,
    /// Who registered it.
    pub owner: String,
}

/// Why rpcbind gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindError {
    /// It could not be reached.
    Lost(Lost),
    /// It has refused: its words.
    Refused(String),
}

impl From<Lost> for BindError {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// A conversation with the rpcbind of a host.
#[derive(Debug)]
pub struct Binder<'a> {
    connection: Connection,
    transport: Transport,
    /// The conversation goes over IPv6, and so is about it.
    over_ipv6: bool,
    interface: Interface,
    watch: &'a Guard,
    patience: Patience,
}

impl<'a> Binder<'a> {
    /// With the rpcbind at one of these addresses; the program's transport says how.
    ///
    /// # Errors
    /// It is not there.
    pub fn open(names: &[Name], transport: Transport, patience: Patience, watch: &'a Guard) -> Result<Self, BindError> {
        let transport = if transport == Transport::Udp { Transport::Udp } else { Transport::Tcp };
        let connection =
            Connection::open(transport, Framing::Records, names, watch, Instant::now().checked_add(patience.first))?;
        let interface = idl::parse("rpcbind", INTERFACE.as_bytes());
        let interface = interface.map_err(|error| BindError::Refused(error.message().to_string()))?;
        let over_ipv6 = matches!(connection.peer(), Some(Name::Inet(address)) if address.is_ipv6());
        Ok(Self { connection, transport, over_ipv6, interface, watch, patience })
    }

    /// Ask version 4, and 3 where that is not known.
    fn call_new(&mut self, name: &str, arguments: &[Value]) -> Result<Value, BindError> {
        match self.call(4, name, arguments) {
            Err(BindError::Refused(_)) => self.call(3, name, arguments),
            result => result,
        }
    }

    fn call(&mut self, version: u32, name: &str, arguments: &[Value]) -> Result<Value, BindError> {
        let refused = |what: String| BindError::Refused(what);
        let Some(found) = self.interface.procedure(Some(&version.to_string()), name) else {
            return Err(refused(format!("rpcbind has no procedure {name}")));
        };
        let target = Target { program: found.program.number, version, procedure: found.procedure.number };
        let mut encoded = Vec::new();
        xdr::encode_all(&self.interface, &found.procedure.arguments, arguments, &mut encoded)
            .map_err(|error| refused(error.to_string()))?;
        let faults = &mut Faults::default();
        match self.connection.call(fresh_xid(), target, &encoded, self.patience, faults, self.watch)?.0 {
            Reply::Success(result) => xdr::decode(&self.interface, &found.procedure.result, &result)
                .map_err(|error| refused(format!("the answer of rpcbind: {error}"))),
            Reply::ProgramMismatch(..) => Err(refused(format!("rpcbind has no version {version}"))),
            Reply::AuthError(_) => Err(refused(String::from("rpcbind accepts this from the host itself only"))),
            reply => Err(refused(format!("rpcbind: {reply:?}"))),
        }
    }

    /// The port of a program, for the transport and the family of this conversation. A version that it does not have still gives a port: the mismatch
    /// shows at the call.
    ///
    /// # Errors
    /// rpcbind is not there. `None`: the program is not registered.
    pub fn port(&mut self, program: u32, version: u32) -> Result<Option<u16>, BindError> {
        if self.over_ipv6 {
            let answer = self.call_new("GETADDR", &self.address(program, version, String::new()))?;
            return Ok(if let Value::Bytes(text) = answer { port_of(&String::from_utf8_lossy(&text)) } else { None });
        }
        match self.call(2, "GETPORT", &self.mapping(program, version, 0))? {
            Value::Integer(port) => Ok(u16::try_from(port).ok().filter(|&port| port != 0)),
            _ => Ok(None),
        }
    }

    /// Everything that is registered: asked in version 4, 3 and 2, until one answers.
    ///
    /// # Errors
    /// None did.
    pub fn list(&mut self) -> Result<Vec<Entry>, BindError> {
        let value = match self.call_new("DUMP", &[]) {
            Err(BindError::Refused(_)) => self.call(2, "DUMP", &[]),
            result => result,
        }?;
        let Value::List { values, .. } = value else { return Ok(Vec::new()) };
        let entry = |value: &Value| if let Value::Struct(fields) = value { entry_of(fields) } else { None };
        Ok(values.iter().filter_map(entry).collect())
    }

    /// Register a program at this address, whose family must be that of the conversation: false if somebody else has registered it.
    ///
    /// # Errors
    /// rpcbind is not there, or refuses.
    pub fn set(&mut self, program: u32, version: u32, address: SocketAddr) -> Result<bool, BindError> {
        let port = address.port();
        let answer = match self.over_ipv6 {
            true => {
                let text = format!("{}.{}.{}", address.ip(), port >> 8, port & 255);
                self.call_new("SET", &self.address(program, version, text))?
            }
            false => self.call(2, "SET", &self.mapping(program, version, port))?,
        };
        Ok(answer == Value::Integer(1))
    }

    /// Take a registration back: false if there is none, or somebody else's. Version 2 takes back those of all protocols over IPv4 at once (RFC 1833,
    /// section 3.2).
    ///
    /// # Errors
    /// rpcbind is not there, or refuses.
    pub fn unset(&mut self, program: u32, version: u32) -> Result<bool, BindError> {
        let answer = match self.over_ipv6 {
            true => self.call_new("UNSET", &self.address(program, version, String::new()))?,
            false => self.call(2, "UNSET", &self.mapping(program, version, 0))?,
        };
        Ok(answer == Value::Integer(1))
    }

    /// A `mapping` of version 2.
    fn mapping(&self, program: u32, version: u32, port: u16) -> Vec<Value> {
        let protocol = if self.transport == Transport::Udp { libc::IPPROTO_UDP } else { libc::IPPROTO_TCP };
        let numbers = [program, version, protocol as u32, u32::from(port)];
        numbers.into_iter().map(|number| Value::Integer(i128::from(number))).collect()
    }

    /// An `address` of versions 3 and 4.
    fn address(&self, program: u32, version: u32, address: String) -> Vec<Value> {
        let netid = if self.transport == Transport::Udp { "udp6" } else { "tcp6" };
        let text = |text: &str| Value::Bytes(text.as_bytes().to_vec());
        let number = |number: u32| Value::Integer(i128::from(number));
        vec![number(program), number(version), text(netid), text(&address), text("")]
    }
}

fn entry_of(fields: &[Value]) -> Option<Entry> {
    let number = |value: &Value| if let Value::Integer(number) = value { u32::try_from(*number).ok() } else { None };
    let text = |value: &Value| match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    match fields {
        [program, version, netid @ Value::Bytes(_), address, owner] => Some(Entry {
            program: number(program)?,
            version: number(version)?,
            netid: text(netid),
            address: text(address),
            owner: text(owner),
        }),
        [program, version, protocol, port] => Some(Entry {
            program: number(program)?,
            version: number(version)?,
            netid: String::from(if number(protocol)? == libc::IPPROTO_UDP as u32 { "udp" } else { "tcp" }),
            address: number(port)?.to_string(),
            owner: String::new(),
        }),
        _ => None,
    }
}

/// The port in an address, if it has one.
fn port_of(address: &str) -> Option<u16> {
    let mut parts = address.rsplit('.');
    let low: u16 = parts.next()?.parse().ok()?;
    parts.next()?.parse::<u16>().ok()?.checked_mul(256)?.checked_add(low)
}

/// An xid that no other call of this or another process is likely to have.
pub fn fresh_xid() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // A forked child has its parent's next one, as all its siblings do.
    static OWNER: AtomicU32 = AtomicU32::new(0);
    let is_own = OWNER.swap(fork::generation(), Ordering::Relaxed) == fork::generation();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    if next != 0 && is_own {
        return next;
    }
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let first = time.subsec_nanos() ^ std::process::id().rotate_left(16) ^ time.as_secs() as u32;
    NEXT.store(first.wrapping_add(1).max(1), Ordering::Relaxed);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_in_the_last_two_parts_of_an_address() {
        assert_eq!(port_of("127.0.0.1.4.210"), Some(1234));
        assert_eq!(port_of("::.0.111"), Some(111));
        assert_eq!(port_of(""), None, "not registered");
        assert_eq!(port_of("/run/rpcbind.sock"), None);
    }

    #[test]
    fn the_interface_is_right_and_xids_differ() {
        assert!(idl::parse("rpcbind", INTERFACE.as_bytes()).is_ok());
        assert_ne!(fresh_xid(), fresh_xid());
    }
}
