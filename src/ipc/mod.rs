//! Inter-process communication: the mechanisms as a library that needs no shell around it. Each is readable alone; [`crate::sys`] makes
//! the system calls.

pub mod rpc;
pub mod socket;
pub mod watch;
