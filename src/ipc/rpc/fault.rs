//! A bad network, on purpose: messages that are lost, doubled or late, the same ones for the same seed.
//!
//! On a real network it takes weeks to see what a lost reply does to a bank account; here it takes a second.

use std::time::Duration;

/// Which share of the messages meets which fate.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The share of calls that are lost, 0 to 1.
    pub drop_request: f64,
    /// The share of replies that are lost.
    pub drop_reply: f64,
    /// The share of calls that arrive twice.
    pub duplicate: f64,
    /// How late each message is.
    pub delay: Duration,
    state: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self::seeded(1)
    }
}

impl Faults {
    /// A network without faults, whose later ones follow from the seed.
    pub fn seeded(seed: u64) -> Self {
        Self { drop_request: 0.0, drop_reply: 0.0, duplicate: 0.0, delay: Duration::ZERO, state: seed }
    }

    /// The same shares, from another seed.
    #[must_use]
    pub fn reseeded(self, seed: u64) -> Self {
        Self { state: seed, ..self }
    }

    /// Whether the next message is one of this share.
    pub fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.next() < share
    }

    /// The next number of the sequence, from 0 to 1 (SplitMix64).
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Faults;

    #[test]
    fn a_seed_gives_the_same_faults_again_and_about_the_share_asked_for() {
        let run = |seed| {
            let mut faults = Faults::seeded(seed);
            (0..1000).map(|_| faults.happens(0.3)).collect::<Vec<bool>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let lost = run(7).iter().filter(|lost| **lost).count();
        assert!((250..350).contains(&lost), "{lost}");
        assert!(!Faults::default().happens(0.0));
    }
}
