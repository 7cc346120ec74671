//! Coverage of a sweep: which pairs of control-block state and event occurred, and how the number
//! of distinct findings grew with the number of runs.

use std::fmt::{self, Write};

use mta::{Coverage, Stimulus};
use serde::Serialize;

use crate::run_result::coverage::{every_pair, name, state_word, stimulus_word};
use crate::statistics::counters::{Counters, Growth, Occurrences};
use crate::statistics::proportions::upper_bound;

/// The coverage of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoverageReport {
    /// Distinct findings after 1, 2, 4, 8... runs, and after all.
    pub growth: Vec<Growth>,
    /// Signatures that exactly one run has shown.
    pub seen_once: u64,
    /// An estimate of the probability that the next run shows a new signature: the fraction of runs
    /// that are alone with one (I. J. Good, Biometrika, 1953; the Good-Turing estimator).
    pub unseen: f64,
    /// The upper bound of that probability: 95 % of all sweeps with a higher one would have shown more such
    /// runs. It is 1 if a limit cut off every run.
    pub unseen_high: f64,
    /// Runs behind the estimate: those that no limit cut off.
    pub unseen_runs: u64,
    /// Pairs that occurred.
    pub covered: Vec<CoveredPair>,
    /// Pairs that never occurred; many of them cannot.
    pub uncovered: Vec<StateEvent>,
}

/// An event of a control block in one of its states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StateEvent {
    /// The state.
    pub state: &'static str,
    /// The event.
    pub event: &'static str,
}

/// A pair that occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoveredPair {
    /// The pair.
    #[serde(flatten)]
    pub pair: StateEvent,
    /// Runs in which it occurred.
    pub runs: u64,
    /// Occurrences in all runs.
    pub times: u64,
}

impl CoverageReport {
    /// The coverage that the counters over all runs show.
    #[must_use]
    pub fn of(counters: &Counters) -> Self {
        let mut growth = counters.growth.clone();
        // Points are kept at powers of two; the end of the sweep is one more.
        if growth.last().is_some_and(|last| last.runs < counters.runs) {
            growth.push(counters.distinct());
        }
        let signatures = counters.signatures.values();
        let seen_once = signatures.filter(|it| it.runs == 1).count() as u64;
        // What a run that was cut off would have shown is unknown.
        let whole_runs = counters.runs - counters.cut_off;
        let (mut covered, mut uncovered) = (Vec::new(), Vec::new());
        for (state, stimulus) in every_pair() {
            let pair = StateEvent {
                state: state_word(state),
                event: stimulus_word(stimulus),
            };
            match counters.covered.get(&name(state, stimulus)) {
                Some(&Occurrences { runs, times }) => {
                    covered.push(CoveredPair { pair, runs, times });
                }
                None => uncovered.push(pair),
            }
        }
        Self {
            growth,
            seen_once,
            unseen: (seen_once as f64 / whole_runs.max(1) as f64).min(1.0),
            unseen_high: upper_bound(seen_once, whole_runs),
            unseen_runs: whole_runs,
            covered,
            uncovered,
        }
    }

    fn times(&self, state: &str, event: &str) -> Option<u64> {
        let mut covered = self.covered.iter();
        let found = covered.find(|it| it.pair.state == state && it.pair.event == event);
        found.map(|it| it.times)
    }
}

impl fmt::Display for CoverageReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "Coverage")?;
        let column = |of: fn(&Growth) -> u64| {
            let cells = self.growth.iter().map(|point| format!(" {:>5}", of(point)));
            cells.collect::<String>()
        };
        writeln!(formatter, "  after runs      {}", column(|it| it.runs))?;
        writeln!(
            formatter,
            "  signatures seen {}",
            column(|it| it.signatures)
        )?;
        if !self.covered.is_empty() {
            writeln!(formatter, "  pairs covered   {}", column(|it| it.pairs))?;
        }
        let chance = match self.unseen_runs {
            0 => "undecided, since every run was cut off".to_owned(),
            _ => format!(
                "about {:.1} %, at most {:.1} % (95 %)",
                100.0 * self.unseen,
                100.0 * self.unseen_high
            ),
        };
        writeln!(
            formatter,
            "  signatures seen in exactly one run: {}; chance that the next run shows a new one: {chance}",
            self.seen_once
        )?;
        // Guests have no control blocks.
        if self.covered.is_empty() {
            return Ok(());
        }
        let (covered, all) = (
            self.covered.len(),
            self.covered.len() + self.uncovered.len(),
        );
        writeln!(
            formatter,
            "  {covered} of {all} pairs of control-block state and event were covered:"
        )?;
        let mut head = format!("  {:20}", "");
        for state in Coverage::STATES {
            write!(head, " {:>10}", state_word(state))?;
        }
        writeln!(formatter, "{head}")?;
        for stimulus in Stimulus::ALL {
            let event = stimulus_word(stimulus);
            let mut line = format!("  {event:20}");
            for state in Coverage::STATES {
                let times = self.times(state_word(state), event);
                write!(
                    line,
                    " {:>10}",
                    times.map_or(".".to_owned(), |it| it.to_string())
                )?;
            }
            writeln!(formatter, "{line}")?;
        }
        Ok(())
    }
}
