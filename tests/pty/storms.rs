//! Storms: many children at once, keys held down, jobs that change while they are looked at. Whatever happens, no process is
//! left, no status is lost, and the shell has its terminal.

use crate::terminal::*;
use nix::sys::signal::{Signal, kill};

#[test]
fn ten_thousand_children_that_end() {
    let mut t = Terminal::new();
    // As many SIGCHLD as there are children, and the signal is no queue: each must be collected all the same.
    t.run("n=0; while [ $n -lt 100 ]; do i=0; while [ $i -lt 100 ]; do : & i=$((i+1)); done >/dev/null 2>&1; wait; n=$((n+1)); done 2>/dev/null; clear");
    assert_eq!(t.run("jobs; echo $n"), "100");
    assert!(t.children().is_empty());
    t.exit();
}

#[test]
fn statuses_of_many_ended_jobs_are_known() {
    let mut t = Terminal::with().size(24, 200).start();
    t.run("p=; i=0; while [ $i -lt 1500 ]; do (exit $((i % 200))) & p=\"$p $!\"; i=$((i+1)); done 2>/dev/null; clear");
    assert_eq!(
        t.run("i=0; for x in $p; do wait $x; [ $? = $((i % 200)) ] || echo lost $i; i=$((i+1)); done; echo $i"),
        "1500"
    );
    assert!(t.children().is_empty());
    t.exit();
}

#[test]
fn an_interrupt_key_held_down() {
    let mut t = Terminal::new();
    for line in [
        "while :; do sleep 1000; done",
        "while :; do sleep 0 | cat; done",
        "while :; do x=$(echo a; sleep 0.001); done",
        "while :; do (exit 3); done",
    ] {
        t.line(line);
        t.until("it runs", |t| !t.children().is_empty());
        // (A key that comes when the job has just ended, and the shell has not taken the terminal back yet, reaches nobody.)
        t.key_until_prompt(CTRL_C, HELD);
        t.run(":");
        assert_eq!(t.foreground(), Some(t.pid()));
        t.until("nothing is left", |t| t.session().is_empty());
    }
    t.exit();
}

#[test]
fn a_stop_key_while_pipelines_are_started() {
    let mut t = Terminal::new();
    for _ in 0..30 {
        t.line("sleep 1000 | cat | cat | (cat; :) | cat");
        t.in_job();
        t.key(CTRL_Z);
        t.prompt();
        let shell = t.pid();
        assert_eq!(t.foreground(), Some(shell));
        t.until("all of it is stopped", |t| t.session().iter().all(|process| process.state == 'T'));
        let groups: std::collections::BTreeSet<_> = t.session().iter().map(|process| process.group).collect();
        assert_eq!(groups.len(), 1, "{}", t.picture());
        t.run("kill %1; wait; clear");
        t.until("nothing is left", |t| t.session().is_empty());
    }
    t.exit();
}

#[test]
fn a_stop_key_between_the_birth_of_a_process_and_its_exec() {
    if !have("strace") {
        return;
    }
    // strace holds every process for a while where it has just unblocked its signals: that is the last moment before exec, in
    // which a program is still a part of the shell, and the shell waits for it in the kernel.
    let delay = "inject=rt_sigprocmask:delay_exit=3000";
    let strace = ["strace", "-DDD", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rt_sigprocmask", "-e", delay];
    let mut t = Terminal::started_by(&strace).start();
    for line in ["sleep 1000", "sleep 1000 | cat", "cat | (sleep 1000; :) | cat"] {
        for _ in 0..5 {
            t.line(line);
            t.in_job();
            t.key(CTRL_Z);
            t.prompt();
            // (A process that is traced and stopped is in state t.)
            t.until("all of it is stopped", |t| t.session().iter().all(|process| "Tt".contains(process.state)));
            t.run("kill %1; wait; clear");
            t.until("nothing is left", |t| t.session().is_empty());
        }
    }
    t.exit();
}

#[test]
fn jobs_that_change_while_they_are_looked_at() {
    let mut t = Terminal::new();
    t.run("sleep 1000 & sleep 1000 | sleep 1000 &");
    t.until("three processes", |t| t.session().len() == 3);
    let pids: Vec<_> = t.session().iter().map(|process| process.pid).collect();
    t.line("n=0; while [ $n -lt 300 ]; do jobs; bg %1; bg %2; n=$((n+1)); done >/dev/null 2>&1");
    for turn in 0..3000 {
        let signal = if turn % 2 == 0 { Signal::SIGSTOP } else { Signal::SIGCONT };
        pids.iter().for_each(|&pid| kill(pid, signal).expect("it lives"));
    }
    t.prompt();
    pids.iter().for_each(|&pid| kill(pid, Signal::SIGCONT).expect("it lives"));
    t.until("they run", |t| t.session().iter().all(|process| process.state == 'S'));
    assert_eq!(t.run("jobs | grep -c Running"), "2");
    t.run("kill %1 %2; wait");
    assert!(t.children().is_empty());
    t.exit();
}

#[test]
fn an_interrupt_key_right_behind_a_line() {
    // Whether it arrives while the job is started or in the job: there is a prompt, and the job is gone.
    let mut t = Terminal::new();
    for turn in 0..100 {
        if turn % 4 == 0 {
            t.line("sleep 1000");
            t.in_job();
            t.key(CTRL_Z);
            t.prompt();
        }
        let line = ["fg\r", "sleep 1000\r", "sleep 1000 | cat\r", "(sleep 1000; :) | cat\r"][turn % 4];
        t.key(line);
        // (As long as the terminal is the line editor's the key would be input for whatever reads next.)
        t.until("the line is taken", |t| t.foreground() != Some(t.pid()) || t.is_cooked());
        t.key(CTRL_C);
        t.prompt();
        assert_eq!(t.foreground(), Some(t.pid()));
        // (`fg` itself may be what was interrupted.)
        t.run("kill %1 2>/dev/null; wait; clear");
        t.until("nothing is left", |t| t.session().is_empty());
    }
    t.exit();
}
