//! The texts of job control: what `jobs` prints, the notices at prompts, and what is said of a command that a signal ended.

use crate::jobs::id::current_and_previous;
use crate::jobs::job::{Job, JobState, ProcessState};
use crate::jobs::table::JobTable;
use crate::jobs::{terminal, wait};
use crate::quote::visible;
use crate::sys::signames;
use bstr::BString;
use std::io::Write;

/// How much `jobs` tells of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// `[1] + Running sleep 10`
    Short,
    /// `-l`: with the process group before the state.
    Long,
    /// `-p`: nothing but the process group.
    Leader,
}

/// `+` for the current job, `-` for the previous one, else a space.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    current: Option<usize>,
    previous: Option<usize>,
}

impl Marks {
    /// The marks among these jobs.
    pub fn of<'a>(jobs: impl Iterator<Item = &'a Job>) -> Self {
        let (current, previous) = current_and_previous(jobs);
        Self { current, previous }
    }

    fn mark(self, number: usize) -> char {
        match Some(number) {
            number if number == self.current => '+',
            number if number == self.previous => '-',
            _ => ' ',
        }
    }
}

/// The state of a job in the words of XCU `jobs`.
pub fn state_text(state: JobState) -> String {
    match state {
        JobState::Running => "Running".to_owned(),
        JobState::Stopped(libc::SIGTSTP) => "Stopped".to_owned(),
        JobState::Stopped(signal) => format!("Stopped (SIG{})", signames::name_or_number(signal)),
        JobState::Ended(ProcessState::Signaled { signal, core }) => death_text(signal, core),
        JobState::Ended(state) if state.status().is_success() => "Done".to_owned(),
        JobState::Ended(state) => format!("Done({})", state.status().0),
    }
}

/// What is said of a process that a signal ended: `Segmentation fault (core dumped)`.
pub fn death_text(signal: i32, core: bool) -> String {
    let mut text = signames::description(signal);
    if core {
        text.push_str(" (core dumped)");
    }
    text
}

/// Append the line of one job (XCU `jobs`, STDOUT).
pub fn line(out: &mut Vec<u8>, job: &Job, marks: Marks, detail: Detail) {
    // Writing to memory cannot fail.
    let _ = match detail {
        Detail::Leader => writeln!(out, "{}", job.leader()),
        Detail::Short => write!(out, "[{}] {} {} ", job.number, marks.mark(job.number), state_text(job.state())),
        Detail::Long => {
            let (mark, state) = (marks.mark(job.number), state_text(job.state()));
            write!(out, "[{}] {mark} {} {state} ", job.number, job.leader())
        }
    };
    if detail != Detail::Leader {
        out.extend_from_slice(&visible(&job.text));
        out.push(b'\n');
    }
}

/// What an interactive shell does before each prompt: the terminal is usable, and there is a line about each job that has changed since
/// the last time. Ended jobs leave the table; `wait` still knows their statuses.
pub fn before_prompt(table: &mut JobTable) -> BString {
    terminal::make_usable(table);
    table.line_ends();
    wait::poll(table);
    let mut text = BString::from(if std::mem::take(&mut table.begin_line) { "\n" } else { "" });
    text.extend_from_slice(&notices(table));
    text
}

/// The lines about all jobs that have changed since the last time.
pub fn notices(table: &mut JobTable) -> BString {
    let mut text = BString::default();
    if !table.iter().any(|job| job.changed) {
        return text;
    }
    let marks = Marks::of(table.iter());
    let mut told = Vec::new();
    for job in table.iter().filter(|job| job.changed) {
        if job.state() != JobState::Running {
            line(&mut text, job, marks, Detail::Short);
        }
        told.push((job.number, job.is_ended()));
    }
    for (number, is_ended) in told {
        if is_ended { table.dismiss(number) } else { table.mark_reported(number) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::job::Process;
    use crate::status::ExitStatus;
    use crate::sys::wait::Change;
    use bstr::ByteSlice;
    use nix::unistd::Pid;

    #[test]
    fn states_have_the_words_of_the_standard() {
        let ended = |state| state_text(JobState::Ended(state));
        assert_eq!(state_text(JobState::Running), "Running");
        assert_eq!(ended(ProcessState::Exited(ExitStatus(0))), "Done");
        assert_eq!(ended(ProcessState::Exited(ExitStatus(3))), "Done(3)");
        assert_eq!(state_text(JobState::Stopped(libc::SIGTSTP)), "Stopped");
        assert_eq!(state_text(JobState::Stopped(libc::SIGTTIN)), "Stopped (SIGTTIN)");
        assert_eq!(ended(ProcessState::Signaled { signal: libc::SIGTERM, core: false }), "Terminated");
        let core = ProcessState::Signaled { signal: libc::SIGSEGV, core: true };
        assert_eq!(ended(core), "Segmentation fault (core dumped)");
    }

    #[test]
    fn a_change_is_reported_once_and_an_ended_job_leaves() {
        let mut table = JobTable::default();
        for pid in [11, 12] {
            let processes = vec![Process::started(Pid::from_raw(pid))];
            table.add_background(Job { text: BString::from("cmd"), ..Job::new(processes) });
        }
        assert_eq!(notices(&mut table), "");
        table.note(Pid::from_raw(12), Change::Exited(1));
        assert_eq!(notices(&mut table).as_bstr(), "[2] + Done(1) cmd\n");
        assert_eq!(notices(&mut table), "");
        assert_eq!(table.iter().count(), 1);
        assert_eq!(table.take_remembered(Pid::from_raw(12)), Some(ExitStatus(1)));
    }

    #[test]
    fn the_long_line_has_the_group() {
        let job = Job {
            number: 1,
            group: Some(Pid::from_raw(7)),
            text: BString::from("a | b"),
            ..Job::new(vec![Process::started(Pid::from_raw(7)), Process::started(Pid::from_raw(8))])
        };
        let marks = Marks::of(std::iter::once(&job));
        let mut out = Vec::new();
        line(&mut out, &job, marks, Detail::Long);
        line(&mut out, &job, marks, Detail::Leader);
        assert_eq!(out.as_bstr(), "[1] + 7 Running a | b\n7\n");
    }
}
