//! The running digest of a run, with checkpoints.
//!
//! Two runs are equal if their digests are. A bounded list of intermediate digests locates the first
//! difference without storing the records.

use std::fmt;

use crate::Instant;

/// A running digest: BLAKE3 over the canonical bytes of every record.
#[derive(Clone, Debug)]
pub struct Digest {
    hasher: blake3::Hasher,
    /// Bytes of records not hashed yet. BLAKE3 is several times faster on long inputs, because it hashes
    /// several chunks of 1,024 bytes at once.
    pending: Vec<u8>,
    records: u64,
    checkpoints: Vec<Checkpoint>,
    /// A checkpoint is taken whenever the number of records is a multiple of this. Always a power of two
    /// times [`FIRST_INTERVAL`], so two runs have comparable checkpoints even if one is longer.
    interval: u64,
}

/// The digest after some number of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of records.
    pub records: u64,
    /// The time of the last record.
    pub at: Instant,
    /// The first eight bytes of the digest of these records.
    pub hash: u64,
}

/// The digest of a run: the first 16 bytes of the BLAKE3 hash. Displayed as 32 hexadecimal digits.
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

    /// Adds one record of time `at`. `write` appends its canonical bytes.
    pub fn record(&mut self, at: Instant, write: impl FnOnce(&mut Vec<u8>)) {
        // The time goes first: two runs with the same records at different times differ.
        self.pending.extend_from_slice(&at.nanos().to_le_bytes());
        write(&mut self.pending);
        self.records += 1;
        if self.records.is_multiple_of(self.interval) {
            self.take_checkpoint(at);
        } else if self.pending.len() >= PENDING_BYTES {
            self.absorb();
        }
    }

    /// The number of records added.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// At most 128 checkpoints, at regular intervals of records.
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    /// The digest of all records so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        // A copy, because finishing a hash must not end the run's.
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
            // The list is full: double the interval and keep every second checkpoint.
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
    /// The first eight bytes, as a big-endian number.
    #[must_use]
    pub fn first_word(self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(word)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", u128::from_be_bytes(self.0))
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
    fn equal_records_have_equal_digests_and_others_do_not() {
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
    fn a_fingerprint_is_displayed_as_thirty_two_digits() {
        assert_eq!(digest_of(0..3).fingerprint().to_string().len(), 32);
    }
}
