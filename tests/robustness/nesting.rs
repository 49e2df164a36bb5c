//! Nesting: honest depths work, absurd depths are refused with a message, and nothing overflows the stack.

use super::*;

/// A construct that nests: what opens it, what is inside, what closes it, and what 50 levels of it print.
const NESTS: &[(&str, &str, &str, &str)] = &[
    ("( ", "echo x", ") ", "x\n"),
    ("{ ", "echo x;", " }; ", "x\n"),
    ("echo $(", "echo x", ")", "x\n"),
    ("echo \"$(", "echo x", ")\"", "x\n"),
    ("if :; then ", "echo x;", " fi; ", "x\n"),
    ("if ", "echo x;", " then :; fi; ", "x\n"),
    ("while :; do ", "echo x; exit;", " done; ", "x\n"),
    ("for i in 1; do ", "echo x;", " done; ", "x\n"),
    ("case a in a) ", "echo x", " ;; esac", "x\n"),
    ("case a in (a) ", "echo x", "\nesac", "x\n"),
    ("until ", "echo x;", " do :; done; ", "x\n"),
    ("! { ", "echo x;", " }; ", "x\n"),
    (": | { ", "echo x;", " }; ", "x\n"),
    ("f() { ", "echo x;", " }; f; ", "x\n"),
];

/// The same for what nests inside one word.
const WORD_NESTS: &[(&str, &str, &str, &str)] = &[
    ("${v-", "x", "}", "x\n"),
    ("\"${v-", "x", "}\"", "x\n"),
    ("${v:+", "x", "}", "\n"),
    ("${w#", "x", "}", "\n"),
    ("$((", "1", "))", "1\n"),
    ("$(echo ", "x", ")", "x\n"),
];

#[test]
fn honest_nesting_works() {
    for (open, inside, close, out) in NESTS {
        // Inner levels of `!` decide the status, so only the output is looked at.
        let end = script(format!("{}{inside}{}\n", open.repeat(50), close.repeat(50)));
        assert_eq!(end.is_sane().out, *out, "{open}: {}", end.short());
    }
    for (open, inside, close, out) in WORD_NESTS {
        let end = script(format!("w=www; echo {}{inside}{}\n", open.repeat(50), close.repeat(50)));
        assert_eq!(end.is_sane().out, *out, "{open}: {}", end.short());
    }
}

#[test]
fn deep_nesting_is_refused() {
    if !is_ipcsh() {
        return;
    }
    for levels in [20_000, 200_000] {
        for (open, inside, close, _) in NESTS.iter().chain(WORD_NESTS) {
            let word = if WORD_NESTS.iter().any(|nest| nest.0 == *open) { "echo " } else { "" };
            // Closed and not closed; also with the stack that a small `ulimit -s` leaves.
            for close in [close.repeat(levels), String::new()] {
                let dir = Dir::new();
                let mut command = dir.script(format!("{word}{}{inside}{close}\n", open.repeat(levels)));
                let end = run(&dir, &mut command);
                assert!(end.err.contains("nested too deeply"), "{levels} x {open:?}: {}", end.short());
                end.is_sane();
                assert!(end.status != 0 && end.err.len() < 1000, "{levels} x {open:?}: {}", end.short());
            }
        }
    }
}

#[test]
fn deep_arithmetic_is_refused() {
    if !is_ipcsh() {
        return;
    }
    for (open, close) in [
        ("(", ")"),
        ("-(", ")"),
        ("1?", ":1"),
        ("1?1:", ""),
        ("! ", ""),
        ("- ", ""),
        ("~", ""),
        ("a=", ""),
        ("1+(", ")"),
    ] {
        for levels in [20_000, 200_000] {
            let text = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            script(format!("echo $(({text}))\n")).complains("nested too deeply");
            script(format!("x='{text}'\necho $(($x))\n")).complains("nested too deeply");
        }
    }
    script(format!("echo $(({}1{}))\n", "(".repeat(100), ")".repeat(100))).prints("1\n");
}

#[test]
fn deep_things_at_run_time() {
    if !is_ipcsh() {
        return;
    }
    for code in [
        "f() { f; }; f",
        "f() { f; :; }; f; echo after",
        "f() { x=$(f); }; f",
        "f() { (f); }; f",
        "f() { echo $(f); :; }; f",
        "f() { { f; } >/dev/null; :; }; f",
        "f() { if f; then :; fi; }; f",
        "f() { case $(f) in a) ;; esac; }; f",
        "f() { eval f; }; f",
        "e='eval \"$e\"'; eval \"$e\"",
        "echo '. ./self' >self; . ./self",
        "f() { echo ${x-$(f)}; }; f",
        "f() { a=1 f; }; f",
        "f() { command eval f; }; f",
        "trap 'kill -s USR1 $$; :' USR1; f() { kill -s USR1 $$; f; }; f",
    ] {
        let dir = Dir::new();
        let end = run(&dir, &mut dir.script(format!("{code}\n")));
        end.complains("nested too deeply");
        assert!(end.status != 0, "{code}: {}", end.short());
        assert!(end.err.len() < 10_000, "{code}: a message for every level: {}", end.short());
    }
    for code in [
        format!(
            "alias a='a '; a\nalias b0='b1 '\n{}b0 echo\n",
            (1..3000).map(|i| format!("alias b{i}='b{} '\n", i + 1)).collect::<String>()
        ),
        format!("[ {}x ]\n", "! ".repeat(100_000)),
        format!("test {} x {}\n", "\\( ".repeat(50_000), "\\) ".repeat(50_000)),
        format!("case {}b in {}b) ;; *) echo no;; esac\n", "a".repeat(3000), "*a".repeat(60)),
        format!("case {} in {}) echo yes;; *) echo no;; esac\n", "a".repeat(20_000), "*a".repeat(2000)),
        format!("x={}; echo ${{#x}} \"${{x%%{}b}}\" >/dev/null\n", "a".repeat(2000), "*a".repeat(30)),
        format!("echo {}\n", "[".repeat(20_000)),
        format!("echo /{}\n", "../*/".repeat(3)),
    ] {
        script(code).is_sane();
    }
}

#[test]
fn endless_recursion_is_a_message_under_any_stack_limit() {
    if !is_ipcsh() {
        return;
    }
    let dir = Dir::new();
    for limit in ["64", "256", "8192", "unlimited"] {
        for code in ["f() { f; }; f", "f() { f2 \"$@\" a; }; f2() { f; }; f", "f() { x=$(f); }; f"] {
            dir.file("deep.sh", format!("{code}\n"));
            let mut outer = Command::new("/bin/sh");
            outer.current_dir(&dir.0).process_group(0).stdin(Stdio::null());
            outer.arg("-c").arg(format!("ulimit -s {limit}; exec \"$0\" deep.sh")).arg(shell());
            run(&dir, &mut outer).complains("nested too deeply");
        }
    }
}

#[test]
fn ten_thousand_levels_of_recursion_work() {
    let code = "f() { if [ $1 -gt 0 ]; then f $(($1 - 1)); else echo bottom; fi; }; f 10000\n\
                g() { case $1 in 0) echo floor;; *) { eval 'g $(($1 - 1))'; } ;; esac; }; g 2000\n";
    script(code).prints("bottom\nfloor\n");
    if is_ipcsh() {
        let dir = Dir::new();
        dir.file(
            "deep.sh",
            format!("{code}h() {{ if [ $1 -gt 0 ]; then x=$(h $(($1 - 1))); fi; echo \"$x\" $1; }}; h 200 | wc -w\n"),
        );
        let mut outer = Command::new("/bin/sh");
        outer.current_dir(&dir.0).process_group(0).stdin(Stdio::null());
        outer.arg("-c").arg("ulimit -s 256; exec \"$0\" deep.sh").arg(shell());
        run(&dir, &mut outer).prints("bottom\nfloor\n201\n");
    }
}
