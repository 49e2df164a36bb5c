//! The table of jobs as a user sees it: jobs, fg, bg, kill, wait, job ids, notices, leaving with stopped jobs (XCU 2.11, 4).

use crate::terminal::*;
use nix::sys::signal::{Signal, kill};

/// Start a job in the foreground and stop it.
#[track_caller]
fn stop(t: &mut Terminal, line: &str) -> nix::unistd::Pid {
    t.line(line);
    let job = t.in_job();
    t.key(CTRL_Z);
    t.prompt();
    t.stopped(job);
    job
}

#[test]
fn jobs_are_listed_in_the_standards_format() {
    let mut t = Terminal::new();
    let started = t.run("sleep 1000 &");
    let first = started.strip_prefix("[1] ").expect("the number and the process id of the job").to_owned();
    stop(&mut t, "sleep 2000 | cat");
    t.run("sleep 3000 &");
    assert_eq!(t.run("jobs"), "[1]   Running sleep 1000\n[2] + Stopped sleep 2000 | cat\n[3] - Running sleep 3000");
    assert_eq!(t.run("jobs %2; jobs %1"), "[2] + Stopped sleep 2000 | cat\n[1]   Running sleep 1000");
    assert_eq!(t.run("jobs -p %1"), first);
    assert_eq!(t.run("jobs -l %1"), format!("[1]   {first} Running sleep 1000"));
    assert_eq!(t.run("[ $(jobs -p %3) = $! ] && echo same"), "same");
    assert_eq!(t.run("jobs | wc -l; x=$(jobs); echo \"$x\" | wc -l; (jobs) | wc -l"), "3\n3\n3");
    assert_eq!(t.run("jobs %9; echo $?"), "ipcsh: jobs: %9: no such job\n1");
    t.run("kill %1 %2 %3; wait");
    t.exit();
}

#[test]
fn every_form_of_a_job_id() {
    let mut t = Terminal::new();
    stop(&mut t, "sleep 1000");
    stop(&mut t, "cat - /dev/null");
    t.run("sleep 3000 &");
    for (id, number) in [
        ("%1", "[1]"),
        ("%2", "[2]"),
        ("%%", "[2]"),
        ("%+", "[2]"),
        ("%", "[2]"),
        ("%-", "[1]"),
        ("%cat", "[2]"),
        ("%?/dev", "[2]"),
        ("%?3000", "[3]"),
    ] {
        assert!(t.run(&format!("jobs {id}")).starts_with(number), "{id}\n{}", t.picture());
    }
    assert!(t.run("jobs %sleep").contains("ambiguous"));
    t.run("kill %cat %?1000; kill %?3000; wait");
    t.exit();
}

#[test]
fn numbers_are_used_again_above_the_highest() {
    let mut t = Terminal::new();
    for number in 1..=3 {
        assert!(t.run("sleep 1000 &").starts_with(&format!("[{number}]")));
    }
    t.run("kill %2; wait %2");
    assert!(t.run("sleep 1000 &").starts_with("[4]"));
    t.run("kill %4 %3; wait %3 %4");
    assert!(t.run("sleep 1000 &").starts_with("[2]"));
    t.run("kill %1 %2; wait");
    assert!(t.run("sleep 1000 &").starts_with("[1]"));
    // A job that was brought into the foreground and stopped again keeps its number.
    t.run("sleep 2000 &");
    t.line("fg %1");
    t.in_job();
    // (`fg` continues the job, whatever it does: a stop that comes before is taken away. Then the shell waits.)
    let shell = t.pid();
    t.until("the shell waits", |_| Process::of(shell).is_some_and(|process| process.state == 'S'));
    t.key(CTRL_Z);
    t.prompt();
    assert_eq!(t.run("jobs %1"), "[1] + Stopped sleep 1000");
    t.run("kill %1 %2; wait");
    t.exit();
}

#[test]
fn fg_writes_the_command_and_waits() {
    let mut t = Terminal::new();
    t.line("sh -c 'echo ready; read x; echo got $x; exit 7' | cat");
    t.until("it is ready", |t| t.rows().iter().any(|row| row == "ready"));
    t.key(CTRL_Z);
    t.prompt();
    t.line("fg >out; echo $? $(cat out)");
    t.in_job();
    t.line("text");
    t.prompt();
    t.see("got text\n0 sh -c 'echo ready; read x; echo got $x; exit 7' | cat\n");
    // The status is the job's.
    t.run("clear");
    stop(&mut t, "sh -c 'read x; exit 7'");
    t.line("fg %sh; echo $?");
    t.in_job();
    t.line("");
    t.prompt();
    t.see("\n7\n");
    t.exit();
}

#[test]
fn bg_writes_number_and_command_and_sets_the_last_process_id() {
    let mut t = Terminal::new();
    let job = stop(&mut t, "sleep 1000");
    let other = stop(&mut t, "sleep 2000");
    t.run("sleep 3000 &");
    assert_eq!(t.run("bg %1"), "[1] sleep 1000");
    t.until("it runs", |_| Process::of(job).is_some_and(|process| process.state == 'S'));
    assert_eq!(t.run("echo $!"), job.to_string());
    assert_eq!(t.run("bg; echo $? $!"), format!("[2] sleep 2000\n0 {other}"));
    // One that runs already is named, too; several can be.
    assert_eq!(t.run("bg %1 %2 %3; echo $?"), "[1] sleep 1000\n[2] sleep 2000\n[3] sleep 3000\n0");
    kill(job, Signal::SIGSTOP).expect("it can be stopped");
    kill(other, Signal::SIGSTOP).expect("it can be stopped");
    t.stopped(job);
    t.stopped(other);
    t.run(":");
    assert_eq!(t.run("bg %1 %2"), "[1] sleep 1000\n[2] sleep 2000");
    assert!(!t.run("jobs").contains("Stopped"));
    assert_eq!(t.run("bg %7; echo $?"), "ipcsh: bg: %7: no such job\n1");
    t.run("kill %1 %2 %3; wait");
    assert_eq!(t.run("fg; echo $?"), "ipcsh: fg: there are no jobs\n1");
    t.exit();
}

#[test]
fn ends_are_told_before_the_next_prompt() {
    let mut t = Terminal::new();
    t.run("mkfifo 1 2; sh -c 'read x <1; exit 3' & sh -c 'read x <2' & sleep 1000 &");
    t.run("(sleep 2000; :) &");
    let notice = t.run("echo >1; while [ $(jobs | grep -c Running) -gt 3 ]; do :; done");
    assert_eq!(notice, "[1]   Done(3) sh -c 'read x <1; exit 3'");
    let notice = t.run("echo >2; while [ $(jobs | grep -c Running) -gt 2 ]; do :; done");
    assert_eq!(notice, "[2]   Done sh -c 'read x <2'");
    assert_eq!(t.run("jobs | wc -l"), "2");
    t.run("clear");
    t.run("kill -s KILL %3; wait %3");
    assert_eq!(t.run("jobs"), "[4] + Running (sleep 2000; :)");
    let pid = t.run("echo $!");
    kill(nix::unistd::Pid::from_raw(pid.parse().expect("a number")), Signal::SIGTERM).expect("it can be killed");
    t.until("it has ended", |t| t.children().iter().all(|child| child.state == 'Z'));
    assert_eq!(t.run("echo $?"), "0\n[4] + Terminated (sleep 2000; :)");
    assert_eq!(t.run("jobs"), "");
    // What `jobs` has not shown can still be waited for.
    let unknown = format!("ipcsh: wait: {pid}: no child of this shell, or waited for before");
    assert_eq!(t.run(&format!("wait {pid}; echo $?; wait {pid}; echo $?")), format!("143\n{unknown}\n127"));
    // (Only the subshell was killed.)
    kill(t.session()[0].pid, Signal::SIGKILL).expect("the rest of the job can be killed");
    t.exit();
}

#[test]
fn with_notify_ends_are_told_at_once() {
    let mut t = Terminal::new();
    t.run("set -b; mkfifo end");
    t.run("sh -c 'read x <end' &");
    t.key("echo typed");
    t.see("echo typed");
    std::fs::write(t.home().join("end"), "\n").expect("a reader");
    t.see("[1] + Done sh -c 'read x <end'\n");
    // The line that is being typed is there again, below.
    t.until("the line", |t| t.cursor_line().ends_with("]$ echo typed"));
    t.key("\r");
    t.prompt();
    t.see("\ntyped\n");
    // In the middle of a command, too.
    t.run("sh -c 'read x <end' &");
    t.line("sh -c 'echo >end; echo ready; read x'");
    t.see("ready");
    t.until("the notice", |t| t.text().matches("[1] + Done sh -c 'read x <end'").count() == 2);
    t.line("");
    t.prompt();
    t.exit();
}

#[test]
fn a_dumb_terminal_is_told_as_much() {
    let mut t = Terminal::with().env("TERM", "dumb").start();
    t.run("mkfifo end; sh -c 'read x <end' &");
    std::fs::write(t.home().join("end"), "\n").expect("a reader");
    t.until("it has ended", |t| t.children().iter().all(|child| child.state == 'Z'));
    // Enter alone is enough to hear of it.
    t.line("");
    t.prompt();
    t.see("\n[1] + Done sh -c 'read x <end'\n");
    t.run("set -b; sh -c 'read x <end' &");
    t.key("echo typed");
    t.see("echo typed");
    std::fs::write(t.home().join("end"), "\n").expect("a reader");
    t.until("the notice", |t| t.text().matches("[1] + Done sh -c 'read x <end'\n").count() == 2);
    t.key("\r");
    t.until("the line that was being typed", |t| t.rows().iter().any(|row| row == "typed"));
    t.prompt();
    t.exit();
}

#[test]
fn a_stop_in_the_background_is_told_before_the_next_prompt() {
    let mut t = Terminal::new();
    t.run("sleep 1000 &");
    assert_eq!(
        t.run("kill -s STOP %1; while [ -z \"$(jobs | grep Stopped)\" ]; do :; done"),
        "[1] + Stopped (SIGSTOP) sleep 1000"
    );
    assert_eq!(t.run("kill -s CONT %1; jobs"), "[1] + Running sleep 1000");
    t.run("kill %1; wait");
    t.exit();
}

#[test]
fn leaving_with_stopped_jobs_warns_once() {
    for leave in ["exit\r", CTRL_D] {
        let mut t = Terminal::new();
        let job = stop(&mut t, "sleep 1000");
        t.key(leave);
        t.prompt();
        assert!(t.text().contains("there are stopped jobs"), "{}", t.picture());
        // Something else in between: it is asked again.
        t.run("echo");
        t.key(leave);
        t.prompt();
        t.until("two warnings", |t| t.text().matches("there are stopped jobs").count() == 2);
        t.run("jobs");
        t.key(leave);
        assert_eq!(t.wait(), 0);
        // Nobody could continue the job any more: the kernel hangs it up.
        t.gone(job);
    }
}

#[test]
fn running_jobs_do_not_keep_a_shell() {
    let mut t = Terminal::new();
    t.run("nohup sleep 1000 >/dev/null 2>&1 &");
    let pid = t.children()[0].pid;
    t.line("exit");
    assert_eq!(t.wait(), 0);
    assert!(Process::of(pid).is_some_and(|process| process.state != 'Z'), "it lives on");
}

#[test]
fn stopped_jobs_end_when_they_are_told_to() {
    let mut t = Terminal::new();
    for how in ["kill %1", "kill -s HUP %1", "kill -s KILL %1", "kill -s TERM %1"] {
        let job = stop(&mut t, "sleep 1000");
        t.run(how);
        t.run("wait");
        t.gone(job);
    }
    t.exit();
}

#[test]
fn wait_is_interrupted_and_the_jobs_go_on() {
    let mut t = Terminal::new();
    t.run("sleep 1000 &");
    for line in ["wait", "wait %1", "wait $!"] {
        t.line(&format!("echo go; {line}; echo rest"));
        t.until("it waits", |t| t.rows().iter().any(|row| row == "go"));
        t.key(CTRL_C);
        t.prompt();
        assert_eq!(t.run("echo $?"), "130");
        assert_eq!(t.run("jobs"), "[1] + Running sleep 1000");
        t.run("clear");
    }
    t.run("kill -s STOP $!");
    if is_ipcsh() {
        // Nobody could continue it meanwhile.
        for line in ["wait", "wait %1", "wait $!"] {
            let text = t.run(&format!("{line}; echo $?"));
            assert!(text.starts_with("ipcsh: wait: %1 is stopped: `bg %1` lets it go on\n147"), "{text}");
        }
    }
    // For the standard a stopped job has not ended: `wait` waits for it.
    t.run("set -o posix");
    t.line("echo go; wait; echo rest");
    t.until("it waits", |t| t.rows().iter().any(|row| row == "go"));
    let pid = t.children()[0].pid;
    kill(pid, Signal::SIGKILL).expect("it can be killed");
    t.prompt();
    t.see("rest");
    t.exit();
}

#[test]
fn without_job_control_there_is_one_group() {
    let mut t = Terminal::new();
    t.run("set +m");
    let shell = t.pid();
    assert_eq!(t.foreground(), Some(shell));
    t.run("sleep 1000 &");
    t.until("it is there", |t| t.children().iter().any(|child| child.group == shell && child.name == "sleep"));
    assert_eq!(t.run("fg; echo $?"), "ipcsh: fg: no job control\n1");
    // The foreground's ^C does not end what runs in the background.
    t.line("echo go; sleep 2000; echo rest");
    t.until("it runs", |t| t.children().iter().filter(|child| child.name == "sleep").count() == 2);
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.children().len(), 1);
    // ^Z does nothing: nobody could continue what it stopped.
    t.line("echo go; sleep 2000; echo rest");
    t.until("it runs", |t| t.children().iter().filter(|child| child.name == "sleep").count() == 2);
    t.key(CTRL_Z);
    t.key(CTRL_C);
    t.prompt();
    t.run("set -m; kill %1; wait");
    stop(&mut t, "sleep 1000");
    t.run("kill %1; wait");
    t.exit();
}

#[test]
fn job_texts_do_nothing_to_the_terminal() {
    let mut t = Terminal::with().file("job", "sh -c 'exec sleep 1000' '\x1b]0;title\x07\x1b[2J' &\n").start();
    t.run(". ./job; jobs");
    assert!(!t.written.windows(4).any(|bytes| bytes == b"\x1b[2J" || bytes == b"\x1b]0;"), "{}", t.picture());
    assert!(t.text().contains("Running sh -c 'exec sleep 1000' "), "{}", t.picture());
    t.run("kill %1; wait");
    t.exit();
}
