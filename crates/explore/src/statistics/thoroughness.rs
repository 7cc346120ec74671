//! How thorough a sweep was.
//!
//! Owns [`Thoroughness`]: which pairs of state and event of the control block's machine were met
//! and which never, and how the number of things seen grew with the number of runs. It refuses to
//! call anything enough.

use std::fmt::{self, Write};

use mta::{Coverage, Stimulus};
use serde::Serialize;

use crate::run_result::coverage::{event_word, every_pair, name, state_word};
use crate::statistics::counters::{Counters, Growth, Occurrences};

/// What a sweep has tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Thoroughness {
    /// What had been seen after 1, 2, 4, 8... runs, and after all.
    pub growth: Vec<Growth>,
    /// Signatures that one run alone has shown.
    pub seen_once: u64,
    /// The chance that a further run shows a signature never seen, by I. J. Good and A. Turing
    /// (Biometrika, 1953): the share of runs that were alone with one.
    pub unseen: f64,
    /// Pairs of state and event that were met.
    pub covered: Vec<CoveredPair>,
    /// Pairs that never were; many of them cannot be.
    pub uncovered: Vec<StateEvent>,
}

/// Something that can happen to a control block, in a state of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StateEvent {
    /// The state.
    pub state: &'static str,
    /// What happens.
    pub event: &'static str,
}

/// A pair that was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoveredPair {
    /// Which.
    #[serde(flatten)]
    pub pair: StateEvent,
    /// Runs in which it was.
    pub runs: u64,
    /// TimeHistogram altogether.
    pub times: u64,
}

impl Thoroughness {
    /// What the counters of all runs says.
    #[must_use]
    pub fn of(counters: &Counters) -> Self {
        let mut growth = counters.growth.clone();
        if growth.last().is_some_and(|last| last.runs < counters.runs) {
            growth.push(counters.seen());
        }
        let groups = counters.signatures.values();
        let seen_once = groups.filter(|group| group.runs == 1).count() as u64;
        let (mut covered, mut uncovered) = (Vec::new(), Vec::new());
        for (state, stimulus) in every_pair() {
            let pair = StateEvent {
                state: state_word(state),
                event: event_word(stimulus),
            };
            match counters.covered.get(&name(state, stimulus)) {
                Some(&Occurrences { runs, times }) => {
                    covered.push(CoveredPair { pair, runs, times })
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

impl fmt::Display for Thoroughness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "How thorough was that?")?;
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
        writeln!(formatter, "  pairs met       {}", column(|it| it.pairs))?;
        writeln!(
            formatter,
            "  signatures that one run alone has shown: {}; a further run shows a new one in some {:.1} % of cases",
            self.seen_once,
            100.0 * self.unseen
        )?;
        let (covered, all) = (
            self.covered.len(),
            self.covered.len() + self.uncovered.len(),
        );
        writeln!(
            formatter,
            "  of {all} pairs of a control block's state and what happens to it, {covered} were covered:"
        )?;
        let mut head = format!("  {:20}", "");
        for state in Coverage::STATES {
            write!(head, " {:>10}", state_word(state))?;
        }
        writeln!(formatter, "{head}")?;
        for stimulus in Stimulus::ALL {
            let event = event_word(stimulus);
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
