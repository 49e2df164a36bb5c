//! How a shell comes to its terminal and loses it: started in the background, suspended, nested, hung up, without a terminal.

use crate::terminal::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Wait for a shell below the first one: the terminal is another process group's, and that is waiting for a line.
#[track_caller]
fn nested(t: &mut Terminal, line: &str) -> Pid {
    t.line(line);
    let first = t.pid();
    t.until("a nested shell's prompt", |t| {
        t.foreground().is_some_and(|group| group != first && !t.is_cooked()) && t.cursor_line() == "in$"
    });
    t.foreground().expect("a foreground group")
}

fn command() -> String {
    format!("PS1='in$ ' {}", shell().display())
}

#[test]
fn a_nested_shell_has_job_control_of_its_own() {
    let mut t = Terminal::new();
    let inner = nested(&mut t, &command());
    t.line("sleep 1000");
    t.until("a job of the inner shell", |t| t.foreground().is_some_and(|group| group != inner && group != t.pid()));
    t.key(CTRL_Z);
    t.see("[1] + Stopped sleep 1000");
    t.until("the inner shell", |t| t.foreground() == Some(inner));
    t.see_at_cursor("in$");
    t.line("kill %1; wait; exit 3");
    t.prompt();
    assert_eq!(t.run("echo $?"), "3");
    t.exit();
}

#[test]
fn a_suspended_shell_comes_back() {
    let mut t = Terminal::new();
    for _ in 0..2 {
        let inner = nested(&mut t, &command());
        t.line("suspend");
        t.prompt();
        t.stopped(inner);
        assert_eq!(t.foreground(), Some(t.pid()));
        assert!(t.run("jobs").contains("Stopped (SIGSTOP)"), "{}", t.picture());
        t.line("fg");
        t.until("the inner shell", |t| t.foreground() == Some(inner) && t.cursor_line() == "in$");
        t.line("sleep 1000");
        t.until("a job of the inner shell", |t| t.foreground().is_some_and(|group| group != inner && group != t.pid()));
        t.key(CTRL_C);
        t.until("the inner shell", |t| t.foreground() == Some(inner) && t.cursor_line() == "in$");
        t.line("exit");
        t.prompt();
        t.run("clear");
    }
    // The leader of the session has nobody who could continue it.
    assert!(t.run("suspend; echo $?").ends_with("\n1"));
    t.exit();
}

#[test]
fn a_shell_inside_another_program_gives_the_terminal_back() {
    // The program is in a group of its own, and the shell makes another one: when it ends, the program must be able to read.
    let mut t = Terminal::new();
    nested(&mut t, &format!("sh -c \"{}; read line; echo got \\$line\"", command()));
    t.line("exit");
    t.until("the outer program reads", |t| t.is_cooked());
    t.until("its group has the terminal", |t| {
        let foreground = t.foreground();
        t.children().iter().any(|child| Some(child.group) == foreground)
    });
    t.line("text");
    t.prompt();
    t.see("got text");
    t.exit();
}

#[test]
fn a_shell_that_is_started_in_the_background_waits_for_the_foreground() {
    let mut t = Terminal::new();
    t.run(&format!("{} &", command()));
    t.until("it is stopped", |t| t.children().iter().any(|child| child.state == 'T'));
    assert_eq!(t.foreground(), Some(t.pid()));
    t.line("fg");
    t.until("its prompt", |t| t.foreground() != Some(t.pid()) && t.cursor_line() == "in$");
    t.line("exit");
    t.prompt();
    t.exit();
}

#[test]
fn a_hang_up_reaches_running_and_stopped_jobs() {
    let mut t = Terminal::new();
    t.run("sh -c 'trap \"echo >>hung; exit\" HUP; echo >>ready; while :; do sleep 0.01; done' &");
    t.until("it is ready", |t| t.read("ready").len() == 1);
    t.line("sh -c 'trap \"echo >>hung; exit\" HUP; echo >>ready; read line; read line'");
    t.until("it is ready", |t| t.read("ready").len() == 2);
    t.key(CTRL_Z);
    t.prompt();
    kill(t.pid(), Signal::SIGHUP).expect("a child can be signalled");
    assert_eq!(t.wait(), 129);
    t.until("both have heard of it", |t| t.read("hung").len() == 2);
    t.until("both are gone", |t| t.session().is_empty());
}

#[test]
fn a_window_that_is_closed_ends_the_shell_and_its_jobs() {
    // With a job in the foreground, and with the prompt, of a terminal that can be drawn on and of one that cannot.
    for (term, foreground) in [("xterm", true), ("xterm", false), ("dumb", true), ("dumb", false)] {
        let mut t = Terminal::with().env("TERM", term).start();
        t.run("trap 'echo >>left' EXIT; sleep 1000 &");
        t.line("sleep 2000");
        let stopped = t.in_job();
        t.key(CTRL_Z);
        t.prompt();
        t.stopped(stopped);
        let mut jobs: Vec<Pid> = t.children().iter().map(|child| child.pid).collect();
        if foreground {
            t.line("sleep 3000");
            jobs.push(t.in_job());
        }
        let mut closed = t.hang_up();
        let status = closed.wait();
        // (A read that finds the terminal gone before the signal is there ends the shell, too: with the status of the last command, or, without
        // the line editor, also with 128, which says that commands could not be read.)
        let last = if foreground { 129 } else { 148 };
        assert!(status == 129 || status == last || term == "dumb" && status == 128, "{term} {foreground}: {status}");
        wait_until("the end of the jobs", || {
            jobs.iter().all(|&pid| Process::of(pid).is_none_or(|process| process.state == 'Z'))
        });
        assert_eq!(std::fs::read(closed.home().join("left")).unwrap_or_default(), b"\n", "{term} {foreground}");
    }
}

#[test]
fn a_hang_up_is_heard_while_a_job_runs() {
    let mut t = Terminal::new();
    t.run("trap 'echo >>left' EXIT");
    t.line("sleep 1000");
    let job = t.in_job();
    kill(t.pid(), Signal::SIGHUP).expect("a child can be signalled");
    kill(job, Signal::SIGHUP).expect("as the kernel does at a real hang-up");
    assert_eq!(t.wait(), 129);
    assert_eq!(t.read("left").len(), 1);
}

#[test]
fn scripts_have_job_control_when_they_ask_for_it() {
    let mut t = Terminal::with()
        .file(
            "script",
            "set -m\nsleep 1000 & sleep 1000 | sleep 1000 &\njobs -p >leaders\nkill %1 %2\nwait\n\
             sh -c 'kill -s STOP $$'\necho $?\njobs\nbg >/dev/null\nwait %1\necho $?\n",
        )
        .start();
    let shown = t.run(&format!("{} script", shell().display()));
    assert_eq!(shown, "147\n[1] + Stopped (SIGSTOP) sh -c 'kill -s STOP $$'\n0");
    assert_eq!(t.read("leaders").lines().count(), 2);
    // ^C in its foreground job ends the script, too.
    t.line(&format!("{} -mc 'sleep 1000; echo rest'; echo $?", shell().display()));
    t.until("a job of the script", |t| {
        t.session().iter().any(|p| p.name == "sleep" && Some(p.group) == t.foreground())
    });
    t.key(CTRL_C);
    t.prompt();
    assert!(!t.text().contains("\nrest"), "{}", t.picture());
    t.exit();
}

#[test]
fn no_terminal_is_no_error() {
    let t = Terminal::with()
        .env("SHELL_PATH", &shell().to_string_lossy())
        .file("script", "set -m; sleep 0 & wait $!; echo $?; (exit 3); echo $?; sleep 0 | (exit 4); echo $?\n")
        .start();
    let mut t = t;
    let out = t.run("setsid -w \"$SHELL_PATH\" script </dev/null 2>&1 | cat");
    assert_eq!(out, "0\n3\n4");
    t.exit();
}
