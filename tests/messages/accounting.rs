//! A message is never lost or doubled: several senders and receivers on each mechanism, some of them ended in the middle of their work, and every
//! message accounted for. `account.sh` says who they are.

use super::*;

/// 100,000 messages of the senders that are not ended.
const EACH: u32 = 25_000;

/// Run the accounting on an address, with what has to be there before and removed afterwards; a receiver waits in the system call `waits_in`.
fn account(before: &str, address: &str, after: &str, waits_in: libc::c_long) {
    if !has("/proc/PID/syscall", SYSCALL) {
        return;
    }
    let dir = Dir::new();
    prints(&dir, &format!("{before}\nset -- {address} {EACH} {waits_in}\n. \"$TESTS/account.sh\"\n{after}"), "done\n");
}

#[test]
fn system_v_queue() {
    account("queue=$(mq create sysv:0)", "$queue", "mq rm $queue", libc::SYS_msgrcv);
}

#[test]
fn posix_queue() {
    account("mq create -x /account-$$", "/account-$$", "mq rm /account-$$", libc::SYS_mq_timedreceive);
}

#[test]
fn named_pipe() {
    account("mkfifo pipe; exec 7<>pipe", "fifo:pipe", "", libc::SYS_tee);
}

#[test]
fn mailbox() {
    account("", "box:account-$$", "ipc rm box:account-$$ 2>/dev/null; :", libc::SYS_ppoll);
}

#[test]
fn rendezvous() {
    account("", "rdv:account-$$", "", libc::SYS_ppoll);
}
