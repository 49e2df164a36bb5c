//! The table of jobs: those in the background and those that are stopped, by number and by process id.
//!
//! A foreground job is not here: it belongs to whoever waits for it, and comes here when it stops. Everything that a change of a
//! child needs is one look-up, so that thousands of background jobs cost no more than one each.

use crate::jobs::handle::Handles;
use crate::jobs::job::{Job, JobState, Process, ProcessState};
use crate::jobs::remembered::Remembered;
use crate::jobs::terminal::Terminal;
use crate::status::ExitStatus;
use crate::sys::wait::Change;
use crate::sys::{pidfd, signal};
use bstr::BString;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::collections::BTreeMap;

/// How many ended jobs that nobody asked for stay in the table with all that is known of them; beyond, only the status is kept.
const KEPT_ENDED: usize = 1000;

/// Where a process is: its job's number and its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub number: usize,
    pub index: usize,
}

/// Whether the user knows that there are stopped jobs, and may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Warned {
    #[default]
    No,
    /// In the line that is being executed.
    Now,
    /// In the line before.
    Before,
}

/// The jobs of this shell environment.
#[derive(Debug, Default)]
pub struct JobTable {
    /// Job n at n - 1; the last one is never `None`.
    jobs: Vec<Option<Job>>,
    /// The processes of the jobs in the table, also those that have ended.
    places: BTreeMap<Pid, Place>,
    /// The statuses of jobs that have left the table without being waited for.
    remembered: Remembered,
    /// `$!`
    last_background: Option<Pid>,
    /// What stands for the processes of the jobs in the table, and for `$!`.
    handles: Handles,
    /// How many jobs in the table run.
    running: usize,
    /// How many jobs in the table are stopped.
    stopped: usize,
    /// How many jobs in the table have ended.
    ended: usize,
    /// How many jobs in the table have a group of their own: only those can be stopped as jobs.
    grouped: usize,
    /// In a subshell the jobs of the parent as they were: `jobs` shows them until there is a job of its own.
    inherited: Vec<Job>,
    /// Counts what makes a job the current one.
    clock: u64,
    /// A key such as ^C has been echoed: what is written next begins a new line. (It is not written at once, because the shell's
    /// standard error may be redirected there.)
    pub begin_line: bool,
    /// `set -b` in an interactive shell: what becomes of jobs is told while the shell waits for others, too.
    pub notify: bool,
    /// The user tried to leave in the last line, or in the one before it, and was warned of stopped jobs.
    warned: Warned,
    /// The other stages of the pipelines whose last stages this process executes itself now; the innermost is the last.
    entered: Vec<Job>,
    /// The terminal, when there is job control and a terminal.
    pub(super) terminal: Option<Terminal>,
}

impl JobTable {
    /// Put a job that was started with `&` into the table; `$!` is its last process. Returns its number.
    pub fn add_background(&mut self, job: Job) -> usize {
        if let Some(pid) = job.last_pid() {
            self.set_last_background(pid);
        }
        if self.ended > KEPT_ENDED {
            self.dismiss_ended();
        }
        self.insert(job)
    }

    /// The job that was started last in the background is shown by another text than that of its command.
    pub fn rename_last(&mut self, text: BString) {
        let place = self.last_background().and_then(|pid| self.place(pid));
        if let Some(job) = place.and_then(|place| self.jobs.get_mut(place.number - 1)).and_then(Option::as_mut) {
            job.text = text;
        }
    }

    /// Put a foreground job that was stopped into the table; it becomes the current job. Returns its number.
    pub fn add_stopped(&mut self, job: Job) -> usize {
        self.insert(Job { changed: true, ..job })
    }

    /// Put a job into the table: at its old number if it has one that is free, else above all others. Whatever was known
    /// of an older process with one of its ids is forgotten.
    pub(super) fn insert(&mut self, mut job: Job) -> usize {
        self.inherited = Vec::new();
        let old = job.number;
        let is_free = old > 0 && self.jobs.get(old - 1).is_none_or(Option::is_none);
        job.number = if is_free { old } else { self.jobs.len() + 1 };
        self.clock += 1;
        job.order = self.clock;
        for (index, process) in job.processes.iter().enumerate().filter(|(_, process)| process.pid.as_raw() > 0) {
            self.places.insert(process.pid, Place { number: job.number, index });
            self.remembered.take(process.pid);
            if !process.state.is_ended() {
                self.handles.hold(process.pid);
            }
        }
        self.count(job.state(), true);
        self.grouped += usize::from(job.group.is_some());
        let number = job.number;
        if self.jobs.len() < number {
            self.jobs.resize_with(number, || None);
        }
        self.jobs[number - 1] = Some(job);
        number
    }

    /// Take a job out of the table; its processes are not known any more.
    pub fn remove(&mut self, number: usize) -> Option<Job> {
        let job = self.jobs.get_mut(number.checked_sub(1)?)?.take()?;
        while let Some(None) = self.jobs.last() {
            self.jobs.pop();
        }
        for (index, process) in job.processes.iter().enumerate() {
            let place = Place { number, index };
            if self.places.get(&process.pid) == Some(&place) {
                self.places.remove(&process.pid);
                if self.last_background != Some(process.pid) {
                    self.handles.release(process.pid);
                }
            }
        }
        self.count(job.state(), false);
        self.grouped -= usize::from(job.group.is_some());
        Some(job)
    }

    /// Take an ended job out of the table and keep its status for `wait`.
    pub fn dismiss(&mut self, number: usize) {
        if let Some(job) = self.remove(number)
            && let Some(pid) = job.last_pid()
        {
            self.remembered.insert(pid, job.status());
        }
    }

    fn dismiss_ended(&mut self) {
        let ended: Vec<usize> = self.iter().filter(|job| job.is_ended()).map(|job| job.number).collect();
        for number in ended {
            self.dismiss(number);
        }
    }

    /// Count a job in or out by its state.
    fn count(&mut self, state: JobState, into: bool) {
        let counter = match state {
            JobState::Running => &mut self.running,
            JobState::Ended(_) => &mut self.ended,
            JobState::Stopped(_) => &mut self.stopped,
        };
        *counter = if into { *counter + 1 } else { counter.saturating_sub(1) };
    }

    /// Change a job and keep the counts right.
    pub(super) fn update(&mut self, number: usize, change: impl FnOnce(&mut Job)) {
        let Some(Some(job)) = number.checked_sub(1).and_then(|index| self.jobs.get_mut(index)) else { return };
        let before = job.state();
        change(job);
        let after = job.state();
        if before == after {
            return;
        }
        job.changed = true;
        if let JobState::Stopped(_) = after {
            self.clock += 1;
            job.order = self.clock;
        }
        self.count(before, false);
        self.count(after, true);
    }

    /// This process itself executes the last stage of a pipeline; the others, in `job`, may end meanwhile.
    pub fn enter(&mut self, job: Job) {
        self.entered.push(job);
    }

    /// It has executed that stage: the job, unless this process is another one by now, whose children they are not.
    pub fn leave(&mut self) -> Option<Job> {
        self.entered.pop()
    }

    /// Note what has happened to a child that is not waited for in the foreground. One that nobody knows (a child that this
    /// process had before it became a shell) is ignored.
    pub(super) fn note(&mut self, pid: Pid, change: Change) {
        let Some(&Place { number, index }) = self.places.get(&pid) else {
            let state = ProcessState::from(change);
            let mut entered = self.entered.iter_mut().flat_map(|job| &mut job.processes);
            if state.is_ended()
                && let Some(process) = entered.find(|process| process.pid == pid && !process.state.is_ended())
            {
                process.state = state;
            }
            return;
        };
        self.update(number, |job| {
            let stops = matches!(change, Change::Stopped(_) | Change::Continued);
            if let Some(process) = job.processes.get_mut(index)
                && !process.state.is_ended()
                && (job.group.is_some() || !stops)
            {
                process.state = change.into();
            }
        });
    }

    /// The kernel says that there is no child: whatever seems to run is lost.
    pub(super) fn lose_all(&mut self) {
        let numbers: Vec<usize> = self.iter().map(|job| job.number).collect();
        for number in numbers {
            self.update(number, Job::mark_lost);
        }
    }

    /// SIGCONT is sent to the job (`bg`, `fg`, `kill`): it runs, and becomes the current one.
    pub fn mark_continued(&mut self, number: usize) {
        self.update(number, Job::mark_continued);
        self.clock += 1;
        let clock = self.clock;
        if let Some(Some(job)) = number.checked_sub(1).and_then(|index| self.jobs.get_mut(index)) {
            job.order = clock;
            job.changed = false;
        }
    }

    /// In a forked subshell: the parent's jobs are not ours. `jobs` still shows what they were, and `$!` keeps its value.
    pub fn forget_all(&mut self) {
        let jobs = std::mem::take(&mut self.jobs);
        if !jobs.is_empty() {
            self.inherited = jobs.into_iter().flatten().collect();
        }
        self.places.clear();
        self.entered.clear();
        self.handles.release_all_but(self.last_background);
        self.forget_statuses();
        self.running = 0;
        self.stopped = 0;
        self.ended = 0;
        self.grouped = 0;
    }

    /// In a forked subshell, once its job has the terminal: it is the parent's to give.
    pub fn forget_terminal(&mut self) {
        self.terminal = None;
    }

    /// `wait` without operands has waited for all: no id of an ended process is known any more.
    pub fn forget_ended(&mut self) {
        let ended: Vec<usize> = self.iter().filter(|job| job.is_ended()).map(|job| job.number).collect();
        for number in ended {
            self.remove(number);
        }
        self.forget_statuses();
    }

    fn forget_statuses(&mut self) {
        self.remembered.clear();
    }

    /// `bg` has resumed the job: `$!` is its last process (XCU 2.5.2).
    pub fn mark_resumed(&mut self, number: usize) {
        if let Some(pid) = self.get(number).and_then(Job::last_pid) {
            self.set_last_background(pid);
        }
    }

    fn set_last_background(&mut self, pid: Pid) {
        let old = self.last_background.replace(pid).filter(|old| !self.places.contains_key(old));
        if let Some(old) = old {
            self.handles.release(old);
        }
    }

    /// Send a signal to a process, with a value if there is one. What was a child of ours and is gone is refused (ESRCH), although its
    /// number may be a stranger's by now.
    ///
    /// # Errors
    /// ESRCH, EPERM, EINVAL; EAGAIN: too many are queued.
    pub fn send(&self, pid: Pid, number: i32, value: Option<i32>) -> Result<(), Errno> {
        if let Some(result) = self.handles.send(pid, number, value) {
            return result;
        }
        if self.place(pid).and_then(|place| self.process(place)).is_some_and(|process| process.state.is_ended()) {
            return Err(Errno::ESRCH);
        }
        match value {
            None => signal::send(pid.as_raw(), number),
            Some(value) => pidfd::queue(pid.as_raw(), number, value),
        }
    }

    /// Send a signal to a job: to its group, or if it has none, or if there is a value, to those of its processes that live.
    ///
    /// # Errors
    /// ESRCH: all have ended; and as [`JobTable::send`].
    pub fn send_to_job(&self, job: &Job, number: i32, value: Option<i32>) -> Result<(), Errno> {
        let mut living = job.living().peekable();
        if living.peek().is_none() {
            return Err(Errno::ESRCH);
        }
        match (job.group, value) {
            // A group's number is not given away while a process of it lives or waits to be collected.
            (Some(group), None) => signal::send(-group.as_raw(), number),
            _ => {
                let mut sent = Err(Errno::ESRCH);
                for pid in living {
                    // One that has just ended is no reason to keep the signal from the others.
                    match self.send(pid, number, value) {
                        Err(Errno::ESRCH) => {}
                        result => sent = result,
                    }
                }
                sent
            }
        }
    }

    /// `$!`
    pub fn last_background(&self) -> Option<Pid> {
        self.last_background
    }

    /// The job with a number.
    pub fn get(&self, number: usize) -> Option<&Job> {
        self.jobs.get(number.checked_sub(1)?)?.as_ref()
    }

    /// The user has been told of the job's last change.
    pub fn mark_reported(&mut self, number: usize) {
        if let Some(Some(job)) = number.checked_sub(1).and_then(|index| self.jobs.get_mut(index)) {
            job.changed = false;
        }
    }

    /// `jobs` has shown the job. One that has ended leaves the table, and `wait` does not know it any more (XCU `jobs`).
    pub fn mark_shown(&mut self, number: usize) {
        if self.get(number).is_some_and(Job::is_ended) {
            self.remove(number);
        } else {
            self.mark_reported(number);
        }
    }

    /// The jobs by number.
    pub fn iter(&self) -> impl Iterator<Item = &Job> + Clone {
        self.jobs.iter().flatten()
    }

    /// What `jobs` shows: our jobs, or in a subshell without any those of the parent.
    pub fn shown(&self) -> Vec<&Job> {
        if self.jobs.is_empty() { self.inherited.iter().collect() } else { self.iter().collect() }
    }

    /// Whether there are no jobs.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether some job in the table has not ended; with `stops` one that is stopped does not count.
    pub(super) fn is_any_alive(&self, stops: bool) -> bool {
        self.running > 0 || !stops && self.stopped > 0
    }

    /// Whether an interactive shell may end: not with stopped jobs, unless it was tried in the line before already, or that line has
    /// shown the jobs.
    pub fn may_leave(&mut self) -> bool {
        if self.stopped == 0 || self.warned == Warned::Before {
            return true;
        }
        self.warned = Warned::Now;
        false
    }

    /// `jobs` has shown what is stopped.
    pub fn keep_warning(&mut self) {
        if self.warned == Warned::Before {
            self.warned = Warned::Now;
        }
    }

    /// A line has been executed.
    pub(super) fn line_ends(&mut self) {
        self.warned = if self.warned == Warned::Now { Warned::Before } else { Warned::No };
    }

    /// Whether a job in the table can be stopped.
    pub(super) fn watches_stops(&self) -> bool {
        self.grouped > 0
    }

    /// Where a process is.
    pub(super) fn place(&self, pid: Pid) -> Option<Place> {
        self.places.get(&pid).copied()
    }

    /// The number of the job that a process belongs to.
    pub fn number_of(&self, pid: Pid) -> Option<usize> {
        self.place(pid).map(|place| place.number)
    }

    /// The process at a place.
    pub(super) fn process(&self, place: Place) -> Option<&Process> {
        self.get(place.number)?.processes.get(place.index)
    }

    /// Take the remembered status of a process whose job has left the table.
    pub(super) fn take_remembered(&mut self, pid: Pid) -> Option<ExitStatus> {
        self.remembered.take(pid)
    }

    /// The job of an exit status, if the process is a job's last one.
    pub(super) fn is_last(&self, place: Place) -> bool {
        self.get(place.number).is_some_and(|job| job.processes.len() == place.index + 1)
    }
}

/// The state of a process as the foreground sees it.
pub(super) fn is_waited_for(process: &Process) -> bool {
    process.state == ProcessState::Running
}
