//! The mechanisms of inter-process communication, each readable alone and usable from any Rust program. They know nothing of the
//! shell; [`crate::sys`] makes the system calls.

pub mod rpc;
pub mod socket;
pub mod watch;
