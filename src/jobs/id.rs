//! Job ids (XBD 3.182): `%%`, `%+`, `%-`, `%n`, `%string`, `%?string`.

use crate::jobs::job::{Job, JobState};
use crate::jobs::table::JobTable;
use crate::status::Error;
use bstr::{BString, ByteSlice};

/// The numbers of the current and of the previous job among `jobs`: stopped jobs come before all others, and among equals the one
/// that was started, stopped or continued last.
pub fn current_and_previous<'a>(jobs: impl Iterator<Item = &'a Job>) -> (Option<usize>, Option<usize>) {
    let rank = |job: &Job| (matches!(job.state(), JobState::Stopped(_)), job.order);
    let mut best: [Option<((bool, u64), usize)>; 2] = [None, None];
    for job in jobs {
        let entry = Some((rank(job), job.number));
        if entry > best[0] {
            best = [entry, best[0]];
        } else if entry > best[1] {
            best[1] = entry;
        }
    }
    (best[0].map(|entry| entry.1), best[1].map(|entry| entry.1))
}

/// The job that `id` names, among our own jobs.
///
/// # Errors
/// There is no such job, or `%string` fits several.
pub fn find<'a>(table: &'a JobTable, id: &[u8]) -> Result<&'a Job, Error> {
    find_among(table.iter(), id)
}

/// The job that `id` names, among those that `jobs` shows.
///
/// # Errors
/// As [`find`].
pub fn find_shown<'a>(table: &'a JobTable, id: &[u8]) -> Result<&'a Job, Error> {
    find_among(table.shown().into_iter(), id)
}

fn find_among<'a>(mut jobs: impl Iterator<Item = &'a Job> + Clone, id: &[u8]) -> Result<&'a Job, Error> {
    let name = id.strip_prefix(b"%").unwrap_or(id);
    let number = match name {
        b"" | b"%" | b"+" => current_and_previous(jobs.clone()).0,
        b"-" => current_and_previous(jobs.clone()).1,
        _ if name.iter().all(u8::is_ascii_digit) => name.to_str().ok().and_then(|digits| digits.parse().ok()),
        _ => return by_text(jobs, id, name),
    };
    jobs.find(|job| Some(job.number) == number).ok_or_else(|| error(id, ": no such job"))
}

fn by_text<'a>(jobs: impl Iterator<Item = &'a Job>, id: &[u8], name: &[u8]) -> Result<&'a Job, Error> {
    let mut fitting = jobs.filter(|job| match name.strip_prefix(b"?") {
        Some(part) => job.text.contains_str(part),
        None => job.text.starts_with(name),
    });
    let Some(job) = fitting.next() else { return Err(error(id, ": no such job")) };
    if fitting.next().is_some() { Err(error(id, ": ambiguous job id")) } else { Ok(job) }
}

fn error(id: &[u8], why: &str) -> Error {
    let mut text = BString::from(id);
    text.extend_from_slice(why.as_bytes());
    Error::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::job::Process;
    use crate::sys::wait::Change;
    use nix::unistd::Pid;

    /// A table with background jobs that have these texts, in groups 101, 102, ...
    fn table(texts: &[&str]) -> JobTable {
        let mut table = JobTable::default();
        for (text, pid) in texts.iter().zip(101..) {
            let pid = Pid::from_raw(pid);
            let job = Job { text: BString::from(*text), group: Some(pid), ..Job::new(vec![Process::started(pid)]) };
            table.add_background(job);
        }
        table
    }

    fn found(table: &JobTable, id: &str) -> Result<usize, String> {
        find(table, id.as_bytes()).map(|job| job.number).map_err(|error| error.to_string())
    }

    #[test]
    fn jobs_are_found_by_number_name_and_part() {
        let table = table(&["sleep 10", "cat file", "cat other"]);
        assert_eq!(found(&table, "%2"), Ok(2));
        assert_eq!(found(&table, "%sle"), Ok(1));
        assert_eq!(found(&table, "%?file"), Ok(2));
        assert_eq!(found(&table, "%cat"), Err("%cat: ambiguous job id".to_owned()));
        assert_eq!(found(&table, "%4"), Err("%4: no such job".to_owned()));
        assert_eq!(found(&table, "%0"), Err("%0: no such job".to_owned()));
        assert_eq!(found(&table, "%99999999999999999999"), Err("%99999999999999999999: no such job".to_owned()));
        assert_eq!(found(&table, "%dog"), Err("%dog: no such job".to_owned()));
    }

    #[test]
    fn the_current_job_is_the_last_stopped_else_the_last_started() {
        let mut table = table(&["a", "b", "c"]);
        assert_eq!((found(&table, "%%"), found(&table, "%-")), (Ok(3), Ok(2)));
        table.note(Pid::from_raw(101), Change::Stopped(libc::SIGTSTP));
        assert_eq!((found(&table, "%+"), found(&table, "%-")), (Ok(1), Ok(3)));
        table.note(Pid::from_raw(102), Change::Stopped(libc::SIGTSTP));
        assert_eq!((found(&table, "%"), found(&table, "%-")), (Ok(2), Ok(1)));
        // Job 2 has ended and is still to be reported; it was stopped after job 3 was started.
        table.note(Pid::from_raw(102), Change::Exited(0));
        assert_eq!((found(&table, "%%"), found(&table, "%-")), (Ok(1), Ok(2)));
        let empty = JobTable::default();
        assert_eq!(found(&empty, "%%"), Err("%%: no such job".to_owned()));
        assert!(find(&empty, b"%-").is_err());
    }

    #[test]
    fn a_new_job_has_the_number_above_the_highest() {
        let mut table = table(&["a", "b", "c"]);
        table.remove(2);
        assert_eq!(table.add_background(Job::new(vec![Process::started(Pid::from_raw(200))])), 4);
        table.remove(4);
        table.remove(3);
        assert_eq!(table.add_background(Job::new(vec![Process::started(Pid::from_raw(201))])), 2);
    }
}
