//! What makes the prompt pleasant: completion, colours, suggestions, the prompt itself.

use crate::terminal::*;

const TAB: &str = "\t";

/// What a line becomes when Tab is pressed behind it.
#[track_caller]
fn completes(t: &mut Terminal, typed: &str, whole: &str) {
    let number = t.prompt_shown();
    t.key(typed);
    t.key(TAB);
    t.see_at_cursor(&format!("[{number}]$ {whole}"));
    t.key(CTRL_C);
    t.prompt();
}

#[test]
fn names_are_completed_where_they_belong() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with()
        .file("plain.txt", "")
        .file("two words", "")
        .file("it's", "")
        .file("$x*", "")
        .file("folder/inside", "")
        .file(".ssh/config", "Host gamma\n")
        .start();
    t.run("myfunction() { :; }; alias myalias=ls; MYVARIABLE=1");
    for (typed, whole) in [
        ("ls pl", "ls plain.txt "),
        ("ls tw", "ls two\\ words "),
        ("ls 'tw", "ls 'two words' "),
        ("ls \"tw", "ls \"two words\" "),
        ("ls it", "ls it\\'s "),
        ("ls \\$", "ls \\$x\\* "),
        ("ls fo", "ls folder/"),
        ("ls ~/fol", "ls ~/folder/"),
        ("ls $HOME/folder/", "ls $HOME/folder/inside "),
        ("cat <pl", "cat <plain.txt "),
        ("x=pl", "x=plain.txt "),
        ("dd if=pl", "dd if=plain.txt "),
        ("ls PLAIN", "ls plain.txt "),
        ("unali", "unalias "),
        ("myf", "myfunction "),
        ("mya", "myalias "),
        ("echo $MYV", "echo $MYVARIABLE"),
        ("echo ${MYV", "echo ${MYVARIABLE}"),
        ("echo $(mya", "echo $(myalias "),
        ("unset MYV", "unset MYVARIABLE "),
        ("unset -f my", "unset -f myfunction "),
        ("command myf", "command myfunction "),
        ("kill -TER", "kill -TERM "),
        ("trap : usr", "trap : USR"),
        ("set -o noclo", "set -o noclobber "),
        ("help unali", "help unalias "),
        ("ssh me@gam", "ssh me@gamma "),
        ("ls ~roo", "ls ~root/"),
        ("cd fo", "cd folder/"),
        ("if mya", "if myalias "),
        ("a; b | myf", "a; b | myfunction "),
        // A command in quotes.
        ("\"unali", "\"unalias\" "),
        ("if 'myf", "if 'myfunction' "),
        ("x=\"pl", "x=\"plain.txt\" "),
        ("$(\"mya", "$(\"myalias\" "),
        ("`a; \"mya", "`a; \"myalias\" "),
        ("\"/usr/bin/basena", "\"/usr/bin/basename\" "),
        // A part of a name, where nothing begins so; and directories that begin like what is written.
        ("ls word", "ls two\\ words "),
        ("cat ./f/in", "cat ./folder/inside "),
        ("ls /us/bi/basena", "ls /usr/bin/basename "),
    ] {
        completes(&mut t, typed, whole);
    }
    // (The key is one that nobody else is likely to use.)
    let key = format!("sysv:{:#x}", 0x6a00_0000 + std::process::id());
    t.run(&format!("mq create {key}"));
    let typed = &key[..key.len() - 1];
    for verb in ["mq stat", "mq send", "send", "recv -n"] {
        completes(&mut t, &format!("{verb} {typed}"), &format!("{verb} {key} "));
    }
    t.run(&format!("mq rm {key}"));
    completes(&mut t, "mq flu", "mq flush ");
    let mailbox = format!("box:completed-{}", std::process::id());
    // (As a pipeline, so that the history suggests nothing behind what is completed.)
    t.run(&format!("echo hello | send {mailbox}"));
    for verb in ["recv", "send", "ipc rm"] {
        completes(&mut t, &format!("{verb} {}", &mailbox[..mailbox.len() - 1]), &format!("{verb} {mailbox} "));
    }
    assert_eq!(t.run(&format!("recv {mailbox}")).trim_end(), "hello");
    let rendezvous = format!("rdv:completed-{}", std::process::id());
    // Only a receiver that waits can be met: that is waited for.
    t.run(&format!("recv {rendezvous} >met & until ipc ls | grep -q {rendezvous}; do :; done"));
    completes(&mut t, &format!("send {}", &rendezvous[..rendezvous.len() - 1]), &format!("send {rendezvous} "));
    assert_eq!(t.run(&format!("send {rendezvous} hi; wait; cat met")), "hi");
    completes(&mut t, "send unix-d", "send unix-dgram:");
    t.run("sleep 1000 &");
    completes(&mut t, "kill %", "kill %1 ");
    t.run("kill %1; wait");
    t.exit();
}

#[test]
fn units_hosts_owners_and_processes_are_completed() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with()
        .file("units/alpha-web.service", "")
        .file("units/alpha-web.service.d/override.conf", "")
        .file("units/beta.timer", "")
        .file("units/gamma@.service", "")
        .file("units/README", "")
        .file("units/target.wants/x", "")
        .file(".config/systemd/user/mine.socket", "")
        .file(".ssh/config", "Host delta\n")
        .file("details.txt", "")
        .start();
    t.run("SYSTEMD_UNIT_PATH=$PWD/units; cp /bin/sleep zzsleeper; ./zzsleeper 1000 &");
    for (typed, whole) in [
        ("systemctl daemon-rel", "systemctl daemon-reload "),
        ("systemctl --now enab", "systemctl --now enable "),
        ("systemctl restart alp", "systemctl restart alpha-web.service "),
        ("sudo systemctl status be", "sudo systemctl status beta.timer "),
        ("systemctl start gam", "systemctl start gamma@"),
        ("journalctl -f -u alph", "journalctl -f -u alpha-web.service "),
        ("service alpha", "service alpha-web "),
        ("service alpha-web rest", "service alpha-web restart "),
        ("scp details.txt me@del", "scp details.txt me@delta:"),
        ("scp det", "scp details.txt "),
        ("rsync delt", "rsync delta:"),
        ("sftp delt", "sftp delta "),
        ("chown roo", "chown root "),
        ("chown root:roo", "chown root:root "),
        ("chown -R root det", "chown -R root details.txt "),
        ("chgrp roo", "chgrp root "),
        ("sudo -u roo", "sudo -u root "),
        ("pkill zzsl", "pkill zzsleeper "),
    ] {
        completes(&mut t, typed, whole);
    }
    t.run("SYSTEMD_UNIT_PATH=$PWD/units:");
    completes(&mut t, "systemctl --user stop min", "systemctl --user stop mine.socket ");
    t.run("kill %1; wait");
    t.exit();
}

#[test]
fn several_candidates_are_shown_and_gone_through() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("abc1", "").file("abc2", "").file("abd", "").start();
    t.key("ls a\t");
    t.see("[1]$ ls ab\nabc1  abc2  abd");
    t.key(TAB);
    t.see("[1]$ ls abc1");
    t.key(TAB);
    t.see("[1]$ ls abc2");
    t.key("\x1b[Z");
    t.see("[1]$ ls abc1");
    t.key("x");
    t.until("no menu", |t| t.text() == "[1]$ ls abc1 x");
    t.key(CTRL_C);
    t.prompt();
    // The arrows go to what stands beside, above and below; where nothing stands beside, they move in the line.
    t.resize(24, 15);
    t.key("ls a\t");
    t.see("[2]$ ls ab\nabc1  abd\nabc2");
    for (key, chosen) in
        [("\x1b[B", "abc1"), ("\x1b[B", "abc2"), ("\x1b[A", "abc1"), ("\x1b[C", "abd"), ("\x1b[D", "abc1")]
    {
        t.key(key);
        t.see_at_cursor(&format!("[2]$ ls {chosen}"));
    }
    t.key("\x1b[D\x1b[Dx");
    t.until("no menu", |t| t.text().ends_with("[2]$ ls abcx1"));
    t.key(CTRL_C);
    t.prompt();
    t.resize(24, 80);
    // Options come from the usage of our builtins.
    t.key("fc -\t");
    t.see("-l  list them instead");
    t.key(CTRL_C);
    t.prompt();
    t.key("kill -\t");
    t.until("signals and options", |t| t.text().contains("-TERM") && t.text().contains("--timeout"));
    t.key(CTRL_C);
    t.prompt();
    t.key("set -\t");
    t.see("-u  nounset");
    t.key(CTRL_C);
    t.prompt();
    // Without a job it is a process that is to be ended: by its number, or by its name, of which there is one.
    let name = format!("once{}", t.pid());
    std::fs::write(t.home().join(&name), "#!/bin/sh\nread x <fifo\n").expect("a file for the test");
    let pid = t.run(&format!("mkfifo fifo; chmod +x {name}; (./{name} & echo $!)"));
    t.until("its name", |t| t.session().iter().any(|process| process.name == name));
    t.key(&format!("kill {name}\t"));
    t.see_at_cursor(&format!("[{}]$ kill {pid}", t.prompt_shown()));
    t.key("\r");
    t.prompt();
    t.exit();
}

#[test]
fn programs_are_completed_from_their_manual_pages() {
    if !is_ipcsh() || !have("gzip") {
        return;
    }
    let page = ".SH NAME\nfrob \\- frobs\n.SH OPTIONS\n.TP\n\\fB\\-a\\fR, \\fB\\-\\-all\\fR\nFrob all. Really.\n\
                .TP\n.BR \\-\\-alter =\\fIFILE\\fR\nFrob another one.\n";
    let turn = ".SH NAME\nfrob-turn \\- turns\n.SH SYNOPSIS\n\\fBfrob turn\\fR\n.SH OPTIONS\n.PP\n\\-\\-left\n.RS 4\nTo the left.\n";
    // Its page says nothing of `frob tools`.
    let tools = ".SH NAME\nfrob-tools \\- a program\n.SH SYNOPSIS\n\\fBfrob-tools\\fR\n";
    let mut t = Terminal::with()
        .file("man/man1/frob.1", page)
        .file("man/man1/frob-turn.1", turn)
        .file("man/man1/frob-tools.1", tools)
        .file("there", "")
        .start();
    t.run("MANPATH=$HOME/man; gzip man/man1/frob-turn.1; alias f='x=1 frob'");
    for (typed, whole) in [
        ("frob --alt", "frob --alter="),
        ("frob --alter=th", "frob --alter=there "),
        ("/opt/frob --alt", "/opt/frob --alter="),
        ("f --alt", "f --alter="),
        ("nice frob --alt", "nice frob --alter="),
        ("frob t", "frob turn "),
        ("frob turn --l", "frob turn --left "),
        ("frob -x turn --l", "frob -x turn --left "),
        ("frob turn t", "frob turn there "),
    ] {
        completes(&mut t, typed, whole);
    }
    t.key("frob -\t");
    t.see("-a        Frob all          --alter=  Frob another one\n--all     Frob all");
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn control_characters_in_names_are_visible_and_quoted() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("evil\x1b[31m", "").file("evil2", "").start();
    t.key("ls ev\t");
    t.see("evil^[[31m  evil2");
    t.key(TAB);
    t.see("ls $'evil\\e[31m'");
    t.key(CTRL_C);
    t.prompt();
    assert!(!t.written.windows(9).any(|bytes| bytes == b"evil\x1b[31m"), "an escape sequence of a name was written");
    t.exit();
}

#[test]
fn control_characters_in_messages_are_visible() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("script", "cd '\x1b[31mdir'\n'\x1b[31mprogram'\n: <'\x1b[31mfile'\n").start();
    t.run(". ./script");
    let text = t.text();
    for word in ["^[[31mdir", "^[[31mprogram", "^[[31mfile"] {
        assert!(text.contains(word), "{word}\n{}", t.picture());
    }
    for word in ["dir", "program", "file"] {
        let raw = format!("\x1b[31m{word}");
        assert!(!t.written.windows(raw.len()).any(|bytes| bytes == raw.as_bytes()), "{raw:?} was obeyed");
    }
    t.exit();
}

/// The colour of the character at a column of the row with the cursor.
fn colour(t: &Terminal, column: u16) -> vt100::Color {
    let (row, _) = t.cursor();
    t.screen().cell(row, column).map_or(vt100::Color::Default, |cell| cell.fgcolor())
}

#[test]
fn colours_show_what_the_parser_sees() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("there", "").start();
    t.key("nosuchthing");
    t.until("red", |t| colour(t, 5) == vt100::Color::Idx(1));
    t.key("\x15echo 'x' \"$HOME\" there ");
    t.until("green for a command", |t| colour(t, 5) == vt100::Color::Idx(2));
    t.until("a quoted text", |t| colour(t, 10) == vt100::Color::Idx(3));
    t.until("an expansion in it", |t| colour(t, 15) == vt100::Color::Idx(5));
    t.until("a path that exists", |t| t.screen().cell(0, 22).is_some_and(|cell| cell.underline()));
    t.key("\x15if true; then 'a");
    t.until("a reserved word", |t| t.screen().cell(0, 5).is_some_and(|cell| cell.bold()));
    t.until("an open quote", |t| t.screen().cell(0, 20).is_some_and(|cell| cell.underline()));
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn history_is_suggested_in_grey() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("echo one two");
    t.key("ec");
    t.see_at_cursor("[2]$ echo one two");
    t.until("grey", |t| colour(t, 8) == vt100::Color::Idx(8) && t.cursor().1 == 7);
    t.key("\x1bf");
    t.until("a word", |t| t.cursor().1 == 9);
    t.key("\x1b[C");
    t.until("all of it", |t| t.cursor().1 == 17);
    assert_eq!(t.run(""), "one two");
    t.key("ec");
    t.see_at_cursor("[3]$ echo one two");
    // Enter executes what was typed, and leaves nothing else on the screen.
    t.key("\r");
    t.prompt();
    assert!(t.text().contains("[3]$ ec\n"), "{}", t.text());
    t.exit();
}

#[test]
fn a_wrong_name_gets_the_nearest_one() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    assert_eq!(t.run("ehco x"), "ipcsh: ehco: not found; did you mean \"echo\"?");
    assert_eq!(t.run("zzzzzzzzzz"), "ipcsh: zzzzzzzzzz: not found");
    assert_eq!(t.run("%less"), "ipcsh: %less: not found; did you mean \"fg %less\"?");
    assert_eq!(t.run("let x=1"), "ipcsh: let: not found; write `x=$((x + 1))`");
    assert_eq!(t.run("shopt -s x"), "ipcsh: shopt: not found; `set -o` shows and sets the options");
    assert_eq!(t.run("echo $?"), "127");
    t.exit();
}

#[test]
fn both_outputs_are_not_redirected_in_silence() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    let notice = "ipcsh: `&>` is `&` and `>` in this shell: write `>file 2>&1` for both outputs";
    assert!(t.run("true &>out; wait").starts_with(notice), "{}", t.picture());
    // It is what the standard says all the same, and in POSIX mode nothing is said.
    assert_eq!(t.run("ls; rm out"), "out");
    t.run("set -o posix; clear");
    assert!(!t.run("true &>out; wait").contains("both"), "{}", t.picture());
    t.exit();
}

#[test]
fn the_prompt_without_configuration() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env_remove("PS1").start();
    t.see("@");
    t.until("the directory", |t| t.cursor_line().contains(" ~ "));
    t.line("mkdir -p 'a\x16\x1bb' && cd a*");
    t.until("the directory, visibly", |t| t.cursor_line().contains("~/a^[b "));
    t.line("cd; false");
    t.until("the status", |t| t.cursor_line().starts_with("[1] "));
    t.line("sleep 1000 &");
    t.until("the jobs", |t| t.cursor_line().starts_with("(1 job) "));
    t.line("kill %1; wait");
    t.until("no jobs", |t| t.cursor_line().contains('@') && t.cursor_line().ends_with(['$', '#']));
    t.line("printf 'no newline'");
    t.until("a line of its own", |t| t.text().contains("\nno newline%\n") && t.cursor_line().contains('@'));
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
}

#[test]
fn names_of_the_project_are_completed() {
    if !is_ipcsh() {
        return;
    }
    let rules = "out := x\n# no: x\nlib.o main.o: x.h\n\tcc: x\n.PHONY: clean\n%.o: %.c\nclean:\n";
    let mut t = Terminal::with()
        .file("Makefile", rules)
        .file("plain.txt", "")
        .file("r/.git/refs/heads/fix/colours", "")
        .file("r/.git/refs/remotes/origin/HEAD", "")
        .file("r/.git/packed-refs", "# pack-refs\n0123 refs/heads/topic\n4567 refs/tags/v1.0\n^89ab\n")
        .file("r/below/inside", "")
        .file("tree/.git", "gitdir: ../r/.git/worktrees/tree\n")
        .file("r/.git/worktrees/tree/commondir", "../..\n")
        .start();
    for (typed, whole) in [
        ("make cl", "make clean "),
        ("make mai", "make main.o "),
        ("make lib.o cl", "make lib.o clean "),
        // What is no target may be a file.
        ("make pl", "make plain.txt "),
        ("make -f pl", "make -f plain.txt "),
    ] {
        completes(&mut t, typed, whole);
    }
    t.key(&format!("make {TAB}"));
    t.see("\nclean   lib.o   main.o");
    t.key(CTRL_C);
    t.prompt();
    for directory in ["r/below", "../../tree"] {
        t.run(&format!("cd {directory}"));
        for (typed, whole) in [
            ("git checkout f", "git checkout fix/colours "),
            ("git merge to", "git merge topic "),
            ("git log v", "git log v1.0 "),
        ] {
            completes(&mut t, typed, whole);
        }
    }
    t.run("cd ../r/below");
    completes(&mut t, "git checkout -- in", "git checkout -- inside ");
    completes(&mut t, "git diff in", "git diff inside ");
    t.exit();
}

#[test]
fn history_is_expanded_as_in_bash() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::new();
    assert_eq!(t.run("!!"), "ipcsh: !!: no such command in the history");
    t.run("echo one 'two  three'");
    t.key("echo again: !!\r");
    t.prompt();
    // What is executed is what is seen, and what is remembered.
    t.see("\n[3]$ echo again: echo one 'two  three'\nagain: echo one two  three\n[4]$");
    t.key("\x1b[A");
    t.see_at_cursor("[4]$ echo again: echo one 'two  three'");
    t.key(CTRL_C);
    t.prompt();
    for (line, becomes, output) in [
        ("echo [ !$ ]", "echo [ 'two  three' ]", "[ two  three ]"),
        ("!!", "echo [ 'two  three' ]", "[ two  three ]"),
        ("echo \"!$\" \"Hi!\" Hello! '!!' \\!! # !!", "echo \"]\" \"Hi!\" Hello! '!!' \\!! # !!", "] Hi! Hello! !! !!"),
        ("echo !?again?:2-3:s/one/1/", "echo echo 1", "echo 1"),
        ("^1^2^ x", "echo echo 2 x", "echo 2 x"),
        ("!1", "echo one 'two  three'", "one two  three"),
        ("echo !-2:$ !ech:^", "echo x one", "x one"),
    ] {
        let number = t.prompt_shown();
        t.key(&format!("{line}\r"));
        t.prompt();
        let wanted = format!("\n[{number}]$ {becomes}\n{output}\n[{}]$", t.prompt_shown());
        assert!(t.text().ends_with(&wanted), "{wanted}\n{}", t.picture());
    }
    // Only shown; Up brings it back to be executed.
    t.key("!ech:p\r");
    t.prompt();
    assert!(t.text().ends_with("\n[12]$ echo x one\n[13]$"), "{}", t.picture());
    t.key("\x1b[A");
    t.see_at_cursor("[13]$ echo x one");
    assert_eq!(t.run(""), "x one");
    // What is not found is said, nothing is executed, and the line is there to be mended.
    assert_eq!(t.run("echo never; !nosuch"), "ipcsh: !nosuch: no such command in the history");
    t.key("\x1b[A");
    t.see_at_cursor("[15]$ echo never; !nosuch");
    t.key("\x7f\x7f\x7f\x7f\x7f\x7f\x7fecho now\r");
    t.prompt();
    t.see("\nnever\nnow\n[16]$");
    assert_eq!(t.run("history | grep nosuch"), "   10  history | grep nosuch");
    // A command of several lines.
    t.line("echo 'it");
    t.see_at_cursor("quote>");
    t.line("is' !ec:1");
    t.prompt();
    t.see("quote> is' never\n");
    // What was expanded is not expanded again with the next line.
    t.run(": 'a !! b'");
    t.line("echo \"!!");
    t.see("$ echo \": 'a !! b'\n");
    t.see_at_cursor("dquote>");
    t.line("x\"");
    t.prompt();
    t.see("dquote> x\"\n: 'a !! b'\nx\n");
    t.run("set -o vi");
    t.key("echo x !!\r");
    t.prompt();
    t.see("\nx set -o vi\n");
    t.run("set +H");
    assert_eq!(t.run("echo !! ^"), "!! ^");
    t.run("set -H -o posix");
    assert_eq!(t.run("echo !!"), "!!");
    t.exit();
}

#[test]
fn posix_prompts_are_exactly_those_of_the_standard() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env_remove("PS1").env("POSIXLY_CORRECT", "1").start();
    t.until("the prompt", |t| t.text() == "$" && t.cursor() == (0, 2));
    t.line("if :");
    t.until("the second prompt", |t| t.text() == "$ if :\n>" && t.cursor() == (1, 2));
    t.line("then echo \"<$PS1$PS2>\"; fi");
    t.see("<$ > >");
    t.line("PS1='! \\u '");
    t.see_at_cursor("3 \\u");
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
    let mut t = Terminal::with().env_remove("PS1").arg0("sh").start();
    t.until("the prompt of sh", |t| t.text() == "$" && t.cursor() == (0, 2));
    t.line("echo 'a");
    t.until("the second prompt", |t| t.text() == "$ echo 'a\n>" && t.cursor() == (1, 2));
    t.line("'; exit 0");
    assert_eq!(t.wait(), 0);
}

#[test]
fn the_second_prompt_names_what_is_open() {
    if !is_ipcsh() {
        return;
    }
    for term in ["xterm", "dumb"] {
        let mut t = Terminal::with().env("TERM", term).size(24, 81).start();
        for (line, prompt) in [
            ("if true", "if>"),
            ("then cat <<'E  F' |", "if then pipe heredoc E  F>"),
            ("E  F", "if then pipe>"),
            ("cat; for i in a \\", "if then for>"),
            ("b; do echo \"$i", "if then for do dquote>"),
            // (A third of the window is 27 columns.)
            ("\"; while :; do while :; do case $i in", "while do while do case in>"),
            ("esac; break; done; break; done", "if then for do>"),
            ("done", "if then>"),
        ] {
            t.line(line);
            t.see_at_cursor(prompt);
        }
        t.line("fi");
        t.prompt();
        t.see("\na\n\nb\n");
        assert_eq!(t.run("echo \"<$PS2>\""), "<> >");
        if term == "xterm" {
            // A recalled command has the same prompts, also in a window that is too narrow for them.
            t.key("\x1b[A\x1b[A");
            t.see("\nif then for do dquote> \"; while");
            t.resize(24, 60);
            t.see("\nthen for do dquote> \"; while");
            t.key(CTRL_C);
            t.prompt();
        }
        // A PS2 that somebody has set is that one, be it the usual text.
        t.run("(PS2=x)");
        t.line("while false");
        t.see_at_cursor("while>");
        t.key(CTRL_C);
        t.prompt();
        t.run("PS2='> '");
        t.line("while true");
        t.see_at_cursor(">");
        t.key(CTRL_C);
        t.prompt();
        t.exit();
    }
    for (name, value) in [("PS2", "> "), ("POSIXLY_CORRECT", "1")] {
        let mut t = Terminal::with().env(name, value).start();
        t.line("if true");
        t.see_at_cursor(">");
        t.line("then exit 0; fi");
        assert_eq!(t.wait(), 0);
    }
}

#[test]
fn prompts_are_what_the_user_has_set() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env("PS1", "\\W \\j $((1+1)) ").size(24, 200).start();
    t.until("bash's escapes", |t| t.cursor_line().ends_with("~ 0 2"));
    t.line("PS1='<\\u@\\h \\w \\$ \\t \\[\\e[1m\\]bold\\[\\e[m\\]> '; cd /usr/bin");
    let uname = nix::sys::utsname::uname().expect("the system has a name");
    let host = uname.nodename().to_string_lossy().split('.').next().unwrap_or_default().to_owned();
    let mark = if nix::unistd::geteuid().is_root() { "#" } else { "$" };
    t.until("the prompt", |t| {
        let line = t.cursor_line();
        let words: Vec<&str> = line.split(' ').collect();
        let is_time = |word: &str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
        words.len() == 5
            && words[0].ends_with(&format!("@{host}"))
            && words[1..3] == ["/usr/bin", mark]
            && is_time(words[3])
            && words[4] == "bold>"
            // What is between \[ and \] takes no room.
            && usize::from(t.cursor().1) == line.len() + 1
    });
    t.line("PS1='$PWD-$x-`echo y`> ' PS2='$((2+3))? ' PS4='$x+ ' x=7");
    t.see_at_cursor("/usr/bin-7-y>");
    t.line("x=8; set -x; :");
    t.see("\n8+ :\n");
    t.line("set +x; clear");
    t.see_at_cursor("/usr/bin-8-y>");
    t.line("echo 'a");
    t.see_at_cursor("5?");
    t.line("'; exit 0");
    assert_eq!(t.wait(), 0);
}
