//! The one wait loop. Whoever waits, for whatever, takes in the changes of all children on the way: waitpid(-1).
//!
//! In the foreground, caught signals do not end the waiting; their actions are executed afterwards (XCU 2.12). The `wait` builtin
//! returns at once when a signal with a trap arrives. There the classic race lies in wait: between "no signal yet" and
//! the system call that sleeps, a signal can arrive and be slept over. So signals are blocked first, then looked for, and
//! sigsuspend unblocks them and sleeps in one step; SIGCHLD gets a handler meanwhile, because only a handler wakes it.

use crate::jobs::job::{Job, JobState, ProcessState};
use crate::jobs::report;
use crate::jobs::table::{JobTable, Place, is_waited_for};
use crate::status::ExitStatus;
use crate::sys::fd;
use crate::sys::signal::{self, Disposition, Mask, bit};
use crate::sys::wait::{Change, Event, any, is_stopped};
use nix::unistd::Pid;

/// Whom the `wait` builtin waits for, and what ends its waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// These signals, if they are caught.
    pub interrupting: u64,
    /// Jobs that are stopped: at a prompt nobody could continue them while `wait` waits.
    pub stops: bool,
}

/// What the `wait` builtin learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It has ended with this status.
    Status(ExitStatus),
    /// The job with this number is stopped, and [`Patience::stops`].
    Stopped(usize),
    /// This signal arrived first; it is still noted, and its trap is to be executed.
    Interrupted(i32),
    /// No such process is known.
    Unknown,
}

/// Wait until no process of `job` runs: all have ended, or with `monitor` all that have not are stopped. The signals `ending` end the
/// waiting, too: they are still noted, and the job runs.
///
/// A process of which the kernel knows nothing (SIGCHLD was ignored behind the shell's back) counts as exited with 127.
pub fn foreground(table: &mut JobTable, job: &mut Job, monitor: bool, ending: u64) {
    let stops = monitor || table.watches_stops();
    let sleep = (ending != 0).then(Sleep::begin);
    while job.processes.iter().any(is_waited_for) {
        match any(sleep.is_none(), stops) {
            Event::Child(pid, change) => note(table, job, pid, change, monitor),
            Event::Nothing if signal::urgent(ending) != 0 => return,
            Event::Nothing => sleep.iter().for_each(|sleep| signal::suspend(&sleep.mask)),
            Event::NoChildren => {
                job.mark_lost();
                table.lose_all();
            }
        }
    }
}

/// Note a change in the foreground job, or else in the table.
fn note(table: &mut JobTable, job: &mut Job, pid: Pid, change: Change, monitor: bool) {
    let process = job.processes.iter_mut().find(|process| process.pid == pid && !process.state.is_ended());
    match (process, change) {
        (None, _) => note_other(table, pid, change),
        (Some(_), Change::Stopped(_)) if !monitor => {}
        (Some(process), _) => {
            process.state = change.into();
            if change == Change::Stopped(libc::SIGTSTP) {
                pass_on_stop(job);
            }
        }
    }
}

/// Note a change that nobody waits for; with `set -b` it is told at once.
fn note_other(table: &mut JobTable, pid: Pid, change: Change) {
    table.note(pid, change);
    if table.notify {
        // A notice that cannot be written is lost, as it would be before a prompt.
        let _ = fd::write_all(2, &report::notices(table));
    }
}

/// ^Z stops those processes that are in the group when it is pressed. When that is while the pipeline is being started, the later
/// ones run on, and the shell would wait for them: the first one to stop makes sure that all have heard of it.
fn pass_on_stop(job: &Job) {
    let stopped = job.processes.iter().filter(|process| matches!(process.state, ProcessState::Stopped(_))).count();
    if let (1, Some(group), JobState::Running) = (stopped, job.group, job.state()) {
        // Those that are stopped already do not notice, and those that have ended cannot.
        let _ = signal::send(-group.as_raw(), libc::SIGTSTP);
    }
}

/// Wait for one child that is no job: a command substitution, or the only process of a command in a shell without job control. The signals
/// `ending` end the waiting: they are still noted, and the child runs.
pub fn process(table: &mut JobTable, pid: Pid, ending: u64) -> ProcessState {
    let stops = table.watches_stops();
    let sleep = (ending != 0).then(Sleep::begin);
    loop {
        match any(sleep.is_none(), stops) {
            Event::Child(child, Change::Stopped(_) | Change::Continued) if child == pid => {}
            Event::Child(child, change) if child == pid => return change.into(),
            Event::Child(child, change) => note_other(table, child, change),
            Event::Nothing if signal::urgent(ending) != 0 => return ProcessState::Running,
            Event::Nothing => sleep.iter().for_each(|sleep| signal::suspend(&sleep.mask)),
            Event::NoChildren => {
                table.lose_all();
                return ProcessState::LOST;
            }
        }
    }
}

/// Take in what has changed, without waiting: before `&`, at prompts, in `jobs`.
pub fn poll(table: &mut JobTable) {
    if !table.is_empty() {
        while take_in(table, false) {}
    }
}

/// Take in what has changed, without waiting, and show each child that has ended to `ended`: for a builtin that has children of its own.
pub fn poll_showing(table: &mut JobTable, mut ended: impl FnMut(Pid)) {
    while let Event::Child(pid, change) = any(false, table.watches_stops()) {
        table.note(pid, change);
        if matches!(change, Change::Exited(_) | Change::Signaled { .. }) {
            ended(pid);
        }
    }
}

/// Take in one change; false if there was none.
fn take_in(table: &mut JobTable, block: bool) -> bool {
    match any(block, table.watches_stops()) {
        Event::Child(pid, change) => {
            if block {
                note_other(table, pid, change)
            } else {
                table.note(pid, change)
            }
            true
        }
        Event::Nothing => false,
        Event::NoChildren => {
            table.lose_all();
            false
        }
    }
}

/// Wait for a process (XCU `wait`, a pid operand). The id of a job's last process stands for the job: the status is the
/// pipeline's, and it is known once.
pub fn for_pid(table: &mut JobTable, pid: Pid, patience: Patience) -> Waited {
    let Some(place) = table.place(pid) else {
        return table.take_remembered(pid).map_or(Waited::Unknown, Waited::Status);
    };
    if table.is_last(place) {
        return for_job(table, place.number, patience);
    }
    let ended = |table: &JobTable| table.process(place).is_none_or(|process| process.state.is_ended());
    let stopped = |table: &JobTable| table.get(place.number).is_some_and(|job| patience.ends_with(job));
    match until(table, patience.interrupting, |table| ended(table) || stopped(table)) {
        Err(signal) => Waited::Interrupted(signal),
        Ok(()) if !ended(table) => Waited::Stopped(place.number),
        Ok(()) => process_status(table, place),
    }
}

fn process_status(table: &JobTable, place: Place) -> Waited {
    table.process(place).map_or(Waited::Unknown, |process| Waited::Status(process.state.status()))
}

impl Patience {
    /// Whether this job is stopped, and that ends the waiting. One that was just killed or continued is not stopped, though it
    /// may not have said so yet.
    fn ends_with(self, job: &Job) -> bool {
        let mut stopped = job.processes.iter().filter(|process| matches!(process.state, ProcessState::Stopped(_)));
        self.stops && matches!(job.state(), JobState::Stopped(_)) && stopped.all(|process| is_stopped(process.pid))
    }
}

/// Wait for the end of a job (a stopped one has not ended: somebody may continue it). It leaves the table.
pub fn for_job(table: &mut JobTable, number: usize, patience: Patience) -> Waited {
    let lives = |table: &JobTable| table.get(number).is_some_and(|job| !job.is_ended());
    let stopped = |table: &JobTable| table.get(number).is_some_and(|job| patience.ends_with(job));
    let done = |table: &JobTable| !lives(table) || stopped(table);
    if let Err(signal) = until(table, patience.interrupting, done) {
        return Waited::Interrupted(signal);
    }
    if lives(table) {
        return Waited::Stopped(number);
    }
    table.remove(number).map_or(Waited::Unknown, |job| Waited::Status(job.status()))
}

/// Wait until all jobs have ended, then forget them (XCU `wait` without operands): status 0.
pub fn for_all(table: &mut JobTable, patience: Patience) -> Waited {
    let stopped = |table: &JobTable| table.iter().all(|job| job.is_ended() || patience.ends_with(job));
    let done = |table: &JobTable| !table.is_any_alive(patience.stops) && stopped(table);
    if let Err(signal) = until(table, patience.interrupting, done) {
        return Waited::Interrupted(signal);
    }
    let stopped = table.iter().find(|job| !job.is_ended()).map(|job| job.number);
    table.forget_ended();
    stopped.map_or(Waited::Status(ExitStatus::SUCCESS), Waited::Stopped)
}

/// Wait until one of these jobs has ended (`wait -n`), and take it out of the table; with none, one of all.
pub fn for_any(table: &mut JobTable, numbers: &[usize], interrupting: u64) -> Waited {
    let counts = |number: usize| numbers.is_empty() || numbers.contains(&number);
    let ended = |table: &JobTable| table.iter().find(|job| counts(job.number) && job.is_ended()).map(|job| job.number);
    let runs = |table: &JobTable| table.iter().any(|job| counts(job.number) && job.state() == JobState::Running);
    if let Err(signal) = until(table, interrupting, |table| ended(table).is_some() || !runs(table)) {
        return Waited::Interrupted(signal);
    }
    let job = ended(table).and_then(|number| table.remove(number));
    job.map_or(Waited::Unknown, |job| Waited::Status(job.status()))
}

/// Wait until `done`, or until one of the signals in `interrupting` has been caught: that is the error.
fn until(table: &mut JobTable, interrupting: u64, done: impl Fn(&JobTable) -> bool) -> Result<(), i32> {
    if done(table) {
        return Ok(());
    }
    if interrupting == 0 {
        // Nothing can interrupt: the kernel may do the sleeping.
        while !done(table) && take_in(table, true) {}
        return Ok(());
    }
    let sleep = Sleep::begin();
    let caught = |signals| signal::first(signal::pending() & signals).map_or(Ok(()), Err);
    loop {
        // A signal counts although a child, which may have sent it, has ended meanwhile: that is found out by the next `wait`.
        caught(interrupting & !bit(libc::SIGCHLD))?;
        poll(table);
        if done(table) {
            return Ok(());
        }
        caught(interrupting)?;
        signal::suspend(&sleep.mask);
    }
}

/// The terminal has hung up: SIGHUP for all jobs that live, and SIGCONT for those that could not act on it otherwise.
pub fn hang_up(table: &mut JobTable) {
    poll(table);
    for job in table.iter().filter(|job| !job.is_ended()) {
        let target = job.group.map_or(job.leader().as_raw(), |group| -group.as_raw());
        // A job may have ended meanwhile.
        let _ = signal::send(target, libc::SIGHUP);
        if let JobState::Stopped(_) = job.state() {
            let _ = signal::send(target, libc::SIGCONT);
        }
    }
}

/// While it lives all signals are blocked, and SIGCHLD has a handler.
struct Sleep {
    /// The mask before, without SIGCHLD: what to sleep with.
    mask: Mask,
    /// The mask before.
    old: Mask,
    /// What SIGCHLD did before.
    child: Disposition,
}

impl Sleep {
    fn begin() -> Self {
        let old = signal::block_all();
        // It cannot fail for SIGCHLD.
        let child = signal::set(libc::SIGCHLD, Disposition::Catch).unwrap_or(Disposition::Catch);
        Self { mask: signal::without(old, libc::SIGCHLD), old, child }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if self.child != Disposition::Catch {
            // Nobody else asked for it: neither the handler nor what it noted stays.
            let _ = signal::set(libc::SIGCHLD, self.child);
            signal::take(libc::SIGCHLD);
        }
        signal::set_mask(&self.old);
    }
}
