//! Signals: their dispositions at entry and in children, and what they interrupt.

use super::*;

#[test]
fn children_die_of_sigpipe() {
    // Rust ignores SIGPIPE before main: `yes` would complain about a broken pipe, and a function would go on for ever.
    let end = script(
        "yes | head -n 1\ni() { while echo y; do :; done; }\ni | head -n 1\nwhile echo z; do :; done | head -n 1\n\
         sh -c 'kill -s PIPE $$; echo alive'; echo $?\n(trap - PIPE; sh -c 'kill -s PIPE $$; echo alive'); echo $?\n\
         x=$(sh -c 'kill -s PIPE $$; echo alive'); echo \"$?$x\"\n",
    );
    end.is_sane();
    assert_eq!((end.out.as_str(), end.err.as_str()), ("y\ny\nz\n141\n141\n141\n", ""));
}

#[test]
fn the_shell_itself_dies_of_sigpipe() {
    let dir = Dir::new();
    let mut child =
        dir.script("while echo y; do :; done").stdout(Stdio::piped()).spawn().expect("the shell can be started");
    let _watchdog = Watchdog::new(&child);
    let mut out = child.stdout.take().expect("it is a pipe");
    assert_eq!(read_line(&mut out), "y");
    drop(out);
    assert_eq!(finish(&mut child), 128 + Signal::SIGPIPE as i32);
}

#[test]
fn signals_ignored_at_entry_stay_ignored() {
    let dir = Dir::new();
    for (action, name) in [
        ((|| set_signal(Signal::SIGPIPE, SigHandler::SigIgn)) as fn() -> nix::Result<()>, "PIPE"),
        (|| set_signal(Signal::SIGTERM, SigHandler::SigIgn), "TERM"),
        (|| set_signal(Signal::SIGUSR1, SigHandler::SigIgn), "USR1"),
    ] {
        let mut command = dir.script(format!(
            "sh -c 'kill -s {name} $$; echo alive'\n(sh -c 'kill -s {name} $$; echo alive')\nkill -s {name} $$; echo here\n\
             trap 'echo trapped' {name}; kill -s {name} $$\n"
        ));
        run(&dir, before_exec(&mut command, action)).prints("alive\nalive\nhere\n");
    }
}

#[test]
fn sigchld_ignored_or_blocked_at_entry() {
    let code = "/bin/true; echo $?; /bin/false; echo $?; (exit 3); echo $?; sh -c 'exit 4' & wait $!; echo $?\n\
                echo a | cat; x=$(sh -c 'echo b; exit 5'); echo \"$x$?\"; /bin/true | sh -c 'exit 6'; echo $?; wait; echo end\n";
    let actions: [fn() -> nix::Result<()>; 3] = [
        || set_signal(Signal::SIGCHLD, SigHandler::SigIgn),
        || sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::from(Signal::SIGCHLD)), None),
        || sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None),
    ];
    for action in actions {
        let dir = Dir::new();
        let mut command = dir.script(code);
        run(&dir, before_exec(&mut command, action)).prints("0\n1\n3\n4\na\nb5\n6\nend\n");
    }
}

#[test]
fn sigint_ends_a_busy_loop() {
    let dir = Dir::new();
    for code in [
        "echo ready; while :; do :; done",
        "echo ready; while :; do x=$(echo a); done",
        "f() { f2; }; f2() { :; }; echo ready; until f; false; do :; done",
        "echo ready; while :; do (:); done",
        "echo ready; while :; do /bin/true; done",
    ] {
        let mut child = dir.script(code).stdout(Stdio::piped()).spawn().expect("the shell can be started");
        let _watchdog = Watchdog::new(&child);
        let mut out = child.stdout.take().expect("it is a pipe");
        assert_eq!(read_line(&mut out), "ready");
        killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("the shell is alive");
        assert_eq!(finish(&mut child), 128 + Signal::SIGINT as i32, "{code}");
    }
}

#[test]
fn a_signal_in_the_middle_of_a_large_write() {
    for print in ["echo \"$x\"", "printf '%s\\n' \"$x\"", "y=$(echo \"$x\"); echo \"$y\"", "cat <<E\n$x\nE"] {
        let dir = Dir::new();
        let mut child = dir
            .script(format!(
                "trap 'n=$((n+1))' USR1\nx=0123456789abcdef\ni=0; while [ $i -lt 18 ]; do x=$x$x; i=$((i+1)); done\n{print}\n\
                 echo \"$? ${{n:+trapped}}\" >&2\n"
            ))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the shell can be started");
        let _watchdog = Watchdog::new(&child);
        let mut out = child.stdout.take().expect("it is a pipe");
        let mut got = vec![0; 1];
        out.read_exact(&mut got).expect("the shell writes");
        // The pipe holds 64 KiB of 4 MiB: whoever writes is still writing.
        let pid = Pid::from_raw(child.id().cast_signed());
        let mut chunk = vec![0; 50_000];
        loop {
            let _ = kill(pid, Signal::SIGUSR1);
            match out.read(&mut chunk) {
                Ok(0) | Err(_) => break,
                Ok(length) => got.extend_from_slice(&chunk[..length]),
            }
        }
        let mut err = String::new();
        let _ = child.stderr.take().expect("it is a pipe").read_to_string(&mut err);
        assert_eq!(got.len(), (16 << 18) + 1, "{print}: {err}");
        assert!(got[..16 << 18].chunks(16).all(|chunk| chunk == b"0123456789abcdef"), "{print}: bytes were lost");
        assert_eq!((finish(&mut child), err.as_str()), (0, "0 trapped\n"), "{print}");
    }
}
