//! Coverage of a sweep: which pairs of control-block state and event occurred, and how the number
//! of distinct findings grew with the number of runs.

use std::fmt::{self, Write};

use mta::{Coverage, Stimulus};
use serde::Serialize;

use crate::run_result::coverage::{every_pair, name, state_word, stimulus_word};
use crate::statistics::counters::{Counters, Growth, Occurrences};

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
            unseen: seen_once as f64 / counters.runs.max(1) as f64,
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
        writeln!(
            formatter,
            "  signatures seen in exactly one run: {}; chance that the next run shows a new one: about {:.1} %",
            self.seen_once,
            100.0 * self.unseen
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
