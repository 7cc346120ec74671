//! One capsule, run again.
//!
//! Owns [`replay`]: whether the run came out as it was kept, and what was written down around a
//! moment. It refuses to repair: a run that came out differently is told, with the place.

use config::plan::Scenario;
use kernel::{Duration, Instant};
use logs::sentence::sentence;
use simulation::{LoweringError, Options, Outcome};

use crate::duration::VirtualDuration;
use crate::repro::capsule::{BUILD, Capsule};
use crate::repro::divergence::{self, Divergence};
use crate::run_result::{Failure, failures};
use crate::subject::Subject;

/// How much is shown before the moment asked for.
const USUAL_LENGTH: Duration = Duration::from_secs(1);

/// What came of running a capsule again.
#[derive(Debug)]
pub struct Replayed {
    /// Whether it is the run that was kept.
    pub verdict: ReplayOutcome,
    /// What went wrong this time.
    pub failures: Vec<Failure>,
    /// The run, with its records if a window was asked for.
    pub outcome: Outcome,
}

/// Whether a run is the one that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// Every digest is equal.
    Same,
    /// The same build of mtasim, and another run: a bug of mtasim.
    Nondeterminism(Divergence),
    /// Another build, and another run, as may be.
    OtherBuild {
        /// The build that kept it.
        kept_by: String,
        /// This build.
        this: String,
        /// Whether the failure it was kept for appears all the same.
        still_fails: bool,
        /// Where the runs part.
        divergence: Divergence,
    },
}

/// Records from `until - length` up to and including `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The last moment.
    pub until: Instant,
    /// How much of the time before it.
    pub length: Duration,
}

/// Runs a capsule again; with its records kept if `records` says so, which changes nothing else.
///
/// # Errors
/// If its scenario cannot be run.
pub fn replay(
    capsule: &Capsule,
    subject: &dyn Subject,
    records: bool,
) -> Result<Replayed, LoweringError> {
    let options = Options {
        keep_records: records,
    };
    let outcome = subject.run(&capsule.scenario, capsule.seed, options)?;
    let failures = failures(&outcome);
    let verdict = if outcome.digest.to_string() == capsule.digest {
        ReplayOutcome::Same
    } else {
        let stretch = divergence::between(&capsule.checkpoints, &outcome.checkpoints);
        let divergence = divergence::locate(stretch, subject, &capsule.scenario, capsule.seed);
        if capsule.is_of_this_build() {
            ReplayOutcome::Nondeterminism(divergence)
        } else {
            let shows = |it: &Failure| it.signature == capsule.failure.signature;
            ReplayOutcome::OtherBuild {
                kept_by: capsule.build.clone(),
                this: BUILD.to_owned(),
                still_fails: failures.iter().any(shows),
                divergence,
            }
        }
    };
    Ok(Replayed {
        verdict,
        failures,
        outcome,
    })
}

impl Window {
    /// The window asked for: up to `until`, or else the failure; nothing asked, no window.
    #[must_use]
    pub fn asked(
        until: Option<VirtualDuration>,
        length: Option<VirtualDuration>,
        capsule: &Capsule,
    ) -> Option<Self> {
        if until.is_none() && length.is_none() {
            return None;
        }
        let until = until.map(|it| Instant::ZERO.saturating_add(it.0));
        Some(Self {
            until: until.unwrap_or(capsule.failure.time()),
            length: length.map_or(USUAL_LENGTH, |it| it.0),
        })
    }

    /// What was written down in a run of `scenario` within the window, a line each, in words.
    pub fn lines(self, scenario: &Scenario, outcome: &Outcome) -> impl Iterator<Item = String> {
        let from = self
            .until
            .saturating_since(Instant::ZERO + self.length)
            .nanos();
        let first = Instant::from_nanos(from);
        // Threads run ahead of the world a little: records are not quite in the order of time.
        let records = outcome.records.iter();
        records
            .filter(move |(at, _)| first <= *at && *at <= self.until)
            .map(|(at, record)| format!("{at} s  {}", sentence(scenario, outcome, record)))
    }
}
