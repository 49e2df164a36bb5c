//! A time limit for a whole test: whatever it waits for, it ends, and says which test it was and which processes there were.

use std::io::Write;
use std::process::{Command, abort};
use std::sync::mpsc;
use std::time::Duration;

/// No test takes so long, on the slowest machine.
pub const LONGEST: Duration = Duration::from_secs(300);

/// While it lives, the time runs.
pub struct Limit(#[expect(dead_code, reason = "dropping it ends the wait of the other side")] mpsc::Sender<()>);

impl Limit {
    /// From now on.
    pub fn new(time: Duration) -> Self {
        let (alive, ended) = mpsc::channel();
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        std::thread::spawn(move || {
            if ended.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
                let processes = Command::new("ps").args(["-eo", "pid,ppid,pgid,stat,wchan:16,args"]).output();
                let processes = processes.map_or_else(|_| Vec::new(), |output| output.stdout);
                // Not with eprintln, which would be captured, and lost.
                let mut err = std::io::stderr();
                let _ = writeln!(err, "{test} has not ended after {time:?}");
                let _ = err.write_all(&processes);
                abort();
            }
        });
        Self(alive)
    }
}
