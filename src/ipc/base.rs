//! What the endpoints of one process have in common: where the user's files are, and which queues must stay open.

use crate::ipc::mq::posix::Held;
use std::path::PathBuf;

/// Where a program stands that opens endpoints.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// The session's directory (XDG_RUNTIME_DIR), if there is one: mailboxes and rendezvous are below it.
    pub session: Option<PathBuf>,
    /// POSIX queues that are kept open.
    pub held: Held,
}

impl Base {
    /// As the process's environment says.
    pub fn from_environment() -> Self {
        Self { session: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from), held: Held::default() }
    }
}
