//! The running digest of a run, with checkpoints.
//!
//! Owns the one number that says whether two runs were the same, and a bounded list of what it
//! was along the way, so that the first difference can be located without keeping the records.
//! It refuses to interpret the bytes it is fed.

use std::fmt;

use crate::Instant;

/// A digest in the making: BLAKE3 over the canonical bytes of every record.
#[derive(Clone, Debug)]
pub struct Digest {
    hasher: blake3::Hasher,
    /// Records wait here, so that the hash sees long stretches: it is several times faster so.
    pending: Vec<u8>,
    records: u64,
    checkpoints: Vec<Checkpoint>,
    /// A checkpoint is taken whenever the number of records is a multiple of this.
    interval: u64,
}

/// The digest as it was after so many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many records had been written.
    pub records: u64,
    /// The time of the last of them.
    pub at: Instant,
    /// The first eight bytes of the digest of all of them.
    pub hash: u64,
}

/// The finished digest of a run.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

const PENDING_BYTES: usize = 16 * 1024;
const CHECKPOINTS_MAX: usize = 128;
const FIRST_INTERVAL: u64 = 256;

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl Digest {
    /// The digest of no records.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            pending: Vec::with_capacity(PENDING_BYTES),
            records: 0,
            checkpoints: Vec::new(),
            interval: FIRST_INTERVAL,
        }
    }

    /// Takes in one record of time `at`, which `write` puts into bytes.
    pub fn record(&mut self, at: Instant, write: impl FnOnce(&mut Vec<u8>)) {
        self.pending.extend_from_slice(&at.nanos().to_le_bytes());
        write(&mut self.pending);
        self.records += 1;
        if self.records.is_multiple_of(self.interval) {
            self.take_checkpoint(at);
        } else if self.pending.len() >= PENDING_BYTES {
            self.absorb();
        }
    }

    /// How many records it has taken in.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// What the digest was along the way: at most 128 points, evenly spread.
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    /// The digest of everything so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.pending);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Fingerprint(bytes)
    }

    fn absorb(&mut self) {
        self.hasher.update(&self.pending);
        self.pending.clear();
    }

    fn take_checkpoint(&mut self, at: Instant) {
        self.absorb();
        if self.checkpoints.len() == CHECKPOINTS_MAX {
            self.interval *= 2;
            self.checkpoints
                .retain(|point| point.records.is_multiple_of(self.interval));
            debug_assert!(self.checkpoints.len() <= CHECKPOINTS_MAX / 2 + 1);
            if !self.records.is_multiple_of(self.interval) {
                return;
            }
        }
        let hash = self.fingerprint().first_word();
        self.checkpoints.push(Checkpoint {
            records: self.records,
            at,
            hash,
        });
    }
}

impl Fingerprint {
    /// The first eight bytes as a number, enough to tell two checkpoints apart.
    #[must_use]
    pub fn first_word(self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(word)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(numbers: impl Iterator<Item = u64>) -> Digest {
        let mut digest = Digest::new();
        for number in numbers {
            let at = Instant::from_nanos(number);
            digest.record(at, |bytes| bytes.extend_from_slice(&number.to_le_bytes()));
        }
        digest
    }

    #[test]
    fn the_same_records_have_the_same_digest_and_others_another() {
        let first = digest_of(0..5_000);
        assert_eq!(first.fingerprint(), digest_of(0..5_000).fingerprint());
        assert_ne!(first.fingerprint(), digest_of(0..5_001).fingerprint());
        assert_ne!(first.fingerprint(), digest_of(1..5_001).fingerprint());
    }

    #[test]
    fn checkpoints_stay_bounded_and_locate_the_first_difference() {
        let first = digest_of(0..1_000_000);
        let second = digest_of((0..1_000_000).map(|n| if n < 700_000 { n } else { n + 1 }));
        assert!(first.checkpoints().len() <= CHECKPOINTS_MAX);
        assert!(first.checkpoints().len() >= CHECKPOINTS_MAX / 2);
        let pairs = first.checkpoints().iter().zip(second.checkpoints());
        let last_equal = pairs.take_while(|(one, other)| one == other).last();
        let (point, _) = last_equal.expect("the first records are equal");
        assert!((700_000 - 2 * first.interval..=700_000).contains(&point.records));
    }

    #[test]
    fn the_text_is_thirty_two_digits() {
        assert_eq!(digest_of(0..3).fingerprint().to_string().len(), 32);
    }
}
