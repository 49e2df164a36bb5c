//! Runs the script cases of `tests/scripts/*.test` against ipcsh, or against any other shell.
//!
//! A case is a script and what it must print; `tests/scripts/README.md` describes the format. Each case runs in a process
//! of its own, in its own empty directory, with a small fixed environment and a deadline, so cases cannot disturb one another.
//!
//! ```text
//! cargo test --test scripts                                  # all cases
//! cargo test --test scripts quoting                          # one file
//! CASE='nested quotes' cargo test --test scripts             # the cases whose name holds these words
//! SHELL_UNDER_TEST=/bin/dash cargo test --test scripts       # prove the cases themselves with another shell
//! ```

#![allow(clippy::panic, reason = "a test fails by a panic")]

#[path = "scripts/case.rs"]
mod case;
#[path = "support/inherited.rs"]
mod inherited;

use case::{Case, Need, Status};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

/// How long one case may take before its whole process group is killed.
const DEADLINE: Duration = Duration::from_secs(10);

/// How many cases of one file run at the same time. (The test harness runs several files at the same time, too.)
const WORKERS: usize = 2;

/// Makes one test function for each topic, and the list of all topics. The topic `field_splitting` is in `field-splitting.test`.
macro_rules! topics {
    ($($topic:ident)*) => {
        $(#[test] fn $topic() { run_topic(stringify!($topic)); })*
        const TOPICS: &[&str] = &[$(stringify!($topic)),*];
    };
}

topics! {
    aliases
    arithmetic
    cd_and_pwd
    command_search
    command_substitution
    compound_commands
    echo_and_printf
    errexit
    errors
    field_splitting
    functions
    getopts
    grammar
    here_documents
    invocation
    lineno
    message_queues
    messages
    options
    order_of_effects
    parameter_expansion
    pathname_expansion
    patterns
    pipelines_and_lists
    quoting
    read
    redirections
    remote_calls
    signals
    simple_commands
    special_builtins
    special_parameters
    subshells
    test_command
    tilde
    traps
    umask_and_ulimit
    wait_and_kill
}

/// A `.test` file that nobody runs would be worse than none.
#[test]
fn every_test_file_is_listed() {
    let mut unlisted = Vec::new();
    for entry in fs::read_dir(folder()).expect("tests/scripts can be read") {
        let path = entry.expect("tests/scripts can be read").path();
        let topic = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().replace('-', "_");
        if path.extension().is_some_and(|ext| ext == "test") && !TOPICS.contains(&topic.as_str()) {
            unlisted.push(path);
        }
    }
    assert!(unlisted.is_empty(), "not in the list `topics!` of tests/scripts.rs: {unlisted:?}");
}

/// The folder of the `.test` files.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts")
}

/// The shell that the cases are run with.
fn shell_under_test() -> PathBuf {
    match std::env::var_os("SHELL_UNDER_TEST") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from(env!("CARGO_BIN_EXE_ipcsh")),
    }
}

/// Runs every case of one file and fails with a report of all cases that failed.
fn run_topic(topic: &str) {
    let topic = topic.replace('_', "-");
    let path = folder().join(format!("{topic}.test"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut cases = case::parse(&text).unwrap_or_else(|e| panic!("tests/scripts/{topic}.test:{e}"));
    if let Ok(filter) = std::env::var("CASE") {
        cases.retain(|case| case.name.contains(&filter));
    }
    let workspace = Workspace::new(&topic);
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    if let Some(report) = run_case(case, &topic, &workspace.path.join(index.to_string())) {
                        reports.lock().expect("no worker panics with the lock").push((index, report));
                    }
                }
            });
        }
    });
    let mut reports = reports.into_inner().expect("no worker panics with the lock");
    reports.sort();
    if !reports.is_empty() {
        let text: String = reports.iter().map(|(_, report)| report.as_str()).collect();
        panic!("{} of {} cases failed with {}\n\n{text}", reports.len(), cases.len(), shell_under_test().display());
    }
}

/// Runs one case; returns the report if it fails, `None` if it passes or is skipped.
fn run_case(case: &Case, topic: &str, dir: &Path) -> Option<String> {
    if let Some(reason) = reason_to_skip(case) {
        println!("tests/scripts/{topic}.test:{}: {}: skipped: {reason}", case.line, case.name);
        return None;
    }
    let complaints = match run_shell(case, dir) {
        Ok(got) => complaints(case, &got),
        Err(error) => format!("  cannot run the case: {error}\n"),
    };
    let place = format!("tests/scripts/{topic}.test:{}", case.line);
    (!complaints.is_empty()).then(|| format!("FAIL {place}: {}\n{complaints}\n", case.name))
}

/// Why a case does not apply here, if it does not.
fn reason_to_skip(case: &Case) -> Option<String> {
    if case.only_ipcsh && shell_under_test().file_name().is_some_and(|name| name != "ipcsh") {
        return Some("only for ipcsh".into());
    }
    let missing = case.needs.iter().find(|need| !is_there(need))?;
    Some(format!("needs {missing}"))
}

/// Whether the machine and the user have what a case needs.
fn is_there(need: &Need) -> bool {
    let am_root = || fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    match need {
        Need::Root => am_root(),
        Need::User => !am_root(),
        Need::Utf8 => match Command::new("locale").arg("charmap").env("LC_ALL", "C.UTF-8").output() {
            Ok(output) => output.stdout.starts_with(b"UTF-8"),
            Err(_) => true, // no locale(1): a C library that knows UTF-8 only
        },
        Need::Program(name) => std::env::split_paths(&search_path()).any(|dir| {
            fs::metadata(dir.join(name)).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        }),
    }
}

/// The `PATH` that a case sees.
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())
}

/// What a case did.
struct Got {
    /// The exit status; 128 + the signal's number if a signal ended the shell.
    status: i32,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    timed_out: bool,
}

/// Starts the shell under test on the case's script in a fresh directory and waits for its end or for the deadline.
///
/// Output goes to files and not to pipes, so a process that a case leaves behind cannot keep us waiting. The script lies
/// outside the directory in which the case runs: a `*` of the case does not see it.
fn run_shell(case: &Case, dir: &Path) -> io::Result<Got> {
    let (home, tmp) = (dir.join("home"), dir.join("tmp"));
    fs::create_dir_all(&home)?;
    fs::create_dir_all(&tmp)?;
    fs::write(dir.join("case.sh"), &case.code)?;
    let stdin = match &case.stdin {
        None => Stdio::null(),
        Some(text) => {
            fs::write(dir.join("stdin"), text)?;
            File::open(dir.join("stdin"))?.into()
        }
    };
    let shell = shell_under_test();
    let mut command = Command::new(&shell);
    command
        .arg("../case.sh")
        .current_dir(&home)
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", &home)
        .env("TMPDIR", &tmp)
        .env("LC_ALL", "C.UTF-8")
        .env("SH", &shell)
        .stdin(stdin)
        .stdout(File::create(dir.join("stdout"))?)
        .stderr(File::create(dir.join("stderr"))?)
        .process_group(0);
    let mut child = inherited::keep_standard(&mut command).spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let (tell, told) = mpsc::channel();
    let timed_out = std::thread::scope(|scope| {
        // WNOWAIT leaves a zombie: until `child.wait()` below, the number of the process group cannot be given to another.
        scope.spawn(move || tell.send(waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)));
        let timed_out = told.recv_timeout(DEADLINE).is_err();
        let _ = killpg(pid, Signal::SIGKILL); // also ends what the case left running in the background
        timed_out
    });
    let status = child.wait()?;
    Ok(Got {
        status: status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(-1),
        stdout: fs::read(dir.join("stdout"))?,
        stderr: fs::read(dir.join("stderr"))?,
        timed_out,
    })
}

/// What is wrong with the outcome of a case: the empty string if nothing is.
fn complaints(case: &Case, got: &Got) -> String {
    let mut text = String::new();
    if got.timed_out {
        let _ = writeln!(text, "  killed after {DEADLINE:?}");
    }
    let status_is_right = match case.status {
        Status::Exactly(status) => got.status == status,
        Status::Failure => got.status > 0 && got.status < 128,
    };
    if !got.timed_out && !status_is_right {
        let _ = writeln!(text, "  status: expected {}, got {}", case.status, got.status);
    }
    if got.stdout != case.stdout {
        let _ = write!(text, "  stdout: (- expected, + got)\n{}", difference(&case.stdout, &got.stdout));
    }
    let stderr = String::from_utf8_lossy(&got.stderr);
    for part in case.stderr_has.iter().filter(|part| !stderr.contains(part.as_str())) {
        let _ = writeln!(text, "  stderr: expected to find {part:?}");
    }
    if case.stderr_is_empty && !got.stderr.is_empty() {
        text.push_str("  stderr: expected nothing\n");
    }
    if !text.is_empty() && !got.stderr.is_empty() {
        for line in stderr.lines().take(10) {
            let _ = writeln!(text, "  stderr| {line}");
        }
    }
    text
}

/// The two texts line by line: what they have in common at their beginning once, the rest marked `-` and `+`.
fn difference(expected: &[u8], got: &[u8]) -> String {
    let lines = |text: &[u8]| -> Vec<String> {
        let show = |line: &[u8]| line.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"");
        text.split_inclusive(|&byte| byte == b'\n').map(show).collect()
    };
    let (expected, got) = (lines(expected), lines(got));
    let common = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    for line in &expected[common.saturating_sub(3)..common] {
        let _ = writeln!(text, "      {line}");
    }
    for line in &expected[common..] {
        let _ = writeln!(text, "    - {line}");
    }
    for line in got[common..].iter().take(40) {
        let _ = writeln!(text, "    + {line}");
    }
    text
}

/// A directory for one run of one file, removed at the end.
struct Workspace {
    path: PathBuf,
}

impl Workspace {
    fn new(topic: &str) -> Workspace {
        let tmp = std::env::temp_dir();
        let tmp = tmp.canonicalize().unwrap_or(tmp);
        let path = tmp.join(format!("ipcsh-scripts-{}-{topic}", std::process::id()));
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Workspace { path }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.path).is_err() {
            // A case left a directory without permissions.
            let _ = Command::new("chmod").arg("-R").arg("u+rwx").arg(&self.path).status();
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
