//! What a caller keeps between two calls: the interfaces that it has read, and connections.
//!
//! Without it each call of a stub would read its `.x` file and connect anew, and most of the time would go there.

use crate::ipc::rpc::client::{Connection, Transport};
use crate::ipc::rpc::idl;
use crate::ipc::rpc::interface::Interface;
use crate::status::Error;
use crate::sys::fork;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

/// How many connections are kept.
const MOST: usize = 16;

/// What a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// What carries the messages.
    pub transport: Transport,
    /// The host, or a path.
    pub host: Vec<u8>,
    /// The port; `None`: the one that rpcbind names for program and version.
    pub port: Option<u16>,
    /// Program and version.
    pub program: (u32, u32),
}

/// Interfaces and connections.
#[derive(Debug, Default)]
pub struct Session {
    /// With the time of the file's last change.
    interfaces: BTreeMap<PathBuf, (SystemTime, Rc<Interface>)>,
    /// With the generation of the process that opened them: a forked child has copies of the descriptors, and must not speak in its parent's
    /// conversations.
    connections: Vec<(u32, Destination, Connection)>,
}

impl Session {
    /// The interface of a file; it is read again when it has changed.
    ///
    /// # Errors
    /// As [`idl::load`].
    pub fn interface(&mut self, path: &Path) -> Result<Rc<Interface>, Error> {
        let changed = std::fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        if let Some((known, interface)) = self.interfaces.get(path)
            && *known == changed
        {
            return Ok(Rc::clone(interface));
        }
        let interface = Rc::new(idl::load(path)?);
        self.interfaces.insert(path.to_owned(), (changed, Rc::clone(&interface)));
        Ok(interface)
    }

    /// The same for a stub, which was made from the interface as it was then: the file is not looked at again. Only a path from the root means the
    /// same file always.
    ///
    /// # Errors
    /// As [`Session::interface`].
    pub fn interface_of_stub(&mut self, path: &Path) -> Result<Rc<Interface>, Error> {
        match self.interfaces.get(path) {
            Some((_, interface)) if path.is_absolute() => Ok(Rc::clone(interface)),
            _ => self.interface(path),
        }
    }

    /// A connection that was kept and is still good; it is the caller's from now on.
    pub fn take(&mut self, destination: &Destination) -> Option<Connection> {
        self.connections.retain(|(owner, ..)| *owner == fork::generation());
        let found = self.connections.iter().position(|(_, known, _)| known == destination)?;
        let (_, _, connection) = self.connections.swap_remove(found);
        connection.is_idle().then_some(connection)
    }

    /// Keep a connection for the next call.
    pub fn keep(&mut self, destination: Destination, connection: Connection) {
        if self.connections.len() >= MOST {
            self.connections.remove(0);
        }
        self.connections.push((fork::generation(), destination, connection));
    }
}
