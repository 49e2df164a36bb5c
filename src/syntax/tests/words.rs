//! Words: quotes, expansions, and the printer.

use super::*;
use crate::syntax::ast::{Parameter, ParameterOp, WordPart};
use bstr::ByteSlice;

fn word(text: &str) -> Word {
    words(&format!("a {text}\n")).into_iter().nth(1).expect("a second word")
}

#[test]
fn quotes_are_removed_where_nothing_is_expanded() {
    for (text, plain) in [
        ("abc", "abc"),
        ("'a b'", "a b"),
        ("\"a b\"", "a b"),
        ("a\\ b", "a b"),
        ("a'b'\"c\"\\d", "abcd"),
        ("''", ""),
        ("\"\"", ""),
        ("[", "["),
        ("\"a\\$b\\\\\\x\"", "a$b\\\\x"),
        ("$'a\\tb\\x41\\'\\u00e9'", "a\tbA'é"),
        ("$", "$"),
        ("a$", "a$"),
        ("\\é", "é"),
        ("a#b", "a#b"),
        ("{}", "{}"),
    ] {
        assert_eq!(word(text).plain().map(ToString::to_string).as_deref(), Some(plain), "{text}");
    }
    for text in ["*", "a?", "[a]", "[a\"b\"]", "$x", "\"$x\"", "`a`", "$(a)", "$((1))", "~", "a${b}c"] {
        assert_eq!(word(text).plain(), None, "{text}");
    }
}

#[test]
fn adjacent_text_of_a_kind_is_one_part() {
    assert_eq!(word("a\\b'c'd").parts.len(), 3);
    assert_eq!(word("'a''b'\\c").parts.len(), 1);
    assert_eq!(word("\"a$b\"c").parts.len(), 2);
}

fn op(text: &str) -> (Parameter, ParameterOp) {
    match &word(text).parts[..] {
        [WordPart::Parameter(expansion)] => (expansion.parameter.clone(), expansion.op.clone()),
        other => unreachable!("{text}: {other:?}"),
    }
}

#[test]
fn parameter_expansions_are_told_apart() {
    assert!(matches!(op("${#}"), (Parameter::Special(_), ParameterOp::Value)));
    assert!(matches!(op("${#x}"), (Parameter::Variable(_), ParameterOp::Length)));
    assert!(matches!(op("${#-x}"), (Parameter::Special(_), ParameterOp::Switch { .. })));
    assert!(matches!(op("${#-}"), (Parameter::Special(_), ParameterOp::Length)));
    assert!(matches!(op("${10}"), (Parameter::Positional(10), ParameterOp::Value)));
    assert!(matches!(op("${x##y}"), (Parameter::Variable(_), ParameterOp::Trim { longest: true, .. })));
    assert!(matches!(op("${x:=y}"), (Parameter::Variable(_), ParameterOp::Switch { colon: true, .. })));
    assert!(matches!(op("${x/y}"), (_, ParameterOp::Bad(_))));
    assert_eq!(word("$10").parts.len(), 2);
}

#[test]
fn a_parenthesis_in_a_substitution_does_not_end_it() {
    for text in [
        "$(case a in a) b;; esac)",
        "$(echo ')' # )\n)",
        "$(cat <<E\n)\nE\n)",
        "$( (a) )",
        "$((a); b)",
        "$(( (1 + 2) * 3 ))",
        "`echo \\`a\\``",
    ] {
        assert_eq!(words(&format!("a {text} c\n")).len(), 3, "{text}");
    }
}

/// `parse(print(tree)) == tree`, and printing is stable; tests/grammar.rs does this for thousands of programs.
#[test]
fn what_is_printed_is_the_same_program() {
    for text in [
        "echo $\\a'b c' a$\\ b\n",
        "cat <<\"i't\"\nx\ni't\n",
        "a && b || ! c | d & e",
        "if a; then b; elif c; then d; else e; fi >f 2>&1",
        "for i; do a; done; for i in; do a; done; for i in b $c; do a; done",
        "case $a in (b | 'c d') e;; *) ;; esac",
        "while a; do b; done; until c; do d; done",
        "f() { a; } >b; function g { c; }",
        "a <<E | b <<'F'\n$x \\$y\nE\n$x\nF\n",
        "(a; b) & { c; }",
        "x=1 y=~/z:~ a",
        "export x=~ y",
        "a \"$@\" '$x' \\* \"a\\\"b\" `c` $(d) $((e + 1)) ${f:-g h} \"${i#\"j\"}\"",
        "a $'\\001\\377' ''",
        "time -p a | b",
        "! { a; }",
    ] {
        let tree = parse(text);
        // Bytes, not text: what is quoted need not be UTF-8.
        let once: Vec<u8> = tree.iter().flat_map(|list| print::list(list).to_vec()).collect();
        let flat = |lists: &[List]| lists.iter().flat_map(|list| list.items.to_vec()).collect::<Vec<_>>();
        assert_eq!(flat(&parse(&once)), flat(&tree), "{text}\n{}", once.as_bstr());
    }
}
