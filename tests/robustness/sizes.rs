//! Sizes: many arguments, long words, much data, many jobs, and memory that does not grow.

use super::*;

#[test]
fn many_arguments() {
    script("f() { echo $# ${100000}; shift 99999; echo $1; }\nf $(seq 100000)\nset -- $(seq 100000); n=0; while [ $# -gt 0 ]; do shift; n=$((n+1)); done; echo $n\n")
        .prints("100000 100000\n100000\n100000\n");
}

#[test]
fn long_words_and_lines() {
    let long = "x".repeat(4 << 20);
    script(format!("a={long}\necho ${{#a}}\n")).prints("4194304\n");
    script(format!("a='{long}'; echo ${{#a}} # {long}\n")).prints("4194304\n");
    script(format!("set -- {}; echo $#\n", "a ".repeat(1 << 20))).prints("1048576\n");
    script(format!("case {long} in *y) echo no;; x*x) echo yes;; esac\n")).prints("yes\n");
    script(format!("x=$(cat <<E\n{long}\nE\n)\necho ${{#x}}\nread -r y <<E\n{long}\nE\necho ${{#y}}\n"))
        .prints("4194304\n4194304\n");
    script(format!("echo $((1{}))\n", "+1".repeat(500_000))).is_sane();
    script(format!("{}echo end\n", ":\n".repeat(1_000_000))).prints("end\n");
    script(format!("{}echo end\n", ": && ".repeat(200_000))).prints("end\n");
    script(format!("x={}; echo ${{#x}}\n", "a\\\n".repeat(300_000))).prints("300000\n");
    script(format!("{}=1; echo end\n", "v".repeat(1 << 20))).prints("end\n");
}

#[test]
fn nothing_takes_the_square_of_its_size() {
    // Each of these took minutes once.
    let aliases = format!("alias a='b ' b='x=$((x+1)); '\n{}\necho $x\n", "a ".repeat(100_000));
    script(aliases).prints("100000\n");
    let lines = "x=$((x+1))\n".repeat(100_000);
    script(format!("alias many='{lines}echo $x'\nmany\n")).prints("100000\n");
    for unclosed in ["[[:", "[[.", "[a", "[[:x", "[!"] {
        let pattern = unclosed.repeat(150_000);
        let code = format!("p='{pattern}[:]'\ncase $p in $p) ;; esac; echo done\n");
        script(code).prints("done\n");
    }
    let names: String = (0..150_000).map(|n| format!(" v{n}=1")).collect();
    script(format!("f() {{ local{names}; echo $v149999; }}\nf; echo $v1\n")).prints("1\n\n");
    let nested = format!(": {}:{}\necho $?\n", "$(( ".repeat(1200), " ) )".repeat(1200));
    script(nested).prints("0\n");
}

#[test]
fn long_data_passes_through_pipes_and_substitutions() {
    script(
        "x=$(head -c 8000000 /dev/zero | tr '\\0' a)\necho ${#x}\necho \"$x\" | wc -c\ny=$(echo \"$x\" | cat)\n[ \"$x\" = \"$y\" ] && echo same\n\
         cat <<E | wc -c\n$x\nE\n/bin/true <<E\n$x\nE\necho $?\n: <<E\n$x\nE\nz=$(echo \"$x\"; echo \"$x\"); echo ${#z}\n\
         echo \"$x\" | /bin/true; echo $?\n/bin/true \"$x\" 2>/dev/null; echo $?\n",
    )
    .prints("8000000\n8000001\nsame\n8000001\n0\n16000001\n0\n126\n");
}

#[test]
fn many_background_jobs() {
    script(
        "i=0; while [ $i -lt 1000 ]; do /bin/true & i=$((i+1)); done; wait; echo done\n\
         i=0; while [ $i -lt 300 ]; do (exit $((i % 100))) & p=\"$p $!\"; i=$((i+1)); done\n\
         s=0; for q in $p; do wait $q; s=$((s+$?)); done; echo $s\n",
    )
    .prints("done\n14850\n");
}

#[test]
fn what_was_said_is_not_lost_when_memory_runs_out() {
    let code = "ulimit -v 400000\nfor i in 1 2 3; do echo line $i; done\nx=aaaaaaaa\nwhile :; do x=$x$x; done\n";
    for to in ["", " | cat"] {
        let end = script(format!("'{}' -c '{code}'{to}\n", shell().display()));
        assert_eq!(end.out, "line 1\nline 2\nline 3\n", "{}", end.short());
        end.complains("memory");
    }
}

#[test]
fn memory_does_not_grow() {
    // Everything that is made for one command is gone after it.
    let end = script(
        "rss() { while read -r name size unit; do case $name in VmRSS:) echo $size;; esac; done </proc/$$/status; }\n\
         f() { local=$1; return 0; }\nturn() {\n\
         x=$(echo a b c); f $x; case $x in a*) y=${x#a };; esac; (z=1); eval 'y=$y$x'; y=; set -- $x; : <<E\n$x\nE\n\
         trap 'echo' USR1; trap - USR1; alias a=b; unalias a; g() { :; }; unset -f g; unset z; read -r y <<E\nb\nE\n}\n\
         i=0; while [ $i -lt 2000 ]; do turn; i=$((i+1)); done; before=$(rss)\n\
         i=0; while [ $i -lt 20000 ]; do turn; i=$((i+1)); done; after=$(rss)\n\
         if [ $((after - before)) -lt 3000 ]; then echo steady; else echo \"$before $after\"; fi\n",
    );
    end.prints("steady\n");
}
