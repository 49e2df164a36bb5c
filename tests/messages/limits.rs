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
             recv -n \"$1\" 2>/dev/null; echo $?; send -n \"$1\" x 2>/dev/null; echo $?; mq rm \"$1\" 2>/dev/null; echo $?' - $address 2>&1\ndone\n\
             runuser -u nobody -- ./ipcsh -c \"kill -USR1 $$\" 2>&1 | grep -o 'EPERM: .*'\n\
             mq set -m 666 $q; runuser -u nobody -- ./ipcsh -c 'recv -n \"$1\"; mq set -m 600 \"$1\" 2>/dev/null; echo $?' - $q\n\
             mq rm $q /{name}"
        ),
        "5\n5\n5\n5\n5\n5\nEPERM: Operation not permitted\nsecret\n5\n",
    );
}

/// `ipc ls` lists what the user has, `mq ls` what there is. Who may only read a POSIX queue could not put back a message that is too long.
#[test]
fn a_second_user_sees_his_own_queues() {
    let Some(dir) = for_everybody() else { return };
    let name = fresh("others");
    prints(
        &dir,
        &format!(
            "chmod 755 .; mkdir -m 777 run; q=$(mq create -m 644 sysv:0); mq create -m 644 /{name}; send /{name} long\n\
             ipc ls 2>/dev/null | grep -c \"^$q \"\n\
             runuser -u nobody -- ./ipcsh -c '{{ ipc ls; mq create sysv:$$; ipc ls; mq ls; mq rm sysv:$$; }} 2>/dev/null >run/list; grep -c \"^sysv:0x\" run/list' | grep -q '^[1-9]' && echo own\n\
             grep -c \"^$q \" run/list; grep -q -w ${{q#sysv:id=}} run/list && echo all\n\
             runuser -u nobody -- ./ipcsh -c 'mq recv -S 3 \"$1\" 2>&1; echo $?' - /{name} | sed 's/.*: E/E/'; recv /{name}; mq rm $q /{name}"
        ),
        "1\nown\n0\nall\nEACCES: Permission denied\n5\nlong\n",
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

/// What the system allows is reached, in an IPC namespace of the test's own: one line that says which limit, and no queue that is half made.
#[test]
fn limits_are_told_apart() {
    if !has(
        "root and unshare -i",
        "unshare -i sh -c 'echo 2 >/proc/sys/kernel/msgmni && echo 2 >/proc/sys/fs/mqueue/queues_max'",
    ) {
        return;
    }
    let told = |code: &str, expected: &str| {
        let code = format!("unshare -i \"$IPCSH\" -c '{code}' limit 2>&1");
        prints(&Dir::new(), &code, expected);
    };
    told(
        "ulimit -q 1000; mq create -M 10 -S 100 /q; echo $?; mq stat /q; echo $?",
        "limit: line 1: mq: /q: 10 messages of 100 bytes, more than `ulimit -q` (or -n) allows: EMFILE: Too many open files\n1\n\
         limit: line 1: mq: /q: ENOENT: No such file or directory (`mq create` makes it)\n4\n",
    );
    told(
        "mq create -M 1000000 -S 9 /q; echo $?; mq create -M 9 -S 99999999 /q; echo $?",
        "limit: line 1: mq: /q: 1000000 messages of 9 bytes, not what `mq limits` allows: EINVAL: Invalid argument\n1\n\
         limit: line 1: mq: /q: 9 messages of 99999999 bytes, not what `mq limits` allows: EINVAL: Invalid argument\n1\n",
    );
    let plain = "setpriv --reuid 65534 --clear-groups --bounding-set=-all ./ipcsh -c";
    let Some(dir) = for_everybody() else { return };
    prints(
        &dir,
        &format!(
            "chmod 755 .; unshare -i sh -c 'echo 2 >/proc/sys/kernel/msgmni; echo 2 >/proc/sys/fs/mqueue/queues_max; exec {plain} \"$1\" limit' - '\
             mq create sysv:1; mq create sysv:2; mq create sysv:3; echo $?; mq create sysv:2; echo $?; mq rm sysv:2\n\
             mq create -B 99999999 sysv:2; echo $?; mq stat sysv:2; echo $?; mq set -B 99999999 sysv:1; echo $?\n\
             mq create /a; mq create /b; mq create /c; echo $?' 2>&1"
        ),
        "limit: line 1: mq: sysv:3: as many queues as `mq limits` allows are there: ENOSPC: No space left on device\n1\n0\n\
         limit: line 2: mq: sysv:2: 99999999 bytes, more than `mq limits` allows: EPERM: Operation not permitted\n5\n\
         limit: line 2: mq: sysv:2: ENOENT: No such file or directory (`mq create` makes it)\n4\n\
         limit: line 2: mq: sysv:1: 99999999 bytes, more than `mq limits` allows: EPERM: Operation not permitted\n5\n\
         limit: line 3: mq: /c: as many queues as `mq limits` allows are there: ENOSPC: No space left on device\n1\n",
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
    // In an IPC namespace of its own, where `--mine` are these two: what cannot be listed stays, and that is an error.
    prints(
        &Dir::new(),
        "unshare -im sh -c 'umount /dev/mqueue 2>/dev/null; exec \"$IPCSH\" -c \"$1\"' - '\
         mq create sysv:7; mq create /left; mq rm --mine /left; echo $?; mq stat sysv:7 >stat; echo $?\n\
         mq rm --mine 2>err; echo $?; grep -c \"mqueue file system\" err; mq stat sysv:7; echo $?; mq stat /left >stat; echo $?'",
        "2\n0\n1\n1\n4\n0\n",
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
    if !has("/proc/PID/syscall", SYSCALL) {
        return;
    }
    let dir = Dir::new();
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        for (address, call) in [
            ("$q", libc::SYS_msgrcv),
            ("/wait-$$", libc::SYS_mq_timedreceive),
            ("box:wait", libc::SYS_ppoll),
            ("rdv:wait", libc::SYS_ppoll),
            ("fifo:pipe", libc::SYS_openat),
        ] {
            prints(
                &dir,
                &format!(
                    "export XDG_RUNTIME_DIR=$PWD/run; rm -rf run; mkdir -m 700 run; rm -f pipe; mkfifo pipe\n\
                     q=$(mq create sysv:0); mq create /wait-$$; address={address}\n\
                     # A list in the background ignores INT (2.12); env gives it back its default.\n\
                     env --default-signal=INT \"$IPCSH\" -c 'echo >ready; recv \"$1\"; echo not reached' - \"$address\" & \n\
                     until [ -e ready ] && read -r now rest </proc/$!/syscall && [ $now = {call} ]; do sleep 0.01; done; rm ready\n\
                     kill -{signal} $!; wait $!; echo $?; mq rm $q /wait-$$\n\
                     until [ -z \"$(find run ! -type d)\" ]; do sleep 0.01; done"
                ),
                &format!("{status}\n"),
            );
        }
    }
}
