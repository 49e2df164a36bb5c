//! A message is never lost or doubled: several senders and receivers on each mechanism, some of them ended, and every message accounted for.

use super::*;

/// Run the accounting on an address, with what has to be there before and removed afterwards.
fn account(before: &str, address: &str, after: &str, count: u32) {
    let dir = Dir::new();
    let output = dir.run(&format!("{before}\nset -- {address} {count}\n. \"$TESTS/account.sh\"\n{after}"));
    let printed = String::from_utf8_lossy(&output.stdout);
    let expected = "a waiting receiver was killed\na sender was killed\nevery message once\n";
    assert!(printed.ends_with(expected), "{address}: {output:?}");
}

#[test]
fn system_v_queue() {
    account("queue=$(mq create sysv:0)", "$queue", "mq rm $queue", 34_000);
}

#[test]
fn posix_queue() {
    account("mq create -x /account-$$", "/account-$$", "mq rm /account-$$", 34_000);
}

#[test]
fn named_pipe() {
    account("mkfifo pipe; exec 7<>pipe", "fifo:pipe", "", 34_000);
}

#[test]
fn mailbox() {
    account("", "box:account-$$", "ipc rm box:account-$$ 2>/dev/null", 34_000);
}

#[test]
fn rendezvous() {
    account("", "rdv:account-$$", "", 5_000);
}
