//! Fields of words: splitting, quoting, positional parameters, the operators of `${}`. Unless a comment says otherwise dash,
//! bash --posix, ksh93 and yash agree with the standard on each line.

use super::*;

fn check(shell: &mut Shell, table: &[(&str, &str)]) {
    for (words, expected) in table {
        assert_eq!(shell.fields(words), *expected, "{words}");
    }
}

#[test]
fn splitting_and_quotes() {
    // x='a b' e=''
    let table = [
        ("$x", "[a][b]"),
        ("\"$x\"", "[a b]"),
        ("c$x'd'", "[ca][bd]"),
        ("\"$x\"$x", "[a ba][b]"),
        ("$e", ""),
        ("\"$e\"", "[]"),
        ("$e''", "[]"),
        ("''$e", "[]"),
        ("\"\"$e\"\"", "[]"),
        ("$e$x$e", "[a][b]"),
        ("$unset", ""),
        ("a$unset'b'", "[ab]"),
        ("\\$x \\\"a '$x'", "[$x][\"a][$x]"),
        ("a' 'b\\ c", "[a b c]"),
        ("'' a", "[][a]"),
        ("${x}c", "[a][bc]"),
        ("$(a b)", "[a][b]"),
        ("\"$(a b)\"", "[a b]"),
        ("\"$(a\\n\\nb\\n\\n)\"", "[a\n\nb]"),
        ("$(a\\nb\\n) $(\\n) \"$(\\n\\n)\"", "[a][b][]"),
        ("$x$(c\\n)", "[a][bc]"),
        ("\"a\\$\\`\\\"\\\\\\x\"", "[a$`\"\\\\x]"),
    ];
    check(&mut Shell::new(), &table);
}

#[test]
fn white_space_is_removed_at_both_ends() {
    let mut shell = Shell::new();
    shell.set("s", "  a   b  ");
    shell.set("w", " ");
    let table = [
        ("$s", "[a][b]"),
        ("x$s", "[x][a][b]"),
        ("${s}x", "[a][b][x]"),
        ("x${s}x", "[x][a][b][x]"),
        ("\"\"$s\"\"", "[][a][b][]"),
        ("$w", ""),
        ("x$w", "[x]"),
        ("${w}x", "[x]"),
        ("\"\"$w", "[]"),
        ("$w\"\"", "[]"),
        ("\"\"$w\"\"", "[][]"),
        ("a${w}b", "[a][b]"),
        ("$w$w", ""),
        ("a$w${w}b", "[a][b]"),
    ];
    check(&mut shell, &table);
}

#[test]
fn other_separators() {
    let mut shell = Shell::new();
    shell.set("IFS", ": ");
    shell.set("v", "a : b::c: ");
    shell.set("l", " :a");
    shell.set("c", ":");
    shell.set("t", "a:");
    shell.set("p", "a ");
    shell.set("q", ":b");
    let table = [
        ("$v", "[a][b][][c]"),
        ("$v''", "[a][b][][c][]"),
        ("''$v", "[a][b][][c]"),
        ("$l", "[][a]"),
        ("$c", "[]"),
        ("$c$c", "[][]"),
        ("$c''", "[][]"),
        ("''$c", "[]"),
        ("$c'x'", "[][x]"),
        ("x$c", "[x]"),
        ("$t", "[a]"),
        ("$t$t", "[a][a]"),
        ("$t$c", "[a][]"),
        // White space from one expansion and a colon from the next are one separator: so the algorithm of 2.6.5, bash
        // and yash; dash and ksh see two.
        ("$p$q", "[a][b]"),
        ("$p''$q", "[a][][b]"),
        ("$p:x$q", "[a][:x][b]"),
        ("a:b", "[a:b]"),
        ("'a:b'", "[a:b]"),
        ("${unset-a:b}", "[a][b]"),
        ("${unset-'a:b':c}", "[a:b][c]"),
        ("\"${unset-a:b}\"", "[a:b]"),
    ];
    check(&mut shell, &table);
}

#[test]
fn separators_of_several_bytes() {
    let mut shell = Shell::new();
    shell.set("IFS", "é");
    shell.set("v", "aébèc\u{e9}é");
    check(&mut shell, &[("$v", "[a][bèc][]"), ("\"$v\"", "[aébècéé]")]);
    shell.parameters(&["a", "b"]);
    check(&mut shell, &[("\"$*\"", "[aéb]")]);
}

#[test]
fn empty_ifs() {
    let mut shell = Shell::new();
    shell.set("IFS", "");
    shell.parameters(&["a b", "", "c d"]);
    let table = [
        ("$x", "[a b]"),
        ("$e", ""),
        ("$e$e", ""),
        ("$e''", "[]"),
        ("$@", "[a b][c d]"),
        ("$*", "[a b][c d]"),
        ("x$@y", "[xa b][c dy]"),
        ("\"$@\"", "[a b][][c d]"),
        ("\"$*\"", "[a bc d]"),
    ];
    check(&mut shell, &table);
}

#[test]
fn positional_parameters() {
    let mut shell = Shell::new();
    shell.parameters(&["a b", "", "c"]);
    let table = [
        ("$@", "[a][b][c]"),
        ("$*", "[a][b][c]"),
        ("\"$@\"", "[a b][][c]"),
        ("\"$*\"", "[a b  c]"),
        ("x\"$@\"y", "[xa b][][cy]"),
        ("\"x$@y\"", "[xa b][][cy]"),
        ("x$@y", "[xa][b][cy]"),
        ("\"$@$@\"", "[a b][][ca b][][c]"),
        ("$1 \"$1\" $2 \"$2\" $4 \"$4\"", "[a][b][a b][][]"),
        ("$10 ${10}", "[a][b0]"),
        ("$# ${#} \"$#\"", "[3][3][3]"),
        ("${#@} ${#*} ${#1}", "[3][3][3]"),
        ("$? $$ $0", "[42][1234][sh]"),
        ("a$-b \"$-\"", "[ab][]"),
        ("${1+\"$@\"}", "[a b][][c]"),
        ("\"${1+$@}\"", "[a b][][c]"),
        ("${unset-\"$@\"}", "[a b][][c]"),
        ("${unset-$@}", "[a][b][c]"),
        ("${unset-x\"$@\"y}", "[xa b][][cy]"),
        ("\"${unset-$*}\"", "[a b  c]"),
    ];
    check(&mut shell, &table);
}

#[test]
fn no_positional_parameters() {
    let mut shell = Shell::new();
    let table = [
        ("$@", ""),
        ("$*", ""),
        ("\"$@\"", ""),
        ("\"$*\"", "[]"),
        ("\"$@\" x", "[x]"),
        ("\"$@\"\"$@\"", ""),
        ("''\"$@\"", "[]"),
        ("\"$@\"''", "[]"),
        ("\"$@\"\"\"", "[]"),
        ("\"$e\"$@", "[]"),
        ("\"$e\"\"$@\"", "[]"),
        ("\"a$@b\"", "[ab]"),
        ("a\"$@\"", "[a]"),
        ("\"${@}\"", ""),
        ("${1+\"$@\"}", ""),
        // In the same quotes as something empty: open. bash, ksh and yash: no field.
        ("\"$@$e\"", ""),
        ("\"$e$@\"", ""),
        ("\"${unset-$@}\"", "[]"),
    ];
    check(&mut shell, &table);
}

#[test]
fn operators_on_all_parameters() {
    let mut shell = Shell::new();
    // Open in the standard; without parameters `$@` is unset (bash, ksh, mksh).
    let table =
        [("${@-a}", "[a]"), ("${@:-a}", "[a]"), ("\"${@+a}\"", ""), ("\"${*-b}\"", "[b]"), ("\"${@:-}\"", "[]")];
    check(&mut shell, &table);
    shell.parameters(&[""]);
    check(&mut shell, &[("${@:-a}", "[a]"), ("\"${@-a}\"", "[]"), ("\"${@:+a}\"", "[]"), ("\"${*:-a}\"", "[a]")]);
    shell.parameters(&["", ""]);
    check(&mut shell, &[("\"${@:-a}\"", "[][]"), ("\"${*:-a}\"", "[ ]"), ("\"${@:+a}\"", "[a]")]);
    shell.parameters(&["one", "two", "zoo"]);
    let table = [
        ("${@#o}", "[ne][two][zoo]"),
        ("\"${@%o}\"", "[one][tw][zo]"),
        ("\"${*%%o*}\"", "[ tw z]"),
        ("x${*##*o}y", "[xne][y]"),
        ("${@=a}", "[one][two][zoo]"),
        ("${@?a}", "[one][two][zoo]"),
        ("\"${@:-a}\"", "[one][two][zoo]"),
    ];
    check(&mut shell, &table);
    shell.parameters(&[]);
    check(&mut shell, &[("${@=a}", "!@: cannot assign"), ("${*?none}", "!*: none")]);
}

#[test]
fn parameters_and_separators() {
    let mut shell = Shell::new();
    shell.set("IFS", ":");
    shell.parameters(&["a:", "b", ":c"]);
    let table = [
        // ksh and yash. Each parameter is a field of its own before splitting: dash drops the empty field and bash
        // and mksh make one more.
        ("$@", "[a][b][][c]"),
        ("x$*y", "[xa][b][][cy]"),
        ("\"$*\"", "[a::b::c]"),
        ("\"x$@y\"", "[xa:][b][:cy]"),
    ];
    check(&mut shell, &table);
    shell.unset_ifs();
    check(&mut shell, &[("\"$*\"", "[a: b :c]")]);
}

#[test]
fn defaults_and_alternatives() {
    let table = [
        ("${x-w} ${e-w}-${unset-w}", "[a][b][-w]"),
        ("${x:-w} ${e:-w} ${unset:-w}", "[a][b][w][w]"),
        ("${x+w} ${e+w} ${unset+w}", "[w][w]"),
        ("${x:+w} ${e:+w} ${unset:+w}", "[w]"),
        ("${unset-a b}", "[a][b]"),
        ("\"${unset-a b}\"", "[a b]"),
        ("${unset-'a b' c}", "[a b][c]"),
        ("${unset-\"a b\" c}", "[a b][c]"),
        ("${unset-a\\ b}", "[a b]"),
        ("${unset-\"\"}", "[]"),
        ("${unset-''}", "[]"),
        ("\"${unset-'a b'}\"", "['a b']"),
        ("\"${unset-\"a b\"}\"", "[a b]"),
        ("${unset-}", ""),
        ("\"${unset-}\"", "[]"),
        ("y${unset-a b}z", "[ya][bz]"),
        ("${unset-$x}", "[a][b]"),
        ("${unset-\"$x\"}", "[a b]"),
        ("${unset-${unset2-\"$x\" c}}", "[a b][c]"),
        ("${unset-~}", "[/home/me]"),
        ("${unset-~/a}", "[/home/me/a]"),
        ("${x+$(y z)}", "[y][z]"),
        ("${x+\" \"}", "[ ]"),
        ("${#-} ${#x}", "[0][3]"),
    ];
    check(&mut Shell::new(), &table);
}

#[test]
fn words_that_are_not_needed_are_not_expanded() {
    let mut shell = Shell::new();
    check(&mut shell, &[("${x-$(y)} ${x=$(y)} ${x?$(y)} ${unset+$(y)}", "[a][b][a][b][a][b]")]);
    assert_eq!(shell.substitutions, 0);
}

#[test]
fn assigning_defaults() {
    let mut shell = Shell::new();
    check(
        &mut shell,
        &[("${n='a  b'}", "[a][b]"), ("\"$n\"", "[a  b]"), ("${e=c}", ""), ("${e:=~/c}", "[/home/me/c]")],
    );
    check(
        &mut shell,
        &[("${1=a}", "!1: cannot assign"), ("${!:=a}", "!!: cannot assign"), ("\"${m=a b}\" $m", "[a b][a][b]")],
    );
    shell.readonly.push("r".into());
    check(&mut shell, &[("${r=a}", "!r: is read only")]);
    // The new separators are in force at once.
    check(&mut shell, &[("${IFS=b}$x", "[][a ]")]);
}

#[test]
fn errors() {
    let mut shell = Shell::new();
    let table = [
        ("a ${unset?}", "!unset: parameter not set"),
        ("${unset:?}", "!unset: parameter null or not set"),
        ("${e:?}", "!e: parameter null or not set"),
        ("${e?}", ""),
        ("a${unset?no $x here}", "!unset: no a b here"),
        ("${e:?\"$e\"}", "!e: "),
        ("${3?three}", "!3: three"),
        ("${x?no}", "[a][b]"),
        ("${x/}", "!${x/}: bad substitution"),
    ];
    check(&mut shell, &table);
    assert_eq!(shell.line, 7);
}

#[test]
fn unset_parameters_are_errors() {
    let mut shell = Shell::new();
    shell.no_unset = true;
    let table = [
        ("$unset", "!unset: parameter not set"),
        ("\"$unset\"", "!unset: parameter not set"),
        ("a$unset", "!unset: parameter not set"),
        ("${#unset}", "!unset: parameter not set"),
        ("${unset#a}", "!unset: parameter not set"),
        ("$1", "!1: parameter not set"),
        ("$!", "!!: parameter not set"),
        ("$@ $* \"$@\" ${@#a}", ""),
        ("${unset-a} ${unset+a} $e", "[a]"),
        ("${#@} $#", "[0][0]"),
    ];
    check(&mut shell, &table);
}

#[test]
fn tildes() {
    let mut shell = Shell::new();
    check(&mut shell, &[("~ ~/a a~ '~' ~nobody/x ~star", "[/home/me][/home/me/a][a~][~][~nobody/x][/home/* x]")]);
    shell.set("HOME", "/");
    check(&mut shell, &[("~ ~/ ~/a", "[/][/][/a]")]);
    shell.set("HOME", "");
    check(&mut shell, &[("~ ~/a", "[][/a]")]);
    shell.set("HOME", "a b");
    check(&mut shell, &[("~", "[a b]"), ("${unset-~}", "[a b]")]);
}

#[test]
fn bytes_are_kept() {
    let mut shell = Shell::new();
    shell.set("b", b"\xff \xc3");
    let mut out = Fields::new();
    fields(&mut shell, &words::parse("$b \"$b\""), &mut out).expect("fields");
    assert_eq!(out, Fields::from_iter([&b"\xff"[..], b"\xc3", b"\xff \xc3"]));
    check(&mut shell, &[("${#b} $(a\\0b)", "[3][ab]")]);
}

#[test]
fn large_results_take_linear_time() {
    let mut shell = Shell::new();
    shell.set("v", "ab ".repeat(1 << 20));
    let mut out = Fields::new();
    fields(&mut shell, &words::parse("$v \"$v$v\" ${v#\"$x\"} ${v%%c*}"), &mut out).expect("fields");
    assert_eq!(out.len(), 3 * (1 << 20) + 1);
}

#[test]
fn assignment_words_are_one_field() {
    let mut shell = Shell::new();
    shell.parameters(&["p q", "r"]);
    for (source, expected) in [("a=$x", "[a=a b]"), ("a=$e", "[a=]"), ("a=\"$@\"", "[a=p q r]"), ("a=*$x", "[a=*a b]")]
    {
        let word = Word::assignment(words::parse(source).remove(0).parts);
        let mut out = Fields::new();
        fields(&mut shell, &[word], &mut out).expect("fields");
        assert_eq!(out.iter().map(|field| format!("[{field}]")).collect::<String>(), expected);
    }
}

#[test]
fn deep_nesting() {
    // Test threads have 2 MiB of stack.
    let depth = 1000;
    let source = format!("{}$x{}", "${unset-".repeat(depth), "}".repeat(depth));
    check(&mut Shell::new(), &[(&source, "[a][b]"), (&format!("\"{source}\""), "[a b]")]);
}
