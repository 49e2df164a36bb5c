//! Queues as objects: make, look, change, remove, list. The same questions for both families.
//!
//! System calls: msgget, msgctl; mq_open, mq_unlink, and fstat, fchmod, fchown on a queue's descriptor. Without these a queue
//! that a crashed program left behind would stay, with its messages, until the machine is started anew.

use crate::ipc::address::{Address, SystemV};
use crate::ipc::error::{Error, Why};
use crate::ipc::json;
use crate::ipc::mq::posix::{self, Held};
use crate::ipc::mq::{sysv, users};
use crate::sys::{mqueue, msg};
use bstr::{BStr, ByteSlice};
use nix::errno::Errno;
use serde_json::Value;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// Facts in the order in which they are shown: text prints `name value`, JSON is an object.
pub type Facts = Vec<(&'static str, Value)>;

/// What `create` and `change` are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Permission bits.
    pub mode: Option<u32>,
    /// The queue must be new.
    pub exclusive: bool,
    /// POSIX: the most messages.
    pub max_messages: Option<i64>,
    /// POSIX: the longest message.
    pub message_size: Option<i64>,
    /// System V: the most bytes.
    pub bytes: Option<u64>,
    /// The new owner.
    pub user: Option<u32>,
}

/// Make a queue, or find the one that is there. Its id for `sysv:0`, where nothing else names it.
///
/// # Errors
/// EEXIST (exclusive), EINVAL (beyond the limits), ENOSPC, EACCES.
pub fn create(address: &Address, wish: &Wish, held: &Held) -> Result<Option<i32>, Error> {
    let name = address.to_string();
    match address {
        Address::Posix(queue) => {
            if wish.bytes.is_some() {
                return Err(Error::usage(name, "-B is for System V queues"));
            }
            create_posix(queue.as_bstr(), wish, held).map(|()| None)
        }
        Address::SystemV(queue) => {
            if wish.max_messages.is_some() || wish.message_size.is_some() {
                return Err(Error::usage(name, "-M and -S are for POSIX queues"));
            }
            if let SystemV::Id(_) = queue {
                return Err(Error::usage(name, "an id belongs to a queue that exists: use a key or a file"));
            }
            create_sysv(queue, &name, wish)
        }
        _ => Err(no_queue(address)),
    }
}

fn create_posix(name: &BStr, wish: &Wish, held: &Held) -> Result<(), Error> {
    if !wish.exclusive && held.find(name, libc::O_RDONLY).is_some() {
        return Ok(());
    }
    let (messages, size) = default_attributes();
    let attributes = mqueue::Attributes {
        max_messages: wish.max_messages.unwrap_or(messages),
        message_size: wish.message_size.unwrap_or(size),
        messages: 0,
    };
    let exclusive = if wish.exclusive { libc::O_EXCL } else { 0 };
    let mode = wish.mode.unwrap_or(0o600);
    let made = mqueue::create(&posix::c_name(name)?, libc::O_RDONLY | exclusive, mode, attributes);
    made.map(drop).map_err(|errno| {
        let size = format!("{} messages of {} bytes", attributes.max_messages, attributes.message_size);
        // To the kernel they are too many open files, a full device, or just wrong.
        let tried = match errno {
            Errno::EMFILE => format!("{name}: {size}, more than `ulimit -q` (or -n) allows"),
            Errno::EINVAL => format!("{name}: {size}, not what `mq limits` allows"),
            Errno::ENOSPC => format!("{name}: as many queues as `mq limits` allows are there"),
            _ => name.to_string(),
        };
        Error::refused(tried, errno)
    })
}

fn create_sysv(queue: &SystemV, name: &str, wish: &Wish) -> Result<Option<i32>, Error> {
    let key = sysv::key(queue).map_err(|errno| Error::refused(name, errno))?;
    let mode = wish.mode.unwrap_or(0o600).cast_signed();
    let (id, is_new) = match msg::get(key, msg::IPC_CREAT | msg::IPC_EXCL | mode) {
        Err(Errno::EEXIST) if !wish.exclusive => (msg::get(key, msg::IPC_CREAT | mode), false),
        made => (made, true),
    };
    let id = id.map_err(|errno| match errno {
        Errno::ENOSPC => Error::refused(format!("{name}: as many queues as `mq limits` allows are there"), errno),
        _ => Error::refused(name, errno),
    })?;
    if wish.bytes.is_some()
        && let Err(error) = change_sysv(id, name, &Wish { bytes: wish.bytes, ..Wish::default() })
    {
        // A queue that is not as it was asked for is not made.
        if is_new && let Err(errno) = msg::remove(id) {
            return Err(Error::refused(name, errno));
        }
        return Err(error);
    }
    Ok((key == msg::IPC_PRIVATE).then_some(id))
}

/// The system's default size of a POSIX queue.
fn default_attributes() -> (i64, i64) {
    let least = |default, most, usual| setting(default).into_iter().chain(setting(most)).min().unwrap_or(usual);
    (
        least("fs/mqueue/msg_default", "fs/mqueue/msg_max", 10),
        least("fs/mqueue/msgsize_default", "fs/mqueue/msgsize_max", 8192),
    )
}

/// A number under /proc/sys; `None`: this system does not have it.
pub fn setting(name: &str) -> Option<i64> {
    std::fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok()
}

fn no_queue(address: &Address) -> Error {
    Error::usage(address.to_string(), "not a message queue (/name or sysv:...)")
}

/// Change mode, owner, size.
///
/// # Errors
/// EPERM: not one's own; a wish that this family does not know.
pub fn change(address: &Address, wish: &Wish, held: &Held) -> Result<(), Error> {
    let name = address.to_string();
    let refused = |errno| Error::refused(&name, errno);
    match address {
        Address::SystemV(queue) => {
            let id = sysv::find(queue, &name)?;
            change_sysv(id, &name, wish)
        }
        Address::Posix(_) if wish.bytes.is_some() => Err(Error::usage(name, "-B is for System V queues")),
        Address::Posix(queue) => {
            let queue = open_any(queue.as_bstr(), held)?;
            if let Some(mode) = wish.mode {
                let mode = nix::sys::stat::Mode::from_bits_truncate(mode);
                nix::sys::stat::fchmod(queue.as_fd(), mode).map_err(refused)?;
            }
            if let Some(user) = wish.user {
                nix::unistd::fchown(queue.as_fd(), Some(user.into()), None).map_err(refused)?;
            }
            Ok(())
        }
        _ => Err(no_queue(address)),
    }
}

fn change_sysv(id: i32, name: &str, wish: &Wish) -> Result<(), Error> {
    let refused = |errno| Error::refused(name, gone(errno));
    let mut status = msg::stat(id).map_err(refused)?;
    if let Some(mode) = wish.mode {
        status.msg_perm.mode = mode as u16 & 0o777;
    }
    if let Some(user) = wish.user {
        status.msg_perm.uid = user;
    }
    if let Some(bytes) = wish.bytes {
        status.msg_qbytes = bytes;
    }
    msg::set(id, status).map_err(|errno| match (errno, wish.bytes) {
        (Errno::EPERM, Some(bytes)) if msg::limits().is_ok_and(|(most, _)| bytes > most.bytes_per_queue as u64) => {
            Error::refused(format!("{name}: {bytes} bytes, more than `mq limits` allows"), errno)
        }
        _ => refused(errno),
    })
}

/// To the kernel an id that is no queue's is EINVAL.
fn gone(errno: Errno) -> Errno {
    if errno == Errno::EINVAL { Errno::EIDRM } else { errno }
}

/// Open a queue for whatever is permitted.
fn open_any(name: &BStr, held: &Held) -> Result<Rc<OwnedFd>, Error> {
    match held.open(name, libc::O_RDONLY) {
        Err(Error { why: Why::Refused(Errno::EACCES), .. }) => held.open(name, libc::O_WRONLY),
        opened => opened,
    }
}

/// Remove a queue.
///
/// # Errors
/// There is none, or it is not one's own.
pub fn remove(address: &Address) -> Result<(), Error> {
    let refused = |errno| Error::refused(address.to_string(), errno);
    match address {
        Address::SystemV(queue) => {
            let id = sysv::find(queue, &address.to_string())?;
            msg::remove(id).map_err(|errno| refused(gone(errno)))
        }
        Address::Posix(name) => mqueue::unlink(&posix::c_name(name.as_bstr())?).map_err(refused),
        _ => Err(no_queue(address)),
    }
}

/// All there is to know of a queue.
///
/// # Errors
/// There is none, or it may not be read.
pub fn stat(address: &Address, held: &Held) -> Result<Facts, Error> {
    let refused = |errno| Error::refused(address.to_string(), errno);
    match address {
        Address::SystemV(queue) => {
            let id = sysv::find(queue, &address.to_string())?;
            let status = msg::stat(id).map_err(|errno| refused(gone(errno)))?;
            let mut facts = vec![("address", json::bytes(&address.to_bytes()))];
            facts.extend(sysv_facts(id, &status));
            Ok(facts)
        }
        Address::Posix(name) => {
            let queue = open_any(name.as_bstr(), held)?;
            let attributes = mqueue::attributes(queue.as_fd()).map_err(refused)?;
            let file = nix::sys::stat::fstat(queue.as_fd()).map_err(refused)?;
            let mut facts: Facts = vec![
                ("address", json::bytes(name)),
                ("owner", Value::from(users::name_of(file.st_uid))),
                ("perms", Value::from(format!("{:o}", file.st_mode & 0o777))),
                ("messages", Value::from(attributes.messages)),
                ("max-messages", Value::from(attributes.max_messages)),
                ("message-size", Value::from(attributes.message_size)),
            ];
            for (name, value) in posix::facts(&queue) {
                match name.as_str() {
                    "QSIZE" => facts.push(("used-bytes", value.into())),
                    "NOTIFY_PID" => facts.push(("notify-pid", value.into())),
                    _ => {}
                }
            }
            Ok(facts)
        }
        _ => Err(no_queue(address)),
    }
}

fn sysv_facts(id: i32, status: &msg::msqid_ds) -> Facts {
    vec![
        ("key", Value::from(format!("{:#010x}", status.msg_perm.__key))),
        ("msqid", Value::from(id)),
        ("owner", Value::from(users::name_of(status.msg_perm.uid))),
        ("perms", Value::from(format!("{:o}", status.msg_perm.mode & 0o777))),
        ("used-bytes", Value::from(status.__msg_cbytes)),
        ("messages", Value::from(status.msg_qnum)),
        ("max-bytes", Value::from(status.msg_qbytes)),
        ("last-sender", Value::from(status.msg_lspid)),
        ("last-receiver", Value::from(status.msg_lrpid)),
        ("sent", Value::from(status.msg_stime)),
        ("received", Value::from(status.msg_rtime)),
        ("changed", Value::from(status.msg_ctime)),
    ]
}

/// A queue in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Where it is.
    pub address: Address,
    /// Who owns it.
    pub uid: u32,
    /// What is known of it.
    pub facts: Facts,
}

impl Listed {
    /// The key of a System V queue, as `ipcs` shows it, unless it is private.
    pub fn key(&self) -> Option<&str> {
        let key = self.facts.iter().find(|(name, _)| *name == "key").and_then(|(_, value)| value.as_str());
        key.filter(|&key| key != "0x00000000")
    }
}

/// All System V queues.
///
/// # Errors
/// A kernel without them (ENOSYS).
pub fn list_sysv() -> Result<Vec<Listed>, Error> {
    let (_, highest) = msg::limits().map_err(|errno| Error::refused("System V queues", errno))?;
    let mut found = Vec::new();
    for index in 0..=highest {
        if let Ok((id, status)) = msg::stat_at(index) {
            let uid = status.msg_perm.uid;
            found.push(Listed { address: Address::SystemV(SystemV::Id(id)), uid, facts: sysv_facts(id, &status) });
        }
    }
    Ok(found)
}

/// All POSIX queues: the files of the mqueue file system.
///
/// # Errors
/// It is not mounted.
pub fn list_posix(held: &Held) -> Result<Vec<Listed>, Error> {
    use std::os::unix::fs::MetadataExt;
    let why = "no mqueue file system is mounted (as root: mkdir -p /dev/mqueue; mount -t mqueue none /dev/mqueue)";
    let place = mount_point().ok_or_else(|| Error::other("POSIX queues cannot be listed", why))?;
    let entries = std::fs::read_dir(&place);
    let entries = entries.map_err(|error| Error::other(format!("{place}: cannot be listed"), error.to_string()))?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let Ok(file) = entry.metadata() else { continue };
        let mut name = b"/".to_vec();
        name.extend_from_slice(std::os::unix::ffi::OsStrExt::as_bytes(entry.file_name().as_os_str()));
        let address = Address::Posix(name.into());
        let facts = stat(&address, held).unwrap_or_else(|_| {
            vec![
                ("address", json::bytes(&address.to_bytes())),
                ("owner", Value::from(users::name_of(file.uid()))),
                ("perms", Value::from(format!("{:o}", file.mode() & 0o777))),
            ]
        });
        found.push(Listed { address, uid: file.uid(), facts });
    }
    found.sort_by_key(|listed| listed.address.to_string());
    Ok(found)
}

/// Where the mqueue file system is mounted.
fn mount_point() -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mut lines = mounts.lines().map(|line| line.split(' '));
    lines.find_map(|mut words| match (words.next(), words.next(), words.next()) {
        (Some(_), Some(place), Some("mqueue")) => Some(place.to_owned()),
        _ => None,
    })
}

/// The limits of both families.
pub fn limits() -> Facts {
    let mut facts = Facts::new();
    if let Ok((limits, _)) = msg::limits() {
        facts.push(("sysv-longest-message", Value::from(limits.longest_message)));
        facts.push(("sysv-bytes-per-queue", Value::from(limits.bytes_per_queue)));
        facts.push(("sysv-queues", Value::from(limits.queues)));
        facts.push(("sysv-used-queues", Value::from(limits.used_queues)));
        facts.push(("sysv-used-messages", Value::from(limits.used_messages)));
        facts.push(("sysv-used-bytes", Value::from(limits.used_bytes)));
    }
    for (name, file) in [
        ("posix-messages-per-queue", "fs/mqueue/msg_max"),
        ("posix-messages-default", "fs/mqueue/msg_default"),
        ("posix-longest-message", "fs/mqueue/msgsize_max"),
        ("posix-message-size-default", "fs/mqueue/msgsize_default"),
        ("posix-queues", "fs/mqueue/queues_max"),
    ] {
        facts.push((name, setting(file).map_or(Value::Null, Value::from)));
    }
    facts.push(("posix-highest-priority", Value::from(posix::HIGHEST_PRIORITY)));
    facts
}

/// The key that ftok(3) makes of a file.
///
/// # Errors
/// It is not there.
pub fn key_of_file(path: &BStr, project: u8) -> Result<i32, Error> {
    let file = CString::new(path.to_vec()).map_err(|_| Error::usage(path.to_string(), "a path has no NUL"))?;
    msg::key_of_file(&file, project).map_err(|errno| Error::refused(path.to_string(), errno))
}
