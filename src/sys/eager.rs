//! Looking again for a moment before going to sleep.
//!
//! Client and server of a small call need a few microseconds each. But a processor without work halts, and to wake it up for the answer takes the
//! kernel, and the hypervisor below it, several times as long as the call itself. So who expects an answer at once looks for it some microseconds long
//! without sleeping. Where that is in vain (the other side is slow, or has no processor of its own), it is not done for a while, and longer each time.
//!
//! System calls: sched_getaffinity.

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use std::time::{Duration, Instant};

/// How long to look: about as long as going to sleep and being woken up takes.
const MOMENT: Duration = Duration::from_micros(50);

/// How often it is left out at most before it is tried again.
const MOST_LEFT_OUT: u32 = 31;

/// Whether looking has been worth it.
#[derive(Debug)]
pub struct Eager {
    /// How often it is still left out.
    skip: u32,
    /// How often it was left out after the last failure.
    penalty: u32,
}

impl Default for Eager {
    fn default() -> Self {
        // On a single processor the other side works only while this one sleeps.
        let is_alone = sched_getaffinity(Pid::from_raw(0))
            .is_ok_and(|set| (0..CpuSet::count()).filter(|&number| set.is_set(number) == Ok(true)).nth(1).is_none());
        Self { skip: if is_alone { u32::MAX } else { 0 }, penalty: 0 }
    }
}

impl Eager {
    /// Look until there is something, for a moment at most. `None`: go to sleep.
    pub fn look<T>(&mut self, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
        if self.skip > 0 {
            if self.skip < u32::MAX {
                self.skip -= 1;
            }
            return None;
        }
        let start = Instant::now();
        loop {
            if let Some(found) = attempt() {
                self.penalty /= 2;
                return Some(found);
            }
            if start.elapsed() >= MOMENT {
                self.penalty = (2 * self.penalty + 1).min(MOST_LEFT_OUT);
                self.skip = self.penalty;
                return None;
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Eager;

    #[test]
    fn looking_in_vain_is_left_out_longer_each_time_until_it_is_worth_it() {
        let mut eager = Eager { skip: 0, penalty: 0 };
        let mut tried = Vec::new();
        for round in 0..40 {
            let mut looks = 0;
            let found = eager.look(|| {
                looks += 1;
                (round >= 20).then_some(())
            });
            assert_eq!(found.is_some(), looks > 0 && round >= 20);
            if looks > 0 {
                tried.push(round);
            }
        }
        let (vain, worth): (Vec<u32>, Vec<u32>) = tried.into_iter().partition(|round| *round < 20);
        assert_eq!(vain, [0, 2, 6, 14]);
        assert_eq!(worth, (30..40).collect::<Vec<u32>>());
        let mut alone = Eager { skip: u32::MAX, penalty: 0 };
        assert!((0..10).all(|_| alone.look(|| Some(())).is_none()));
    }
}
