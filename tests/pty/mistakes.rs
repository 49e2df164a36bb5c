//! Common mistakes, typed at the prompt: each message names what is wrong and where, and none ends the shell.

use crate::terminal::*;

/// What is typed, and what its message must hold.
const MISTAKES: &[(&str, &str)] = &[
    ("echo )", "unexpected \")\""),
    ("fi", "unexpected \"fi\" without \"if\""),
    ("if true; fi", "\"if\" in column 1 needs \"then\""),
    ("if then", "\"if\" in column 1 needs a command"),
    ("done", "without \"for\", \"while\" or \"until\""),
    ("for in a; do :; done", "\"for\" in column 1 needs \"do\""),
    ("for i in a b; done", "\"for\" in column 1 needs \"do\""),
    ("while; do :; done", "unexpected \";\""),
    ("echo a &&& b", "unexpected \"&\""),
    ("| cat", "unexpected \"|\""),
    ("&& ls", "unexpected \"&&\""),
    ("; ls", "unexpected \";\""),
    ("echo a ;; echo b", "unexpected \";;\""),
    ("}", "unexpected \"}\" without \"{\""),
    ("echo ${a b}", "${a b}: bad substitution"),
    ("echo $((1/0))", "arithmetic: 1/0: division by zero"),
    ("echo $((1+))", "1+: expected a number"),
    ("x=0; echo $((1 % $x))", "arithmetic: 1 % 0: division by zero"),
    ("echo $((08))", "arithmetic: 08: `08` is not a number (a leading 0 means octal)"),
    ("cat <nosuchfile", "cannot open nosuchfile: No such file"),
    ("cat <", "expected a file name"),
    (">/nosuch/dir/file", "cannot create /nosuch/dir/file: No such file"),
    ("echo x >/", "cannot create /: Is a directory"),
    ("cat <&9", "descriptor 9 is not open: Bad file descriptor"),
    ("cd nosuch", "cd: nosuch: No such file"),
    ("cd a b c", "cd: too many arguments; a name with blanks in it needs quotes"),
    ("cd ''", "cd: the directory's name is empty"),
    ("cd /etc/passwd", "cd: /etc/passwd: Not a directory"),
    ("nosuchcommand", "nosuchcommand: not found"),
    ("./nosuch", "./nosuch: No such file"),
    ("/etc/passwd", "/etc/passwd: Permission denied"),
    ("/", "/: Is a directory; did you mean \"cd /\"?"),
    ("..", "..: Permission denied; did you mean \"cd ..\"?"),
    ("ehco hello", "ehco: not found; did you mean \"echo\"?"),
    ("1x=2", "1x=2: not found; \"1x\" is no name for a variable"),
    ("mkdir -p sub; sub", "sub: not found; it is a directory: did you mean \"cd sub\"?"),
    ("readonly r=1; r=2", "r: is read only"),
    ("unset -z", "unset: -z: invalid option; see `help unset`"),
    ("set -u; echo $undefined", "undefined: parameter not set"),
    ("set +u; set -o nosuch", "set: nosuch: no such option; see `help set`"),
    ("set -q", "set: -q: invalid option"),
    ("export 1a=b", "export: 1a: bad variable name"),
    ("kill", "kill: process or job expected"),
    ("kill -NOSUCH 1", "kill: NOSUCH: no such signal (`kill -l` lists them)"),
    ("kill 99999999", "kill: 99999999: ESRCH: No such process"),
    ("kill abc", "kill: abc: not a process id or a job (such as %1)"),
    ("fg", "fg: there are no jobs"),
    ("bg", "bg: there are no jobs"),
    ("fg %9", "fg: %9"),
    ("wait 99999999", "wait: 99999999: no child of this shell"),
    ("return 3; echo rest", "return: only a function or a `.` script can be left (`exit` leaves the shell)"),
    ("break", "break: there is no loop around this"),
    ("continue", "continue: there is no loop around this"),
    ("x = 5", "x: not found; an assignment has no blanks around its \"=\""),
    ("arr=(1 2)", "there are no arrays in this shell"),
    ("cat <<< hi", "there is no `<<<` in this shell"),
    ("[ $none = a ]", "[: =: nothing on the left of it"),
    ("trap x KILL", "trap: KILL: this signal can be neither caught nor ignored"),
    ("trap 'echo hi'", "trap: condition expected behind the action"),
    ("wait abc", "wait: abc: not a process id or a job (such as %1)"),
    ("shift 5", "shift: 5: there are only 0 parameters"),
    ("exit abc", "exit: abc: not a status (0 to 255); see `help exit`"),
    ("read 1x", "read: 1x: bad variable name"),
    ("test 1 -eq a", "test: a: integer expected"),
    ("test a b c", "test: b: unknown operator"),
    ("[ 1 -eq 1", "[: `]` expected"),
    ("printf '%d\\n' abc", "printf: abc: expected numeric value"),
    ("trap x NOSUCH", "trap: NOSUCH: no such signal (`kill -l` lists them)"),
    ("umask 9", "umask: 9: not a file mode (022 and u=rwx,g=rx are some)"),
    ("ulimit -n abc", "ulimit: abc: not a limit (a number, or unlimited); see `help ulimit`"),
    ("unalias nosuch", "unalias: nosuch: no such alias"),
    (". nosuch", ".: nosuch: No such file"),
    ("eval 'echo ('", "unexpected \"(\""),
    ("eval if; echo rest $?", "rest 2"),
    ("shift 9 || echo rest", "rest"),
    ("export 1a && echo wrong; echo rest", "rest"),
    ("exec >/nosuch/file; echo rest", "rest"),
    ("exec nosuch", "exec: nosuch: not found"),
    ("local x=1", "local: not in a function"),
    ("f() echo hi", "expected the function's body"),
    ("fc -s absent", "fc: absent: no such command in the history"),
];

#[test]
fn sixty_mistakes_are_explained_and_survived() {
    if !is_ipcsh() {
        return;
    }
    assert!(MISTAKES.len() >= 60);
    let mut t = Terminal::with().size(50, 160).start();
    for &(typed, message) in MISTAKES {
        t.key("\x0c");
        let output = t.run(typed);
        assert!(output.contains(message), "{typed:?} says {output:?}, which lacks {message:?}");
    }
    assert_eq!(t.run("echo alive"), "alive");
    t.exit();
}

#[test]
fn what_is_not_closed_can_be_given_up_with_a_message() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().size(24, 160).start();
    for (typed, prompt, message) in [
        ("echo 'unclosed", "quote>", "the single quote of line 1 needs a closing one"),
        ("echo \"unclosed", "dquote>", "the double quote of line 1 needs a closing one"),
        ("if true; then echo", "if then>", "needs"),
        ("echo $(ls", "$(>", "\"$(\" of line 1 needs \")\""),
        ("{ echo a", "{>", "\"{\" of line 1 needs \"}\""),
    ] {
        t.line(typed);
        t.see_at_cursor(prompt);
        t.key(CTRL_D);
        t.prompt();
        assert!(t.text().contains(message), "{typed:?}: {message:?}\n{}", t.text());
        t.key("\x0c");
    }
    t.exit();
}

#[test]
fn errors_of_a_sourced_file_have_its_name_the_line_and_a_picture() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with()
        .size(24, 160)
        .file("library", "f() {\ncd /nowhere\n}\nnosuchcommand\n")
        .file("wrong", "echo begun\necho (x)\n")
        .start();
    assert_eq!(t.run(". ./library"), "ipcsh: ./library: line 4: nosuchcommand: not found");
    assert_eq!(t.run("f"), "ipcsh: ./library: line 2: cd: /nowhere: No such file or directory");
    let wrong = t.run(". ./wrong");
    assert!(wrong.starts_with("begun\nipcsh: ./wrong: line 2: syntax error: unexpected \"(\""), "{wrong}");
    assert!(wrong.ends_with("    echo (x)\n         ^"), "{wrong}");
    assert_eq!(t.run("cd /nowhere"), "ipcsh: cd: /nowhere: No such file or directory");
    assert_eq!(t.run("g() { cd /nowhere; }; g"), "ipcsh: cd: /nowhere: No such file or directory");
    t.exit();
}

#[test]
fn an_exec_that_fails_changes_no_level() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().env("SHLVL", "4").file("script", "#!/no/such\n").start();
    t.run("chmod +x script");
    t.run("exec ./script");
    assert_eq!(t.run("echo $SHLVL; return 2>/dev/null; echo $?"), "5\n1");
    t.exit();
}
