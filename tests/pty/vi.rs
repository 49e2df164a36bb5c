//! `set -o vi`: the commands of XCU, sh, "Command Line Editing (vi-mode)".

use crate::terminal::*;

/// What a line prints after these keys in vi mode; `\x1b` leaves insert mode.
#[track_caller]
fn edited(keys: &str) -> String {
    let mut t = Terminal::new();
    t.run("set -o vi");
    t.run("echo old one");
    t.run("echo old two");
    t.key(keys);
    let output = t.run("");
    t.exit();
    output
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    if is_ipcsh() {
        for &(keys, output) in cases {
            assert_eq!(edited(keys), output, "{keys:?}");
        }
    }
}

#[test]
fn inserting_and_replacing() {
    check(&[
        ("cho b\x1b0ie", "b"),
        ("echo b\x1bIx=1 ; \x1b", "b"),
        ("echo b\x1biA\x1b", "Ab"),
        ("echo b\x1baA\x1b", "bA"),
        ("echo b\x1bhhAA\x1b", "bA"),
        ("echo abc\x1bhhRxy\x1b", "xyc"),
        ("echo abc\x1bhrx", "axc"),
        ("echo abc\x1b2h3rx", "xxx"),
        ("echo abc\x1bhh3~", "ABC"),
        ("echo abc\x1bhsXY\x1b", "aXYc"),
        ("old\x1bSecho new\x1b", "new"),
    ]);
}

#[test]
fn moving() {
    check(&[
        ("echo a b c\x1bbbix \x1b", "x a b c"),
        ("echo a.b c\x1b0wwwix\x1b", "a.xb c"),
        ("echo a.b c\x1b0WWix\x1b", "a.b xc"),
        ("echo abc d\x1b0weax\x1b", "abcx d"),
        ("echo abc\x1b6|ix\x1b", "xabc"),
        ("  echo abc\x1b^iecho \x1b", "echo abc"),
        ("echo abcabc\x1b0fbix\x1b", "axbcabc"),
        ("echo abcabc\x1b0fb;ix\x1b", "abcaxbc"),
        ("echo abcabc\x1bFb,ix\x1b", "abcaxbc"),
        ("echo abcabc\x1b0tbix\x1b", "xabcabc"),
        ("echo abcabc\x1bTaix\x1b", "abcaxbc"),
        ("echo abc\x1b0$ix\x1b", "abxc"),
        ("echo a b c d\x1b3bix\x1b", "xa b c d"),
    ]);
}

#[test]
fn deleting_changing_copying() {
    check(&[
        ("echo a b c\x1bbdw", "a c"),
        ("echo a b c\x1b0wd2w", "c"),
        ("echo a b c\x1b0w2dw", "c"),
        ("echo abc def\x1b0wcwx\x1b", "x def"),
        ("echo a b c\x1b0wcwx\x1b", "x b c"),
        ("echo abc def\x1b0wllcwx\x1b", "abx def"),
        ("echo a b c d\x1b0w2cWx\x1b", "x c d"),
        // The last word, whole; and no line is joined with the next one.
        ("echo abc\x1b0wdw", ""),
        ("echo a.c\x1b0wdW", ""),
        ("echo abc\x1b0wywP", "abcabc"),
        ("echo abc\x1b0wcwx\x1b", "x"),
        ("echo 'x abc\rdef'\x1bk0wwwdw", "quote> def'\nx\ndef"),
        ("echo abc\x1b0wd$", ""),
        ("echo abc\x1bhD", "a"),
        ("echo abc\x1bhCx\x1b", "ax"),
        ("xx\x1bddiecho a\x1b", "a"),
        ("echo abc\x1bx", "ab"),
        ("echo abc\x1bX", "ac"),
        ("echo abc\x1bhhxp", "bac"),
        ("echo abc \x1bhbyw$p", "abc abc"),
        ("echo abc\x1b0wyeP", "abcabc"),
        ("echo abc\x1b0wY$p", "abcabc"),
        ("echo abcd\x1b0wdfc", "d"),
        ("echo abcd\x1b0wdtc", "cd"),
        ("echo a b c\x1bbdw.", "a"),
        ("echo abcdef\x1b0wx2.", "def"),
        ("echo a\x1bacd\x1b0f .", "cdacd"),
        ("echo abc\x1bxxu", "ab"),
        ("\x1bkA x\x1bU", "old two"),
    ]);
}

#[test]
fn history_and_searches() {
    check(&[
        ("\x1bk", "old two"),
        ("\x1bkk", "old one"),
        ("\x1b2k", "old one"),
        ("\x1bkkj", "old two"),
        ("\x1bkA EDIT\x1bkj", "old two EDIT"),
        // A line that is changed takes the place of the one that was begun.
        ("echo begun\x1bkA EDIT\x1bj", "old two EDIT"),
        ("echo begun\x1bkkA EDIT\x1bkk", "old one"),
        // Past the oldest: no effect. Past the newest: the line that was begun.
        ("echo here\x1b9k", "here"),
        ("echo here\x1bk9kj", "here"),
        ("echo here\x1bkk9j", "here"),
        ("\x1b2G", "old one"),
        ("\x1b/one\r", "old one"),
        ("\x1b/^echo\r", "old two"),
        ("\x1b/^echo\rn", "old one"),
        ("\x1b/^echo\rnN", "old two"),
        ("\x1b/o*e\r", "old one"),
        ("echo x\x1b_", "x two"),
        ("echo x\x1b1_", "x echo"),
    ]);
}

#[test]
fn what_is_repeated_can_be_of_an_earlier_line() {
    let Some(mut t) = Terminal::of_ipcsh() else { return };
    t.run("set -o vi");
    t.key("echo axbx\x1b0fxrY");
    assert_eq!(t.run(""), "aYbx");
    t.key("echo cxdx\x1b0;.");
    assert_eq!(t.run(""), "cYdx");
    t.key("\x1b/aY\r");
    t.see_at_cursor("[4]$ echo aYbx");
    t.key(CTRL_C);
    t.prompt();
    t.key("\x1bn");
    t.see_at_cursor("[5]$ echo aYbx");
    t.key(CTRL_C);
    t.prompt();
    t.exit();
}

#[test]
fn words_programs_and_aliases() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().file("alpha", "").file("alpine", "").file("beta", "").start();
    t.run("set -o vi; alias _q='Aend'");
    t.key("echo be\x1b\\");
    t.see_at_cursor("[2]$ echo beta");
    t.key("\r");
    t.prompt();
    t.key("echo al\x1b*S");
    t.see_at_cursor("[3]$ echo alpha alpineS");
    t.key("\r");
    t.prompt();
    t.key("echo al\x1b=");
    t.see("alpha   alpine");
    t.key("\t");
    t.see_at_cursor("[4]$ echo alpha");
    t.key("\t");
    t.see_at_cursor("[4]$ echo alpine");
    // Any other key ends the choice.
    t.key("0\t2~");
    t.see_at_cursor("[4]$ ECho alpine");
    t.key(CTRL_C);
    t.prompt();
    t.key("echo x\x1b@q");
    t.see_at_cursor("[5]$ echo xend");
    t.key("\r");
    t.prompt();
    // One that names itself comes to an end.
    t.run("alias _l='@l'");
    t.key("echo x\x1b@lay\r");
    t.prompt();
    t.see("\nxy\n");
    t.key("not executed\x1b#");
    t.prompt();
    t.see("#not executed");
    t.exit();
    let mut t = Terminal::with().file("bin/vi", "#!/bin/sh\nsed -i s/one/ONE/ \"$1\"\n").start();
    t.run("chmod +x bin/vi; PATH=$PWD/bin:$PATH; set -o vi");
    t.key("echo one\x1bv");
    t.prompt();
    t.see("\nONE\n");
    t.exit();
}
