//! What is said about common mistakes: script, line, message.

use super::error_of;

const MISTAKES: &[(&str, u32, &str)] = &[
    ("echo \"abc\n\n", 2, "unexpected end of input; the double quote of line 1 needs a closing one"),
    ("echo 'abc\n\n", 2, "unexpected end of input; the single quote of line 1 needs a closing one"),
    ("echo `abc\n", 1, "unexpected end of input; the backquote in column 6 needs a closing one"),
    ("echo $(abc\n", 1, "unexpected end of input; \"$(\" in column 6 needs \")\""),
    ("echo ${abc\n", 1, "unexpected end of input; \"${\" in column 6 needs \"}\""),
    ("echo ${abc:-\n", 1, "unexpected end of input; \"${\" in column 6 needs \"}\""),
    ("echo $((1+\n", 1, "unexpected end of input; \"$((\" in column 6 needs \"))\""),
    ("echo $((1+)\n", 1, "unexpected \")\"; \"$((\" in column 6 needs \"))\""),
    ("echo $((1+2)\necho x\n", 1, "unexpected \")\"; \"$((\" in column 6 needs \"))\""),
    ("echo $'abc\n", 1, "unexpected end of input; the quote $' in column 7 needs a closing one"),
    ("if true; then echo x\n", 1, "unexpected end of input; \"if\" in column 1 needs \"fi\""),
    ("if true; echo x; fi\n", 1, "unexpected \"fi\"; \"if\" in column 1 needs \"then\" behind a \";\" or a newline"),
    ("if true\nthen\necho x\ndone\n", 4, "unexpected \"done\"; \"if\" of line 1 needs \"fi\""),
    ("if; then x; fi\n", 1, "unexpected \";\"; \"if\" in column 1 needs a command behind it"),
    ("if true; then fi\n", 1, "unexpected \"fi\"; \"then\" in column 10 needs a command behind it"),
    ("if true; then x; else fi\n", 1, "unexpected \"fi\"; \"else\" in column 18 needs a command behind it"),
    (
        "if true; then x; elif y; fi\n",
        1,
        "unexpected \"fi\"; \"elif\" in column 18 needs \"then\" behind a \";\" or a newline",
    ),
    ("if true; then x; else y; else z; fi\n", 1, "unexpected \"else\"; \"if\" in column 1 needs \"fi\""),
    ("while true; do echo\n", 1, "unexpected end of input; \"while\" in column 1 needs \"done\""),
    (
        "while true; echo; done\n",
        1,
        "unexpected \"done\"; \"while\" in column 1 needs \"do\" behind a \";\" or a newline",
    ),
    (
        "while true do echo; done\n",
        1,
        "unexpected \"done\"; \"while\" in column 1 needs \"do\" behind a \";\" or a newline",
    ),
    ("while; do x; done\n", 1, "unexpected \";\"; \"while\" in column 1 needs a command behind it"),
    (
        "for i in a b; echo; done\n",
        1,
        "unexpected \"echo\"; \"for\" in column 1 needs \"do\" behind a \";\" or a newline",
    ),
    (
        "for i in a b do echo; done\n",
        1,
        "unexpected \"done\"; \"for\" in column 1 needs \"do\" behind a \";\" or a newline",
    ),
    ("for 1x in a; do x; done\n", 1, "unexpected \"1x\"; expected the name of a variable"),
    ("for; do x; done\n", 1, "unexpected \";\"; expected the name of a variable"),
    ("for i in a; do done\n", 1, "unexpected \"done\"; \"do\" in column 13 needs a command behind it"),
    (
        "for i in a (b); do x; done\n",
        1,
        "unexpected \"(\"; \"for\" in column 1 needs \";\" or a newline behind the words",
    ),
    ("case x in a) b;; \n", 1, "unexpected end of input; \"case\" in column 1 needs a pattern or \"esac\""),
    ("case x a) b;; esac\n", 1, "unexpected \"a\"; \"case\" in column 1 needs \"in\""),
    ("case in a) b;; esac\n", 1, "unexpected \"a\"; \"case\" in column 1 needs \"in\""),
    ("case x in a b) c;; esac\n", 1, "unexpected \"b\"; expected \")\" behind the pattern"),
    ("case x in a) b; c) d;; esac\n", 1, "unexpected \")\"; \"case\" in column 1 needs \";;\" or \"esac\""),
    ("case x in ) b;; esac\n", 1, "unexpected \")\"; \"case\" in column 1 needs a pattern or \"esac\""),
    ("case\n", 1, "unexpected end of the line; \"case\" in column 1 needs a word"),
    ("{ echo x\n", 1, "unexpected end of input; \"{\" in column 1 needs \"}\" behind a \";\" or a newline"),
    ("{ echo x }\n", 1, "unexpected end of input; \"{\" in column 1 needs \"}\" behind a \";\" or a newline"),
    ("echo )\n", 1, "unexpected \")\" without \"(\""),
    ("echo x; )\n", 1, "unexpected \")\" without \"(\""),
    ("(echo x\n", 1, "unexpected end of input; \"(\" in column 1 needs \")\""),
    ("()\n", 1, "unexpected \")\"; \"(\" in column 1 needs a command behind it"),
    ("{ }\n", 1, "unexpected \"}\"; \"{\" in column 1 needs a command behind it"),
    ("echo (x)\n", 1, "unexpected \"(\"; expected quotes around it, or \")\" behind it to define a function"),
    (";;\n", 1, "unexpected \";;\" outside of \"case\""),
    ("echo x ;; y\n", 1, "unexpected \";;\" outside of \"case\""),
    ("echo x &&\n", 1, "unexpected end of input; \"&&\" in column 8 needs a command behind it"),
    ("echo x && && y\n", 1, "unexpected \"&&\"; expected a command"),
    ("echo x || ; y\n", 1, "unexpected \";\"; expected a command"),
    ("&& x\n", 1, "unexpected \"&&\"; expected a command"),
    ("| x\n", 1, "unexpected \"|\"; expected a command"),
    ("x |\n", 1, "unexpected end of input; \"|\" in column 3 needs a command behind it"),
    ("x | | y\n", 1, "unexpected \"|\"; expected a command"),
    ("x & & y\n", 1, "unexpected \"&\"; expected a command"),
    ("; x\n", 1, "unexpected \";\"; expected a command"),
    ("x ; ; y\n", 1, "unexpected \";\"; expected a command"),
    ("echo >\n", 1, "unexpected end of the line; expected a file name"),
    ("echo > > x\n", 1, "unexpected \">\"; expected a file name"),
    ("echo < &x\n", 1, "unexpected \"&\"; expected a file name"),
    ("echo > ; x\n", 1, "unexpected \";\"; expected a file name"),
    ("cat <<\n", 1, "unexpected end of the line; expected the delimiter of a here-document"),
    ("fi\n", 1, "unexpected \"fi\" without \"if\""),
    ("done\n", 1, "unexpected \"done\" without \"for\", \"while\" or \"until\""),
    ("then\n", 1, "unexpected \"then\" without \"if\""),
    ("esac\n", 1, "unexpected \"esac\" outside of \"case\""),
    ("}\n", 1, "unexpected \"}\" without \"{\""),
    ("f( { x; }\n", 1, "unexpected \"(\"; expected quotes around it, or \")\" behind it to define a function"),
    ("f() x\n", 1, "unexpected \"x\"; expected the function's body, such as { ...; }"),
    ("f()\n", 1, "unexpected end of input; expected the function's body, such as { ...; }"),
    ("1f$() { x; }\n", 1, "unexpected \"}\" without \"{\""),
    ("a/b() { x; }\n", 1, "unexpected \"a/b\"; expected a function's name"),
    ("f() { x;\n", 1, "unexpected end of input; \"{\" in column 5 needs \"}\" behind a \";\" or a newline"),
    ("function f\n", 1, "unexpected end of input; expected the function's body, such as { ...; }"),
    ("!\n", 1, "unexpected end of the line; \"!\" in column 1 needs a command behind it"),
    ("! && x\n", 1, "unexpected \"&&\"; \"!\" in column 1 needs a command behind it"),
    ("echo \"$(echo x\"\n", 1, "unexpected end of input; the double quote in column 15 needs a closing one"),
    ("echo \"${x\"\n", 1, "unexpected end of input; the double quote in column 10 needs a closing one"),
    (
        "if true; then\n case x in\n a) echo \"\n ;;\nesac\nfi\n",
        6,
        "unexpected end of input; the double quote of line 3 needs a closing one",
    ),
    ("for i in 1 2; do if x; then y; done\n", 1, "unexpected \"done\"; \"if\" in column 18 needs \"fi\""),
    ("x=(a b)\n", 1, "unexpected \"(\"; there are no arrays in this shell: `set -- a b` makes the list \"$@\""),
    (
        "diff <(x) <(y)\n",
        1,
        "unexpected \"(\"; there is no `<(` and no `>(` in this shell: take a pipe, or a FIFO (`mkfifo f; command >f & other f`)",
    ),
    (
        "exec > >(tee log)\n",
        1,
        "unexpected \">\"; there is no `<(` and no `>(` in this shell: take a pipe, or a FIFO (`mkfifo f; command >f & other f`)",
    ),
    ("x |& y\n", 1, "unexpected \"&\"; there is no `|&` in this shell: write `2>&1 |`"),
    ("x |&& y\n", 1, "unexpected \"&&\"; expected a command"),
    (
        "for ((i = 0; i < 3; i++)); do x; done\n",
        1,
        "unexpected \"(\"; there is no `for ((` in this shell: write `i=0; while [ $i -lt 9 ]; do ...; i=$((i + 1)); done`",
    ),
    (
        "cat <<< hi\n",
        1,
        "unexpected \"<\"; there is no `<<<` in this shell: write `printf '%s\\n' text | command`, or a here-document (`<<E`)",
    ),
    (
        "if x; then\r\ny\r\nfi\r\n",
        3,
        "unexpected end of input; \"if\" of line 1 needs \"then\" behind a \";\" or a newline; these lines have Windows line ends, and the CR is part of the word before it",
    ),
    (
        "for i in 1; do\r\n  x\r\ndone\r\n",
        1,
        "unexpected \"do\r\"; \"for\" in column 1 needs \"do\" behind a \";\" or a newline; these lines have Windows line ends, and the CR is part of the word before it",
    ),
    ("until x; do y; }\n", 1, "unexpected \"}\"; \"until\" in column 1 needs \"done\""),
    ("if x; then (y; fi\n", 1, "unexpected \"fi\"; \"(\" in column 12 needs \")\""),
    ("echo x >& \n", 1, "unexpected end of the line; expected a file name"),
];

#[test]
fn mistakes_are_named_with_what_was_found_expected_and_opened() {
    let mut wrong = Vec::new();
    for &(script, line, message) in MISTAKES {
        let error = error_of(script);
        let expected = format!("syntax error: {message}");
        if error.line() != line || error.message() != expected {
            wrong.push(format!(
                "{script:?}\n  is    line {}: {}\n  not   line {line}: {expected}",
                error.line(),
                error.message()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_end_of_the_input_is_told_from_other_errors() {
    assert!(error_of("if a\n").at_end());
    assert!(error_of("echo 'a\n").at_end());
    assert!(!error_of("fi\n").at_end());
    assert!(!error_of("a | | b\n").at_end());
}

#[test]
fn the_picture_shows_the_line_and_the_place() {
    let picture = error_of("ok\necho é; done; x\nmore\n").picture().expect("a picture");
    assert_eq!(picture, "    echo é; done; x\n            ^\n");
}

#[test]
fn every_construct_is_nested_too_deeply_at_last() {
    // As much stack as the program gives the interpreter (`sys::stack`), which the limit is made for.
    let thread = std::thread::Builder::new().stack_size(1 << 29).spawn(nest_everything).expect("a thread");
    thread.join().expect("no overflow");
}

fn nest_everything() {
    let deep = 200_000;
    for (open, close) in [
        ("(", ")"),
        ("{ ", "; }"),
        ("if ", "; then a; fi"),
        ("while ", "; do a; done"),
        ("for a in b; do ", "; done"),
        ("case a in (a) ", " ;; esac"),
        ("f() { ", "; }"),
        ("$(", ")"),
        ("${a-", "}"),
        ("\"${a-", "}\""),
        ("a $((", "))"),
        ("a $(( $((", ")) ))"),
    ] {
        let script = format!("{}a{}\n", open.repeat(deep), close.repeat(deep));
        let error = error_of(&script);
        assert!(error.message().ends_with(b"nested too deeply"), "{open}: {}", error.message());
        assert_eq!(error.line(), 1);
    }
}
