//! Start-up: files, options, and homes that are not as they should be.

use crate::terminal::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_login_shell_reads_its_profile() {
    if !is_ipcsh() {
        return;
    }
    for (argument, zero) in [("-l", "ipcsh"), ("-i", "-ipcsh")] {
        // /etc/profile may set PS1, too.
        let setup = Terminal::with().env("PS1", "").arg0(zero).arg(argument);
        let mut t = setup.file(".profile", "FROM_PROFILE=yes; PS1='ready> '\n").start();
        t.see_at_cursor("ready>");
        t.line("echo \"<$FROM_PROFILE>\"");
        t.see("\n<yes>\nready>");
        t.exit();
    }
}

#[test]
fn exec_l_becomes_a_login_shell() {
    if !is_ipcsh() {
        return;
    }
    let program = shell();
    let program = program.display();
    let mut t = Terminal::with().file(".profile", "FROM_PROFILE=yes; PS1='ready> '\n").start();
    t.line(&format!("exec -l {program}"));
    t.see_at_cursor("ready>");
    t.line("case $0 in -*) echo \"<$FROM_PROFILE, login>\";; esac");
    t.see("\n<yes, login>\nready>");
    t.exit();
}

#[test]
fn an_interactive_shell_reads_env_and_rc() {
    if !is_ipcsh() {
        return;
    }
    let files = || {
        Terminal::with()
            .file("environment", "A=env\n")
            .file(".config/ipcsh/rc", "B=rc; alias hi='echo hello'\n")
            .env("ENV", "${HOME}/environment")
    };
    let mut t = files().start();
    assert_eq!(t.run("echo $A $B; hi"), "env rc\nhello");
    t.exit();
    let mut t = files().arg("--norc").start();
    assert_eq!(t.run("echo $A $B"), "env");
    t.exit();
}

#[test]
fn a_return_ends_a_start_up_file_and_nothing_else() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with()
        .env("PS1", "")
        .arg("-l")
        .file(".profile", "PS1='ready> '; A=profile\n[ -n \"$A\" ] && return 3\nA=wrong\n")
        .file(".config/ipcsh/rc", "B=rc\nreturn\nB=wrong\n")
        .start();
    t.see_at_cursor("ready>");
    t.line("echo \"<$A $B>\"");
    t.see("<profile rc>");
    t.exit();
}

#[test]
fn an_error_in_a_start_up_file_leaves_a_working_shell() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with()
        .env("PS1", "")
        .arg("-l")
        .file(".profile", "echo ok; PS1='ready> '\nif then\n")
        .file(".config/ipcsh/rc", "x=1\nreadonly x\nx=2\necho unreached\n")
        .start();
    t.see_at_cursor("ready>");
    let text = t.text();
    assert!(text.contains("/.profile: line 2: syntax error"), "{text}");
    assert!(text.contains("/rc: line 3: x: is read only"), "{text}");
    assert!(!text.contains("unreached"), "{text}");
    t.line("echo \"<alive $x>\"");
    t.see("<alive 1>");
    t.exit();
}

#[test]
fn ctrl_c_ends_a_profile_that_hangs_and_not_the_shell() {
    if !is_ipcsh() {
        return;
    }
    for hang in ["sleep 1000", "while :; do :; done"] {
        let profile = format!("PS1='ready> '; echo begun\n{hang}\necho unreached\n");
        let mut t = Terminal::with().env("PS1", "").arg("-l").file(".profile", &profile).start();
        t.see("begun");
        t.key(CTRL_C);
        t.see_at_cursor("ready>");
        t.line("echo \"<alive>\"");
        t.see("\n<alive>\nready>");
        assert!(!t.text().contains("unreached"), "{}", t.picture());
        t.exit();
    }
}

#[test]
fn what_a_profile_says_of_job_control_is_so() {
    if !is_ipcsh() {
        return;
    }
    let setup = Terminal::with().env("PS1", "").arg("-l").file(".profile", "PS1='ready> '; set +m\n");
    let mut t = setup.start();
    t.see_at_cursor("ready>");
    t.line("case $- in *m*) echo '<on>';; *) echo '<off>';; esac");
    t.see("\n<off>\nready>");
    t.exit();
}

#[test]
fn ps1_has_a_value_that_can_be_extended() {
    if !is_ipcsh() {
        return;
    }
    // As the scripts do that enter and leave an environment of Python.
    let files = || Terminal::with().env_remove("PS1").file("enter", "OLD=${PS1-}; PS1=\"(venv) ${PS1-}\"\n");
    let mut t = files().start();
    t.until("the shell's own prompt", |t| t.cursor_line().contains(" ~ "));
    t.line(". ./enter; [ -n \"$OLD\" ] && echo '<not empty>'; false");
    t.until("the text before it", |t| t.cursor_line().starts_with("(venv) [1] ") && t.cursor_line().contains(" ~ "));
    t.see("\n<not empty>\n");
    t.line("PS1=$OLD; printf 'no newline'");
    t.until("it alone", |t| t.text().contains("\nno newline%\n") && t.cursor_line().contains(" ~ "));
    t.line("unset PS1; echo '<unset>'");
    t.until("it without a value", |t| t.text().contains("\n<unset>\n") && t.cursor_line().contains(" ~ "));
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
    // In POSIX mode it is the standard's.
    let mut t = files().start();
    t.until("the shell's own prompt", |t| t.cursor_line().contains(" ~ "));
    t.line("set -o posix");
    t.until("the prompt of POSIX", |t| t.cursor_line() == "$");
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
}

#[test]
fn homes_that_are_missing_or_cannot_be_written() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env_remove("HOME").start();
    assert_eq!(t.run("echo fine"), "fine");
    t.exit();
    let mut t = Terminal::with().env("HOME", "/proc/nowhere").start();
    assert_eq!(t.run("echo fine"), "fine");
    t.key("\x1b[A");
    t.see_at_cursor("[2]$ echo fine");
    t.key(CTRL_C);
    t.prompt();
    t.exit();
    let mut t = Terminal::with().env("HISTFILE", "/dev/full").start();
    assert_eq!(t.run("echo fine"), "fine");
    t.exit();
}

#[test]
fn a_home_that_is_read_only() {
    if !is_ipcsh() {
        return;
    }
    // To root it is one only if the file system is.
    let mount = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o ro none \"$HOME\" && exec \"$@\"", "sh"];
    let is_root = nix::unistd::geteuid().is_root();
    if is_root && !std::process::Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|it| it.success()) {
        println!("skipped: needs a mount namespace");
        return;
    }
    let setup = Terminal::started_by(if is_root { &mount } else { &["sh", "-c", "chmod 555 . && exec \"$@\"", "sh"] });
    let mut t = setup.start();
    assert!(!t.text().contains("ipcsh:"), "{}", t.picture());
    assert_eq!(t.run("cd; echo fine; true >file || echo refused").lines().last(), Some("refused"));
    t.key("\x1b[A");
    t.see_at_cursor("[2]$ cd; echo fine; true >file || echo refused");
    t.key(CTRL_C);
    t.prompt();
    t.run("chmod 755 . 2>/dev/null");
    t.exit();
}

#[test]
fn a_set_id_shell_reads_neither_env_nor_rc() {
    if !is_ipcsh() {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: needs root, for a program that becomes somebody else");
        return;
    }
    let start = |mode| {
        let home = Terminal::program("true");
        let path = home.home().join("shell");
        copy_shell(&path);
        std::os::unix::fs::chown(&path, Some(54321), Some(54321)).expect("root may give files away");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("a mode can be set");
        let setup = home.file("env", "echo 'ENV was read'\n").file(".config/ipcsh/rc", "echo 'rc was read'\n");
        let mut t = setup.of(&path).env("ENV", "$HOME/env").env("PS1", "in> ").start();
        t.see_at_cursor("in>");
        t.line("echo \"<$(id -u) $(id -g)>\"; exit 0");
        assert_eq!(t.wait(), 0);
        t.text()
    };
    for mode in [0o4755, 0o2755] {
        let text = start(mode);
        assert!(text.contains("54321"), "{text}");
        assert!(!text.contains("was read"), "{text}");
    }
    let text = start(0o755);
    assert!(text.contains("ENV was read\nrc was read\n"), "{text}");
}

#[test]
fn levels_and_options() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env("SHLVL", "4").arg("-s").arg("one").arg("two").start();
    assert_eq!(t.run("echo $SHLVL $# $2"), "5 2 two");
    assert_eq!(t.run("case $- in (*i*) echo interactive; esac"), "interactive");
    t.exit();
}

#[test]
fn several_shells_share_a_history_file() {
    if !is_ipcsh() {
        return;
    }
    let mut first = Terminal::new();
    let file = first.home().join("shared").to_string_lossy().into_owned();
    let mut t = Terminal::with().env("HISTFILE", &file).start();
    let mut other = Terminal::with().env("HISTFILE", &file).start();
    t.run("echo from one");
    other.run("echo from other");
    t.run("echo again");
    let kept = std::fs::read_to_string(&file).expect("a history");
    assert_eq!(kept, "#ipcsh history 1\necho from one\necho from other\necho again\n");
    let mut third = Terminal::with().env("HISTFILE", &file).start();
    assert_eq!(third.run("history 2"), "    3  echo again\n    4  history 2");
    third.exit();
    // All at once: each command is there, whole, once; and nobody else may read it.
    let lines = |name: &str| (0..30).map(|number| format!(": {name} {number}\r")).collect::<String>();
    t.key(&lines("one"));
    other.key(&lines("other"));
    for shell in [&mut t, &mut other] {
        shell.line(": last; echo ended");
        shell.until("the last one", |shell| shell.rows().iter().any(|row| row == "ended"));
        shell.until("a prompt", Terminal::is_at_new_prompt);
    }
    let kept = std::fs::read_to_string(&file).expect("a history");
    for name in ["one", "other"] {
        for number in 0..30 {
            let line = format!(": {name} {number}");
            assert_eq!(kept.lines().filter(|kept| *kept == line).count(), 1, "{line}\n{kept}");
        }
    }
    let mode = std::fs::metadata(&file).expect("a history").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    t.exit();
    other.exit();
    first.run("");
    first.exit();
}

/// MAIL, MAILPATH and MAILCHECK: a mailbox that has grown or has come since the last look is announced before the next prompt.
#[test]
fn news_of_mail_come_before_a_prompt() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("box", "old\n").start();
    assert_eq!(t.run("MAILCHECK=0 MAIL=$HOME/box; touch -d 2001-01-01 box"), "");
    let news = t.run("echo new >>box");
    assert!(news.starts_with("you have mail in /") && news.ends_with("/box"), "{news}");
    assert_eq!(t.run("echo read; : >box"), "read");
    assert_eq!(t.run("MAILPATH=$HOME/none:$HOME/'other%look into ${_##*/}'"), "");
    assert_eq!(t.run("echo first >other; echo more >>box"), "look into other");
    assert_eq!(t.run("MAILCHECK=1000; touch -d 2001-01-01 other"), "");
    t.exit();
}
