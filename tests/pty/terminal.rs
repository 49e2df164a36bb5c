//! A shell on a pseudo-terminal, and the screen that shows what it writes.
//!
//! The shell is the leader of a session of its own, with the slave side as its controlling terminal, as a terminal window or sshd
//! starts it. The test holds the master side. Dropping a [`Terminal`] kills whatever is left of the session.

#![allow(dead_code, reason = "a kit for cases, which need not use all of it")]

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::stat::Mode;
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use nix::unistd::{Pid, read, write};
use std::fs;
use std::io;
use std::num::NonZeroU16;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long one wait may take. It only matters when something is broken, so it is generous.
const DEADLINE: Duration = Duration::from_secs(40);

/// How often a key comes that is held down, in milliseconds.
pub const HELD: u16 = 5;

/// How long to wait for output before a condition that is not about output (the state of a process) is looked at again.
const LOOK: u16 = 5;

pub const CTRL_C: &str = "\x03";
pub const CTRL_D: &str = "\x04";
pub const CTRL_Z: &str = "\x1a";
pub const CTRL_BACKSLASH: &str = "\x1c";

/// The shell that is tested.
pub fn shell() -> PathBuf {
    match std::env::var_os("SHELL_UNDER_TEST") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from(env!("CARGO_BIN_EXE_ipcsh")),
    }
}

/// Whether the shell is ipcsh: else what is its own choice is skipped.
pub fn is_ipcsh() -> bool {
    let ours = shell().file_name().is_some_and(|name| name == "ipcsh");
    if !ours {
        println!("skipped: only for ipcsh");
    }
    ours
}

/// A copy of the shell, to be executed. Another program makes it: what this one has open for writing, a child of another test could still
/// have before its exec, and nobody may execute that.
pub fn copy_shell(to: &Path) {
    let copied = Command::new("cp").arg(shell()).arg(to).status().expect("cp can be started");
    assert!(copied.success(), "the shell can be copied");
}

/// Whether a program is installed: else what needs it is skipped.
pub fn have(program: &str) -> bool {
    let found = PATH.split(':').any(|directory| Path::new(directory).join(program).exists());
    if !found {
        println!("skipped: needs {program}");
    }
    found
}

const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What a terminal is started with.
pub struct Setup {
    command: Command,
    rows: u16,
    columns: u16,
    home: Home,
    prompts: bool,
}

impl Setup {
    /// An argument for the shell.
    pub fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// The home and working directory.
    pub fn home(&self) -> &Path {
        &self.home.0
    }

    /// Another program, in the same home.
    pub fn of(mut self, path: &Path) -> Self {
        let mut command = Command::new(path);
        command.current_dir(&self.home.0).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        crate::inherited::keep_standard(&mut command);
        self.command = command;
        self
    }

    /// Another `argv[0]`: `-ipcsh` makes a login shell.
    pub fn arg0(mut self, name: &str) -> Self {
        self.command.arg0(name);
        self
    }

    /// An environment variable. With a `PS1` of its own the shell has no numbered prompts, and nothing waits for the first one.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.prompts &= name != "PS1";
        self.command.env(name, value);
        self
    }

    /// Take a variable away. Without `PS1` nothing waits for the first prompt.
    pub fn env_remove(mut self, name: &str) -> Self {
        self.prompts &= name != "PS1";
        self.command.env_remove(name);
        self
    }

    /// The size of the window; 24 rows of 80 columns otherwise.
    pub fn size(mut self, rows: u16, columns: u16) -> Self {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    /// A file in the home directory, which is also the working directory.
    pub fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.home.0.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a directory for the test");
        }
        fs::write(path, text).expect("a file for the test");
        self
    }

    /// Something in the child between fork and exec: system calls and nothing else.
    pub fn before_exec(mut self, action: fn() -> nix::Result<()>) -> Self {
        // SAFETY: the actions of these tests are a few system calls.
        unsafe { self.command.pre_exec(move || action().map_err(io::Error::from)) };
        self
    }

    /// Start it; with numbered prompts wait for the first one.
    pub fn start(mut self) -> Terminal {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("a pseudo-terminal");
        grantpt(&master).expect("a pseudo-terminal can be granted");
        unlockpt(&master).expect("a pseudo-terminal can be unlocked");
        let name = ptsname_r(&master).expect("a pseudo-terminal has a name");
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let slave = open(Path::new(&name), flags, Mode::empty()).expect("a terminal can be opened");
        set_size(&master, self.rows, self.columns);
        let duplicate = || Stdio::from(slave.try_clone().expect("a descriptor can be duplicated"));
        self.command.stdin(duplicate()).stdout(duplicate()).stderr(duplicate());
        // SAFETY: setsid and ioctl touch no memory.
        unsafe { self.command.pre_exec(own_the_terminal) };
        let child = self.command.spawn().expect("the shell can be started");
        let mut terminal = Terminal {
            child,
            master,
            screen: vt100::Parser::new(not_zero(self.rows), not_zero(self.columns), 1000),
            written: Vec::new(),
            prompts: 0,
            home: self.home,
            show: std::env::var_os("PTY_SHOW").is_some(),
        };
        drop(slave);
        if self.prompts {
            terminal.prompt();
        }
        terminal
    }
}

/// In the child: a session of its own, with its standard input as the controlling terminal; no descriptor of ours but 0, 1 and 2; no
/// signal ignored or blocked that the test runner ignores or blocks.
fn own_the_terminal() -> io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: TIOCSCTTY takes a number and touches no memory.
    Errno::result(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) })?;
    // SAFETY: close_range with CLOSE_RANGE_CLOEXEC only marks descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    for signal in
        [libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGHUP, libc::SIGTERM]
    {
        // SAFETY: the default action is no handler.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    Ok(())
}

/// The emulator knows no empty screen; a window of 0 columns is a window of unknown size.
fn not_zero(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap_or(NonZeroU16::MIN)
}

fn set_size(master: &PtyMaster, rows: u16, columns: u16) {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCSWINSZ reads a winsize.
    let result = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(result, 0, "the window can have a size");
}

/// A shell at a terminal.
pub struct Terminal {
    child: Child,
    master: PtyMaster,
    screen: vt100::Parser,
    /// Everything that was written to the terminal so far.
    pub written: Vec<u8>,
    /// The number of the last prompt that was waited for.
    prompts: u32,
    home: Home,
    show: bool,
}

impl Terminal {
    /// A shell without start-up files at its first prompt, with an empty home directory as its working directory.
    pub fn new() -> Self {
        Self::with().start()
    }

    /// The same; none if another shell is tested, for which what is ipcsh's own choice is skipped.
    pub fn of_ipcsh() -> Option<Self> {
        is_ipcsh().then(Self::new)
    }

    /// The same as [`Terminal::new`], to be changed before it starts.
    pub fn with() -> Setup {
        Self::started_by(&[])
    }

    /// The same, started by a program, with its arguments, that becomes the shell.
    pub fn started_by(starter: &[&str]) -> Setup {
        let shell = shell();
        let name = shell.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = shell.to_string_lossy();
        let mut words = starter.iter().copied().chain([&*path]);
        let mut setup = Self::program(words.next().unwrap_or_default());
        setup.command.args(words);
        match name.as_str() {
            "bash" => drop(setup.command.args(["--norc", "--noprofile"])),
            "zsh" => drop(setup.command.args(["-f", "-o", "promptsubst", "-o", "nopromptsp"])),
            "yash" => drop(setup.command.args(["--norcfile", "--noprofile"])),
            _ => {}
        }
        setup.prompts = true;
        setup.env_numbered()
    }

    /// Any program instead of the shell.
    pub fn program(path: &str) -> Setup {
        let home = Home::new();
        let mut command = Command::new(path);
        command
            .current_dir(&home.0)
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", &home.0)
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8");
        crate::inherited::keep_standard(&mut command);
        Setup { command, rows: 24, columns: 80, home, prompts: false }
    }

    /// The process id of the shell, which is also the number of its session.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// The home and working directory.
    pub fn home(&self) -> &Path {
        &self.home.0
    }

    /// What is in a file there; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.home.0.join(name)).unwrap_or_default()).into_owned()
    }

    // Typing

    /// Press keys.
    #[track_caller]
    pub fn key(&mut self, keys: &str) {
        self.bytes(keys.as_bytes());
    }

    /// Press a key again every so many milliseconds, until there is a new prompt, and no further one is to come.
    #[track_caller]
    pub fn key_until_prompt(&mut self, key: &str, milliseconds: u16) {
        let start = Instant::now();
        while !self.is_at_new_prompt() {
            self.key(key);
            let pressed = Instant::now();
            while pressed.elapsed() < Duration::from_millis(milliseconds.into()) && !self.is_at_new_prompt() {
                self.take_output(LOOK);
            }
            assert!(start.elapsed() < DEADLINE, "no prompt however often {key:?} is pressed\n{}", self.picture());
        }
        self.prompt();
        // One key too many gives one more prompt. Keys are taken in their order: where this one stands is the last prompt.
        self.key("#");
        self.until("a key behind the last prompt", |terminal| terminal.cursor_line().ends_with("]$ #"));
        self.key("\x15");
        self.until("the prompt alone", |terminal| terminal.prompt_number().is_some());
        self.prompts = self.prompt_number().unwrap_or_default();
    }

    /// Type a line and Enter.
    #[track_caller]
    pub fn line(&mut self, line: &str) {
        self.bytes(format!("{line}\r").as_bytes());
    }

    /// Type bytes. What the shell writes meanwhile is read, so that neither side waits for the other for ever.
    #[track_caller]
    pub fn bytes(&mut self, mut bytes: &[u8]) {
        let start = Instant::now();
        while !bytes.is_empty() {
            let mut polled = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN | PollFlags::POLLOUT)];
            poll(&mut polled, PollTimeout::from(1000u16)).expect("a terminal can be polled");
            let ready = polled[0].revents().unwrap_or(PollFlags::empty());
            if ready.contains(PollFlags::POLLIN) {
                self.take_output(0);
            }
            if ready.contains(PollFlags::POLLOUT) {
                let part = &bytes[..bytes.len().min(256)];
                let written =
                    write(&self.master, part).unwrap_or_else(|errno| panic!("typing: {errno}\n{}", self.picture()));
                bytes = &bytes[written..];
            }
            assert!(start.elapsed() < DEADLINE, "{bytes:?} cannot be typed\n{}", self.picture());
        }
    }

    /// Change the size of the window: its programs get SIGWINCH.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.screen.set_size(not_zero(rows), not_zero(columns));
        set_size(&self.master, rows, columns);
    }

    /// The window is closed: the session's leader gets SIGHUP.
    pub fn hang_up(mut self) -> Closed {
        let child = std::mem::replace(&mut self.child, no_child());
        Closed { child, home: std::mem::replace(&mut self.home, Home(PathBuf::new())) }
    }

    // Waiting

    /// Read what is there, wait at most so many milliseconds for it. False at the end: nobody has the terminal open any more.
    fn take_output(&mut self, milliseconds: u16) -> bool {
        let mut polled = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        match poll(&mut polled, PollTimeout::from(milliseconds)) {
            Ok(0) | Err(Errno::EINTR) => return true,
            _ => {}
        }
        let mut buffer = [0; 65536];
        match read(&self.master, &mut buffer) {
            Ok(0) | Err(Errno::EIO) => false,
            Ok(length) => {
                if self.show {
                    print!("{}", buffer[..length].escape_ascii());
                }
                self.screen.process(&buffer[..length]);
                self.written.extend_from_slice(&buffer[..length]);
                true
            }
            Err(Errno::EINTR | Errno::EAGAIN) => true,
            Err(errno) => panic!("reading from the terminal: {errno}"),
        }
    }

    /// Wait until `condition` is true of this terminal; `what` names it for the picture that a failure shows.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        loop {
            // What has been written already is shown first: an old screen is no answer.
            while self.take_output(0) && self.has_output() {}
            if condition(self) {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}\n{}", self.picture());
            if !self.take_output(LOOK) {
                // The terminal is closed; only processes can still change.
                std::thread::yield_now();
            }
        }
    }

    fn has_output(&self) -> bool {
        let mut polled = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        poll(&mut polled, PollTimeout::ZERO) == Ok(1)
            && polled[0].revents().is_some_and(|events| events.contains(PollFlags::POLLIN))
    }

    /// Wait until the text is on the screen.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        self.until(&format!("{text:?} on the screen"), |terminal| terminal.text().contains(text));
    }

    /// Wait until the line with the cursor is exactly this text (without spaces at its end).
    #[track_caller]
    pub fn see_at_cursor(&mut self, text: &str) {
        self.until(&format!("{text:?} in the line of the cursor"), |terminal| {
            terminal.cursor_line() == text.trim_end()
        });
    }

    /// Wait for the next numbered prompt, with nothing typed behind it; its number.
    #[track_caller]
    pub fn prompt(&mut self) -> u32 {
        self.until("a new prompt", Self::is_at_new_prompt);
        self.prompts = self.prompt_number().unwrap_or_default();
        self.prompts
    }

    /// The number of the last prompt that was waited for.
    pub fn prompt_shown(&self) -> u32 {
        self.prompts
    }

    /// Whether there is a numbered prompt that was not waited for yet.
    pub fn is_at_new_prompt(&self) -> bool {
        self.prompt_number().is_some_and(|number| number > self.prompts)
    }

    /// The number of the prompt at the cursor, if it is there and the line is empty.
    fn prompt_number(&self) -> Option<u32> {
        let line = self.cursor_line();
        let number = line.strip_prefix('[')?.strip_suffix("]$")?;
        let (_, column) = self.cursor();
        if usize::from(column) == line.len() + 1 { number.parse().ok() } else { None }
    }

    /// Execute a line and wait for the next prompt; what is on the screen between the two, without spaces at the ends of lines.
    #[track_caller]
    pub fn run(&mut self, line: &str) -> String {
        let mark = format!("[{}]$ ", self.prompts);
        self.line(line);
        self.prompt();
        let (row, _) = self.cursor();
        let rows = self.rows();
        let above = &rows[..usize::from(row)];
        let first = above.iter().rposition(|row| row.starts_with(&mark));
        // A line that is longer than the window goes on in the rows below.
        let (_, columns) = self.screen().size();
        let typed = (mark.len() + line.chars().count()).div_ceil(usize::from(columns.get()));
        above[first.map_or(0, |row| row + typed).min(above.len())..].join("\n")
    }

    /// Wait until a process group other than the shell's has the terminal.
    #[track_caller]
    pub fn in_job(&mut self) -> Pid {
        let shell = self.pid();
        self.until("a job in the foreground", |terminal| terminal.foreground().is_some_and(|group| group != shell));
        self.foreground().expect("a foreground group")
    }

    /// A program gets a terminal on which lines can be typed, and the shell takes it back.
    #[track_caller]
    pub fn is_usable(&mut self) {
        self.line("cat");
        self.in_job();
        self.until("the modes of a program", Terminal::is_cooked);
        self.key(CTRL_D);
        self.prompt();
    }

    /// Wait until a process is stopped.
    #[track_caller]
    pub fn stopped(&mut self, pid: Pid) {
        self.until(&format!("process {pid} stopped"), |_| Process::of(pid).is_some_and(|process| process.state == 'T'));
    }

    /// Wait until a process is gone, zombies included.
    #[track_caller]
    pub fn gone(&mut self, pid: Pid) {
        self.until(&format!("process {pid} gone"), |_| Process::of(pid).is_none());
    }

    /// `exit`, and check that the shell ends with status 0 and leaves no process of its session behind.
    #[track_caller]
    pub fn exit(mut self) {
        self.line("exit 0");
        let status = self.wait();
        assert_eq!(status, 0, "the status of the shell\n{}", self.picture());
        self.until("nothing left behind", |terminal| terminal.session().is_empty());
    }

    /// As [`Terminal::exit`], and look at all that was written to the terminal.
    #[track_caller]
    pub fn exit_and(mut self, look: impl FnOnce(&[u8])) {
        self.line("exit 0");
        assert_eq!(self.wait(), 0, "the status of the shell\n{}", self.picture());
        look(&self.written);
    }

    /// Wait for the end of the shell; its status, 128 + n for signal n.
    #[track_caller]
    pub fn wait(&mut self) -> i32 {
        let pid = self.pid();
        self.until("the end of the shell", |_| Process::of(pid).is_none_or(|process| process.state == 'Z'));
        while self.has_output() && self.take_output(0) {}
        let status = self.child.wait().expect("a child can be waited for");
        status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
    }

    // Looking

    /// The screen, without spaces at the ends of lines and without empty lines at its end.
    pub fn text(&self) -> String {
        self.rows().join("\n").trim_end().to_owned()
    }

    /// The rows of the screen, without spaces at their ends.
    pub fn rows(&self) -> Vec<String> {
        let (_, columns) = self.screen.screen().size();
        self.screen.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect()
    }

    /// Row and column of the cursor, from 0.
    pub fn cursor(&self) -> (u16, u16) {
        self.screen.screen().cursor_position()
    }

    /// The row of the cursor, without spaces at its end.
    pub fn cursor_line(&self) -> String {
        let (row, _) = self.cursor();
        self.rows().get(usize::from(row)).cloned().unwrap_or_default()
    }

    /// The emulator's screen: colours, attributes, modes.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// The process group that has the terminal.
    pub fn foreground(&self) -> Option<Pid> {
        // (The master side answers for the slave on Linux, also to a process that is not of the session.)
        let mut group: libc::pid_t = 0;
        // SAFETY: TIOCGPGRP writes one pid_t.
        let result = unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCGPGRP, &raw mut group) };
        (result == 0 && group > 0).then(|| Pid::from_raw(group))
    }

    /// The terminal's modes.
    pub fn modes(&self) -> Termios {
        tcgetattr(&self.master).expect("a terminal has modes")
    }

    /// Whether the terminal echoes and gathers lines, as programs expect it.
    pub fn is_cooked(&self) -> bool {
        self.modes().local_flags.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG)
    }

    /// The processes of the shell's session but the shell. (A zombie that is not the shell's child has lost its parent and waits
    /// for the system to collect it.)
    pub fn session(&self) -> Vec<Process> {
        let counts =
            |process: &Process| process.pid != self.pid() && (process.state != 'Z' || process.parent == self.pid());
        Process::all().filter(|process| process.session == self.pid() && counts(process)).collect()
    }

    /// The children of the shell, zombies included.
    pub fn children(&self) -> Vec<Process> {
        Process::all().filter(|process| process.parent == self.pid()).collect()
    }

    /// The screen in a frame with the cursor, for messages.
    pub fn picture(&self) -> String {
        let (row, column) = self.cursor();
        let mut picture = String::new();
        let rows = self.rows();
        let last = rows.iter().rposition(|row| !row.is_empty()).unwrap_or(0).max(usize::from(row));
        for (index, text) in rows.iter().enumerate().take(last + 1) {
            picture.push_str(&format!("  |{text}\n"));
            if index == usize::from(row) {
                picture.push_str(&format!("   {:width$}^\n", "", width = usize::from(column)));
            }
        }
        let end = &self.written[self.written.len().saturating_sub(300)..];
        let group = self.foreground();
        format!(
            "{picture}foreground {group:?}, modes {:?}, shell {}, its session {:#?}\nthe last bytes: {}",
            self.modes().local_flags,
            self.pid(),
            self.session(),
            end.escape_ascii()
        )
    }
}

impl Setup {
    /// Numbered prompts.
    fn env_numbered(mut self) -> Self {
        self.command.env("PS1", "[$((N=N+1))]$ ").env("N", "0");
        self
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        kill_session(self.pid());
        let _ = self.child.wait();
    }
}

/// A shell whose terminal has been closed.
pub struct Closed {
    child: Child,
    home: Home,
}

impl Closed {
    /// Wait for the end of the shell; its status as in [`Terminal::wait`].
    #[track_caller]
    pub fn wait(&mut self) -> i32 {
        let pid = self.pid();
        wait_until("the end of the shell after a hang-up", || {
            Process::of(pid).is_none_or(|process| process.state == 'Z')
        });
        let status = self.child.wait().expect("a child can be waited for");
        status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
    }

    /// The process id that the shell has or had.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        &self.home.0
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        kill_session(self.pid());
        let _ = self.child.wait();
    }
}

/// A child that has ended, in the place of one that somebody else looks after now.
fn no_child() -> Child {
    Command::new("true").spawn().expect("a program can be started")
}

/// Wait for something that is not on a terminal.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        // Nothing tells when a process changes that is not our child.
        let _ = poll(&mut [], PollTimeout::from(LOOK));
    }
}

/// Kill all processes of a session until there are none but its leader's zombie.
fn kill_session(session: Pid) {
    for _ in 0..100 {
        let mut found = false;
        for process in Process::all().filter(|process| process.session == session && process.state != 'Z') {
            found = true;
            let _ = kill(process.pid, Signal::SIGKILL);
        }
        if !found {
            return;
        }
    }
}

/// A process, as /proc shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: Pid,
    pub name: String,
    /// R, S or D: it runs or sleeps; T: stopped; Z: a zombie.
    pub state: char,
    pub parent: Pid,
    pub group: Pid,
    pub session: Pid,
}

impl Process {
    /// The process with this id; `None` if there is none.
    pub fn of(pid: Pid) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold anything, so the fields are counted from its closing parenthesis.
        let (front, back) = (stat.find('(')?, stat.rfind(')')?);
        let name = stat.get(front + 1..back)?.to_owned();
        let mut fields = stat.get(back + 2..)?.split(' ');
        let state = fields.next()?.chars().next()?;
        let mut id = || fields.next()?.parse().ok().map(Pid::from_raw);
        Some(Self { pid, name, state, parent: id()?, group: id()?, session: id()? })
    }

    /// All processes.
    pub fn all() -> impl Iterator<Item = Self> {
        let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter_map(|number| Self::of(Pid::from_raw(number)))
    }
}

/// An empty directory, removed at the end.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ipcsh-pty-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
