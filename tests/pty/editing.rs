//! The line editor: keys, several lines, pastes, odd windows and odd characters.

use crate::terminal::*;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";

/// A line is typed, edited with keys, and entered; what it prints.
fn edited(keys: &str) -> String {
    let mut t = Terminal::new();
    t.key(keys);
    let output = t.run("");
    t.exit();
    output
}

#[test]
fn emacs_keys_edit_the_line() {
    if !is_ipcsh() {
        return;
    }
    assert_eq!(edited("cho b\x01e\x05c"), "bc", "^A and ^E");
    assert_eq!(edited("echo one two\x17three"), "one three", "^W");
    assert_eq!(edited("xx yy\x15echo a"), "a", "^U");
    assert_eq!(edited("echo abc\x1b[D\x1b[D\x0b"), "a", "^K");
    assert_eq!(edited("echo abc\x17\x19 \x19"), "abc abc", "^Y");
    assert_eq!(edited("echo ba\x14"), "ab", "^T");
    assert_eq!(edited("echo a b\x1bb\x1bbx\x1b[F"), "xa b", "Alt-b");
    assert_eq!(edited("echo hello\x1bb\x1bu"), "HELLO", "Alt-u");
    assert_eq!(edited("echo a\x1f\x1fecho b"), "b", "^_ undoes what was typed");
    assert_eq!(edited("echo a\x7fb\x1b[D\x1b[3~c"), "c", "Backspace and Delete");
    assert_eq!(edited("echo '\x16\x09'"), "", "^V inserts a key as it is");
}

#[test]
fn a_key_is_shown_before_its_colour_is_known() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    // With its colour the first key is drawn, and the next one looks as that one does.
    for word in ["x", "ec"] {
        for (index, key) in word.char_indices() {
            let before = t.written.len();
            t.key(&key.to_string());
            let shown = format!("[1]$ {}", &word[..=index]);
            t.until(&shown, |t| t.cursor_line() == shown && usize::from(t.cursor().1) == shown.len());
            t.until("its colour", |t| t.written[before..].windows(5).any(|bytes| bytes == b"\x1b[31m"));
            let first = t.written[before..].iter().position(|&byte| byte == key as u8);
            let before_it = &t.written[before..before + first.unwrap_or_default()];
            let wanted = if index == 0 { "" } else { "\x1b[31m" };
            assert_eq!(before_it.escape_ascii().to_string(), wanted.as_bytes().escape_ascii().to_string());
        }
        t.key("\x15");
        t.until("an empty line", |t| t.cursor_line() == "[1]$");
    }
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn a_command_of_several_lines_goes_on_and_is_recalled_whole() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env("PS2", "more> ").start();
    t.line("for i in 1 2");
    t.see_at_cursor("more>");
    t.line("do echo $i");
    t.line("done");
    t.prompt();
    assert!(t.text().ends_with("more> do echo $i\nmore> done\n1\n2\n[2]$"), "{}", t.text());
    t.key(UP);
    t.see("[2]$ for i in 1 2\nmore> do echo $i\nmore> done");
    // The second line is edited where it stands.
    t.key(UP);
    t.key("\x05.");
    t.key("\r");
    t.prompt();
    assert!(t.text().contains("1.\n2."), "{}", t.text());
    t.line("cat <<E");
    t.line("it's");
    t.line("E");
    t.prompt();
    assert!(t.text().contains("more> E\nit's\n"), "{}", t.text());
    t.line("echo 'a");
    t.see_at_cursor("more>");
    t.line("b'");
    t.prompt();
    t.see("more> b'\na\nb\n");
    t.exit();
}

#[test]
fn control_keys_do_what_people_expect() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("echo never");
    t.key(CTRL_C);
    t.prompt();
    assert!(t.text().contains("echo never^C"), "{}", t.text());
    assert_eq!(t.run("echo $?"), "130");
    // ^Z stops nothing, ^D deletes, ^L clears.
    t.key(&format!("{CTRL_Z}echo ab\x1b[D{CTRL_D}"));
    t.see_at_cursor("[3]$ echo a");
    t.key("\x0c");
    t.until("a blank screen", |t| t.rows()[0] == "[3]$ echo a" && t.cursor() == (0, 11));
    assert_eq!(t.run("c"), "ac");
    t.run("set -o ignoreeof");
    t.key(CTRL_D);
    t.see("Use `exit` to leave the shell.");
    t.exit();
}

#[test]
fn control_c_gives_up_the_line_in_the_middle_of_a_key() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    for begun in ["\x18", "\x1d", "\x12", "\x1b", "\x1b[1"] {
        t.key(&format!("echo never{begun}{CTRL_C}"));
        t.prompt();
    }
    t.run("set -o vi");
    for begun in ["d", "2", "r", "/", "@"] {
        t.key(&format!("echo never\x1b{begun}{CTRL_C}"));
        t.prompt();
    }
    assert!(!t.text().contains("\nnever"), "{}", t.text());
    t.exit();
}

#[test]
fn what_is_changed_in_recalled_lines_stays_until_one_is_entered() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("echo one");
    t.run("echo two");
    t.key(&format!("{UP} EDIT{UP}"));
    t.see_at_cursor("[3]$ echo one");
    t.key(&format!("\x7fX{DOWN}"));
    t.see_at_cursor("[3]$ echo two EDIT");
    assert_eq!(t.run(""), "two EDIT");
    t.key(&format!("{UP}{UP}{UP}"));
    t.see_at_cursor("[4]$ echo one");
    t.key(CTRL_C);
    t.prompt();
    // What is found is changed too, and what was searched from comes back.
    t.key("own\x12ne\x01");
    t.see_at_cursor("[5]$ echo one");
    t.key("x\x12wo E\x07");
    t.see_at_cursor("[5]$ xecho one");
    t.key("\x1b>");
    t.see_at_cursor("[5]$ own");
    // What is shown is searched as it is, and not as it was.
    t.key("\x10\x15日本 two\x12two");
    t.see_at_cursor("(reverse-i-search)`two': 日本 two");
    t.key("\x05x");
    t.see_at_cursor("[5]$ 日本 twox");
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

/// Wait until all keys are taken and shown: a window that has changed is drawn anew when nothing is left to be read.
fn drawn(t: &mut Terminal) {
    let (before, (rows, columns)) = (t.written.len(), t.screen().size());
    t.resize(rows.get(), if columns.get() == 80 { 79 } else { 80 });
    t.until("the line is drawn anew", |t| t.written[before..].windows(2).any(|bytes| bytes == b"$ "));
}

#[test]
fn the_second_key_of_a_command_shows_what_it_does() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("echo a");
    t.see_at_cursor("[1]$ echo a");
    for (key, shown) in [("\x16", "echo a"), ("\x01", "echo a^A"), ("\x18", "echo a^A"), ("\x15", "echo a")] {
        t.key(key);
        t.see_at_cursor(&format!("[1]$ {shown}"));
        drawn(&mut t);
    }
    t.key(CTRL_C);
    t.prompt();
    t.run("set -o vi");
    t.key("echo a b\x1b");
    t.until("the cursor", |t| t.cursor().1 == 12);
    for (key, shown) in [("r", "echo a b"), ("x", "echo a x"), ("b", "echo a x"), ("d", "echo a x"), ("w", "echo x")] {
        t.key(key);
        t.see_at_cursor(&format!("[3]$ {shown}"));
        drawn(&mut t);
    }
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn undone_changes_are_done_again() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("echo one\x17two");
    t.see_at_cursor("[1]$ echo two");
    for (key, shown) in [
        ("\x1f", "echo"),
        ("\x1f", "echo one"),
        ("\x1b/", "echo"),
        ("\x1b/", "echo two"),
        ("\x1br", ""),
        ("\x1b/", "echo one"),
    ] {
        t.key(key);
        t.see_at_cursor(&format!("[1]$ {shown}"));
    }
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn sudo_comes_and_goes_in_front() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("sudo() { echo root: \"$@\"; }");
    t.run("echo last");
    t.key("\x1bs");
    t.see_at_cursor("[3]$ sudo echo last");
    assert_eq!(t.run(""), "root: echo last");
    t.key(&format!("ls -l{LEFT}\x1bs"));
    t.see_at_cursor("[4]$ sudo ls -l");
    t.key("x");
    t.see_at_cursor("[4]$ sudo ls -xl");
    t.key("\x1bs");
    t.see_at_cursor("[4]$ ls -xl");
    t.key("y");
    t.see_at_cursor("[4]$ ls -xyl");
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn a_line_is_put_aside_and_comes_back() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("echo later\x1bq");
    t.see_at_cursor("[1]$");
    t.key("echo first\r");
    t.see("\nfirst\n[2]$ echo later");
    t.key("\r");
    t.prompt();
    t.see("\nlater\n[3]$");
    // One more does not lose the first.
    for line in ["echo last\x1bq", "echo before\x1bq"] {
        t.key(line);
        t.see_at_cursor("[3]$");
    }
    t.key(":\r");
    t.see("\n[4]$ echo before");
    t.key("\r");
    t.see("\nbefore\n[5]$ echo last");
    t.key("\r");
    t.prompt();
    t.see("\nlast\n[6]$");
    // A comment is remembered, and executed when it is none any more.
    t.key("echo never\x1b#");
    t.prompt();
    assert!(t.text().ends_with("[6]$ #echo never\n[7]$"), "{}", t.picture());
    t.key(UP);
    t.see_at_cursor("[7]$ #echo never");
    t.key("\x1b#");
    t.prompt();
    t.see("[7]$ echo never\nnever\n[8]$");
    t.exit();
}

#[test]
fn several_entries_are_entered_one_after_the_other() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("echo one");
    t.run("echo two");
    t.run("echo three");
    t.key(&format!("{UP}{UP}{UP}"));
    t.see_at_cursor("[4]$ echo one");
    t.key("\x0f");
    t.see("\none\n[5]$ echo two");
    t.key("x\x0f");
    t.see("\ntwox\n[6]$ echo three");
    t.key("\r");
    t.prompt();
    t.see("\nthree\n[7]$");
    t.exit();
}

#[test]
fn a_command_and_a_directory_are_looked_up_without_losing_the_line() {
    if !is_ipcsh() {
        return;
    }
    let page = ".TH TOOL 1\n.SH NAME\ntool \\- do a thing\n.SH SYNOPSIS\n";
    let mut t = Terminal::with()
        .file("pages/man1/tool.1", page)
        .file("pages/man1/tool-verb.1", ".SH NAME\ntool-verb \\- do a part of it\n")
        .file("bin/man", "#!/bin/sh\necho \"page of $*\"\n")
        .file("folder/inside", "")
        .start();
    t.run("chmod +x bin/man; PATH=$PWD/bin:$PATH; MANPATH=$PWD/pages; alias mine='tool -x'");
    t.key("false; sudo tool verb --x\x1bw");
    t.see("\ntool-verb: do a part of it\n[2]$ false; sudo tool verb --x");
    t.key("\x1bh");
    t.see("\npage of tool-verb\n[2]$ false; sudo tool verb --x");
    t.key("\x15mine\x1bw");
    t.see("\nmine: an alias for tool -x\n[2]$ mine");
    t.key("\x1bh");
    t.see("\npage of tool\n[2]$ mine");
    t.key("\x15false; umask\x1bOP");
    t.see("\nusage: umask");
    t.see_at_cursor("[2]$ false; umask");
    t.key("\x15ls folder/in\x1bL");
    t.see("\ninside\n[2]$ ls folder/in");
    // The cursor is where it was, and `$?` what it was.
    t.key("\x15echo $?\x1b[D\x1bL");
    t.see("\nbin  folder  pages\n[2]$ echo $?");
    t.key("x");
    t.see_at_cursor("[2]$ echo $x?");
    t.key("\x7f\r");
    t.prompt();
    t.see("echo $?\n0\n[3]$");
    t.exit();
}

#[test]
fn words_and_events_are_expanded_in_the_line() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("a.c", "").file("b.c", "").file("a d", "").start();
    t.key("ls *.c\x18*");
    t.see_at_cursor("[1]$ ls a.c b.c");
    t.key("\x15printf %s, a\x1b*");
    t.see_at_cursor("[1]$ printf %s, 'a d' a.c");
    t.key("; echo\r");
    t.prompt();
    t.see("\na d,a.c,\n[2]$");
    t.key("echo !printf:2\x1b^");
    t.see_at_cursor("[2]$ echo 'a d'");
    t.key("\x15ls ?.\x1b=");
    t.see("[2]$ ls ?.");
    t.key(CTRL_C);
    t.prompt();
    // A line that has been typed is finished in an editor.
    t.run("EDITOR='sed -i s/one/two/'");
    t.key("echo one\x1be");
    t.prompt();
    t.see("\ntwo\n[5]$");
    t.exit();
}

#[test]
fn last_words_come_one_after_the_other() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("echo one");
    t.run("echo x # 'c'");
    t.run("echo 'a  b'");
    t.key("echo \x1b.");
    t.see_at_cursor("[4]$ echo 'a  b'");
    t.key("\x1b.");
    t.see_at_cursor("[4]$ echo 'c'");
    t.key("\x1b.");
    t.see_at_cursor("[4]$ echo one");
    // A key between them: another word.
    t.key(" \x1b.");
    t.see_at_cursor("[4]$ echo one 'a  b'");
    assert_eq!(t.run(""), "one a  b");
    t.exit();
}

#[test]
fn a_paste_is_searched_for_whole() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("echo one");
    t.run("echo ooo");
    t.key("\x12\x1b[200~on\x1b[201~");
    t.see_at_cursor("(reverse-i-search)`on': echo one");
    assert_eq!(t.run(""), "one");
    t.exit();
}

#[test]
fn a_paste_waits_for_enter() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("\x1b[200~echo one\recho two\x1b[201~");
    t.see("> echo two");
    assert!(!t.text().contains("\none"), "{}", t.text());
    t.key("\r");
    t.prompt();
    t.see("one");
    t.see("two");
    // What a paste holds is text and no key.
    t.key("\x1b[200~echo \x03\x15x\x1b[201~");
    t.see_at_cursor("[2]$ echo ^C^Ux");
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn wide_and_combining_characters() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("echo 日本e\u{301}語");
    t.until("the cursor", |t| t.cursor().1 == 5 + 5 + 2 + 2 + 1 + 2);
    t.key(&format!("{LEFT}{LEFT}{LEFT}x"));
    t.see_at_cursor("[1]$ echo 日x本e\u{301}語");
    t.until("the cursor", |t| t.cursor().1 == 13);
    t.key("\x1b[F\x7f\x7f");
    assert_eq!(t.run(""), "日x本");
    t.exit();
}

#[test]
fn bytes_that_are_no_characters_are_kept_and_shown() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.bytes(b"printf 'a\xffb' | od -An -tx1");
    t.see_at_cursor("[1]$ printf 'a\\xffb' | od -An -tx1");
    assert_eq!(t.run(""), " 61 ff 62");
    t.exit();
}

#[test]
fn a_dumb_terminal_gets_no_escape_sequence() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env("TERM", "dumb").start();
    assert_eq!(t.run("echo hello"), "hello");
    t.line("if true");
    t.see_at_cursor("if>");
    t.line("then echo yes; fi");
    t.prompt();
    t.see("yes");
    t.run("nosuchcommand");
    // ^C drops what is typed, on the first line of a command and on any other.
    t.key("echo never");
    t.see("echo never");
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("echo $?"), "130");
    t.line("for i in 1 2");
    t.see_at_cursor("for>");
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.run("echo $?"), "130");
    // Also what the shell has read already because of ^D, and the next line is a new one.
    for first in ["", "if true\r"] {
        t.key(&format!("{first}echo nev{CTRL_D}"));
        t.see("echo nev");
        t.key(CTRL_C);
        t.prompt();
        assert_eq!(t.run("echo $?"), "130");
    }
    // A trap is executed while the prompt waits.
    t.run("trap 'echo trapped' USR1");
    nix::sys::signal::kill(t.pid(), nix::sys::signal::Signal::SIGUSR1).expect("the shell is there");
    t.see("trapped\n");
    t.prompt();
    t.run("sleep 1000 & kill %1; wait; jobs; printf 'no newline'; cd nosuch");
    t.run("set -o ignoreeof");
    t.key(CTRL_D);
    t.see("Use `exit`");
    t.prompt();
    t.exit_and(|written| assert!(!written.contains(&0x1b), "an escape sequence was written"));
}

#[test]
fn without_a_terminal_there_is_no_escape_sequence() {
    if !is_ipcsh() {
        return;
    }
    let script = "echo one\nif true\nthen nosuchcommand; fi\nsleep 0 &\nwait\ncd nosuch\necho $-\nexit 3\n";
    let mut t = Terminal::with().file("in", script).start();
    t.run(&format!("setsid -w {} -i <in >out 2>&1", shell().display()));
    assert_eq!(t.run("echo $?"), "3");
    let out = t.read("out");
    assert!(out.contains("one\n") && out.contains("nosuchcommand: not found"), "{out}");
    assert!(!out.contains('\x1b'), "{out:?}");
    t.exit();
}

#[test]
fn a_terminal_that_answers_nothing_is_asked_nothing() {
    if !is_ipcsh() {
        return;
    }
    // (The emulator of these tests answers no query: whoever waited for an answer would wait in every case of them.)
    let mut t =
        Terminal::with().env_remove("PS1").env("TERM", "xterm-256color").file("abc", "").file("abd", "").start();
    t.see("~");
    t.key("ls ab\t\t");
    t.see("ls abc");
    t.key(CTRL_C);
    t.until("a prompt", |t| t.text().ends_with(['$', '#']));
    t.line("printf 'no newline'");
    t.until("a prompt below", |t| t.text().contains("\nno newline%\n") && t.text().ends_with(['$', '#']));
    t.resize(10, 30);
    t.key("echo wide 日本\x12ls\x07");
    // (Names of users and hosts can be long: it can have two rows, and a blank at the end of the first.)
    t.until("the line again", |t| t.rows().concat().replace(' ', "").ends_with("echowide日本"));
    t.key(CTRL_C);
    t.until("a prompt", |t| t.text().ends_with(['$', '#']));
    t.line("exit 0");
    t.wait();
    // Reports of status, cursor, attributes, modes and colours: what one asks a terminal for.
    for query in [
        &b"\x1b[6n"[..],
        b"\x1b[5n",
        b"\x1b[c",
        b"\x1b[0c",
        b"\x1b[>c",
        b"\x1bZ",
        b"\x1b[18t",
        b"\x1b]",
        b"\x1bP",
        b"$p",
    ] {
        let asked = t.written.windows(query.len()).any(|bytes| bytes == query);
        assert!(!asked, "{} was asked for", query.escape_ascii());
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    if !is_ipcsh() {
        return;
    }
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "one-colour")] {
        if name == "TERM" && !have("tic") {
            continue;
        }
        let mut t = with_terminfo().env(name, value).env_remove("PS1").start();
        t.see("~");
        t.line("if true; then echo 'x'; fi; nosuchcommand");
        t.see("\nx\n");
        t.line("exit 3");
        assert_eq!(t.wait(), 3);
        let coloured = t.written.windows(3).any(|bytes| bytes == b"\x1b[3" || bytes == b"\x1b[9");
        assert!(!coloured, "{name}: {}", t.written.escape_ascii());
    }
}

/// A home directory with two terminals: one has no colours, and one obeys other sequences than all others.
fn with_terminfo() -> Setup {
    let source = "one-colour,\n\tel=\\E[K, cuu=\\E[%p1%dA,\nvt52-like,\n\tcolors#8, el=\\EK, cuu1=\\EA,\n";
    let setup = Terminal::with().file("source", source);
    let database = setup.home().join(".terminfo");
    // (Where there is no tic, the names stay unknown.)
    let _ = std::process::Command::new("tic").arg("-o").arg(database).arg(setup.home().join("source")).status();
    setup
}

#[test]
fn on_a_terminal_that_obeys_other_sequences_there_are_none() {
    if !is_ipcsh() || !have("tic") {
        return;
    }
    let mut t = with_terminfo().env("TERM", "vt52-like").start();
    assert_eq!(t.run("echo x"), "x");
    t.exit_and(|written| assert!(!written.contains(&0x1b), "{}", written.escape_ascii()));
}

#[test]
fn windows_of_any_size_and_sizes_that_change() {
    if !is_ipcsh() {
        return;
    }
    for columns in [0, 1, 2] {
        let mut t = Terminal::with().env("PS1", "$ ").size(10, columns).start();
        t.key("echo a日 > out\r");
        t.until("the file", |t| t.read("out") == "a日\n");
        t.line("exit 0");
        assert_eq!(t.wait(), 0);
    }
    let mut t = Terminal::new();
    t.key("echo a very long line that will not fit when the window is smaller");
    for (rows, columns) in [(5, 10), (24, 3), (1, 1), (24, 100)] {
        t.resize(rows, columns);
        t.key("x\x7f");
    }
    t.see("[1]$ echo a very long line that will not fit when the window is smaller");
    t.key("\r");
    t.prompt();
    t.exit();
}

#[test]
fn a_line_that_is_taller_than_the_window_scrolls() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().size(4, 20).start();
    let text: String = (0..12).map(|number| format!("echo {number}\r")).collect();
    t.key(&format!("{{ {text}"));
    t.see("{> echo 11\n{>");
    t.key("\x1b[1;5H");
    t.until("the first line", |t| t.rows()[0] == "[1]$ { echo 0");
    t.key("\x1b[1;5F");
    t.see("{> echo 11\n{>");
    t.line("}");
    t.prompt();
    t.see("10\n11\n[2]$");
    t.exit();
}

#[test]
fn a_job_that_reports_and_a_trap_leave_the_line_whole() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("set -b");
    t.run("trap 'echo trapped' USR1");
    t.run("mkfifo p; cat p >/dev/null &");
    t.key("echo half");
    t.see_at_cursor("[4]$ echo half");
    std::fs::write(t.home().join("p"), "").expect("the pipe is read");
    t.see("Done");
    t.see_at_cursor("[4]$ echo half");
    nix::sys::signal::kill(t.pid(), nix::sys::signal::Signal::SIGUSR1).expect("the shell is there");
    t.see("trapped\n[4]$ echo half");
    t.key(" whole");
    t.key("\r");
    t.prompt();
    t.see("\nhalf whole\n");
    t.exit();
}

#[test]
fn what_is_typed_ahead_belongs_to_the_command() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.key("read a b; echo \"<$a,$b>\"\rone two\recho next\r");
    t.see("<one,two>");
    t.see("\nnext\n");
    t.prompt();
    t.exit();
}

#[test]
fn special_characters_are_those_of_the_terminal() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    for mode in ["emacs", "vi"] {
        t.run(&format!("set -o {mode}; stty erase '#' kill '^X' intr '^T' werase '^O'"));
        assert_eq!(t.run("echo abc##d"), "ad");
        assert_eq!(t.run("echo one two\x0fthree"), "one three");
        assert_eq!(t.run("echo gone\x18echo here"), "here");
        t.key("echo never\x14");
        t.prompt();
        assert_eq!(t.run("echo $?"), "130");
        t.run("stty sane");
    }
    t.exit();
}

#[test]
fn read_asks_for_the_rest_of_a_line_that_goes_on() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("more=MORE; PS2='$more$((n+=1))> '");
    t.line("n=0; read a b; echo \"<$a,$b>$n\"");
    t.key("one \\\r");
    t.see_at_cursor("MORE1> ");
    t.key("two\r");
    t.see("<one,two>1");
    t.prompt();
    // A line that does not go on asks for nothing.
    t.line("n=0; read a; echo \"<$a>$n\"");
    t.key("one\r");
    t.see("<one>0");
    t.prompt();
    t.exit();
}

#[test]
fn large_pastes_and_long_lines_are_quick() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    let start = Instant::now();
    let lines: String = (0..10_000).map(|number| format!("x={number}\n")).collect();
    t.key(&format!("\x1b[200~{lines}\x1b[201~\r"));
    t.prompt();
    assert_eq!(t.run("echo $x"), "9999");
    let pasted = start.elapsed();
    let start = Instant::now();
    let long = "a".repeat(100_000);
    t.key(&format!(": {long}"));
    t.key("b\x7f\x01\x05");
    t.key("\r");
    t.prompt();
    assert_eq!(t.run("echo ${#_x}."), "0.");
    // (Half a second and less on a quiet machine; something quadratic would take minutes.)
    println!("10,000 pasted lines: {pasted:?}; a line of 100 KB: {:?}", start.elapsed());
    assert!(pasted.max(start.elapsed()) < Duration::from_secs(15));
    t.exit();
}

#[test]
fn the_history_is_kept_in_a_private_file() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("echo first");
    t.run("echo second");
    t.run("echo second");
    t.run(" echo secret");
    let path = ".local/state/ipcsh/history";
    let file = t.home().join(path);
    assert_eq!(file.metadata().expect("a history").permissions().mode() & 0o777, 0o600);
    assert_eq!(t.read(path), "#ipcsh history 1\necho first\necho second\n");
    t.key(UP);
    t.see_at_cursor("[5]$ echo second");
    t.key(UP);
    t.see_at_cursor("[5]$ echo first");
    t.key("\x1b[B\x1b[B");
    t.see_at_cursor("[5]$");
    // With something typed, Up finds what begins like it.
    t.key("echo f");
    t.key(UP);
    t.see_at_cursor("[5]$ echo first");
    t.key(CTRL_C);
    t.prompt();
    t.key("\x12sec");
    t.see_at_cursor("(reverse-i-search)`sec': echo second");
    t.key("\r");
    t.prompt();
    t.see("second");
    t.exit();
}

#[test]
fn the_size_of_the_history_is_limited() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env("HISTSIZE", "3").start();
    for word in ["one", "two", "three", "four"] {
        t.run(&format!("echo {word}"));
    }
    assert_eq!(t.run("fc -l 1"), "3       echo three\n4       echo four");
    t.run("HISTSIZE=2");
    assert_eq!(t.run("history"), "    6  HISTSIZE=2\n    7  history");
    t.exit();
}

#[test]
fn fc_lists_repeats_and_edits() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("up.sh", "sed -i 's/one/ONE/' \"$1\"\n").start();
    t.run("echo one");
    t.run("echo two");
    assert_eq!(t.run("fc -l"), "1       echo one\n2       echo two");
    assert_eq!(t.run("fc -ln -1"), "        fc -l", "the command before");
    assert_eq!(t.run("fc -l echo 1"), "2       echo two\n1       echo one");
    assert_eq!(t.run("fc -s two=three 2"), "echo three\nthree");
    assert_eq!(t.run("fc -e 'sh up.sh' 1 2"), "echo ONE\necho two\nONE\ntwo");
    assert_eq!(t.run("fc -lr -3 -1"), "8       echo two\n7       echo ONE\n6       echo three");
    assert_eq!(t.run("fc -e 'sh -c \"exit 7\"' 1; echo $?"), "7");
    assert_eq!(
        t.run("fc -ln -1"),
        "        fc -lr -3 -1",
        "an fc that edits leaves the list, also if its editor fails"
    );
    assert!(t.run("fc -s nosuch").contains("fc: nosuch: no such command in the history"));
    t.exit();
}

#[test]
fn redirections_of_an_exec_that_fails_stay() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().start();
    assert!(t.run("exec 3>out ./nosuch").contains("No such file"));
    assert_eq!(t.run("echo kept >&3; cat out"), "kept");
    t.exit();
}
