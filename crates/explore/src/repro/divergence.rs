//! Where two runs of one scenario and seed diverge: by checkpoints of the digest, then record by
//! record.

use std::fmt;

use config::plan::Scenario;
use kernel::{Checkpoint, Instant, JournalEntry};
use simulation::record::Record;
use simulation::{Options, Outcome};

use crate::subject::Subject;

/// Where two runs diverge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The number of records known to be equal.
    pub equal_records: u64,
    /// The time of the last of these records.
    pub equal_until: Instant,
    /// The first checkpoint known to differ, as record number and time; `None` if only the final
    /// digests differ.
    pub differs_by: Option<(u64, Instant)>,
    /// The first differing record, if reruns reproduced the divergence.
    pub record: Option<Box<RecordPair>>,
    /// The first record that may differ, if reruns were equal.
    pub candidate: Option<String>,
}

/// The first differing record of two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPair {
    /// The number of the record, counted from 1.
    pub number: u64,
    /// The record of the first run; `None` if that run had ended.
    pub first: Option<String>,
    /// The record of the second run; `None` if that run had ended.
    pub second: Option<String>,
}

/// The range of records in which two lists of checkpoints diverge. The final digests are known to
/// differ.
#[must_use]
pub fn between(one: &[Checkpoint], other: &[Checkpoint]) -> Divergence {
    let mut divergence = Divergence {
        equal_records: 0,
        equal_until: Instant::ZERO,
        differs_by: None,
        record: None,
        candidate: None,
    };
    // A longer run keeps fewer checkpoints of its beginning, so only common ones are compared.
    for point in one {
        let Ok(index) = other.binary_search_by_key(&point.records, |it| it.records) else {
            continue;
        };
        if other[index] != *point {
            divergence.differs_by = Some((point.records, point.at));
            break;
        }
        divergence.equal_records = point.records;
        divergence.equal_until = point.at;
    }
    divergence
}

/// Reruns twice with all records kept, to find the first differing record. If the reruns are equal,
/// only the range and a candidate are known.
pub(crate) fn locate(
    mut divergence: Divergence,
    subject: &dyn Subject,
    scenario: &Scenario,
    seed: u64,
) -> Divergence {
    let keep = || {
        let outcome = subject.run(scenario, seed, Options { keep_records: true });
        outcome.ok()
    };
    // Two new runs, since the ones that differed kept no records: records of thousands of runs fit
    // no memory.
    if let (Some(one), Some(other)) = (keep(), keep()) {
        divergence.record = first_difference(&one, &other).map(Box::new);
        if divergence.record.is_none() {
            divergence.candidate = candidate(&one, divergence.equal_records);
        }
    }
    divergence
}

/// The record after the first `equal` records of the digest.
fn candidate(outcome: &Outcome, equal: u64) -> Option<String> {
    let counted = outcome
        .records
        .iter()
        .filter(|entry| entry.record.is_digested());
    let mut rest = counted.skip(usize::try_from(equal).ok()?);
    rest.next().map(show)
}

fn first_difference(one: &Outcome, other: &Outcome) -> Option<RecordPair> {
    let (mut first, mut second) = (one.records.iter(), other.records.iter());
    for number in 1.. {
        match (first.next(), second.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => {
                return Some(RecordPair {
                    number,
                    first: one.map(show),
                    second: other.map(show),
                });
            }
        }
    }
    None
}

/// A record as one line of debug output.
#[must_use]
pub fn show(JournalEntry { at, record }: &JournalEntry<Record>) -> String {
    format!("{at} {record:?}")
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "equal up to record {} ({})",
            self.equal_records, self.equal_until
        )?;
        match self.differs_by {
            Some((records, at)) => write!(formatter, ", different by record {records} ({at})")?,
            None => write!(formatter, ", different at the end")?,
        }
        if let Some(pair) = &self.record {
            let shown = |record: &Option<String>| match record {
                Some(record) => record.clone(),
                None => "end of the run".to_owned(),
            };
            write!(formatter, "\n  first differing record: {}", pair.number)?;
            write!(formatter, "\n    first run:  {}", shown(&pair.first))?;
            write!(formatter, "\n    second run: {}", shown(&pair.second))?;
        } else if let Some(record) = &self.candidate {
            let number = self.equal_records + 1;
            write!(
                formatter,
                "\n  two reruns with this version are equal; the first record that may differ is {number}:\n    now: {record}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Digest;
    use proptest::prelude::*;

    fn points(records: u64, changed: u64) -> Vec<Checkpoint> {
        let mut digest = Digest::new();
        for number in 0..records {
            digest.record(Instant::from_nanos(number), |bytes| {
                bytes.push(u8::from(number == changed));
            });
        }
        digest.checkpoints().to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn the_change_is_in_the_reported_range(length in 1_000_u64..60_000, more in 0_u64..60_000, at in 0_u64..60_000) {
            let one = points(length, u64::MAX);
            let other = points(length + more, at);
            let found = between(&one, &other);
            prop_assert!(found.equal_records <= at);
            if let Some((records, _)) = found.differs_by {
                prop_assert!(at < records);
            }
        }
    }

    #[test]
    fn without_common_checkpoints_nothing_is_known_equal() {
        let found = between(&[], &points(1_000, 0));
        assert_eq!(found.equal_records, 0);
        assert_eq!(found.differs_by, None);
        assert_eq!(
            found.to_string(),
            "equal up to record 0 (0:00:00), different at the end"
        );
    }
}
