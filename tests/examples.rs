//! The example scripts print what their `.out` files say; the documents name what exists.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a folder whose names end in `.extension`.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Servers, which run until they are ended: tests/sockets.rs talks to them.
const SERVERS: &[&str] = &["signals/httpd.sh", "sockets/hello-browser.sh", "sockets/hello-browser-calls.sh"];

/// Every other `examples/**/*.sh` is run in its own folder and prints what the `.out` file beside it holds.
#[test]
fn scripts_print_what_they_should() {
    let scripts = files(&root().join("examples"), "sh");
    assert!(!scripts.is_empty(), "there are examples");
    for path in scripts.into_iter().filter(|path| !SERVERS.iter().any(|server| path.ends_with(server))) {
        let expected = fs::read(path.with_extension("out")).expect("every script has its output beside it");
        let output = Command::new(env!("CARGO_BIN_EXE_ipcsh"))
            .arg(&path)
            .current_dir(path.parent().expect("a file is in a folder"))
            .stdin(Stdio::null())
            .output()
            .expect("the shell can be started");
        let (printed, expected) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected));
        assert_eq!(printed, expected, "{}: {output:?}", path.display());
        assert!(output.status.success(), "{}: {output:?}", path.display());
        assert!(output.stderr.is_empty(), "{}: {output:?}", path.display());
    }
}

/// Where an interrupted script is to leave nothing.
struct Interrupted<'a> {
    path: &'a Path,
    folder: PathBuf,
}

impl Interrupted<'_> {
    fn command(&self) -> Command {
        // A signal that is ignored here would stay ignored.
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_ipcsh")]);
        command.env("TMPDIR", &self.folder).env("XDG_RUNTIME_DIR", &self.folder);
        command.current_dir(self.path.parent().expect("a file is in a folder")).stdin(Stdio::null());
        command
    }

    /// Send `signal` to the script's group (as ^C does) or to the script when it has printed so many lines; what it leaves behind is an error.
    fn run(&self, signal: Signal, to_group: bool, lines: usize) {
        let what = format!("{} {signal} after {lines} lines", self.path.display());
        fs::create_dir(&self.folder).expect("a folder");
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700)).expect("a mode");
        let mut command = self.command();
        let command = command.arg(self.path).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut script = command.spawn().expect("the shell can be started");
        let group = Pid::from_raw(script.id().cast_signed());
        // Open to the end, or the script would get SIGPIPE.
        let mut output = BufReader::new(script.stdout.take().expect("it is piped")).lines();
        let printed = output.by_ref().take(lines).count();
        let sent = if to_group { killpg(group, signal) } else { kill(group, signal) };
        let status = script.wait().expect("it ends");
        // One that has come too late, or before the first trap.
        let expected = printed < lines || sent.is_err() || status.success();
        let by_signal = status.code() == Some(128 + signal as i32) || status.signal() == Some(signal as i32);
        assert!(expected || by_signal, "{what}: {status:?}");
        let deadline = Instant::now() + Duration::from_secs(30);
        // (Whoever inherits the orphans may take its time to collect those that have ended.)
        while let Some(left) = living(group) {
            assert!(Instant::now() < deadline, "{what}: a process is left: {left}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut places = self.command();
        let places = places.args(["-c", "ipc ls 2>/dev/null; mq ls; rmdir \"$TMPDIR/ipcsh\"; ls \"$TMPDIR\""]);
        let left = places.stderr(Stdio::null()).output().expect("the shell can be started");
        let left = String::from_utf8_lossy(&left.stdout).into_owned();
        let (name, key) = (format!("example-{group}"), format!("0x1d0c{:04x}", group.as_raw() % 65536));
        // What mktemp has just made stays if the signal comes before the traps: then it is the signal that ends the script, and not `exit`.
        let has_traps = status.signal().is_none();
        let is_bad =
            |line: &&str| line.contains(&name) || line.starts_with(&key) || has_traps && line.starts_with("tmp.");
        assert_eq!(left.lines().find(is_bad), None, "{what}");
        let posix = self.command().args(["-c", &format!("mq stat /ipcsh-{name}")]).output().expect("it is started");
        assert_eq!(posix.status.code(), Some(4), "{what}: a queue is left");
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A process of this group that lives, as `ps` shows it.
fn living(group: Pid) -> Option<String> {
    let output = Command::new("ps").args(["-e", "-o", "pgid=,stat=,args="]).output().expect("ps can be started");
    let is_living = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next() == Some(&group.to_string()) && words.next().is_some_and(|state| !state.starts_with('Z'))
    };
    String::from_utf8_lossy(&output.stdout).lines().find(is_living).map(str::to_owned)
}

/// ^C, TERM and HUP end each example, and it leaves no process, file or queue.
#[test]
fn interrupted_scripts_leave_nothing() {
    for path in files(&root().join("examples"), "sh") {
        if SERVERS.iter().any(|server| path.ends_with(server)) {
            continue;
        }
        let folder = std::env::temp_dir().join(format!("ipcsh-interrupted-{}", std::process::id()));
        let script = Interrupted { path: &path, folder };
        for lines in 0..4 {
            script.run(Signal::SIGINT, true, lines);
        }
        script.run(Signal::SIGTERM, false, 1);
        script.run(Signal::SIGHUP, false, 2);
    }
}

/// What has a `#!` line can be started by its name.
#[test]
fn scripts_can_be_executed() {
    for path in files(&root().join("examples"), "sh") {
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        let has_line = fs::read(&path).expect("it can be read").starts_with(b"#!");
        assert_eq!(has_line, mode & 0o111 != 0, "{}", path.display());
    }
}

/// Every `examples/*.rs` with a `.out` file beside it prints what that holds. Cargo builds examples only when it builds everything.
#[test]
fn programs_print_what_they_should() {
    let built = Path::new(env!("CARGO_BIN_EXE_ipcsh")).with_file_name("examples");
    for source in files(&root().join("examples"), "rs") {
        let Ok(expected) = fs::read_to_string(source.with_extension("out")) else { continue };
        let program = built.join(source.file_stem().expect("a file has a name"));
        if !program.exists() {
            println!("skipped: needs cargo build --examples ({})", program.display());
            continue;
        }
        let output = Command::new(&program).stdin(Stdio::null()).output().expect("the program can be started");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}: {output:?}", program.display());
        assert!(output.status.success(), "{}: {output:?}", program.display());
    }
}

/// The README's table of builtins has a row for each builtin, and no others.
#[test]
fn the_readme_names_every_builtin() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let mut named: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != "## Builtins")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| ") || line.starts_with("|`"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    named.sort_unstable();
    let builtins: Vec<&str> = ipcsh::builtins::TABLE.iter().map(|builtin| builtin.name).collect();
    assert_eq!(named, builtins);
}

/// Every file that a document links to exists.
#[test]
fn the_documents_link_to_files_that_exist() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(name)).expect("the document exists");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or(link);
            assert!(root().join(path).exists(), "{name} links to {link}, which does not exist");
        }
    }
}
