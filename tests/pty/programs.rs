//! Programs that take over the whole terminal, as people start them: they stop, come back, die, and the prompt is usable behind them.

use crate::terminal::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Start a program that draws on the whole screen and wait until `sign` is there.
#[track_caller]
fn start(t: &mut Terminal, line: &str, sign: &str) -> Pid {
    t.line(line);
    let job = t.in_job();
    t.until(sign, |t| t.text().contains(sign) && !t.is_cooked());
    job
}

/// The foreground job ^Z stops and `fg` brings back, with `sign` on the screen.
#[track_caller]
fn stop_and_come_back(t: &mut Terminal, job: Pid, sign: &str) {
    // (Perhaps again: less does not see one that comes between its look for signals and its read. Of two it sees the second one
    // when it is continued, and stops once more.)
    t.key_until_prompt(CTRL_Z, 1000);
    loop {
        assert_eq!(t.foreground(), Some(t.pid()));
        t.run("clear");
        t.line("fg");
        let is_back = |t: &Terminal| t.foreground() == Some(job) && t.text().contains(sign) && !t.is_cooked();
        t.until(sign, |t| is_back(t) || t.is_at_new_prompt());
        if !t.is_at_new_prompt() {
            return;
        }
        t.prompt();
    }
}

#[test]
fn vi() {
    if !have("vi") {
        return;
    }
    let mut t = Terminal::new();
    let job = start(&mut t, "vi -u NONE -i NONE -n text", "\n~\n~\n~\n~\n~");
    t.key("ihello world\x1b");
    t.see("hello world");
    stop_and_come_back(&mut t, job, "hello world");
    t.line(":wq");
    t.prompt();
    assert!(t.is_cooked() || !t.screen().alternate_screen());
    assert_eq!(t.run("cat text"), "hello world");
    // One that is killed leaves its screen, but a terminal in which one can type.
    let job = start(&mut t, "vi -u NONE -i NONE -n text", "\n~\n~\n~\n~\n~");
    kill(job, Signal::SIGKILL).expect("it can be killed");
    t.prompt();
    t.run("clear");
    assert_eq!(t.run("printf 'a\\nb\\n'"), "a\nb");
    t.is_usable();
    t.exit();
}

#[test]
fn less() {
    if !have("less") {
        return;
    }
    let mut t = Terminal::new();
    t.run("i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done >text");
    for line in ["less text", "cat text | less", "i() { cat text; }; i | less"] {
        let job = start(&mut t, line, "line 1\n");
        t.key(" ");
        t.see("line 40");
        stop_and_come_back(&mut t, job, "line 40");
        t.key("q");
        t.prompt();
        assert_eq!(t.run("echo $?"), "0");
        t.run("clear");
    }
    t.exit();
}

#[test]
fn top() {
    if !have("top") {
        return;
    }
    let mut t = Terminal::new();
    let job = start(&mut t, "top", "PID");
    stop_and_come_back(&mut t, job, "PID");
    // Its last words are the cursor and the keypad; ^C is a way out, too.
    for key in ["q", CTRL_C] {
        t.key(key);
        t.prompt();
        t.is_usable();
        t.run("clear");
        start(&mut t, "top", "PID");
    }
    t.key("q");
    t.prompt();
    t.exit();
}

#[test]
fn script_records_a_session() {
    if !have("script") {
        return;
    }
    let mut t = Terminal::with().env("SHELL", &shell().to_string_lossy()).start();
    t.line("PS1='in$ ' script -q record");
    t.see_at_cursor("in$");
    t.line("sleep 1000");
    t.until("the job", |t| Process::all().any(|p| p.name == "sleep" && below(t, &p)));
    t.key(CTRL_Z);
    t.see("[1] + Stopped sleep 1000");
    t.see_at_cursor("in$");
    t.line("kill %1; wait; echo recorded; exit 3");
    t.prompt();
    assert!(t.read("record").contains("recorded"));
    t.exit();
}

/// Whether a process has the shell among its ancestors.
fn below(t: &Terminal, process: &Process) -> bool {
    let mut parent = process.parent;
    while parent.as_raw() > 1 && parent != t.pid() {
        match Process::of(parent) {
            Some(above) => parent = above.parent,
            None => return false,
        }
    }
    parent == t.pid()
}

#[test]
fn tmux() {
    if !have("tmux") {
        return;
    }
    let mut t = Terminal::with().env("TMUX_TMPDIR", "/tmp").env("SHELL", &shell().to_string_lossy()).start();
    let server = format!("ipcsh-test-{}", t.pid());
    let inner = format!("tmux -u -L {server} -f /dev/null new 'PS1=\"in\\$ \" exec {}'", shell().display());
    t.line(&inner);
    t.see_at_cursor("in$");
    t.line("echo first $((6*7))");
    t.see("\nfirst 42\n");
    t.line("sleep 1000");
    t.until("the job", |_| has_job(&server));
    t.key(CTRL_Z);
    t.see("[1] + Stopped sleep 1000");
    t.see_at_cursor("in$");
    // A second pane beside it: the first one gets half of the window, and what stood there is still whole.
    t.line("clear; tmux split-window -h -d; jobs");
    t.see("│");
    t.see("[1] + Stopped sleep 1000");
    t.line("kill %1; wait; echo still here");
    t.see("\nstill here");
    t.line(&format!("tmux -L {server} kill-server"));
    t.prompt();
    t.exit();
}

/// Whether `sleep` has the terminal in the first pane.
fn has_job(server: &str) -> bool {
    let out = std::process::Command::new("tmux")
        .args(["-L", server, "list-panes", "-F", "#{pane_current_command}"])
        .env("TMUX_TMPDIR", "/tmp")
        .output();
    out.is_ok_and(|out| out.stdout.starts_with(b"sleep"))
}
