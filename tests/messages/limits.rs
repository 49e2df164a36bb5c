//! A second user, no mqueue file system, and signals that end a wait without leaving anything.

use super::*;

/// A copy of the shell that every user can execute, for `as_nobody`.
fn for_everybody() -> Option<Dir> {
    if !has("root and runuser", "[ $(id -u) = 0 ] && command -v runuser && id nobody") {
        return None;
    }
    let dir = Dir::new();
    fs::copy(env!("CARGO_BIN_EXE_ipcsh"), dir.0.join("ipcsh")).expect("the shell can be copied");
    Some(dir)
}

#[test]
fn a_second_user_without_permission() {
    let Some(dir) = for_everybody() else { return };
    let name = fresh("secret");
    prints(
        &dir,
        &format!(
            "chmod 755 .; q=$(mq create -m 600 sysv:0); mq create -m 600 /{name}; send $q secret; send /{name} secret\n\
             for address in $q /{name}; do runuser -u nobody -- ./ipcsh -c '\
             recv -n \"$1\" 2>e; echo $?; send -n \"$1\" x 2>/dev/null; echo $?; mq rm \"$1\" 2>/dev/null; echo $?' - $address 2>&1\ndone\n\
             runuser -u nobody -- ./ipcsh -c \"kill -USR1 $$\" 2>&1 | grep -o 'EPERM: .*'\n\
             mq set -m 666 $q; runuser -u nobody -- ./ipcsh -c 'recv -n \"$1\"; mq set -m 600 \"$1\" 2>/dev/null; echo $?' - $q\n\
             mq rm $q /{name}"
        )
        .replace("2>e;", "2>/dev/null;"),
        "5\n5\n5\n5\n5\n5\nEPERM: Operation not permitted\nsecret\n5\n",
    );
}

/// SIGCONT may go to everybody in the session, the signals that follow may not: the first is sent, the follow-up is refused.
#[test]
fn a_follow_up_that_is_refused_is_an_error() {
    let Some(dir) = for_everybody() else { return };
    prints(
        &dir,
        "chmod 755 .; sleep 100 & p=$!\n\
         runuser -u nobody -- ./ipcsh -c 'kill -CONT --timeout 20 TERM -w9 $1 2>&1; echo $?' - $p | sed \"s/ $p/ PID/\"\n\
         # One that has gone by then is none.\n\
         kill -KILL $p; wait $p; sleep 100 & kill -TERM --timeout 20 USR1 --timeout 20 KILL $!; echo $?",
        "-: line 1: kill: PID: EPERM: Operation not permitted\n1\n0\n",
    );
}

/// POSIX queues work by system calls; only listing them needs the file system, and says so.
#[test]
fn without_the_mqueue_file_system() {
    if !has("root and unshare", "[ $(id -u) = 0 ] && unshare -m true") {
        return;
    }
    let name = fresh("unmounted");
    prints(
        &Dir::new(),
        &format!(
            "unshare -m sh -c 'umount /dev/mqueue 2>/dev/null; exec \"$IPCSH\" -c \"$1\"' - '\
             mq create /{name}; send -p 3 /{name} hello; mq stat /{name} >stat && echo stat; recv -o \"%p %m\" /{name}\n\
             q=$(mq create sysv:0); mq ls >list 2>err; grep -c \"mqueue file system\" err; grep -cw ${{q#sysv:id=}} list; mq rm $q /{name}'"
        ),
        "stat\n3 hello\n1\n1\n",
    );
    prints(
        &Dir::new(),
        &format!(
            "unshare -m sh -c 'mkdir mq && mount -t mqueue none mq && mount --bind mq /dev/mqueue 2>/dev/null; exec \"$IPCSH\" -c \"$1\"' - '\
             mq create /{name}; ls mq | grep -c {name}; mq rm /{name}'"
        ),
        "1\n",
    );
}

/// TERM, HUP and INT end a wait on each mechanism, and no file, process or queue entry stays.
#[test]
fn signals_end_a_wait_and_leave_nothing() {
    let dir = Dir::new();
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        for address in ["$q", "/wait-$$", "box:wait", "rdv:wait", "fifo:pipe"] {
            prints(
                &dir,
                &format!(
                    "export XDG_RUNTIME_DIR=$PWD/run; rm -rf run; mkdir -m 700 run; rm -f pipe; mkfifo pipe\n\
                     q=$(mq create sysv:0); mq create /wait-$$; address={address}\n\
                     # A list in the background ignores INT (2.12): the program that python or env starts does not.\n\
                     env --default-signal=INT \"$IPCSH\" -c 'echo >ready; recv \"$1\"; echo not reached' - \"$address\" & \n\
                     until [ -e ready ] && grep -q '^State:.S' /proc/$!/status; do sleep 0.01; done; rm ready\n\
                     kill -{signal} $!; wait $!; echo $?; mq rm $q /wait-$$\n\
                     until [ -z \"$(find run ! -type d ! -name '*.turn' ! -name lock)\" ]; do sleep 0.01; done"
                ),
                &format!("{status}\n"),
            );
        }
    }
}
