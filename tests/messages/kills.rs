//! `kill` and traps beside the `kill` of procps and util-linux, and Python's `sigwaitinfo` and `sigqueue`.

use super::*;

/// The `kill` of a package: the first one in PATH that says it is. (Debian has procps'; it builds util-linux without its own.)
fn other(package: &str) -> Option<String> {
    let says = format!(
        "IFS=:; for dir in $PATH; do $dir/kill -V 2>&1 | grep -q {package} && exec echo $dir/kill; done; exit 1"
    );
    if !has(&format!("kill of {package}"), &says) {
        return None;
    }
    let found = Command::new("/bin/sh").args(["-c", &says]).env("PATH", path()).output().expect("sh can be started");
    Some(String::from_utf8_lossy(&found.stdout).trim().to_owned())
}

/// Signals with and without values; the same names by number (29 is IO, or POLL).
fn reaches_our_traps(kill: &str) {
    prints(
        &Dir::new(),
        &format!(
            "trap 'echo $SIG_NAME' USR1 HUP\ntrap 'echo $SIG_NAME $SIG_VALUE $SIG_CODE' RTMIN+2\n\
             {kill} -USR1 $$; {kill} -s HUP $$; {kill} -q 42 -s RTMIN+2 $$; {kill} -q 7 -s RTMIN+2 $$; :"
        ),
        "USR1\nHUP\nRTMIN+2 42 SI_QUEUE\nRTMIN+2 7 SI_QUEUE\n",
    );
    prints(
        &Dir::new(),
        &format!(
            "n=1; while [ $n -le 31 ]; do [ $(kill -l $n) = $({kill} -l $n) ] || [ $n = 29 ] || echo $n; n=$((n + 1)); done"
        ),
        "",
    );
}

#[test]
fn kill_of_procps() {
    if let Some(kill) = other("procps") {
        reaches_our_traps(&kill);
    }
}

/// It has `--timeout` too.
#[test]
fn kill_of_util_linux() {
    let Some(kill) = other("util-linux") else { return };
    reaches_our_traps(&kill);
    for kill in ["kill", kill.as_str()] {
        prints(
            &Dir::new(),
            &format!(
                "\"$IPCSH\" -c 'trap \"echo term\" TERM; trap \"echo int\" INT; echo >ready; while :; do sleep 0.01; done' & p=$!\n\
                 until [ -e ready ]; do sleep 0.01; done\n\
                 {kill} -s TERM --timeout 300 USR1 $p; echo $?; wait $p; echo $?"
            ),
            "term\n0\n138\n",
        );
    }
}

#[test]
fn python_waits_for_a_queued_value() {
    if !has_python("signal") {
        return;
    }
    let dir = Dir::new();
    fs::write(
        dir.0.join("wait.py"),
        "import ctypes, os, signal\n\
         signals = {signal.SIGRTMIN, signal.SIGUSR1}\n\
         signal.pthread_sigmask(signal.SIG_BLOCK, signals)\n\
         open('ready', 'w').close()\n\
         for n in range(4):\n    info = signal.sigwaitinfo(signals)\n\
         \x20   print(info.si_signo - signal.SIGRTMIN if info.si_signo >= signal.SIGRTMIN else 'USR1', info.si_code, info.si_pid == os.getppid())\n",
    )
    .expect("a file for the test");
    // Python's siginfo has no si_value: that is for the next test.
    prints(
        &dir,
        "python3 wait.py & until [ -e ready ]; do sleep 0.01; done\n\
         kill -s USR1 $!; kill -q 1 -s RTMIN $!; kill -q -2 -s RTMIN $!; kill -q 3 -s RTMIN $!; wait $!",
        "USR1 0 True\n0 -1 True\n0 -1 True\n0 -1 True\n",
    );
}

/// The values, in order, by the C library's sigwaitinfo.
#[test]
fn values_arrive_at_sigwaitinfo_in_order() {
    if !has_python("ctypes") {
        return;
    }
    let dir = Dir::new();
    fs::write(
        dir.0.join("values.py"),
        "import ctypes, signal\n\
         c = ctypes.CDLL(None)\n\
         signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})\n\
         mask = ctypes.create_string_buffer(128); c.sigemptyset(mask); c.sigaddset(mask, signal.SIGRTMIN)\n\
         open('ready', 'w').close()\n\
         for n in range(100):\n\
         \x20   info = (ctypes.c_int * 32)(); c.sigwaitinfo(mask, info)\n\
         \x20   print(info[6])\n",
    )
    .expect("a file for the test");
    let expected: String = (-50..50).map(|n| format!("{n}\n")).collect();
    prints(
        &dir,
        "python3 values.py & until [ -e ready ]; do sleep 0.01; done\n\
         n=-50; while [ $n -lt 50 ]; do kill -q $n -s RTMIN $!; n=$((n + 1)); done; wait $!",
        &expected,
    );
}

#[test]
fn python_queues_to_our_trap() {
    if !has_python("ctypes") {
        return;
    }
    let dir = Dir::new();
    fs::write(
        dir.0.join("queue.py"),
        "import ctypes, os, signal\n\
         c = ctypes.CDLL(None)\n\
         for value in range(-3, 4):\n\
         \x20   assert c.sigqueue(os.getppid(), signal.SIGRTMIN + 1, ctypes.c_void_p(value & 0xffffffff)) == 0\n",
    )
    .expect("a file for the test");
    prints(
        &dir,
        "trap 'echo $SIG_NAME $SIG_VALUE' RTMIN+1; python3 queue.py; :",
        "RTMIN+1 -3\nRTMIN+1 -2\nRTMIN+1 -1\nRTMIN+1 0\nRTMIN+1 1\nRTMIN+1 2\nRTMIN+1 3\n",
    );
}

/// Between the look and the signal the number may become another process's: what follows goes to the process that was meant.
#[test]
fn follow_ups_go_to_the_process_and_not_to_its_number() {
    if !has("strace", "strace -o /dev/null true") {
        return;
    }
    prints(
        &Dir::new(),
        "\"$IPCSH\" -c 'trap : TERM; echo >ready; while :; do sleep 0.01; done' & p=$!; until [ -e ready ]; do sleep 0.01; done\n\
         strace -o trace -e trace=kill,pidfd_send_signal \"$IPCSH\" -c 'kill -w9 --timeout 50 KILL $1' - $p; echo $?\n\
         grep -o '^[a-z_]*(.*SIG[A-Z]*' trace | sed 's/([0-9]*, /(N, /'",
        "0\nkill(N, SIGTERM\npidfd_send_signal(N, SIGKILL\n",
    );
}
