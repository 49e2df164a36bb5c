//! A message is never lost or doubled: several senders and receivers on each mechanism, some of them ended, and every message accounted for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Run the accounting on an address, with what has to be there before and removed afterwards.
fn account(name: &str, before: &str, address: &str, after: &str, count: u32) {
    let folder = std::env::temp_dir().join(format!("ipcsh-account-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages/account.sh");
    let script = script.display();
    let output = Command::new("timeout")
        .args(["300", env!("CARGO_BIN_EXE_ipcsh"), "-c"])
        .arg(format!("{before}\nset -- {address} {count}\n. {script}\n{after}"))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .expect("the shell can be started");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("every message once"), "{address}: {output:?}");
    std::fs::remove_dir_all(&folder).expect("the folder can be removed");
}

#[test]
fn system_v_queue() {
    account("sysv", "queue=$(mq create sysv:0)", "$queue", "mq rm $queue", 25_000);
}

#[test]
fn posix_queue() {
    account("posix", "mq create -x /account-$$", "/account-$$", "mq rm /account-$$", 25_000);
}

#[test]
fn named_pipe() {
    account("fifo", "mkfifo pipe; exec 7<>pipe", "fifo:pipe", "", 25_000);
}

#[test]
fn mailbox() {
    account("box", "", "box:account-$$", "ipc rm box:account-$$ 2>/dev/null", 25_000);
}

#[test]
fn rendezvous() {
    account("rdv", "", "rdv:account-$$", "", 2_000);
}
