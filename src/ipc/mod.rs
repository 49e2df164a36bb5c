//! Inter-process communication: the mechanisms as a library that needs no shell around it.

pub mod rpc;
