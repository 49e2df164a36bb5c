//! Descriptors and processes: nothing leaks, nothing is left behind, and too few of them is a message.

use super::*;
use crate::place::has;

/// `ls` opens the directory itself, with the lowest free number; everything else in its listing was handed to it.
#[test]
fn programs_get_no_descriptor_that_the_user_did_not_give() {
    let show = "ls /proc/self/fd";
    let plain = "0 1 2 3";
    let cases = [
        (show.to_string(), plain),
        (format!("{show} | cat"), plain),
        (format!("echo | {show}"), plain),
        (format!("echo | {show} | cat | cat"), plain),
        (format!("echo a | cat | {show} | cat"), plain),
        (format!("({show})"), plain),
        (format!("(:; {show}) | cat"), plain),
        (format!("f() {{ {show}; }}; f | cat"), plain),
        (format!("{{ echo; {show} >&2; }} 2>&1 | cat | tail -n +2"), plain),
        (format!("x=$({show}); echo \"$x\""), plain),
        (format!("x=$(:; {show} | cat); echo \"$x\""), plain),
        (format!("eval '{show}'"), plain),
        (format!("{show} <<E\nhere\nE"), plain),
        (format!("{show} <<E | cat\n$(echo here)\nE"), plain),
        (format!("while read -r x; do {show}; done <<E\nhere\nE"), plain),
        (format!("echo line >f; while read -r x; do {show} </dev/null; done <f"), plain),
        (format!("echo '{show}' >f; . ./f"), plain),
        (format!("trap '{show}' EXIT"), plain),
        (format!("{show} & wait"), plain),
        (format!("{show} | cat & wait"), plain),
        (format!("{{ :; }} 3>f; {show}"), plain),
        (format!("echo x >f; : <f; {show}"), plain),
        (format!("exec 3>f; exec 3>&-; {show}"), plain),
        (format!("exec {show}"), plain),
        (format!("for i in 1 2; do echo $i; done >f; {show}"), plain),
        (format!("if echo x; then :; fi >f 2>&1; {show}"), plain),
        (format!("exec 5>f; {show}"), "0 1 2 3 5"),
        (format!("exec 5>f; echo | {show} | cat"), "0 1 2 3 5"),
        (format!("{{ {show}; }} 7>f"), "0 1 2 3 7"),
        (format!("{show} 4>f"), "0 1 2 3 4"),
        (format!("{show} 3>f"), "0 1 2 3 4"),
        (format!("{{ {show} 5>&-; }} 5>f 4>&5"), "0 1 2 3 4"),
    ];
    for (code, expected) in cases {
        let dir = Dir::new();
        let end = run(&dir, &mut dir.script(format!("{code}\n")));
        let got: Vec<_> = end.is_sane().out.split_whitespace().collect();
        assert_eq!(got.join(" "), expected, "{code}\n{}", end.short());
        // The same from -c, where the last command may replace the shell.
        let end = run(&dir, dir.command().arg("-c").arg(&code));
        let got: Vec<_> = end.is_sane().out.split_whitespace().collect();
        assert_eq!(got.join(" "), expected, "-c {code}\n{}", end.short());
    }
}

#[test]
fn the_shell_keeps_no_descriptor_of_a_finished_command() {
    // One turn makes what is kept: the pipe to look ahead, the pidfd behind $!. More turns make no more.
    let end = script(
        "count() { set -- /proc/$$/fd/*; echo $#; }\n\
         for turns in 1 300; do\n\
         while [ $turns -gt 0 ]; do\n\
         echo x >f; : <f; { :; } 2>f; x=$(echo y); x=$(cat f); echo z | cat >f; (:) ; (: >f); read -r x <f\n\
         cat <<E >f\nhere\nE\n\
         : <<E\nhere\nE\n\
         true </nonexistent/file; /nonexistent/program; true & wait; eval : ; . ./f >f; turns=$((turns-1)); done 2>/dev/null\n\
         count; done >counts; uniq -c counts\n",
    );
    let counted = end.is_sane().out.split_whitespace().next();
    assert_eq!(counted, Some("2"), "{}", end.short());
}

#[test]
fn no_zombie_is_left() {
    let dir = Dir::new();
    let mut child = dir
        .script(
            "true | true | true\n(true)\nx=$(true)\nx=$(/bin/true; /bin/true)\n/bin/true & wait\n/bin/true | /bin/true & wait $!\n\
             ! /bin/true\n/bin/true <<E\nhere\nE\n/nonexistent/program 2>/dev/null\n/dev/null 2>/dev/null\n\
             { /bin/true; } | :\n: | /bin/true\necho ready\nread -r x\n",
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the shell can be started");
    let _watchdog = Watchdog::new(&child);
    let mut out = child.stdout.take().expect("it is a pipe");
    assert_eq!(read_line(&mut out), "ready");
    let left = children_of(child.id());
    drop(child.stdin.take());
    let status = finish(&mut child);
    assert!(left.is_empty(), "children of the shell (process, state): {left:?}");
    assert!(status <= 1, "status {status}");
}

/// The children of a process, with the letter of their state.
fn children_of(parent: u32) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc can be read").flatten() {
        // pid (name) state ppid ...; the name may hold blanks and brackets.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((before, behind)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<_> = behind.split_whitespace().collect();
        if fields.get(1) == Some(&parent.to_string().as_str()) {
            found.push((before.to_string(), fields[0].to_string()));
        }
    }
    found
}

#[test]
fn few_descriptors() {
    // A helper may need more descriptors than are left: then there is a message, and the next command.
    let work = "echo a | cat\nx=$(echo b)\necho \"$x\"\n{ echo c; } >f\n: </dev/null\ncat <<E\nhere\nE\n: <<E\nhere\nE\n\
                (echo e)\necho g >f & wait\n. ./empty\neval 'echo h' 2>f\nx=$(cat f)\necho end\n";
    for limit in [3, 4, 5, 6, 8, 10, 11, 12, 13, 16, 20, 30] {
        let dir = Dir::new();
        dir.file("empty", "");
        let end = run(&dir, &mut dir.script(format!("ulimit -n {limit}\n{work}")));
        end.is_sane();
        if is_ipcsh() {
            // A redirection error of a special builtin, or a `.` that cannot open its file, ends the script (XCU 2.8.1): only
            // at `:` (lines 6 and 10), `.` (15) and `eval` (16), and with a message about descriptors as the last one.
            let last = end.err.lines().last().unwrap_or_default();
            let ended_there = end.status != 0
                && [6, 10, 15, 16].iter().any(|line| last.contains(&format!(": line {line}: ")))
                && last.ends_with("Too many open files");
            assert!(end.out.ends_with("end\n") || ended_there, "ulimit -n {limit}: {}", end.short());
        }
    }
}

#[test]
fn few_descriptors_from_the_start() {
    let dir = Dir::new();
    for limit in [4, 8, 10, 11, 64] {
        if limit < 64 && !is_ipcsh() {
            continue; // a shell with shared libraries may need more
        }
        let mut command = dir.command();
        command.args(["-c", "echo hi; echo hi >/dev/null; (exit 3); echo $?"]);
        let limit_it = move || setrlimit(Resource::RLIMIT_NOFILE, limit, limit).map_err(io::Error::from);
        // SAFETY: setrlimit is one system call.
        let command = unsafe { command.pre_exec(limit_it) };
        let end = run(&dir, command);
        end.is_sane();
        assert!(end.out.starts_with("hi\n") && end.out.ends_with("3\n"), "ulimit -n {limit}: {}", end.short());
    }
}

#[test]
fn no_more_processes() {
    if nix::unistd::geteuid().is_root() {
        println!("skipped: root has no limit of processes");
        return;
    }
    let dir = Dir::new();
    let mut command = dir
        .script("/bin/true\necho $?\n/bin/true | /bin/true\nx=$(/bin/true)\n/bin/true &\n(exec /bin/true)\necho end\n");
    before_exec(&mut command, || setrlimit(Resource::RLIMIT_NPROC, 1, 1));
    let end = run(&dir, &mut command);
    end.is_sane();
    assert!(end.err.lines().count() >= 1, "a message was expected: {}", end.short());
    if is_ipcsh() {
        assert!(!end.out.starts_with("0\n") && end.out.ends_with("end\n"), "{}", end.short());
    }
}

#[test]
fn ended_children_make_room_for_others() {
    let dir = Dir::new();
    // A user namespace counts its own processes.
    let mut namespace = dir.program("unshare");
    if nix::unistd::geteuid().is_root() || !has("unshare") || run(&dir, namespace.args(["-U", "true"])).status != 0 {
        println!("skipped: root has no limit of processes, others need unshare -U");
        return;
    }
    let code = "ulimit -u 6; i=0; while [ $i -lt 60 ]; do sleep .01 & i=$((i+1)); done; wait; echo end";
    let mut command = dir.program("unshare");
    command.args(["-U"]).arg(shell()).args(["-c", code]);
    let end = run(&dir, &mut command);
    if is_ipcsh() {
        end.prints("end\n");
        assert_eq!(end.err, "");
    }
}

#[test]
fn started_with_closed_descriptors() {
    let dir = Dir::new();
    let with = |action: fn() -> nix::Result<()>, code: &str| {
        let mut command = dir.command();
        command.args(["-c", code]);
        before_exec(&mut command, action);
        run(&dir, &mut command)
    };
    // What the shell opens for itself or for a command must not land on a free standard descriptor and stay there.
    with(close::<0>, "echo hi >f; echo a | cat; cat f; x=$(echo y); echo $x; cat <<E\nhere\nE\n")
        .prints("a\nhi\ny\nhere\n");
    with(close::<2>, "echo a | cat; cat nosuchfile; nosuchcommand; echo b").prints("a\nb\n");
    with(close::<1>, "echo lost; echo seen >f; echo a | cat >g; x=$(echo y); echo $x >>g; :").is_sane();
    assert_eq!((dir.read("f"), dir.read("g")), ("seen\n".to_string(), "a\ny\n".to_string()));
    let none = || close::<0>().and(close::<1>()).and(close::<2>());
    with(none, "echo lost; echo a >h; echo b | cat >>h; x=$(echo c | cat); echo $x >>h; :").is_sane();
    assert_eq!(dir.read("h"), "a\nb\nc\n");
    // A closed descriptor is closed, not /dev/null.
    let end = with(close::<1>, "echo lost || echo \"failed\" >&2");
    assert!(end.is_sane().err.ends_with("failed\n"), "{}", end.short());
    let end = with(close::<0>, "read x; echo $?; cat <&0 2>/dev/null; echo $?");
    assert!(!end.is_sane().out.contains('0'), "{}", end.short());
    let mut command = dir.script("echo script");
    run(&dir, before_exec(&mut command, close::<0>)).prints("script\n");
}

#[test]
fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let end = script(
        "echo x >/dev/full && echo wrong; printf x >/dev/full && echo wrong; { echo x; } >/dev/full && echo wrong\n\
         pwd >/dev/full && echo wrong; (echo x) >/dev/full && echo wrong; f() { echo x; }; f >/dev/full && echo wrong\n\
         export -p >/dev/full && echo wrong\nexport X=1\n(export -p) >/dev/full && echo wrong\n\
         exec 3>&1 >/dev/full\necho x || echo failed >&3; printf x || echo failed >&3\n",
    );
    assert_eq!(end.is_sane().out.replace("failed\n", ""), "", "{}", end.short());
    if is_ipcsh() {
        end.complains("No space left on device");
    }
    // The shell's own status tells it too when nothing comes after the failed write.
    let end = script("exec >/dev/full\necho x\n");
    assert!(end.is_sane().status != 0, "{}", end.short());
}
