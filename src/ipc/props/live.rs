//! What is true of an address now: capacity, what waits there, owner, mode; a process and its pending signals; who listens.
//!
//! Looking changes nothing: a named pipe is not opened (that would let somebody go on who waits for the other side), and nobody connects to
//! a server.
//!
//! System calls: msgctl, mq_getattr, stat, fcntl (F_GETPIPE_SZ), ioctl (FIONREAD), getsockopt, pidfd_getfd; and what proc(5) tells.

use crate::ipc::address::{Address, Internet, Transport, Unix, UnixKind, UnixPlace};
use crate::ipc::base::Base;
use crate::ipc::error::{Error, errno_of};
use crate::ipc::mailbox::{self, keeper};
use crate::ipc::mq::admin::{self, Facts};
use crate::ipc::mq::users;
use crate::ipc::socket::name;
use crate::ipc::wait::{Patience, Wait};
use crate::ipc::{json, rendezvous, signals};
use crate::sys::resolve::Unresolved;
use crate::sys::socket::{self, Name};
use crate::sys::{fd, pidfd, signal, signames, stream};
use bstr::ByteSlice;
use nix::errno::Errno;
use serde_json::Value;
use std::fs::Metadata;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What there is to say of an address.
///
/// # Errors
/// There is no such place, nobody listens there, or it may not be looked at.
pub fn facts(address: &Address, base: &Base) -> Result<Facts, Error> {
    let refused = |errno| Error::refused(address.to_string(), errno);
    match address {
        Address::Posix(_) | Address::SystemV(_) => {
            let facts = admin::stat(address, &base.held)?;
            Ok(facts.into_iter().filter(|(name, _)| *name != "address").collect())
        }
        Address::Mailbox(name) => {
            let mut wait = Wait::new(Patience::None, 0);
            let place = mailbox::Place::of(name.as_bstr(), base)?;
            let count = keeper::count(&place, &address.to_string(), &mut wait)?;
            let (messages, receivers) = count.ok_or_else(|| refused(Errno::ENOENT))?;
            let capacity = admin::setting("net/unix/max_dgram_qlen").map(|most| most + 1);
            let mut facts = vec![
                ("capacity", Value::from(capacity)),
                ("messages", Value::from(messages)),
                ("receivers", Value::from(receivers)),
            ];
            // It may end at any moment.
            facts.extend(place.file("box").metadata().as_ref().map(of_file).unwrap_or_default());
            Ok(facts)
        }
        Address::Rendezvous(name) => {
            Ok(vec![("receiver-waits", Value::from(rendezvous::is_awaited(name.as_bstr(), base)?))])
        }
        Address::Fifo(path) => {
            let file = path.to_path_lossy().metadata().map_err(|error| refused(errno_of(&error)))?;
            let mut facts = if file.file_type().is_fifo() { of_fifo(&file) } else { Facts::new() };
            facts.extend(of_file(&file));
            Ok(facts)
        }
        Address::Descriptor(number) => of_descriptor(*number).map_err(refused),
        Address::Process(pid) => of_process(*pid).map_err(refused),
        Address::Internet(place) => of_internet(place, address),
        Address::Unix(place) => of_unix(place).map_err(refused),
        // Only a shell knows its jobs.
        Address::Job(_) => Ok(Facts::new()),
    }
}

fn of_file(file: &Metadata) -> Facts {
    vec![
        ("owner", Value::from(users::name_of(file.uid()))),
        ("perms", Value::from(format!("{:o}", file.mode() & 0o777))),
    ]
}

fn of_pipe(end: &OwnedFd) -> Result<Facts, Errno> {
    let (capacity, waiting) = stream::pipe_state(end.as_fd())?;
    Ok(vec![("capacity", Value::from(capacity)), ("waiting-bytes", Value::from(waiting))])
}

/// A named pipe that has no end open has no buffer: then its capacity is the one that a new pipe has. What cannot be known is not told.
fn of_fifo(file: &Metadata) -> Facts {
    let Some(end) = open_end(file) else { return Facts::new() };
    let end = end.or_else(|| fd::pipe().ok().map(|(read, _)| read));
    end.and_then(|end| of_pipe(&end).ok()).unwrap_or_default()
}

/// How many descriptors are looked at for one of a named pipe: the kernel has no list of those that have a file open.
const LOOKED_AT: usize = 50_000;

/// A copy of a descriptor of a named pipe, of whatever process has one open and lets itself be looked at: this one, or else the youngest.
/// `None`: there are too many descriptors to know, or one that may not be copied.
fn open_end(file: &Metadata) -> Option<Option<OwnedFd>> {
    let own = nix::unistd::getpid().as_raw();
    let mut processes = numbers("/proc");
    processes.sort_unstable_by_key(|&pid| (pid != own, -pid));
    let descriptors = processes.into_iter().flat_map(|pid| {
        let numbers = numbers(&format!("/proc/{pid}/fd"));
        numbers.into_iter().map(move |number| (pid, number))
    });
    let mut is_hidden = false;
    for (count, (pid, number)) in descriptors.enumerate() {
        if count == LOOKED_AT {
            return None;
        }
        let open = Path::new(&format!("/proc/{pid}/fd/{number}")).metadata();
        if open.is_ok_and(|open| (open.dev(), open.ino()) == (file.dev(), file.ino())) {
            let copy = match pid {
                _ if pid == own => fd::dup_private(number),
                _ => pidfd::open(pid).and_then(|process| pidfd::copy(process.as_fd(), number)),
            };
            is_hidden |= copy.is_err();
            // One that only stands for the name (O_PATH) tells nothing.
            let end = copy.ok().filter(|copy| stream::pipe_state(copy.as_fd()).is_ok());
            if end.is_some() {
                return Some(end);
            }
        }
    }
    if is_hidden { None } else { Some(None) }
}

/// The numbers among the names in a directory; none of one that may not be looked at, or has gone as processes do.
fn numbers(path: &str) -> Vec<i32> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn of_descriptor(number: i32) -> Result<Facts, Errno> {
    let file = Path::new(&format!("/proc/self/fd/{number}")).metadata().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Errno::EBADF,
        _ => errno_of(&error),
    })?;
    let own = fd::dup_private(number)?;
    if file.file_type().is_socket() {
        return of_socket(&own, &file);
    }
    let mut facts = if file.file_type().is_fifo() { of_pipe(&own)? } else { Facts::new() };
    facts.extend(of_file(&file));
    Ok(facts)
}

/// The mode of an open socket's file says nothing.
fn of_socket(fd: &OwnedFd, file: &Metadata) -> Result<Facts, Errno> {
    let option = |option| socket::option(fd.as_raw_fd(), libc::SOL_SOCKET, option).ok();
    let listens = option(libc::SO_ACCEPTCONN) == Some(1);
    let text = |name: &Name| json::bytes(&name::text(name));
    let names = [("local", socket::local_name(fd.as_raw_fd())), ("peer", socket::peer_name(fd.as_raw_fd()))];
    let named = |(what, name): (_, Result<Name, Errno>)| name.ok().map(|name| (what, text(&name)));
    let mut facts: Facts = names.into_iter().filter_map(named).filter(|(_, name)| *name != "").collect();
    if listens {
        facts.push(("listens", Value::from(true)));
        let rows = rows(["tcp", "tcp6"])?.into_iter();
        facts.extend(rows.filter(|row| row.inode == file.ino()).map(|row| ("waiting-connections", row.waiting.into())));
    } else {
        facts.extend(option(libc::SO_RCVBUF).map(|size| ("capacity", Value::from(size))));
        facts.extend(stream::waiting(fd.as_fd()).ok().map(|waiting| ("waiting-bytes", Value::from(waiting))));
    }
    facts.push(("owner", Value::from(users::name_of(file.uid()))));
    Ok(facts)
}

/// What waits at a process are signals. Real-time signals queue, as many as its user may have.
fn of_process(pid: i32) -> Result<Facts, Errno> {
    let status = signals::Status::of(pid)?;
    let names: Vec<String> =
        signal::bits(status.sets().pending).map(|number| signames::name_or_number(number).to_string()).collect();
    let mut facts = vec![("program", Value::from(status.value("Name"))), ("pending", Value::from(names.join(" ")))];
    if let Some((queued, most)) = status.value("SigQ").split_once('/') {
        facts.push(("queued-by-owner", queued.parse::<u64>().map_or(Value::Null, Value::from)));
        facts.push(("capacity", most.parse::<u64>().map_or(Value::Null, Value::from)));
    }
    // Real, effective, saved, file system: the second is whom the process acts for.
    if let Some(Ok(uid)) = status.value("Uid").split_whitespace().nth(1).map(str::parse) {
        facts.push(("owner", Value::from(users::name_of(uid))));
    }
    Ok(facts)
}

/// A datagram socket may connect without anybody's noticing: to a socket of another type it cannot (EPROTOTYPE), to one that nobody has open
/// neither (ECONNREFUSED).
fn of_unix(place: &Unix) -> Result<Facts, Errno> {
    let (name, mut facts) = match &place.place {
        UnixPlace::Path(path) => {
            let file = path.to_path_lossy().metadata().map_err(|error| errno_of(&error))?;
            (Name::Path(path.to_vec()), of_file(&file))
        }
        UnixPlace::Abstract(name) => (Name::Abstract(name.to_vec()), Facts::new()),
    };
    let probe = socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM)?;
    match (socket::connect(probe.as_raw_fd(), &name), place.kind) {
        (Ok(()), UnixKind::Datagram) | (Err(Errno::EPROTOTYPE), UnixKind::Stream | UnixKind::Seqpacket) => {}
        (Ok(()), _) => return Err(Errno::EPROTOTYPE),
        (Err(errno), _) => return Err(errno),
    }
    let room = socket::option(probe.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDBUF)?;
    facts.insert(0, ("capacity", Value::from(room)));
    Ok(facts)
}

/// A socket of this machine, as proc(5) lists them.
struct Row {
    local: SocketAddr,
    listens: bool,
    /// Connections that nobody has taken yet, or bytes of datagrams.
    waiting: u64,
    uid: u32,
    inode: u64,
}

/// The sockets in tables of /proc/net: tcp, tcp6, udp, udp6.
fn rows(tables: [&str; 2]) -> Result<Vec<Row>, Errno> {
    let mut rows = Vec::new();
    for table in tables {
        match std::fs::read_to_string(format!("/proc/net/{table}")) {
            Ok(text) => rows.extend(text.lines().skip(1).filter_map(row)),
            // A system without IPv6 has no sockets of it either.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && table.ends_with('6') => {}
            Err(error) => return Err(errno_of(&error)),
        }
    }
    Ok(rows)
}

/// `sl local remote state tx:rx timer:when retransmissions uid timeout inode`, addresses in words of the machine's own order.
fn row(line: &str) -> Option<Row> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (host, port) = columns.get(1)?.split_once(':')?;
    let words = host.as_bytes().chunks(8).map(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<u32>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(bytes) => IpAddr::V4(Ipv4Addr::from(bytes)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)),
    };
    Some(Row {
        local: SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?),
        listens: *columns.get(3)? == "0A",
        waiting: u64::from_str_radix(columns.get(4)?.split_once(':')?.1, 16).ok()?,
        uid: columns.get(7)?.parse().ok()?,
        inode: columns.get(9)?.parse().ok()?,
    })
}

/// Whether the socket that `row` tells of gets what is sent to `name`; one that takes all addresses of IPv6 takes those of IPv4 too.
fn gets(row: &Row, name: &SocketAddr) -> bool {
    let takes_all = row.local.ip().is_unspecified() && (row.local.is_ipv6() || name.is_ipv4());
    row.local.port() == name.port() && (row.local.ip() == name.ip() || takes_all)
}

fn of_internet(place: &Internet, address: &Address) -> Result<Facts, Error> {
    let (kind, tables, waiting) = match place.transport {
        Transport::Tcp => (libc::SOCK_STREAM, ["tcp", "tcp6"], "waiting-connections"),
        Transport::Udp => (libc::SOCK_DGRAM, ["udp", "udp6"], "waiting-bytes"),
    };
    let nowhere = |why: Unresolved| Error::nowhere(address.to_string(), why.to_string());
    let names = name::resolve(&place.host, &place.port, libc::AF_UNSPEC, kind, false).map_err(nowhere)?;
    let names: Vec<SocketAddr> =
        names.into_iter().filter_map(|name| if let Name::Inet(name) = name { Some(name) } else { None }).collect();
    let is_server = |row: &Row| row.listens || place.transport == Transport::Udp;
    let mut rows = rows(tables).map_err(|errno| Error::refused("/proc/net", errno))?.into_iter();
    if let Some(row) = rows.find(|row| is_server(row) && names.iter().any(|name| gets(row, name))) {
        return Ok(vec![
            ("local", Value::from(row.local.to_string())),
            (waiting, Value::from(row.waiting)),
            ("owner", Value::from(users::name_of(row.uid))),
        ]);
    }
    // Another machine's sockets cannot be seen from here.
    if names.iter().any(|name| is_here(name.ip())) {
        return Err(Error::refused(address.to_string(), Errno::ECONNREFUSED));
    }
    Ok(names.first().map(|name| ("remote", Value::from(name.to_string()))).into_iter().collect())
}

/// Whether an address is one of this machine's: a socket can be bound to it.
fn is_here(ip: IpAddr) -> bool {
    let family = if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let probe = socket::socket(family, libc::SOCK_DGRAM);
    probe.is_ok_and(|probe| socket::bind(probe.as_raw_fd(), &Name::Inet(SocketAddr::new(ip, 0))).is_ok())
}
