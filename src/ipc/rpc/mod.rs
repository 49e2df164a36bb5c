//! Remote procedure calls: calling a function that runs in another process.
//!
//! ```text
//!   caller                                                      server
//!   result = ADD(2, 3)                                          ADD(a, b) { return a + b }
//!      |   ^                                                       ^   |
//!      v   |      marshalling (xdr)            marshalling (xdr)   |   v
//!    client stub ---- call: xid, program, version, procedure, args ---> server stub
//!                <--- reply: xid, status, result ----------------------
//!                      TCP (records), UDP (datagrams), UNIX sockets
//!   rpcbind: "which port has program 536870913?"
//! ```
//!
//! The *interface* ([`interface`], read by [`idl`]) is what both sides agree on; the *stubs* turn arguments into bytes ([`xdr`], [`text`]); *binding* finds the
//! server; and a call that gets no answer leaves the caller in doubt whether it was executed: that is what the call *semantics* are about.

pub mod buffer;
pub mod client;
pub mod dispatch;
pub mod fault;
pub mod frame;
pub mod http;
pub mod idl;
pub mod interface;
pub mod json;
pub mod onc;
pub mod record;
pub mod rpcbind;
pub mod server;
pub mod session;
pub mod text;
pub mod xdr;
