//! Replays a capsule: whether the run is the same, and the records around a time.

use config::plan::Scenario;
use kernel::{Duration, Instant, JournalEntry};
use logs::sentence;
use simulation::{LoweringError, Options, Outcome};

use crate::repro::capsule::{Capsule, PROGRAM_BUILD};
use crate::repro::divergence::{self, Divergence};
use crate::run_result::{Failure, failures};
use crate::subject::Subject;

/// The default length of a window.
const DEFAULT_LENGTH: Duration = Duration::from_secs(1);

/// A replayed capsule.
#[derive(Debug)]
pub struct Replayed {
    /// How the run compares with the original.
    pub result: ReplayOutcome,
    /// The failures of the replay.
    pub failures: Vec<Failure>,
    /// The outcome of the replay, with its records if they were requested.
    pub outcome: Outcome,
}

/// How a replay compares with the original run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// The digests are equal.
    Same,
    /// The digests differ with the same version of mtasim: a bug in mtasim.
    Nondeterminism(Divergence),
    /// The digests differ, and so do the versions of mtasim. That is allowed.
    OtherBuild {
        /// The version that wrote the capsule.
        recorded_by: String,
        /// This version.
        this: String,
        /// Whether the failure of the capsule still appears.
        still_fails: bool,
        /// Where the runs diverge.
        divergence: Divergence,
    },
}

/// The records from `until - length` to `until`, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The end.
    pub until: Instant,
    /// The length.
    pub length: Duration,
}

/// Replays a capsule. `keep_records` keeps all records in the outcome; the run is the same.
///
/// # Errors
/// If its scenario cannot be run.
pub fn replay(
    capsule: &Capsule,
    subject: &dyn Subject,
    keep_records: bool,
) -> Result<Replayed, LoweringError> {
    let options = Options { keep_records };
    let outcome = subject.run(&capsule.scenario, capsule.seed, options)?;
    let failures = failures(&outcome);
    let result = if outcome.digest.to_string() == capsule.digest {
        ReplayOutcome::Same
    } else {
        let range = divergence::between(&capsule.checkpoints, &outcome.checkpoints);
        let divergence = divergence::locate(range, subject, &capsule.scenario, capsule.seed);
        if capsule.is_of_this_program_build() {
            ReplayOutcome::Nondeterminism(divergence)
        } else {
            let shows = |it: &Failure| it.signature == capsule.failure.signature;
            ReplayOutcome::OtherBuild {
                recorded_by: capsule.build.clone(),
                this: PROGRAM_BUILD.to_owned(),
                still_fails: failures.iter().any(shows),
                divergence,
            }
        }
    };
    Ok(Replayed {
        result,
        failures,
        outcome,
    })
}

impl Window {
    /// The requested window, ending at `until` or at the failure; `None` if neither argument is
    /// given.
    #[must_use]
    pub fn requested(
        until: Option<Duration>,
        length: Option<Duration>,
        capsule: &Capsule,
    ) -> Option<Self> {
        if until.is_none() && length.is_none() {
            return None;
        }
        let until = until.map(|it| Instant::ZERO.saturating_add(it));
        Some(Self {
            until: until.unwrap_or(capsule.failure.time()),
            length: length.unwrap_or(DEFAULT_LENGTH),
        })
    }

    /// The records of a run of `scenario` within the window, one line each.
    pub fn lines(self, scenario: &Scenario, outcome: &Outcome) -> impl Iterator<Item = String> {
        let from = self
            .until
            .saturating_since(Instant::ZERO + self.length)
            .nanos();
        let first = Instant::from_nanos(from);
        // Threads run slightly ahead of the event queue, so records are not strictly ordered by
        // time.
        let records = outcome.records.iter();
        records
            .filter(move |entry| first <= entry.at && entry.at <= self.until)
            .map(|JournalEntry { at, record }| {
                format!("{at:#}  {}", sentence::record(scenario, outcome, record))
            })
    }
}
