//! A job: the processes of one pipeline (XBD 3.181), and what is known of each.

use crate::status::ExitStatus;
use crate::sys::tty::Termios;
use crate::sys::wait::Change;
use bstr::BString;
use nix::unistd::Pid;

/// What a process does, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It runs.
    Running,
    /// This signal stopped it.
    Stopped(i32),
    /// It exited.
    Exited(ExitStatus),
    /// A signal ended it.
    Signaled {
        /// The signal.
        signal: i32,
        /// Whether it left a core file.
        core: bool,
    },
}

impl ProcessState {
    /// The state of a child of which the kernel knows nothing any more: 127, as for a process id that `wait` does not know.
    pub const LOST: Self = Self::Exited(ExitStatus::NOT_FOUND);

    /// Whether it will not change any more.
    #[inline]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Exited(_) | Self::Signaled { .. })
    }

    /// The exit status (XCU 2.8.2); for a stopped process 128 + the signal; 0 for a running one.
    pub fn status(self) -> ExitStatus {
        match self {
            Self::Running => ExitStatus::SUCCESS,
            Self::Exited(status) => status,
            Self::Stopped(signal) | Self::Signaled { signal, .. } => ExitStatus::from_signal(signal),
        }
    }
}

impl From<Change> for ProcessState {
    fn from(change: Change) -> Self {
        match change {
            Change::Exited(status) => Self::Exited(ExitStatus(status)),
            Change::Signaled { signal, core } => Self::Signaled { signal, core },
            Change::Stopped(signal) => Self::Stopped(signal),
            Change::Continued => Self::Running,
        }
    }
}

/// One process of a job.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    /// Its id; 0 for a stage of the pipeline that needed no process.
    pub pid: Pid,
    /// What it does.
    pub state: ProcessState,
}

impl Process {
    /// A process that was just started.
    #[inline]
    pub fn started(pid: Pid) -> Self {
        Self { pid, state: ProcessState::Running }
    }

    /// A stage that needed no process, or could not get one, with its status.
    pub fn ended(status: ExitStatus) -> Self {
        Self { pid: Pid::from_raw(0), state: ProcessState::Exited(status) }
    }
}

/// What a job does as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Some process runs.
    Running,
    /// No process runs, and this signal stopped the last one of those that are stopped.
    Stopped(i32),
    /// All have ended; the state of the process that gives the job its status.
    Ended(ProcessState),
}

/// The processes of one pipeline.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Its number in the table; 0 while it is not there.
    pub number: usize,
    /// Its process group, if it has one of its own (job control).
    pub group: Option<Pid>,
    /// Its processes in the order of the pipeline.
    pub processes: Vec<Process>,
    /// The command, as `jobs` shows it.
    pub text: BString,
    /// Whether `set -o pipefail` was on when it was started.
    pub pipefail: bool,
    /// Whether the user has not yet been told of its last change.
    pub changed: bool,
    /// The terminal's modes as they were when it stopped.
    pub modes: Option<Box<Termios>>,
    /// When it was last started, stopped or continued, as a count: the current job is the last one.
    pub(super) order: u64,
}

impl Job {
    /// A job of processes that were just started, in the shell's own group.
    pub fn new(processes: Vec<Process>) -> Self {
        Self { processes, ..Self::default() }
    }

    /// The process whose state is the state of the ended job: the last, or with pipefail the last that failed (XCU 2.9.2).
    fn deciding(&self) -> ProcessState {
        let failed = self.processes.iter().rev().find(|process| !process.state.status().is_success());
        let deciding = if self.pipefail { failed.or(self.processes.last()) } else { self.processes.last() };
        deciding.map_or(ProcessState::Exited(ExitStatus::SUCCESS), |process| process.state)
    }

    /// What the job does.
    pub fn state(&self) -> JobState {
        let mut stopped = None;
        for process in &self.processes {
            match process.state {
                ProcessState::Running => return JobState::Running,
                ProcessState::Stopped(signal) => stopped = Some(signal),
                _ => {}
            }
        }
        stopped.map_or_else(|| JobState::Ended(self.deciding()), JobState::Stopped)
    }

    /// Whether all its processes have ended.
    pub fn is_ended(&self) -> bool {
        self.processes.iter().all(|process| process.state.is_ended())
    }

    /// The exit status: of the process that decides; 128 + n when signal n stopped the job.
    pub fn status(&self) -> ExitStatus {
        match self.state() {
            JobState::Running => ExitStatus::SUCCESS,
            JobState::Stopped(signal) => ExitStatus::from_signal(signal),
            JobState::Ended(state) => state.status(),
        }
    }

    /// What names the job to the user: its group, or else its first process (`jobs -p`).
    pub fn leader(&self) -> Pid {
        let first = self.processes.iter().map(|process| process.pid).find(|pid| pid.as_raw() > 0);
        self.group.or(first).unwrap_or(Pid::from_raw(0))
    }

    /// The id of the last process: `$!`.
    pub fn last_pid(&self) -> Option<Pid> {
        self.processes.last().map(|process| process.pid).filter(|pid| pid.as_raw() > 0)
    }

    /// The processes that have not ended.
    pub fn living(&self) -> impl Iterator<Item = Pid> {
        let living = self.processes.iter().filter(|process| !process.state.is_ended());
        living.map(|process| process.pid).filter(|pid| pid.as_raw() > 0)
    }

    /// All stopped processes run again: SIGCONT was sent.
    pub(super) fn mark_continued(&mut self) {
        for process in &mut self.processes {
            if matches!(process.state, ProcessState::Stopped(_)) {
                process.state = ProcessState::Running;
            }
        }
    }

    /// No child is left: what was not heard of will never be.
    pub(super) fn mark_lost(&mut self) {
        for process in &mut self.processes {
            if !process.state.is_ended() {
                process.state = ProcessState::LOST;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(states: &[ProcessState], pipefail: bool) -> Job {
        let processes = states.iter().zip(1..).map(|(&state, pid)| Process { pid: Pid::from_raw(pid), state });
        Job { processes: processes.collect(), pipefail, ..Job::default() }
    }

    #[test]
    fn the_last_process_gives_the_status_or_with_pipefail_the_last_that_failed() {
        let exited = |status| ProcessState::Exited(ExitStatus(status));
        assert_eq!(job(&[exited(3), exited(0)], false).status(), ExitStatus(0));
        assert_eq!(job(&[exited(3), exited(4), exited(0)], true).status(), ExitStatus(4));
        assert_eq!(job(&[exited(0), exited(0)], true).status(), ExitStatus(0));
        let killed = ProcessState::Signaled { signal: 9, core: false };
        assert_eq!(job(&[killed, exited(0)], true).status(), ExitStatus(137));
    }

    #[test]
    fn a_job_runs_while_one_process_runs_and_is_stopped_while_one_is_stopped() {
        let (running, stopped) = (ProcessState::Running, ProcessState::Stopped(20));
        let ended = ProcessState::Exited(ExitStatus(0));
        assert_eq!(job(&[stopped, running], false).state(), JobState::Running);
        assert_eq!(job(&[stopped, ended], false).state(), JobState::Stopped(20));
        assert_eq!(job(&[ended, ended], false).state(), JobState::Ended(ended));
    }
}
