//! Runs a workload in a directory with the files that workloads read, and measures time and memory.

use crate::workload::Workload;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A peer that needs longer for a workload is left out.
const TOO_LONG: Duration = Duration::from_secs(8);

/// A temporary directory with the input of the workloads.
pub struct Place {
    root: PathBuf,
}

impl Place {
    /// Make the directory and the input files.
    pub fn new() -> Self {
        // Memory, where there is such a file system: a disk's own time would hide that of the shells.
        let folder =
            Some(PathBuf::from("/dev/shm")).filter(|folder| folder.is_dir()).unwrap_or_else(std::env::temp_dir);
        let root = folder.join(format!("ipcsh-bench-{}", std::process::id()));
        let place = Self { root };
        fs::create_dir_all(place.root.join("directory")).expect("a temporary directory can be made");
        let write = |name: &str, text: String| fs::write(place.root.join(name), text).expect("the disk has room");
        let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
        write("lines", lines(50_000, |n| format!("line {n} with some words and a \\ in it\n")));
        write("short-lines", lines(20_000, |n| format!("{n} word\n")));
        write("records", lines(20_000, |n| format!("user{n}:x:{n}:{}:User {n}:/home/user{n}:/bin/sh\n", n % 100)));
        write("words", lines(20_000, |n| format!("word{n}\n")));
        write("large", lines(1 << 20, |n| format!("{:019}\n", n)));
        for n in 0..2000 {
            write(&format!("directory/file{n}"), String::new());
        }
        place
    }

    /// Compile the baseline, if there is a C compiler.
    pub fn build_baseline(&self) -> Option<String> {
        let program = self.root.join("baseline").to_string_lossy().into_owned();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baseline.c");
        let built = Command::new("cc").args(["-O2", "-static", "-o", &program]).arg(source).status();
        if built.is_ok_and(|status| status.success()) {
            return Some(program);
        }
        println!("skipped: baseline.c needs cc");
        None
    }

    fn command(&self, workload: &Workload, shell: &[String], more: &str) -> Command {
        let mut command = Command::new(&shell[0]);
        command.args(&shell[1..]).args(&workload.options);
        match &workload.command {
            Some(text) => command.args(["-c", text]),
            None => {
                let script = self.root.join("script");
                fs::write(&script, [&workload.text, more].concat()).expect("the disk has room");
                command.arg(script)
            }
        };
        command.current_dir(&self.root).env_clear().envs([
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", "/"),
            ("LC_ALL", "C.UTF-8"),
            ("LANG", "C.UTF-8"),
        ]);
        command.stdin(Stdio::null());
        command
    }

    /// What the workload prints on standard output; nothing if it takes too long. (For mksh `printf` is a program.)
    pub fn output(&self, workload: &Workload, shell: &[String]) -> Option<Vec<u8>> {
        let path = self.root.join("output");
        let output = File::create(&path).expect("the disk has room");
        let mut child = self.command(workload, shell, "").stdout(output).stderr(Stdio::null()).spawn().ok()?;
        let start = Instant::now();
        while child.try_wait().ok()?.is_none() {
            if start.elapsed() > TOO_LONG {
                child.kill().and_then(|()| child.wait()).ok()?;
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        fs::read(path).ok()
    }

    /// How long the workload takes.
    pub fn time(&self, workload: &Workload, shell: &[String]) -> Duration {
        let mut command = self.command(workload, shell, "");
        // A file and not /dev/null: shells may treat that differently.
        let output = File::create(self.root.join("output")).expect("the disk has room");
        command.stdout(output).stderr(Stdio::null());
        timed(&mut command, workload.starts)
    }

    /// How long the baseline takes to start `count` programs.
    pub fn time_baseline(&self, program: &str, count: usize) -> Duration {
        timed(Command::new(program).arg(count.to_string()), 1)
    }

    /// The peak of the resident memory in MiB, as the script itself sees it at its end; 0 where that cannot be seen.
    pub fn memory(&self, workload: &Workload, shell: &[String]) -> f64 {
        let status = "\nwhile read -r key value unit; do case $key in VmHWM:) echo \"$value\" >&2 ;; esac; done </proc/$$/status\n";
        if workload.command.is_some() || workload.options.iter().any(|option| option == "-n") {
            return 0.0;
        }
        let output = self.command(workload, shell, status).stdout(Stdio::null()).output();
        let text = output.map(|output| output.stderr).unwrap_or_default();
        let last = String::from_utf8_lossy(&text).lines().last().and_then(|line| line.trim().parse::<f64>().ok());
        last.unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary directory.
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn timed(command: &mut Command, times: usize) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        let status = command.status();
        assert!(status.is_ok(), "{command:?}: {status:?}");
    }
    start.elapsed()
}

/// The median in seconds.
pub fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
}

/// Whether a program is found in PATH.
pub fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
}
