//! Signals as messages: an interrupt for a process.
//!
//! The picture: the sender calls kill or sigqueue; the kernel sets a bit in the receiver's set of *pending* signals (real-time signals are
//! queued, each with its value) and, unless the receiver has *blocked* the signal, interrupts it: it runs its handler, ignores the
//! signal, or ends. An id may by then belong to another process than the one that was meant; a pidfd cannot.
//!
//! The receiver's side is `sys::signal`: the handler notes the signal, and with `sys::siginfo` who sent it and which value it carries.
//!
//! System calls: kill, rt_sigqueueinfo, pidfd_open, pidfd_send_signal, poll (on a pidfd).

use crate::ipc::error::Error;
use crate::ipc::wait::Wait;
use crate::sys::{pidfd, signal};
use nix::errno::Errno;
use std::fs::Metadata;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// One process, whatever becomes of its number.
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    fd: OwnedFd,
}

impl Process {
    /// The process that has this number now.
    ///
    /// # Errors
    /// ESRCH: there is none; EMFILE.
    pub fn open(pid: i32) -> Result<Self, Errno> {
        pidfd::open(pid).map(|fd| Self { pid, fd })
    }

    /// Send a signal, with a value if there is one.
    ///
    /// # Errors
    /// ESRCH: it has ended; EPERM; EAGAIN: too many are queued.
    pub fn send(&self, number: i32, value: Option<i32>) -> Result<(), Errno> {
        pidfd::send(self.fd.as_fd(), number, value)
    }

    /// A descriptor that can be read when it has ended.
    pub fn end(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Wait until it has ended. A child that has ended counts, though it may still have to be waited for.
    ///
    /// # Errors
    /// How the wait has ended.
    pub fn gone(&self, wait: &mut Wait) -> Result<(), Error> {
        wait.ready(&self.pid, self.fd.as_fd(), libc::POLLIN)
    }
}

/// Wait until no process of a group (given as a positive number) is left; `collect` is called between two looks, to wait for
/// children, because one that has ended still counts. The kernel has no call for this, so it is looked for less and less often.
///
/// # Errors
/// How the wait has ended.
pub fn group_gone(group: i32, wait: &mut Wait, mut collect: impl FnMut()) -> Result<(), Error> {
    let mut pause = Duration::from_millis(1);
    loop {
        collect();
        if signal::send(-group, 0) == Err(Errno::ESRCH) {
            return Ok(());
        }
        wait.pause(&format_args!("-{group}"), pause)?;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// The sets of signals of a process (proc(5), status): bits as in `sys::signal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// Sent and not yet delivered, to the thread and to the process.
    pub pending: u64,
    /// Kept back until the process unblocks them.
    pub blocked: u64,
    /// Ignored.
    pub ignored: u64,
    /// Caught by a handler.
    pub caught: u64,
}

/// What the kernel says of a process (proc(5), status): lines of a name and a value.
#[derive(Debug)]
pub struct Status(String);

impl Status {
    /// Of the process that has this number now.
    ///
    /// # Errors
    /// ESRCH: there is no such process (or no /proc).
    pub fn of(pid: i32) -> Result<Self, Errno> {
        std::fs::read_to_string(format!("/proc/{pid}/status")).map(Self).map_err(|_| Errno::ESRCH)
    }

    /// One value; empty if there is none.
    pub fn value(&self, name: &str) -> &str {
        let mut pairs = self.0.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|pair| pair.0 == name).map_or("", |pair| pair.1.trim())
    }

    /// Its sets of signals.
    pub fn sets(&self) -> Sets {
        let set = |name| u64::from_str_radix(self.value(name), 16).unwrap_or(0);
        Sets {
            pending: set("SigPnd") | set("ShdPnd"),
            blocked: set("SigBlk"),
            ignored: set("SigIgn"),
            caught: set("SigCgt"),
        }
    }
}

/// The process that a pid file names, if the file is not stale: the process is there, was there when the file was written, and, if a
/// name is given, runs that program.
///
/// # Errors
/// The file cannot be read or holds no process id; the file is stale.
pub fn from_pid_file(path: &Path, program: Option<&[u8]>) -> Result<Process, Error> {
    let tried = path.display().to_string();
    let stale = |why: String| Err(Error::other(tried.as_str(), why));
    let refused = |error: std::io::Error| {
        Error::refused(tried.as_str(), error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw))
    };
    // A pipe would make open wait for a writer, and a device need not end.
    let file = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(refused)?;
    let about = file.metadata().map_err(refused)?;
    if !about.is_file() {
        return Err(Error::other(tried, "not a regular file, which a pid file is"));
    }
    let mut text = Vec::new();
    file.take(LONGEST_ID).read_to_end(&mut text).map_err(refused)?;
    let text = String::from_utf8_lossy(&text);
    let first = text.split_whitespace().next().unwrap_or_default();
    let pid = first.parse::<i32>().ok().filter(|&pid| pid > 0);
    let Some(pid) = pid else { return Err(Error::other(tried, "does not hold a process id")) };
    // From here on it is this process that is looked at, and that will get the signal.
    let process = match Process::open(pid) {
        Ok(process) => process,
        Err(Errno::ESRCH) => return stale(format!("stale: there is no process {pid}")),
        Err(errno) => return Err(Error::refused(tried, errno)),
    };
    if let (Some(started), Some(written)) = (started(pid), modified(&about))
        && started > written + CLOCK_STEP
    {
        return stale(format!("stale: process {pid} is younger than the file"));
    }
    let name = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    match program {
        // The kernel keeps 15 bytes of a program's name.
        Some(program) if name != &program[..program.len().min(15)] => {
            let text = String::from_utf8_lossy;
            stale(format!("stale: process {pid} is {}, not {}", text(name), text(program)))
        }
        _ => Ok(process),
    }
}

/// More than this, in bytes, stands before no process id.
const LONGEST_ID: u64 = 64;

/// Two clocks are compared, one of which counts in ticks of 10 ms; seconds.
const CLOCK_STEP: f64 = 0.05;

/// When a process was started, in seconds since 1970.
fn started(pid: i32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; field 22 is the 20th behind it.
    let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    Some(pidfd::boot_time() + ticks / pidfd::ticks_per_second())
}

fn modified(file: &Metadata) -> Option<f64> {
    let time = file.modified().ok()?;
    Some(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs_f64())
}
