//! The statuses of ended background jobs that have left the table before anybody waited for them (XCU 2.9.3.1: the process
//! ids that are known). Bounded, because a script may start jobs for years and wait for none.

use crate::status::ExitStatus;
use nix::unistd::Pid;
use std::collections::{BTreeMap, VecDeque};

/// How many statuses are kept. POSIX asks for CHILD_MAX, the number of children that a user may have at a time.
const KEPT: usize = 100_000;

/// Statuses by process id; the oldest go first when there are too many.
#[derive(Debug, Default)]
pub struct Remembered {
    /// The status, and when it was remembered.
    statuses: BTreeMap<Pid, (ExitStatus, u64)>,
    /// The same in order of time; entries that were taken are still here, until they are at the front or too many.
    order: VecDeque<(Pid, u64)>,
    clock: u64,
}

impl Remembered {
    /// Remember a status.
    pub fn insert(&mut self, pid: Pid, status: ExitStatus) {
        self.clock += 1;
        self.statuses.insert(pid, (status, self.clock));
        self.order.push_back((pid, self.clock));
        while self.statuses.len() > KEPT {
            let Some((oldest, time)) = self.order.pop_front() else { return };
            if self.statuses.get(&oldest).is_some_and(|entry| entry.1 == time) {
                self.statuses.remove(&oldest);
            }
        }
        if self.order.len() > 2 * self.statuses.len() + 64 {
            let statuses = &self.statuses;
            self.order.retain(|(pid, time)| statuses.get(pid).is_some_and(|entry| entry.1 == *time));
        }
    }

    /// Take the status of a process: it is known once.
    pub fn take(&mut self, pid: Pid) -> Option<ExitStatus> {
        self.statuses.remove(&pid).map(|entry| entry.0)
    }

    /// Forget all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_once_and_the_oldest_go_first() {
        let mut remembered = Remembered::default();
        for n in 1..=KEPT as i32 + 5 {
            remembered.insert(Pid::from_raw(n), ExitStatus(n % 256));
        }
        assert_eq!(remembered.take(Pid::from_raw(5)), None);
        assert_eq!(remembered.take(Pid::from_raw(6)), Some(ExitStatus(6)));
        assert_eq!(remembered.take(Pid::from_raw(6)), None);
        assert_eq!(remembered.statuses.len(), KEPT - 1);
    }

    #[test]
    fn what_was_taken_leaves_no_trace() {
        let mut remembered = Remembered::default();
        for n in 1..=10_000 {
            remembered.insert(Pid::from_raw(n), ExitStatus(0));
            remembered.take(Pid::from_raw(n));
        }
        assert!(remembered.order.len() < 100);
    }

    #[test]
    fn a_process_id_that_comes_again_has_the_new_status() {
        let mut remembered = Remembered::default();
        remembered.insert(Pid::from_raw(1), ExitStatus(1));
        remembered.insert(Pid::from_raw(1), ExitStatus(2));
        assert_eq!(remembered.take(Pid::from_raw(1)), Some(ExitStatus(2)));
        assert_eq!(remembered.take(Pid::from_raw(1)), None);
    }
}
