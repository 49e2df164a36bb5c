//! What a caller keeps between two calls: the interfaces that it has read, and connections.
//!
//! Without it each call of a stub would read its `.x` file and connect anew, and most of the time would go there.

use crate::ipc::rpc::client::{Connection, Transport};
use crate::ipc::rpc::idl;
use crate::ipc::rpc::interface::Interface;
use crate::status::Error;
use crate::sys::fork;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

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

/// By what a change of a file is noticed: which one it is, how long, and when it was changed last. `None`: there is none.
type State = Option<(u64, u64, u64, i64, i64)>;

/// Files, and how they were when they were read.
type Files = Vec<(PathBuf, State)>;

fn state(path: &Path) -> State {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino(), data.len(), data.mtime(), data.mtime_nsec()))
}

/// Interfaces and connections.
#[derive(Debug, Default)]
pub struct Session {
    /// With the files that it was read from.
    interfaces: BTreeMap<PathBuf, (Files, Rc<Interface>)>,
    /// With the generation of the process that opened them: a forked child has copies of the descriptors, and must not speak in its parent's
    /// conversations.
    connections: Vec<(u32, Destination, Connection)>,
}

impl Session {
    /// The interface of a file; it is read again when it or a file that it includes has changed.
    ///
    /// # Errors
    /// As [`idl::load`].
    pub fn interface(&mut self, path: &Path) -> Result<Rc<Interface>, Error> {
        if let Some((files, interface)) = self.interfaces.get(path)
            && files.iter().all(|(path, known)| *known == state(path))
        {
            return Ok(Rc::clone(interface));
        }
        let mut files = Files::new();
        let interface = Rc::new(idl::load(path, &mut |path| files.push((path.to_owned(), state(path))))?);
        self.interfaces.insert(path.to_owned(), (files, Rc::clone(&interface)));
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
