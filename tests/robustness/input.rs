//! Strange input: bytes, data that looks like code, surroundings that are not as usual.

use super::*;

#[test]
fn odd_bytes_in_a_script() {
    // A NUL never ends a script early or hides a line; what it does inside a word is left open.
    assert!(script(b"echo a\n# \0 comment\necho b\n").is_sane().out.ends_with("b\n"));
    script(b"echo a\0b\n: \0\0\0 'x\0y' \"\0\" $(echo \0)\n").is_sane();
    script(b"\0").is_sane();
    script(b"echo '\xff\xfe' | od -An -tx1 | tr -d ' '\n").prints("fffe0a\n");
    // A carriage return is a character like any other.
    let end = script(b"echo hi\r\ntrue\r\necho $?\n");
    assert_eq!(end.is_sane().out, "hi\r\n127\n", "{}", end.short());
    let end = script(b"if true\r\nthen echo no; fi\r\n");
    assert!(end.is_sane().status != 0, "{}", end.short());
    // The last line needs no newline, an empty script does nothing.
    script("echo a").prints("a\n");
    script("").prints("");
    script("\n\n#\n").prints("");
}

#[test]
fn not_a_script() {
    let dir = Dir::new();
    // 128: commands cannot be read (XCU sh, EXIT STATUS).
    for command in [dir.command().arg("/"), dir.command().stdin(File::open("/").expect("/ can be opened"))] {
        let end = run(&dir, command);
        assert!(end.status == 128 && !end.err.is_empty() || !is_ipcsh(), "{}", end.short());
    }
    let end = run(&dir, dir.command().arg("./nosuchfile"));
    assert!(end.is_sane().status == 127 || !is_ipcsh(), "{}", end.short());
    let end = run(&dir, dir.command().arg(""));
    assert!(end.is_sane().status != 0, "{}", end.short());
    let end = run(&dir, dir.command().args(["-c"]));
    assert!(end.is_sane().status != 0, "{}", end.short());
    let end = run(&dir, dir.command().args(["-o", "nosuchoption"]));
    assert!(end.is_sane().status != 0, "{}", end.short());
    let end = run(&dir, dir.command().arg("-Z"));
    assert!(end.is_sane().status != 0, "{}", end.short());
    // A device is a script without a line.
    run(&dir, dir.command().arg("/dev/null")).prints("");
}

#[test]
fn random_scripts_do_not_crash_the_parser() {
    const TOKENS: &[&str] = &[
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "while",
        "until",
        "do",
        "done",
        "for",
        "in",
        "case",
        "esac",
        "{",
        "}",
        "(",
        ")",
        "!",
        "&&",
        "||",
        ";",
        ";;",
        ";&",
        "&",
        "|",
        "<",
        ">",
        ">>",
        "<<",
        "<<-",
        "<&",
        ">&",
        "<>",
        ">|",
        "\n",
        " ",
        "\t",
        "'",
        "\"",
        "`",
        "\\",
        "$",
        "$(",
        "${",
        "$((",
        "))",
        "#",
        "##",
        "%",
        "%%",
        ":-",
        ":=",
        "?",
        "+",
        "-",
        "*",
        "[",
        "]",
        "[!",
        "[:alpha:]",
        "~",
        "=",
        "a=",
        "x",
        "f()",
        "$x",
        "${x",
        "$'",
        "$@",
        "\"$@\"",
        "\\\n",
        "E\n",
        "<<E\n",
        "<<'E'\n",
        "1",
        "2>",
        "time",
        "function",
        "\u{e4}",
        "\0",
        "\r",
        "++",
        "--",
        "<<=",
        "?:",
        "0x",
        ",",
    ];
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let dir = Dir::new();
    let count = if is_ipcsh() { 600 } else { 50 };
    for _ in 0..count {
        let mut code = String::new();
        for _ in 0..next(60) {
            code.push_str(TOKENS[next(TOKENS.len())]);
            if next(3) == 0 {
                code.push(' ');
            }
        }
        dir.file("random.sh", &code);
        let end = run(&dir, dir.command().args(["-n", "random.sh"]));
        let sane = end.status >= 0 && end.status < 128 && end.status != 101 && !end.err.contains("panicked");
        assert!(sane, "{code:?}\n{}", end.short());
    }
}

#[test]
fn data_never_becomes_code() {
    let attack = "a[$(touch pwned)]";
    for evil in [
        attack,
        "$(touch pwned)",
        "`touch pwned`",
        "x=$(touch pwned)",
        "1;touch pwned",
        "1 -o -e `touch pwned`",
        "${x:=$(touch pwned)}",
        "|touch pwned",
        "a[`touch pwned`]=1",
    ] {
        let dir = Dir::new();
        dir.file("input", format!("{evil}\n"));
        let in_documents = ["cat <<E; : <<E\n$x\nE\n", "cat <<E\n$((x)) ${x} ${1}\nE\n"];
        for line in EVIL_USES.lines().chain(in_documents) {
            let mut command = dir.command();
            command
                .args(["-c", line, "sh", evil])
                .env("x", evil)
                .env("PS1", evil)
                .env("LINENO", evil)
                .env("OPTIND", evil);
            command
                .env("BASH_FUNC_f%%", "() { touch pwned; }")
                .env("f", "() { :; }; touch pwned")
                .env("SHELLOPTS", "xtrace");
            command
                .env("ENV", "$(touch pwned)")
                .env("BASH_ENV", "$(touch pwned)")
                .env("HISTFILE", evil)
                .env("CDPATH", evil);
            let end = run(&dir, &mut command);
            end.is_sane();
            assert!(!dir.0.join("pwned").exists(), "{line} with {evil:?} executed it: {}", end.short());
        }
        let _ = fs::create_dir(dir.0.join("d"));
        let _ = File::create(dir.0.join("d").join(evil.replace('/', "_")));
        run(
            &dir,
            dir.command()
                .args(["-c", "for f in d/*; do echo $f; [ -e $f ]; done; echo d/* | cat; x=$(echo d/*); : $x"]),
        )
        .is_sane();
        assert!(!dir.0.join("pwned").exists(), "a file's name was executed: {evil:?}");
    }
}

/// One use of a string from outside per line; `$x` (environment) and `$1` hold it.
const EVIL_USES: &str = r#"echo $((x)); echo $((x + 1)); : $((x++)); : $((x[0]))
echo $(($x))
echo $(($1))
: $((y = x)); : $((x = 1))
[ "$x" -eq 0 ]
[ "$x" -eq "$x" -o "$x" ]
test "$x"
test -t "$x"
test -v "$x"
printf %d "$x"
printf "%*d" "$x" 1
printf "$x"
printf %b "$x"
read y <input; echo "$y"; : $((y)); : $y
read "$x" <input
read -r a b c <input; set -- $a $b; eval 'echo "$a"'
unset "$x"
unset -v "$x"
unset -f "$x"
export "$x"
export y="$x"; readonly z="$x"; env >/dev/null
readonly "$x"
shift "$x"
exit "$x"
f() { return "$x"; }; f
while :; do break "$x"; exit; done
local "$x"
f() { local "$x"; local y="$x"; }; f
umask "$x"
ulimit -n "$x"
kill "$x"
kill -s "$x" $$
wait "$x"
trap - "$x"
cd "$x"
. "$x"
command "$x"
command -v "$x"
type "$x"
hash "$x"
getopts "$x" y -a
getopts a "$x" -a
alias "$x"
alias y="$x"; alias
unalias "$x"
set -o "$x"
set -- "$x"; shift; set
$x
"$x"
echo >"$x"
echo <"$x"
echo >&"$x"
case $x in $x) ;; "$x") ;; esac
echo ${x#$x} ${x%%"$x"} ${x+$x} ${x:-$1} ${#x}
echo "${y:=$x}" ${y:?}
for i in $x "$@"; do echo $i; done
IFS="$x"; y=a1b; echo $y
echo ~$x; y=~$x
PS4="$x"; :
f() { echo "$1"; }; f "$x" | cat
y=$(echo "$x"); z=`printf %s "$x"`; echo "$y" "$z"
fg "$x"; bg "$x"; jobs "$x"
times "$x"; pwd "$x"; true "$x"; : "$x"
LINENO=$x; echo $LINENO; OPTIND=$x; getopts a y
f; echo
"#;

#[test]
fn a_script_that_changes_while_it_runs() {
    // Cutting it off under the shell does no harm to what was read.
    let dir = Dir::new();
    run(&dir, &mut dir.script("echo one; : >\"$0\"; echo two\n")).is_sane();
    if !is_ipcsh() {
        return;
    }
    // Text that is written over a running script is not half of one command and half of another.
    let pad = "# padding\n".repeat(2000);
    let end = run(
        &dir,
        &mut dir.script(format!(
            "echo one\n{{ echo 'echo new'; echo '{}'; }} >\"$0\"\necho two\n{pad}echo three\n",
            "x".repeat(30_000)
        )),
    );
    assert_eq!((end.is_sane().out.as_str(), end.err.as_str()), ("one\ntwo\nthree\n", ""));
    // What stands behind `exit` is never looked at: archives that unpack themselves.
    run(&dir, &mut dir.script(b"echo one\nexit\n\0\xff ( ' \" ${ junk".as_slice())).prints("one\n");
}

#[test]
fn odd_surroundings() {
    let dir = Dir::new();
    let with = |code: &str, change: &dyn Fn(&mut Command) -> &mut Command| {
        let mut command = dir.command();
        change(command.args(["-c", code]));
        run(&dir, &mut command)
    };
    // The working directory is gone.
    let code = "mkdir in; cd in; rmdir ../in; echo a | cat; (echo b); cd .. && pwd -P; cd /; pwd";
    let end = with(code, &|command| command);
    assert!(end.is_sane().out.starts_with("a\nb\n") && end.out.ends_with("/\n"), "{}", end.short());
    // No environment at all, a wrong PWD, a value that is not UTF-8.
    with("echo hi; cd; :", &|command| command.env_clear()).is_sane();
    with("echo hi", &|command| command.env_clear()).prints("hi\n");
    let code = "cd . && [ \"$PWD\" = \"$(pwd)\" ] && [ \"$PWD\" = \"$(pwd -P)\" ] && echo right";
    with(code, &|command| command.env("PWD", "/nonexistent")).prints("right\n");
    let bytes = OsStr::from_bytes(b"a\xffb");
    let code = "printf %s \"$x\" | od -An -tx1 | tr -d ' \\n'; sh -c 'printf %s \"$x\"' | wc -c | tr -d ' '";
    with(code, &|command| command.env("x", bytes)).prints("61ff623\n");
    let code = "printf %s \"$1\" | od -An -tx1 | tr -d ' \\n'";
    with(code, &|command| command.arg("sh").arg(bytes)).prints("61ff62");
    // Entries of the environment whose names are no names reach programs.
    if is_ipcsh() {
        with("env | grep -c '^a-b=c'", &|command| command.env("a-b", "c")).prints("1\n");
    }
}

#[test]
fn started_under_other_names() {
    let dir = Dir::new();
    let link = dir.0.join("sh");
    std::os::unix::fs::symlink(shell(), &link).expect("a link to the shell");
    let start = |arguments: &[&str], input: &str| {
        let input = dir.file("input", input);
        let mut command = Command::new(&link);
        command.current_dir(&dir.0).process_group(0).stdin(File::open(input).expect("it was written"));
        run(&dir, command.args(arguments))
    };
    let end = start(&["-c", "echo $0 $1; exit 3"], "");
    assert_eq!((end.status, end.out), (3, format!("{}\n", link.display())));
    start(&["-c", "echo $0 $1", "name", "one"], "").prints("name one\n");
    start(&["-s", "one"], "echo $1\nread x\nline\necho $x\n").prints("one\nline\n");
    start(&[], "cat\nthis is data\n").prints("this is data\n");
    dir.file("file", "echo $0 $# \"$@\"\n");
    start(&["file", "a b", "c"], "").prints("file 2 a b c\n");
    let end = start(&["-e", "-c", "echo a; false; echo no"], "");
    assert_eq!((end.status, end.out.as_str()), (1, "a\n"));
    // A login shell reads ~/.profile.
    dir.file(".profile", "X=profile\n");
    dir.file("input", "echo $X\n");
    let mut command = dir.command();
    command.arg0("-sh").stdin(File::open(dir.0.join("input")).expect("it was written"));
    run(&dir, &mut command).prints("profile\n");
    // No name at all.
    let mut command = dir.command();
    command.arg0("").stdin(File::open(dir.0.join("input")).expect("it was written"));
    run(&dir, &mut command).prints("\n");
}

#[test]
fn commands_on_a_pipe_leave_the_rest_to_programs() {
    // The shell must not read ahead on its input: what follows a command's line is that command's input.
    let dir = Dir::new();
    let mut child =
        dir.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the shell can be started");
    let _watchdog = Watchdog::new(&child);
    let code = b"read a\nfirst\necho got $a\nhead -c 7\nsecond\n(read c; echo $c)\nthird\necho end\n";
    let mut input = child.stdin.take().expect("it is a pipe");
    input.write_all(code).expect("the shell reads");
    drop(input);
    let mut out = String::new();
    child.stdout.take().expect("it is a pipe").read_to_string(&mut out).expect("it is UTF-8");
    assert_eq!((finish(&mut child), out.as_str()), (0, "got first\nsecond\nthird\nend\n"));
}
