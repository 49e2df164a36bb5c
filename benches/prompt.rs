//! What a person feels at the prompt: how long until the first prompt, and how long until a key is on the screen, beside other shells.
//!
//! `cargo bench --bench prompt [-- ROUNDS]` prints a table: medians in microseconds, and those of the peer divided by ours (above 1 we are
//! faster). Every shell is on a pseudo-terminal of its own, without start-up files; in each round each of them is started once and
//! gets a few keys, one after the other, so that what else happens on the machine hits all alike. `/bin/cat` is the terminal's own echo.

#![allow(clippy::panic, reason = "a benchmark fails by a panic")]

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{OpenptyResult, openpty};
use nix::unistd::{read, write};
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What the prompts of all shells are, and nothing else is. (mksh leaves no prompt without `#` to root.)
const PROMPT: &str = "ready# ";

/// The shells: name and arguments.
const SHELLS: &[(&str, &[&str])] = &[
    (env!("CARGO_BIN_EXE_ipcsh"), &["--norc"]),
    ("bash", &["--norc", "--noprofile"]),
    ("mksh", &[]),
    ("zsh", &["-f"]),
    ("fish", &["--no-config", "-C", "function fish_prompt; echo -n 'ready# '; end"]),
    ("cat", &[]),
];

/// The keys of one round: what a command's name and its operand look like while they are typed.
const KEYS: &str = "echo some words";

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// A shell on its terminal.
struct Session {
    child: Child,
    master: OwnedFd,
}

impl Session {
    fn start(program: &str, arguments: &[&str], home: &Path) -> io::Result<Self> {
        let window = nix::pty::Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let OpenptyResult { master, slave } = openpty(Some(&window), None)?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(home).env_clear().env("HOME", home).env("TERM", "xterm-256color");
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("PS1", PROMPT).env("LC_ALL", "C.UTF-8");
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(Stdio::from(slave));
        // SAFETY: setsid and ioctl are system calls and touch no memory.
        unsafe { command.pre_exec(own_the_terminal) };
        nix::fcntl::fcntl(&master, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
        Ok(Self { child: command.spawn()?, master })
    }

    /// What is written within so much time; empty if nothing is.
    fn output(&self, time: Duration) -> Vec<u8> {
        let mut polled = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        let mut block = vec![0; 65536];
        let count = match poll(&mut polled, timeout) {
            Ok(1..) => read(&self.master, &mut block).unwrap_or(0),
            _ => 0,
        };
        block.truncate(count);
        block
    }

    /// Wait for a text, and how long that took.
    fn wait_for(&self, text: &str, since: Instant) -> Option<Duration> {
        let mut seen = Vec::new();
        while since.elapsed() < DEADLINE {
            seen.extend(self.output(DEADLINE));
            if memchr::memmem::find(&seen, text.as_bytes()).is_some() {
                return Some(since.elapsed());
            }
        }
        None
    }

    /// Until nothing has been written for a while: what a shell draws behind the character is not our concern.
    fn settle(&self) {
        while !self.output(Duration::from_millis(3)).is_empty() {}
    }

    /// Press a key; how long until its character is there.
    fn key(&self, key: char) -> Option<Duration> {
        let text = key.to_string();
        let start = Instant::now();
        write(&self.master, text.as_bytes()).ok()?;
        let time = self.wait_for(&text, start);
        self.settle();
        time
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn own_the_terminal() -> io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: TIOCSCTTY takes a number and touches no memory.
    Errno::result(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) })?;
    Ok(())
}

/// One round of one shell: its first prompt and its keys. `None`: it is not installed, or does not behave.
fn round(
    program: &str,
    arguments: &[&str],
    home: &Path,
    prompts: &mut Vec<Duration>,
    keys: &mut Vec<Duration>,
) -> Option<()> {
    let start = Instant::now();
    let session = Session::start(program, arguments, home).ok()?;
    if program == "cat" {
        prompts.push(Duration::ZERO);
    } else {
        prompts.push(session.wait_for(PROMPT, start)?);
    }
    session.settle();
    for key in KEYS.chars() {
        keys.push(session.key(key)?);
    }
    Some(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(30);
    let home = std::env::temp_dir().join(format!("ipcsh-bench-prompt-{}", std::process::id()));
    fs::create_dir_all(&home).expect("a temporary directory can be made");
    let mut times: Vec<(Vec<Duration>, Vec<Duration>, bool)> = vec![(Vec::new(), Vec::new(), true); SHELLS.len()];
    for _ in 0..rounds {
        for ((program, arguments), (prompts, keys, works)) in SHELLS.iter().zip(&mut times) {
            *works = *works && round(program, arguments, &home, prompts, keys).is_some();
        }
    }
    let _ = fs::remove_dir_all(&home);
    println!("{:<8} {:>16} {:>8} {:>16} {:>8}", "", "first prompt/us", "/ ours", "key to echo/us", "/ ours");
    let mut ours = None;
    for ((program, _), (mut prompts, mut keys, works)) in SHELLS.iter().zip(times) {
        let name = program.rsplit('/').next().unwrap_or(program);
        if !works {
            println!("{name:<8} is not installed, or shows no prompt");
            continue;
        }
        let (prompt, key) = (median(&mut prompts).as_secs_f64() * 1e6, median(&mut keys).as_secs_f64() * 1e6);
        let (own_prompt, own_key) = *ours.get_or_insert((prompt, key));
        println!("{name:<8} {prompt:>16.0} {:>8.2} {key:>16.0} {:>8.2}", prompt / own_prompt, key / own_key);
    }
}
