//! Random numbers of the generators: a named ChaCha8 stream for each subject, so that one subject's draws do not
//! move another's, and selections that hit an exact count while rows stream by.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

/// One stream of draws.
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of `seed` and `subject`, of which the first 24 bytes count.
    pub(super) fn new(seed: u64, subject: &str) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        for (slot, byte) in key[8..].iter_mut().zip(subject.bytes()) {
            *slot = byte;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Uniform in [0, 1), with 53 random bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform whole number in 0..n; 0 for n = 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// Uniform whole number in low..=high.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(0) as u64) as i64
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Fisher and Yates's shuffle.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// Chooses exactly `wanted` of `left` items that pass by one at a time, each choice equally likely
/// (Knuth, TAOCP 2, 3.4.2, algorithm S).
#[derive(Clone, Copy)]
pub(super) struct Selection {
    wanted: u64,
    left: u64,
}

impl Selection {
    pub(super) fn new(wanted: u64, total: u64) -> Self {
        Self { wanted: wanted.min(total), left: total }
    }

    /// Whether the next item is chosen, given a uniform draw of [0, 1). The same draw may serve many selections:
    /// those with the same counts then choose the same items.
    pub(super) fn next(&mut self, unit: f64) -> bool {
        let chosen = unit * (self.left as f64) < self.wanted as f64;
        self.left = self.left.saturating_sub(1);
        self.wanted -= u64::from(chosen);
        chosen
    }
}

/// `count` of `of` rows, carried over to `rows` rows, rounded half up.
pub(super) fn scaled(count: u64, of: u64, rows: u64) -> u64 {
    ((2 * u128::from(count) * u128::from(rows) + u128::from(of)) / (2 * u128::from(of))) as u64
}
