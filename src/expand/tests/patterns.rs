//! Patterns: `case`, and the four operators that trim.

use super::*;
use crate::expand::late::parse_pattern;

#[test]
fn whole_matches() {
    let mut shell = Shell::new();
    let yes = [
        ("abc", "abc"),
        ("", "''"),
        ("", "*"),
        ("abc", "a*"),
        ("abc", "*c"),
        ("abc", "*b*"),
        ("abc", "a?c"),
        ("abc", "???"),
        ("abc", "?*?"),
        ("abcbd", "a*b*d"),
        ("aab", "*ab"),
        ("abab", "*ab"),
        ("a*c", "a\\*c"),
        ("a*c", "a'*'c"),
        ("b", "[abc]"),
        ("b", "[a-c]"),
        ("d", "[!a-c]"),
        ("]", "[]]"),
        ("a", "[!]]"),
        ("-", "[a-]"),
        ("-", "[a\"-\"z]"),
        ("]", "[a\"]\"]"),
        ("!", "[\"!\"a]"),
        ("[", "["),
        ("[a", "[a"),
        ("[a", "[*"),
        ("é", "?"),
        ("é", "[é]"),
        ("é", "[à-ï]"),
        ("aéb", "a*b"),
        ("é", "[[:alpha:]]"),
        ("É", "[[:upper:]]"),
        ("5", "[[:digit:][:alpha:]]"),
        ("/.a", "*"),
        ("a\nb", "a*b"),
    ];
    let no = [
        ("abc", "ab"),
        ("abc", "bc"),
        ("", "?"),
        ("abc", "a?"),
        ("a", "a?"),
        ("b", "[!abc]"),
        ("b", "[a\"-\"z]"),
        ("abc", "a\\*c"),
        ("ab", "a*b*b"),
        ("aba", "aba*ba"),
        ("é", "??"),
        ("e", "[[:nonsense:]]"),
        ("", "[!a]"),
        ("A", "[a-z]"),
    ];
    for (subject, pattern) in yes {
        assert!(shell.case(subject, pattern), "{pattern} matches {subject}");
    }
    for (subject, pattern) in no {
        assert!(!shell.case(subject, pattern), "{pattern} does not match {subject}");
    }
}

#[test]
fn patterns_from_expansions() {
    let mut shell = Shell::new();
    for (name, value) in [("s", "*"), ("b", "\\"), ("q", "\\*"), ("r", "[\\]]"), ("c", "[a-c]"), ("h", "-")] {
        shell.set(name, value);
    }
    shell.parameters(&["p", "q"]);
    let yes = [
        ("anything", "$s"),
        ("*", "\"$s\""),
        ("*", "$b*"),
        ("\\*", "$b\"*\""),
        ("\\*", "$b\\*"),
        ("*", "$q"),
        ("\\*", "\"$q\""),
        ("]", "$r"),
        ("b", "$c"),
        ("[a-c]", "\"$c\""),
        ("b", "[a${h}c]"),
        ("-", "[a\"$h\"c]"),
        ("p q", "$@"),
        ("p q", "\"$@\""),
        ("a b", "$x"),
        ("\\", "$b"),
        ("a b!", "\"$x\"?"),
    ];
    let no = [("a", "\"$s\""), ("\\x", "$b*"), ("a", "$q"), ("b", "[a\"$h\"c]"), ("b", "\"$c\"")];
    for (subject, pattern) in yes {
        assert!(shell.case(subject, pattern), "{pattern} matches {subject}");
    }
    for (subject, pattern) in no {
        assert!(!shell.case(subject, pattern), "{pattern} does not match {subject}");
    }
}

#[test]
fn bytes_that_are_no_characters() {
    let matches = |pattern: &[u8], text: &[u8], utf8| pattern::matches(&parse_pattern(pattern), text, utf8);
    assert!(matches(b"?", b"\xff", true));
    assert!(matches(b"[!a]", b"\xff", true));
    assert!(matches(b"[\xff]", b"\xff", true));
    assert!(matches(b"*\xff*", b"a\xffb", true));
    // Half a character does not match in a whole one.
    assert!(!matches(b"*\xa9", "é".as_bytes(), true));
    assert!(!matches(b"\xc3*", "é".as_bytes(), true));
    assert!(!matches(b"\xc3?", "é".as_bytes(), true));
    assert!(!matches(b"*\xc3*", "aéb".as_bytes(), true));
    assert!(matches(b"*\xc3", b"a\xc3", true));
    assert!(matches(b"\xa9*", b"\xa9\xa9", true));
    // Without UTF-8 each byte is a character.
    assert!(matches(b"\xc3?", "é".as_bytes(), false));
    assert!(!matches(b"?", "é".as_bytes(), false));
    assert!(matches("[é][é]".as_bytes(), "é".as_bytes(), false));
    assert!(matches("[à-é]*".as_bytes(), "é".as_bytes(), false));
    assert!(!matches(b"[[:alpha:]]*", "é".as_bytes(), false));
    assert!(!matches(b"[\xe9]", "é".as_bytes(), true));
}

#[test]
fn trimming() {
    let mut shell = Shell::new();
    for (name, value) in [("p", "/one/two/three.c.c"), ("s", "*"), ("u", "aéïb"), ("m", "abcabcabc"), ("d", "/one/")]
    {
        shell.set(name, value);
    }
    let table = [
        ("${p##*/}", "three.c.c"),
        ("${p#*/}", "one/two/three.c.c"),
        ("${p%/*}", "/one/two"),
        ("${p%%/*}", ""),
        ("${p%.c}", "/one/two/three.c"),
        ("${p%%.c}", "/one/two/three.c"),
        ("${p%%.*}", "/one/two/three"),
        ("${p#/one}", "/two/three.c.c"),
        ("${p#one}", "/one/two/three.c.c"),
        ("${p#\"$d\"}", "two/three.c.c"),
        ("${p#$d}", "two/three.c.c"),
        ("${p#*}", "/one/two/three.c.c"),
        ("${p##*}", ""),
        ("${p%*}", "/one/two/three.c.c"),
        ("${p%%*}", ""),
        ("${p#}", "/one/two/three.c.c"),
        ("${p#'*'}", "/one/two/three.c.c"),
        ("${p#\"$s\"/}", "/one/two/three.c.c"),
        ("${p##$s/}", "three.c.c"),
        ("${m#a*c}", "abcabc"),
        ("${m##a*c}", ""),
        ("${m%a*c}", "abcabc"),
        ("${m%%a*c}", ""),
        ("${m#*a*b}", "cabcabc"),
        ("${m##*a*b}", "c"),
        ("${m%b*c*}", "abcabca"),
        ("${m%%b*c*}", "a"),
        ("${m%%b*a}", "abcabcabc"),
        ("${m#?}", "bcabcabc"),
        ("${m%??}", "abcabca"),
        ("${m#[ab]}", "bcabcabc"),
        ("${m%[!c]*}", "abcabca"),
        ("${m%%[!a]*}", "a"),
        ("${m##*[ab]}", "c"),
        ("${m#*[c]*[b]}", "cabc"),
        ("${u#a?}", "ïb"),
        ("${u%?b}", "aé"),
        ("${u##*?}", ""),
        ("${u%%[é]*}", "a"),
        ("${#u}", "4"),
        ("\"${p##*/}\"", "three.c.c"),
        ("\"${p##\"*\"/}\"", "/one/two/three.c.c"),
        ("${unset#a}", ""),
        ("${?#4}", "2"),
        ("${p#${p%three*}}", "three.c.c"),
        ("${p#\"${p%???}\"}", "c.c"),
    ];
    for (word, expected) in table {
        assert_eq!(shell.field(word), format!("={expected}"), "{word}");
    }
}

/// All results are compared with the definition: the shortest or longest piece that matches.
#[test]
fn trimming_agrees_with_its_definition() {
    let texts: [&[u8]; 7] =
        [b"", b"abab", b"aabba", "éaé".as_bytes(), b"a\xc3b\xa9a", "aé\u{1f600}b".as_bytes(), b"\xa9\xc3\xa9\xa9a"];
    let atoms: [&[u8]; 8] = [b"*", b"?", b"a", b"b", "é".as_bytes(), b"\xa9", b"\xc3", b"[!a]"];
    let mut patterns: Vec<Vec<u8>> = vec![Vec::new()];
    for _ in 0..4 {
        for pattern in patterns.clone() {
            patterns.extend(atoms.map(|atom| [&pattern[..], atom].concat()));
        }
        patterns.sort();
        patterns.dedup();
    }
    for pattern in patterns.iter().map(|pattern| parse_pattern(pattern)) {
        for text in texts {
            for utf8 in [true, false] {
                agrees(&pattern, text, utf8);
            }
        }
    }
}

fn agrees(pattern: &pattern::Pattern, text: &[u8], utf8: bool) {
    use crate::syntax::ast::TrimSide;
    let mut boundaries = vec![0];
    while let Some(&last) = boundaries.last()
        && last < text.len()
    {
        boundaries.push(last + if utf8 { crate::fields::character_length(&text[last..]) } else { 1 });
    }
    let whole = |text: &[u8]| naive(&pattern.atoms, text, utf8);
    assert_eq!(pattern::matches(pattern, text, utf8), whole(text), "{pattern:?} {:?}", text.as_bstr());
    let prefixes: Vec<usize> = boundaries.iter().copied().filter(|&at| whole(&text[..at])).collect();
    let suffixes: Vec<usize> = boundaries.iter().copied().filter(|&at| whole(&text[at..])).collect();
    for (side, longest, expected) in [
        (TrimSide::Prefix, false, &text[prefixes.first().copied().unwrap_or(0)..]),
        (TrimSide::Prefix, true, &text[prefixes.last().copied().unwrap_or(0)..]),
        (TrimSide::Suffix, false, &text[..suffixes.last().copied().unwrap_or(text.len())]),
        (TrimSide::Suffix, true, &text[..suffixes.first().copied().unwrap_or(text.len())]),
    ] {
        let got = pattern::trim(pattern, text, side, longest, utf8);
        assert_eq!(got, expected, "{pattern:?} {side:?} {longest} {:?} {utf8}", text.as_bstr());
    }
}

/// Matching by trying everything.
fn naive(atoms: &[crate::syntax::ast::Atom], text: &[u8], utf8: bool) -> bool {
    use crate::syntax::ast::Atom;
    let length = if text.is_empty() {
        0
    } else if utf8 {
        crate::fields::character_length(text)
    } else {
        1
    };
    match atoms {
        [] => text.is_empty(),
        [Atom::AnyString, rest @ ..] => naive(rest, text, utf8) || length > 0 && naive(atoms, &text[length..], utf8),
        [Atom::Literal(literal), rest @ ..] => {
            // Character by character, so that half of one is never taken for it.
            let (mut literal, mut text) = (&literal[..], text);
            while !literal.is_empty() {
                let length = |text| if utf8 { crate::fields::character_length(text) } else { 1 };
                if text.is_empty() || text[..length(text)] != literal[..length(literal)] {
                    return false;
                }
                (text, literal) = (&text[length(text)..], &literal[length(literal)..]);
            }
            naive(rest, text, utf8)
        }
        [Atom::AnyChar, rest @ ..] => length > 0 && naive(rest, &text[length..], utf8),
        [Atom::Bracket(_), rest @ ..] => length > 0 && text[0] != b'a' && naive(rest, &text[length..], utf8),
    }
}

#[test]
fn stars_do_not_explode() {
    let text = "a".repeat(100_000);
    let pattern = parse_pattern("*a".repeat(50).as_bytes());
    assert!(pattern::matches(&pattern, text.as_bytes(), true));
    let pattern = parse_pattern(format!("{}b*", "*a?".repeat(20)).as_bytes());
    assert!(!pattern::matches(&pattern, text.as_bytes(), true));
    use crate::syntax::ast::TrimSide;
    for side in [TrimSide::Prefix, TrimSide::Suffix] {
        for longest in [true, false] {
            assert_eq!(pattern::trim(&pattern, text.as_bytes(), side, longest, true), text.as_bytes());
        }
    }
}
