//! Typed records on their way to whoever looks.
//!
//! Owns the path of a record: always into the digest, and into memory only where somebody asked
//! for it, up to a stated limit. It refuses text: logs are views of records, made afterwards.

use crate::{Digest, Instant};

/// Something that happened, as plain data.
pub trait Record {
    /// Appends its canonical bytes, the same in every build.
    fn write_canonical(&self, bytes: &mut Vec<u8>);
}

/// What a journal keeps besides the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: a sweep looks at verdicts only, and a failure is simply run again.
    Nothing,
    /// The first so many records.
    First(usize),
}

/// The records of one run.
#[derive(Debug)]
pub struct Journal<R> {
    digest: Digest,
    keep: usize,
    kept: Vec<(Instant, R)>,
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
        }
    }

    /// Writes down what happened at `at`.
    pub fn write(&mut self, at: Instant, record: R) {
        self.digest
            .record(at, |bytes| record.write_canonical(bytes));
        if self.kept.len() < self.keep {
            self.kept.push((at, record));
        }
    }

    /// Keeps a record without taking it into the digest: one that only shows, for a reader, what
    /// other records determine, and that is not written at all when nobody reads.
    pub fn note(&mut self, at: Instant, record: R) {
        if self.kept.len() < self.keep {
            self.kept.push((at, record));
        }
    }

    /// The digest so far.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The records that were kept, in the order of writing.
    #[must_use]
    pub fn kept(&self) -> &[(Instant, R)] {
        &self.kept
    }

    /// Whether records were not kept because the limit was reached.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.keep > 0 && self.kept.len() == self.keep
    }

    /// Gives up the kept records and the digest.
    #[must_use]
    pub fn into_parts(self) -> (Vec<(Instant, R)>, Digest) {
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
    fn keeping_changes_nothing_about_the_digest() {
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
        assert!(some.is_cut_short() && !all.is_cut_short() && !none.is_cut_short());
    }
}
