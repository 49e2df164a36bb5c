//! The foreground job and the terminal: process groups, ^C ^\ ^Z, who has the terminal, its modes (XCU 2.11).

use crate::terminal::*;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::termios::{LocalFlags, OutputFlags};

#[test]
fn every_job_has_its_own_group() {
    let mut t = Terminal::new();
    t.run("sleep 1000 & sleep 1000 | sleep 1000 &");
    t.run("(sleep 1000; :) & f() { sleep 1000; :; }; f | cat &");
    let groups = |t: &Terminal| {
        let mut groups: Vec<_> = t.session().iter().map(|process| process.group).collect();
        groups.sort();
        groups.dedup();
        groups
    };
    // 1 + 2 + 2 + 3 processes in four groups, none of them the shell's.
    t.until("all processes of the jobs", |t| t.session().len() == 8 && groups(t).len() == 4);
    let leaders: Vec<String> = groups(&t).iter().map(ToString::to_string).collect();
    let shown = t.run("jobs -p");
    assert_eq!(shown.lines().collect::<Vec<_>>(), leaders);
    t.run("kill %1 %2 %3 %4; wait");
    t.exit();
}

#[test]
fn a_pipeline_is_one_group_that_has_the_terminal() {
    let mut t = Terminal::new();
    t.line("sleep 1000 | { sleep 1000; :; } | (sleep 1000; :)");
    let group = t.in_job();
    t.until("all processes", |t| t.session().iter().filter(|process| process.group == group).count() == 5);
    assert_eq!(t.session().len(), 5);
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.foreground(), Some(t.pid()));
    t.exit();
}

#[test]
fn keys_reach_the_foreground_job_only() {
    for (key, status) in [(CTRL_C, "130"), (CTRL_BACKSLASH, "131"), (CTRL_Z, "148")] {
        let mut t = Terminal::new();
        t.run("ulimit -c 0; sleep 1000 &");
        t.line("sleep 2000");
        let job = t.in_job();
        t.key(key);
        t.prompt();
        if key == CTRL_Z {
            t.stopped(job)
        } else {
            t.gone(job)
        }
        assert_eq!(t.run("echo $?"), status);
        assert!(t.run("jobs %1").contains("Running sleep 1000"), "{}", t.picture());
        t.run("kill %1 %2 2>/dev/null; wait");
        t.exit();
    }
}

#[test]
fn keys_at_the_prompt_do_no_harm() {
    let mut t = Terminal::new();
    t.run("sleep 1000 &");
    t.key("echo not this");
    t.see("not this");
    t.key(CTRL_C);
    t.prompt();
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("jobs; echo here").lines().last(), Some("here"));
    t.run("kill %1; wait");
    t.exit();
}

#[test]
fn an_interrupt_ends_the_whole_line() {
    let mut t = Terminal::new();
    for line in [
        "sleep 1000; echo rest",
        "sleep 1000 || echo rest",
        "while :; do sleep 1000; echo rest; done",
        "f() { sleep 1000; echo rest; }; f; echo rest",
        "(sleep 1000; echo rest)",
        "{ sleep 1000; echo rest; } 2>/dev/null",
        "eval 'sleep 1000; echo rest'",
    ] {
        t.line(line);
        t.in_job();
        t.key(CTRL_C);
        t.prompt();
        assert_eq!(t.run("echo $?"), "130", "{line}");
    }
    assert!(!t.text().contains("\nrest"), "{}", t.picture());
    t.exit();
}

#[test]
fn an_interrupt_that_a_job_sends_is_the_shells_own() {
    let mut t = Terminal::new();
    t.run("trap 'echo trapped' INT");
    for round in 0..20 {
        // As fast as it can be: the shell may not wait for the job yet.
        assert_eq!(t.run("sh -c 'kill -INT $PPID'; echo on"), "trapped\non", "{round}");
    }
    t.exit();
}

#[test]
fn an_interrupt_ends_what_the_shell_does_itself() {
    let mut t = Terminal::new();
    for line in [
        "echo go; while :; do :; done; echo rest",
        "f() { echo go; while :; do x=$((x+1)); done; echo rest; }; f",
        "x=$(echo go >&2; while :; do :; done); echo rest",
        "x=$(echo go >&2; sleep 1000); echo rest",
        "x=$( (echo go >&2; sleep 1000; :) ); echo rest",
        "echo go; read x; echo rest",
        "sleep 1000 & echo go; wait; echo rest",
        "echo go; wait $!; echo rest",
        "sh -c 'trap \"\" INT; echo go; sleep 1' | while read x; do echo $x; done; echo go; while :; do :; done",
    ] {
        t.key("clear\r");
        t.prompt();
        let before = t.text().matches("go").count();
        t.line(line);
        t.until("it runs", |t| t.rows().iter().filter(|row| *row == "go").count() > before);
        if line.starts_with("sh -c") {
            t.until("the loop", |t| t.rows().iter().filter(|row| *row == "go").count() > before + 1);
        }
        t.key(CTRL_C);
        t.prompt();
        assert!(!t.rows().iter().any(|row| row == "rest"), "{line}\n{}", t.picture());
        assert_eq!(t.run("echo $?"), "130", "{line}");
    }
    t.run("kill %1; wait");
    t.exit();
}

#[test]
fn a_program_that_handles_the_interrupt_goes_on() {
    let mut t = Terminal::new();
    t.line("sh -c 'trap \"echo caught; exit 3\" INT; echo ready; while :; do sleep 0.01; done'; echo $? rest");
    t.until("it is ready", |t| t.rows().iter().any(|row| row == "ready"));
    t.key(CTRL_C);
    t.prompt();
    t.see("caught\n3 rest");
    t.exit();
}

#[test]
fn a_stopped_job_gives_the_terminal_back() {
    let mut t = Terminal::new();
    t.line("sleep 1000");
    let job = t.in_job();
    t.key(CTRL_Z);
    t.prompt();
    assert_eq!(t.foreground(), Some(t.pid()));
    t.stopped(job);
    assert!(t.text().contains("\n[1] + Stopped sleep 1000\n"), "{}", t.picture());
    assert_eq!(t.run("echo $?"), "148");
    // `fg` gives it the terminal again.
    t.line("fg");
    assert_eq!(t.in_job(), job);
    t.until("it runs", |_| Process::of(job).is_some_and(|process| process.state == 'S'));
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("jobs"), "");
    t.exit();
}

#[test]
fn what_stands_behind_a_stopped_job_is_discarded() {
    let mut t = Terminal::new();
    for line in [
        "sleep 1000; echo rest",
        "sleep 1000 || echo rest",
        "for i in 1 2 3; do sleep 1000; echo rest; done; echo rest",
        "f() { sleep 1000; echo rest; }; f; echo rest",
        "eval 'sleep 1000; echo rest'; echo rest",
        "if sleep 1000; then echo rest; else echo rest; fi",
        "{ sleep 1000; echo rest; } >&2",
    ] {
        t.line(line);
        t.in_job();
        t.key(CTRL_Z);
        t.prompt();
        assert!(t.text().contains("[1] + Stopped sleep 1000\n"), "{line}\n{}", t.picture());
        t.run("kill %1; wait; clear");
    }
    assert!(!t.text().contains("rest"), "{}", t.picture());
    // Redirections of what was left are undone, loops are left.
    assert_eq!(t.run("break 2>/dev/null; echo here"), "here");
    t.exit();
}

#[test]
fn pipelines_of_anything_can_be_stopped_and_go_on() {
    let mut t = Terminal::new();
    t.run("f() { while read x; do echo f:$x; done; }");
    for line in [
        "{ read a; echo one; read b </dev/null; sleep 1000; } | f | (cat; echo end)",
        "(read a; echo one; exec sleep 1000) | f",
        "(read a; echo f:one; sleep 1000)",
    ] {
        t.line(line);
        let group = t.in_job();
        t.key(CTRL_Z);
        t.prompt();
        t.until("all of it is stopped", |t| {
            t.session().iter().all(|process| process.group != group || process.state == 'T')
        });
        t.line("fg");
        assert_eq!(t.in_job(), group);
        // It reads from the terminal, and what it writes goes through all stages.
        t.line("go");
        t.until("its output", |t| t.rows().iter().any(|row| row == "f:one"));
        t.key(CTRL_Z);
        t.prompt();
        t.run("kill %1; wait; clear");
    }
    t.exit();
}

#[test]
fn a_stop_does_not_reach_a_substitution() {
    // It runs in the shell's own group: were it stopped, nobody could continue it, and the shell would wait for ever.
    let mut t = Terminal::new();
    for line in [
        "x=$(echo go >&2; sleep 1000); echo rest",
        "x=$(echo go >&2; sleep 1000 | cat; :); echo rest",
        "x=$( (echo go >&2; sleep 1000; :) ); echo rest",
        "x=$(sh -c 'echo go >&2; sleep 1000; :'); echo rest",
    ] {
        t.line(line);
        t.until("it runs", |t| t.rows().iter().any(|row| row == "go") && t.session().iter().any(|p| p.name == "sleep"));
        t.key(CTRL_Z);
        t.until("the key", |t| t.text().contains("^Z"));
        assert!(t.session().iter().all(|process| process.state != 'T'), "{line}\n{}", t.picture());
        t.key(CTRL_C);
        t.prompt();
        t.run("clear");
    }
    t.exit();
}

#[test]
fn a_stop_does_not_reach_a_builtin_loop() {
    let mut t = Terminal::new();
    t.line("echo go; while :; do :; done");
    t.until("it runs", |t| t.rows().iter().any(|row| row == "go"));
    t.key(CTRL_Z);
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("echo $?; jobs"), "130");
    t.exit();
}

#[test]
fn reading_in_the_background_stops_a_job() {
    // The second is what tmux does to its shells; the stop by ^Z is the same matter.
    let ignored = ["sh", "-c", "trap '' TSTP TTIN TTOU; exec \"$@\"", "sh"];
    for setup in [Terminal::with(), Terminal::started_by(&ignored)] {
        let mut t = setup.start();
        t.run("cat >out &");
        t.until("cat is stopped", |t| t.children().iter().any(|child| child.state == 'T'));
        t.run(":");
        t.see("[1] + Stopped (SIGTTIN) cat >out");
        t.line("fg");
        let job = t.in_job();
        // (What continues it takes a stop away that comes before.)
        t.until("it runs", |_| Process::of(job).is_some_and(|process| process.state == 'S'));
        t.key(CTRL_Z);
        t.prompt();
        t.line("fg");
        t.in_job();
        t.line("a line");
        t.key(CTRL_D);
        t.prompt();
        assert_eq!(t.run("cat out"), "a line");
        t.exit();
    }
}

#[test]
fn writing_in_the_background_stops_a_job_if_the_terminal_says_so() {
    let mut t = Terminal::new();
    t.run("stty tostop; echo text &");
    t.until("it is stopped", |t| t.children().iter().any(|child| child.state == 'T'));
    assert_eq!(t.run("jobs"), "[1] + Stopped (SIGTTOU) echo text");
    assert_eq!(t.run("fg"), "echo text\ntext");
    t.exit();
}

#[test]
fn the_modes_of_a_stopped_job_come_back_with_it() {
    let mut t = Terminal::new();
    t.line("sh -c 'stty -echo -icanon; echo ready; read x; echo got $x; stty -a | tr \" ;\" \"\\n\\n\" | grep -x -e -echo -e -icanon | sort'");
    t.until("it is ready", |t| t.rows().iter().any(|row| row == "ready"));
    t.key(CTRL_Z);
    t.prompt();
    assert_eq!(t.run("stty -a | tr ' ;' '\\n\\n' | grep -x -e -echo -e -icanon"), "");
    t.line("fg");
    t.in_job();
    t.until("its modes", |t| !t.modes().local_flags.intersects(LocalFlags::ECHO | LocalFlags::ICANON));
    t.key("x\n");
    t.prompt();
    t.see("got x\n-echo\n-icanon");
    t.exit();
}

#[test]
fn a_killed_program_leaves_a_usable_terminal() {
    let mut t = Terminal::new();
    for signal in [Signal::SIGKILL, Signal::SIGSEGV] {
        t.line("sh -c 'ulimit -c 0; stty raw -echo; echo ready; exec sleep 1000'");
        t.until("it is ready", |t| t.text().contains("ready") && t.session().iter().any(|p| p.name == "sleep"));
        let job = t.in_job();
        kill(job, signal).expect("it can be killed");
        t.prompt();
        assert_eq!(t.run("printf 'a\\nb\\n'"), "a\nb");
        t.is_usable();
        t.run("clear");
    }
    t.exit();
}

#[test]
fn modes_that_take_no_line_end_with_the_line() {
    let mut t = Terminal::new();
    t.run("stty raw -echo");
    t.line("cat");
    t.in_job();
    assert!(t.modes().local_flags.contains(LocalFlags::ICANON | LocalFlags::ISIG | LocalFlags::ECHO));
    assert!(t.modes().output_flags.contains(OutputFlags::OPOST));
    t.key(CTRL_C);
    t.prompt();
    // On the same line they serve what stands behind.
    t.line("stty -icanon -echo; printf ready; dd bs=1 count=1 2>/dev/null; echo");
    t.see("ready");
    t.until("dd reads", |t| t.session().iter().any(|process| process.name == "dd"));
    t.key("k");
    t.prompt();
    t.see("readyk");
    // What a person may want stays.
    t.run("stty -echo");
    t.line("cat");
    t.in_job();
    t.until("no echo", |t| {
        let flags = t.modes().local_flags;
        flags.contains(LocalFlags::ICANON) && !flags.contains(LocalFlags::ECHO)
    });
    t.key(CTRL_C);
    t.prompt();
    t.run("stty echo");
    t.exit();
}

#[test]
fn a_job_that_was_killed_while_stopped_or_changed_from_elsewhere() {
    let mut t = Terminal::new();
    t.line("sleep 1000 | sleep 2000");
    let group = t.in_job();
    t.until("both processes", |t| t.session().iter().filter(|process| process.name == "sleep").count() == 2);
    killpg(group, Signal::SIGSTOP).expect("it can be stopped");
    t.prompt();
    assert_eq!(t.run("jobs"), "[1] + Stopped (SIGSTOP) sleep 1000 | sleep 2000");
    killpg(group, Signal::SIGCONT).expect("it can be continued");
    t.until("it runs", |t| t.children().iter().all(|child| child.state == 'S'));
    assert_eq!(t.run("jobs"), "[1] + Running sleep 1000 | sleep 2000");
    killpg(group, Signal::SIGKILL).expect("it can be killed");
    t.until("it has ended", |t| t.children().iter().all(|child| child.state == 'Z'));
    assert_eq!(t.run(":"), "[1] + Killed sleep 1000 | sleep 2000");
    assert!(t.children().is_empty());
    t.exit();
}

#[test]
fn the_shell_survives_what_kills_others() {
    let mut t = Terminal::new();
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU]
    {
        kill(t.pid(), signal).expect("a child can be signalled");
        if signal == Signal::SIGINT {
            // What was typed is dropped, for a new prompt.
            t.prompt();
        }
        t.run(":");
    }
    assert_eq!(t.run("kill -s TERM $$; echo here"), "here");
    // A program gets them with their default actions.
    assert_eq!(t.run("sh -c 'kill -s TERM $$'; echo $?"), "Terminated\n143");
    assert_eq!(t.run("(ulimit -c 0; sh -c 'kill -s QUIT $$'; echo $?)"), "Quit\n131");
    t.exit();
}

#[test]
fn a_program_that_cannot_be_started_leaves_the_terminal_to_the_shell() {
    let mut t = Terminal::with().file("bad", "#!/nonexistent/interpreter\n").start();
    t.run("chmod +x bad");
    for line in ["./bad", "./bad | cat", "cat </dev/null | ./bad", "./bad & wait"] {
        t.run(line);
        assert_eq!(t.foreground(), Some(t.pid()), "{line}");
        t.run("wait; clear");
        assert_eq!(t.run("echo here"), "here", "{line}");
    }
    t.exit();
}

#[test]
fn a_script_without_an_interpreter_belongs_to_its_jobs_group() {
    let mut t = Terminal::with().file("plain", "sleep 1000\n:\n").start();
    t.run("chmod +x plain");
    for line in ["./plain", "sleep 1000 | ./plain | ./plain"] {
        t.line(line);
        let count = 2 * line.matches("plain").count() + usize::from(line.contains('|'));
        t.until("all of it", |t| {
            let group = t.foreground();
            t.session().iter().filter(|process| Some(process.group) == group).count() == count
        });
        t.key(CTRL_Z);
        t.prompt();
        t.until("all of it is stopped", |t| t.session().iter().all(|process| process.state == 'T'));
        t.run("kill %1; wait; clear");
    }
    // `exec` becomes the script: the same process.
    t.run("echo 'echo $$' >plain");
    assert_eq!(t.run("(sh -c 'echo $PPID'; exec ./plain) | uniq | wc -l"), "1");
    t.exit();
}

/// ^C ends a wait for a message: 130, the next prompt, and nothing is left of the wait.
#[test]
fn control_c_ends_a_wait_for_a_message() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("export XDG_RUNTIME_DIR=$PWD/run; mkdir -m 700 run; mkfifo pipe; q=$(mq create sysv:0)");
    for address in ["$q", "box:wait", "rdv:wait", "fifo:pipe"] {
        t.line(&format!("recv {address}"));
        t.until("the shell has taken the line, and the terminal is no editor's any more", Terminal::is_cooked);
        t.key(CTRL_C);
        t.prompt();
        assert_eq!(t.run("echo $?"), "130", "{address}");
    }
    t.run("mq rm $q");
    let run = t.home().join("run/ipcsh");
    // The process that is the mailbox's life hears that its receiver has gone, and then it ends.
    t.until("the end of the mailbox", |_| !run.join("wait.box").exists() && !run.join("wait.keeper").exists());
    assert_eq!(t.run("find run ! -type d ! -name '*.turn' ! -name lock"), "");
    t.exit();
}

#[test]
fn a_single_program_of_a_shell_with_job_control_is_a_job() {
    let setup = Terminal::started_by(&["sh", "-c", "\"$@\" -mc '/bin/sleep 0'; echo \"next $?\"; read x", "sh"]);
    let mut t = setup.env("PS1", "").start();
    t.see("next 0");
}

#[test]
fn a_failed_exec_leaves_the_shell_as_it_was() {
    let mut t = Terminal::with().file("program", "#!/nonexistent/interpreter\n").start();
    t.run("chmod +x program; trap 'echo trapped' USR1; trap '' USR2");
    t.run("exec ./program");
    assert_eq!(t.run("kill -TERM $$; kill -USR2 $$; kill -USR1 $$; echo here"), "trapped\nhere");
    // (Between two prompts the terminal itself would echo a key.)
    t.key(CTRL_C);
    t.prompt();
    t.key(CTRL_BACKSLASH);
    t.key(CTRL_Z);
    t.line("while :; do :; done");
    t.key_until_prompt(CTRL_C, 100);
    assert_eq!(t.run("echo alive"), "alive");
    t.exit();
}

#[test]
fn what_waits_for_a_fifo_can_be_stopped_and_ended() {
    let mut t = Terminal::new();
    t.run("mkfifo fifo");
    t.line("x=5 cat <fifo");
    let job = t.in_job();
    t.key(CTRL_Z);
    t.prompt();
    t.stopped(job);
    assert!(t.run("echo $?; jobs").ends_with("148\n[1] + Stopped x=5 cat <fifo"), "{}", t.picture());
    t.run("echo data >fifo &");
    assert!(t.run("fg %1").contains("data"), "{}", t.picture());
    t.line("cat <fifo");
    t.in_job();
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("echo $?"), "130");
    t.line("read x <fifo; echo rest");
    t.key_until_prompt(CTRL_C, 100);
    assert_eq!(t.run("echo $?"), "130");
    t.run("cat <fifo >got & echo more >fifo; wait; cat got");
    t.exit();
}

#[test]
fn read_from_a_closed_descriptor_fails_at_a_prompt() {
    let mut t = Terminal::new();
    assert!(
        t.run("read x <&-; echo \"status $?\"").ends_with("read: cannot read: Bad file descriptor\nstatus 2"),
        "{}",
        t.picture()
    );
    t.exit();
}
