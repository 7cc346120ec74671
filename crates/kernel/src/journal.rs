//! The journal of a run: every record goes into the digest, and into memory if it should be kept.
//!
//! Records are typed. Logs and other texts are made from them after the run.

use crate::{Digest, Instant};

/// One thing that happened in a run, as plain data.
pub trait Record {
    /// Appends the canonical bytes that go into the digest. They must not change between builds.
    fn write_canonical(&self, bytes: &mut Vec<u8>);
}

/// A record with the time at which it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalEntry<R> {
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub record: R,
}

/// Which records a journal keeps in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// None. A sweep needs only outcomes, and runs a failing seed again to see its records.
    Nothing,
    /// The first records, up to this number.
    First(usize),
}

/// The journal of one run.
#[derive(Debug)]
pub struct Journal<R> {
    digest: Digest,
    keep: usize,
    kept: Vec<JournalEntry<R>>,
    /// Records that were not kept.
    dropped: u64,
}

impl<R: Record> Journal<R> {
    /// An empty journal.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        let keep = match keep {
            Keep::Nothing => 0,
            Keep::First(records) => records,
        };
        Self {
            digest: Digest::new(),
            keep,
            kept: Vec::new(),
            dropped: 0,
        }
    }

    /// Adds what happened at `at` to the digest, and keeps it if there is room.
    pub fn write(&mut self, at: Instant, record: R) {
        self.digest
            .record(at, |bytes| record.write_canonical(bytes));
        self.note(at, record);
    }

    /// Keeps a record without adding it to the digest. For records that repeat, for a reader, what others
    /// determine: the digest must not depend on whether anything reads.
    pub fn note(&mut self, at: Instant, record: R) {
        if self.kept.len() < self.keep {
            self.kept.push(JournalEntry { at, record });
        } else {
            self.dropped += 1;
        }
    }

    /// The number of records, kept or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.kept.len() as u64 + self.dropped
    }

    /// The digest so far.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The kept records, in order.
    #[must_use]
    pub fn kept(&self) -> &[JournalEntry<R>] {
        &self.kept
    }

    /// Whether the limit of kept records is reached, so that later ones are missing.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.keep > 0 && self.kept.len() == self.keep
    }

    /// The kept records and the digest.
    #[must_use]
    pub fn into_parts(self) -> (Vec<JournalEntry<R>>, Digest) {
        (self.kept, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(u64);

    impl Record for Number {
        fn write_canonical(&self, bytes: &mut Vec<u8>) {
            bytes.extend_from_slice(&self.0.to_le_bytes());
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_what_is_kept() {
        let run = |keep| {
            let mut journal = Journal::new(keep);
            (0..10).for_each(|n| journal.write(Instant::from_nanos(n), Number(n)));
            journal
        };
        let (all, some, none) = (
            run(Keep::First(100)),
            run(Keep::First(3)),
            run(Keep::Nothing),
        );
        assert_eq!(all.digest().fingerprint(), none.digest().fingerprint());
        assert_eq!(all.digest().fingerprint(), some.digest().fingerprint());
        assert_eq!(
            (all.kept().len(), some.kept().len(), none.kept().len()),
            (10, 3, 0)
        );
        assert_eq!((all.count(), some.count(), none.count()), (10, 10, 10));
        assert!(some.is_cut_short() && !all.is_cut_short() && !none.is_cut_short());
    }
}
