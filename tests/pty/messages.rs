//! ^C while a command waits for a message, for room, or for the other side: status 130, the prompt is back, and nothing is left.

use crate::terminal::*;

/// The system call in which a process sleeps (proc(5), syscall).
fn sleeps_in(t: &Terminal, call: libc::c_long) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{}/syscall", t.pid())).unwrap_or_default();
    text.split(' ').next() == Some(call.to_string().as_str())
}

#[test]
fn an_interrupt_ends_a_wait_for_a_message() {
    if !is_ipcsh() {
        return;
    }
    if !std::path::Path::new("/proc/self/syscall").exists() {
        println!("skipped: needs /proc/PID/syscall");
        return;
    }
    let run = std::env::temp_dir().join(format!("ipcsh-pty-run-{}", std::process::id()));
    let mut t = Terminal::with().env("XDG_RUNTIME_DIR", &run.to_string_lossy()).start();
    t.run("mkdir \"$XDG_RUNTIME_DIR\"; q=$(mq create -B 100 sysv:0); p=/pty-$$; mq create -M 1 -S 9 $p; mkfifo f g");
    t.run("exec 7<>g; head -c 65536 /dev/zero >&7");
    for (line, call) in [
        ("recv $q", libc::SYS_msgrcv),
        ("recv -t 1000 $q", libc::SYS_msgrcv),
        ("recv -v x $q", libc::SYS_msgrcv),
        ("send $q $(printf %060d 1) $(printf %060d 2)", libc::SYS_msgsnd),
        ("recv $p", libc::SYS_mq_timedreceive),
        ("mq recv -c 2 $p", libc::SYS_mq_timedreceive),
        ("send $p 1 2", libc::SYS_mq_timedsend),
        ("recv fifo:f", libc::SYS_openat),
        ("send fifo:f 1", libc::SYS_openat),
        ("send fifo:g 1", libc::SYS_write),
        ("recv box:b", libc::SYS_ppoll),
        ("while send -n box:b 1; do :; done; send box:b 2", libc::SYS_ppoll),
        ("recv rdv:r", libc::SYS_ppoll),
        ("send rdv:r 1", libc::SYS_ppoll),
        ("mq wait -t 1000 /pty-$$-empty", libc::SYS_ppoll),
    ] {
        t.run("clear; mq create /pty-$$-empty");
        t.line(&format!("echo go; {line}; echo rest"));
        t.until("it runs", |t| t.rows().iter().any(|row| row == "go"));
        t.until(line, |t| sleeps_in(t, call));
        t.key(CTRL_C);
        t.prompt();
        assert!(!t.rows().iter().any(|row| row == "rest"), "{line}\n{}", t.picture());
        assert_eq!(t.run("echo $?"), "130", "{line}");
    }
    // The messages that went before the interrupted one are there.
    assert_eq!(t.run("recv -o %l $q; recv $p; ipc props box:b | grep -c '^messages *[1-9]'"), "60\n1\n1");
    t.run("ipc rm box:b; mq rm $q $p $p-empty; exec 7>&-");
    assert_eq!(t.run("ls \"$XDG_RUNTIME_DIR\"/ipcsh"), "");
    t.exit();
    let _ = std::fs::remove_dir_all(run);
}
