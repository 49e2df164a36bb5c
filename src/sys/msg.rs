//! System V message queues (XSI `<sys/msg.h>`, sysvipc(7)): the kernel keeps lists of messages, each with a type, under a number.
//!
//! System calls: msgget, msgsnd, msgrcv, msgctl; and ftok, which makes a key of a file's name without looking into it.

use crate::sys::heap;
use nix::errno::Errno;
use std::ffi::CStr;
use std::mem::MaybeUninit;

pub use libc::{IPC_CREAT, IPC_EXCL, IPC_NOWAIT, IPC_PRIVATE, MSG_COPY, MSG_EXCEPT, MSG_NOERROR, msqid_ds};

/// The bytes of a message's type, which stand before its text.
pub const TYPE: usize = size_of::<libc::c_long>();

/// Limits of the whole system (msgctl(2), IPC_INFO and MSG_INFO), and what is in use.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Limits {
    pub longest_message: i64,
    pub bytes_per_queue: i64,
    pub queues: i64,
    pub used_queues: i64,
    pub used_messages: i64,
    pub used_bytes: i64,
}

/// msgget(2): the id of the queue with this key.
///
/// # Errors
/// ENOENT: none, and no IPC_CREAT; EEXIST: one, and IPC_EXCL; EACCES; ENOSPC: too many queues.
pub fn get(key: i32, flags: i32) -> Result<i32, Errno> {
    // SAFETY: msgget touches no memory.
    Errno::result(unsafe { libc::msgget(key, flags) })
}

/// msgsnd(2): `message` is the type in native byte order ([`TYPE`] bytes), then the text.
///
/// # Errors
/// EAGAIN: full (IPC_NOWAIT); EINTR; EINVAL: no such queue, a type below 1, or too long; EIDRM: removed while waiting; EACCES.
pub fn send(id: i32, message: &[u8], flags: i32) -> Result<(), Errno> {
    let length = message.len().checked_sub(TYPE).ok_or(Errno::EINVAL)?;
    // SAFETY: the kernel reads a type and `length` bytes, which is all of `message`.
    Errno::result(unsafe { libc::msgsnd(id, message.as_ptr().cast(), length, flags) }).map(drop)
}

/// msgrcv(2): take a message of at most `size` bytes into `message`, which afterwards holds the type and then the text.
///
/// # Errors
/// ENOMSG: none of that type (IPC_NOWAIT); EINTR; ENOMEM: no room for `size` bytes; E2BIG: longer than `size`, and no MSG_NOERROR; EIDRM; EINVAL; EACCES.
pub fn receive(id: i32, message: &mut Vec<u8>, size: usize, kind: i64, flags: i32) -> Result<(), Errno> {
    message.clear();
    if !heap::try_reserve(message, TYPE.saturating_add(size)) {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: there is room for a type and `size` bytes.
    let got = Errno::result(unsafe { libc::msgrcv(id, message.as_mut_ptr().cast(), size, kind, flags) })?;
    // SAFETY: the kernel has written the type and `got` bytes.
    unsafe { message.set_len(TYPE + got as usize) };
    Ok(())
}

/// msgctl(2) IPC_STAT.
///
/// # Errors
/// EACCES: not readable; EINVAL, EIDRM: no such queue.
pub fn stat(id: i32) -> Result<msqid_ds, Errno> {
    control(id, libc::IPC_STAT).map(|(_, status)| status)
}

/// msgctl(2) MSG_STAT_ANY (MSG_STAT before Linux 4.17): the id and the state of the queue at an index of the kernel's table.
///
/// # Errors
/// EINVAL: no queue at this index.
pub fn stat_at(index: i32) -> Result<(i32, msqid_ds), Errno> {
    const MSG_STAT: i32 = 11;
    const MSG_STAT_ANY: i32 = 13;
    control(index, MSG_STAT_ANY).or_else(|_| control(index, MSG_STAT))
}

fn control(id: i32, command: i32) -> Result<(i32, msqid_ds), Errno> {
    let mut status = MaybeUninit::<msqid_ds>::zeroed();
    // SAFETY: the commands used here write one msqid_ds.
    let result = Errno::result(unsafe { libc::msgctl(id, command, status.as_mut_ptr()) })?;
    // SAFETY: all zeros is a valid msqid_ds, and the kernel has filled it in.
    Ok((result, unsafe { status.assume_init() }))
}

/// msgctl(2) IPC_SET: owner, mode and the most bytes are taken from `status`.
///
/// # Errors
/// EPERM: neither owner nor privileged, or more bytes than msgmnb without privilege.
pub fn set(id: i32, mut status: msqid_ds) -> Result<(), Errno> {
    // SAFETY: `status` is an initialised msqid_ds.
    Errno::result(unsafe { libc::msgctl(id, libc::IPC_SET, &raw mut status) }).map(drop)
}

/// msgctl(2) IPC_RMID: the queue and its messages are gone; those who wait there get EIDRM.
///
/// # Errors
/// EPERM: neither owner nor creator nor privileged; EINVAL, EIDRM: no such queue.
pub fn remove(id: i32) -> Result<(), Errno> {
    // SAFETY: IPC_RMID does not look at the pointer.
    Errno::result(unsafe { libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// msgctl(2) IPC_INFO and MSG_INFO; also the highest index in use, for [`stat_at`] (-1: no queue at all is possible too).
pub fn limits() -> Result<(Limits, i32), Errno> {
    const MSG_INFO: i32 = 12;
    let info = |command| {
        let mut info = MaybeUninit::<libc::msginfo>::zeroed();
        // SAFETY: both commands write one msginfo.
        let highest = Errno::result(unsafe { libc::msgctl(0, command, info.as_mut_ptr().cast()) })?;
        // SAFETY: all zeros is a valid msginfo, and the kernel has filled it in.
        Ok((unsafe { info.assume_init() }, highest))
    };
    let (most, _) = info(libc::IPC_INFO)?;
    let (used, highest) = info(MSG_INFO)?;
    let limits = Limits {
        longest_message: most.msgmax.into(),
        bytes_per_queue: most.msgmnb.into(),
        queues: most.msgmni.into(),
        used_queues: used.msgpool.into(),
        used_messages: used.msgmap.into(),
        used_bytes: used.msgtql.into(),
    };
    Ok((limits, highest))
}

/// ftok(3): a key made of the file's device and inode numbers and `project`. Two files may have the same key, and a file that was
/// deleted and made again has another one.
///
/// # Errors
/// As stat(2).
pub fn key_of_file(path: &CStr, project: u8) -> Result<i32, Errno> {
    // SAFETY: `path` ends with a NUL.
    Errno::result(unsafe { libc::ftok(path.as_ptr(), project.into()) })
}
