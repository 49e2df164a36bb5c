//! The lecture's table: what each mechanism does about synchronisation, addressing, buffering, format and priority; and for one
//! address what the kernel knows of it now ([`mod@live`]).

pub mod live;

use crate::ipc::address::{Address, Transport, UnixKind};
use crate::sys::socket;
use bstr::ByteSlice;
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// The row of an address: mechanism, synchronisation, addressing, buffering, format, priority.
pub fn row(address: &Address) -> [&'static str; 6] {
    const SOCKET: &str = "blocks, or -n, or -t";
    match address {
        Address::Process(_) | Address::Job(_) => [
            "signal (send only)",
            "asynchronous",
            "direct",
            "one pending; real-time signals queue",
            "number, and an int with -q",
            "by number",
        ],
        Address::Descriptor(number) => of_kind(Path::new(&format!("/proc/self/fd/{number}")), Some(*number)),
        Address::Fifo(path) => of_kind(&path.to_path_lossy(), None),
        Address::Posix(_) => ["POSIX queue", SOCKET, "mailbox", "bounded number and size", "message", "0 to 32767"],
        Address::SystemV(_) => ["System V queue", SOCKET, "mailbox", "bounded bytes", "type and message", "by type"],
        Address::Internet(place) => match place.transport {
            Transport::Tcp => ["Internet socket", SOCKET, "direct", "the kernel's", "byte stream", "none"],
            Transport::Udp => ["Internet socket", SOCKET, "direct", "the kernel's", "datagram", "none"],
        },
        Address::Unix(place) => match place.kind {
            UnixKind::Stream => ["UNIX socket", SOCKET, "direct", "the kernel's", "byte stream", "none"],
            UnixKind::Datagram => ["UNIX socket", SOCKET, "direct", "the kernel's", "datagram", "none"],
            UnixKind::Seqpacket => ["UNIX socket", SOCKET, "direct", "the kernel's", "record", "none"],
        },
        Address::Mailbox(_) => {
            ["mailbox", "the sender blocks when it is full", "mailbox", "bounded number", "message", "none"]
        }
        Address::Rendezvous(_) => ["rendezvous", "synchronous", "direct", "none", "message", "none"],
    }
}

/// The row of a file. One that cannot be looked at would be a pipe.
fn of_kind(path: &Path, descriptor: Option<i32>) -> [&'static str; 6] {
    let kind = path.metadata().ok().map(|file| file.file_type());
    let is = |test: fn(&FileType) -> bool| kind.as_ref().is_some_and(test);
    if is(FileType::is_socket) {
        let format = match descriptor.map(socket::kind) {
            Some(Ok(libc::SOCK_DGRAM)) => "datagram",
            Some(Ok(libc::SOCK_SEQPACKET)) => "record",
            _ => "byte stream",
        };
        return ["socket", "blocks on full and on empty", "direct", "the kernel's", format, "none"];
    }
    if is(FileType::is_char_device) {
        return ["character device", "the device's", "indirect", "the device's", "byte stream", "none"];
    }
    if is(|kind| !kind.is_fifo()) {
        return ["file", "does not block", "indirect", "none: it stays", "byte stream", "none"];
    }
    ["pipe", "blocks on full and on empty", "indirect", "64 KiB", "byte stream", "none"]
}

/// The names of the columns of [`row`].
pub const COLUMNS: [&str; 6] = ["mechanism", "synchronisation", "addressing", "buffering", "format", "priority"];
