//! Words that become one text: assignments, `case` words, here-documents.

use super::*;

#[test]
fn one_text() {
    let mut shell = Shell::new();
    shell.parameters(&["a  b", "", "*"]);
    let table = [
        ("$x", "=a b"),
        ("$e", "="),
        ("''", "="),
        ("x$unset\"y\"", "=xy"),
        ("$@", "=a  b  *"),
        ("\"$@\"", "=a  b  *"),
        ("$*", "=a  b  *"),
        ("\"$*\"", "=a  b  *"),
        ("~/x", "=/home/me/x"),
        ("$(a\\n\\n)b", "=ab"),
        ("*", "=*"),
        ("${unset-a\\ 'b  c'}", "=a b  c"),
        ("${unset?gone}", "!unset: gone"),
        ("${1%b}", "=a  "),
    ];
    for (word, expected) in table {
        assert_eq!(shell.field(word), expected, "{word}");
    }
}

#[test]
fn joined_by_ifs() {
    let mut shell = Shell::new();
    shell.parameters(&["a", "b"]);
    // `$@` is joined by blanks whatever IFS is (bash, ksh, mksh); dash and yash use IFS. The standard leaves it open.
    for (ifs, table) in [
        (":", [("$*", "=a:b"), ("\"$*\"", "=a:b"), ("$@", "=a b"), ("\"$@\"", "=a b")]),
        ("", [("$*", "=ab"), ("\"$*\"", "=ab"), ("$@", "=a b"), ("\"$@\"", "=a b")]),
    ] {
        shell.set("IFS", ifs);
        for (word, expected) in table {
            assert_eq!(shell.field(word), expected, "{word} with IFS={ifs}");
        }
    }
}

#[test]
fn here_documents() {
    let mut shell = Shell::new();
    shell.parameters(&["p", "q"]);
    shell.set("star", "*  *");
    let mut out = Vec::new();
    let body = words::quoted("a $x \\$x ${unset-'b'} $(c\\n)\n$star '$x' ~ $@ $*\n");
    here_document(&mut shell, &body, &mut out).expect("a text");
    assert_eq!(out.as_bstr(), "a a b $x 'b' c\n*  * 'a b' ~ p q p q\n");
}
