//! Where two runs that should be the same part.
//!
//! Owns the comparison of digests by checkpoints and of records one by one. It refuses to say
//! why they differ.

use std::fmt;

use config::plan::Scenario;
use kernel::{Checkpoint, Instant};
use simulation::record::Record;
use simulation::{Options, Outcome};

use crate::subject::Subject;

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Records up to here are the same in both; 0 if nothing is known to be.
    pub equal_records: u64,
    /// The time of the last of them.
    pub equal_until: Instant,
    /// The first point known to differ; `None` if they only end differently.
    pub differs_by: Option<(u64, Instant)>,
    /// The first record that differs, in both runs, if both were kept.
    pub record: Option<Box<RecordPair>>,
    /// Where records of one run only can be had: the first that may differ, as that run wrote it.
    pub candidate: Option<String>,
}

/// The first record that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPair {
    /// Its place, counted from 1.
    pub number: u64,
    /// What the first run wrote there, in words; `None` if it had ended.
    pub first: Option<String>,
    /// What the second run wrote there.
    pub second: Option<String>,
}

/// The stretch in which two lists of checkpoints part. The digests of the whole runs are known
/// to differ.
#[must_use]
pub fn between(one: &[Checkpoint], other: &[Checkpoint]) -> Divergence {
    let mut divergence = Divergence {
        equal_records: 0,
        equal_until: Instant::ZERO,
        differs_by: None,
        record: None,
        candidate: None,
    };
    // A longer run keeps fewer points of its beginning: only common ones can be compared.
    for point in one {
        let Ok(place) = other.binary_search_by_key(&point.records, |it| it.records) else {
            continue;
        };
        if other[place] != *point {
            divergence.differs_by = Some((point.records, point.at));
            break;
        }
        divergence.equal_records = point.records;
        divergence.equal_until = point.at;
    }
    divergence
}

/// Looks for the first record that differs by running twice more with every record kept. A
/// subject that is not deterministic may behave this time; then the stretch is all there is.
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
    if let (Some(one), Some(other)) = (keep(), keep()) {
        divergence.record = first_difference(&one, &other).map(Box::new);
        if divergence.record.is_none() {
            divergence.candidate = candidate(&one, divergence.equal_records);
        }
    }
    divergence
}

/// The record after the first `equal` ones that the digest takes in.
fn candidate(outcome: &Outcome, equal: u64) -> Option<String> {
    let counted = outcome
        .records
        .iter()
        .filter(|(_, record)| record.is_digested());
    let mut rest = counted.skip(usize::try_from(equal).ok()?);
    rest.next().map(in_words)
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
                    first: one.map(in_words),
                    second: other.map(in_words),
                });
            }
        }
    }
    None
}

/// A record as a line, for whoever looks for a difference.
#[must_use]
pub fn in_words((at, record): &(Instant, Record)) -> String {
    format!("{at} {record:?}")
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the same up to record {} ({} s)",
            self.equal_records, self.equal_until
        )?;
        match self.differs_by {
            Some((records, at)) => write!(formatter, ", another by record {records} ({at} s)")?,
            None => write!(formatter, ", another some time after")?,
        }
        if let Some(pair) = &self.record {
            let show = |record: &Option<String>| match record {
                Some(record) => record.clone(),
                None => "the end".to_owned(),
            };
            write!(formatter, "\n  first divergent record: {}", pair.number)?;
            write!(formatter, "\n    once:  {}", show(&pair.first))?;
            write!(formatter, "\n    again: {}", show(&pair.second))?;
        } else if let Some(record) = &self.candidate {
            let number = self.equal_records + 1;
            write!(
                formatter,
                "\n  this build repeats itself; the first record that may differ is {number}:\n    now:   {record}"
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
        fn the_change_lies_where_they_part(length in 1_000_u64..60_000, more in 0_u64..60_000, at in 0_u64..60_000) {
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
    fn nothing_in_common_says_so() {
        let found = between(&[], &points(1_000, 0));
        assert_eq!(found.equal_records, 0);
        assert_eq!(found.differs_by, None);
        assert_eq!(
            found.to_string(),
            "the same up to record 0 (0.000000000 s), another some time after"
        );
    }
}
