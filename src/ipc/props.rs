//! The lecture's table: what each mechanism does about synchronisation, addressing, buffering, format and priority; and for one
//! address what the kernel knows of it now.
//!
//! System calls: msgctl, mq_getattr, fcntl (F_GETPIPE_SZ), ioctl (FIONREAD), stat.

use crate::ipc::address::{Address, Transport, UnixKind};
use crate::ipc::base::Base;
use crate::ipc::error::Error;
use crate::ipc::mailbox::{self, keeper};
use crate::ipc::mq::admin::{self, Facts};
use crate::ipc::mq::users;
use crate::ipc::run;
use crate::ipc::wait::{Patience, Wait};
use crate::sys::socket;
use bstr::ByteSlice;
use serde_json::Value;
use std::fs::FileType;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
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

/// What is true of an address now: capacity, messages waiting, owner, mode, last sender and receiver where the kernel tells.
///
/// # Errors
/// There is no such place, or it may not be looked at.
pub fn live(address: &Address, base: &Base) -> Result<Facts, Error> {
    match address {
        Address::Posix(_) | Address::SystemV(_) => {
            let facts = admin::stat(address, &base.held)?;
            Ok(facts.into_iter().filter(|(name, _)| *name != "address").collect())
        }
        Address::Mailbox(name) => {
            let mut wait = Wait::new(Patience::None, 0);
            let place = mailbox::Place::of(name.as_bstr(), base)?;
            let (messages, receivers) = keeper::count(&place, &address.to_string(), &mut wait)?.unwrap_or_default();
            Ok(vec![
                ("capacity", setting("net/unix/max_dgram_qlen").map_or(Value::Null, |most| Value::from(most + 1))),
                ("messages", Value::from(messages)),
                ("receivers", Value::from(receivers)),
            ])
        }
        Address::Rendezvous(name) => {
            Ok(vec![("receiver-waits", Value::from(run::names(base, ".rdv").iter().any(|it| name == it.as_str())))])
        }
        Address::Fifo(path) => of_file(&path.to_path_lossy(), address),
        Address::Descriptor(number) => {
            let path = format!("/proc/self/fd/{number}");
            let mut facts = of_file(Path::new(&path), address)?;
            let pipe = crate::sys::stream::is_pipe(*number).then(|| crate::sys::stream::pipe_state(*number));
            if let Some((capacity, waiting)) = pipe {
                facts.insert(0, ("capacity", Value::from(capacity)));
                facts.insert(1, ("waiting-bytes", Value::from(waiting)));
            }
            Ok(facts)
        }
        _ => Ok(Facts::new()),
    }
}

fn of_file(path: &Path, address: &Address) -> Result<Facts, Error> {
    let refused = |error: std::io::Error| {
        Error::refused(
            address.to_string(),
            error.raw_os_error().map_or(nix::errno::Errno::EIO, nix::errno::Errno::from_raw),
        )
    };
    let file = path.metadata().map_err(refused)?;
    Ok(vec![
        ("owner", Value::from(users::name_of(file.uid()))),
        ("perms", Value::from(format!("{:o}", file.mode() & 0o777))),
        ("is-pipe", Value::from(file.file_type().is_fifo())),
    ])
}

fn setting(name: &str) -> Option<i64> {
    std::fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok()
}
