//! How thorough a sweep was.
//!
//! Owns [`Thoroughness`]: which pairs of state and event of the control block's machine were met
//! and which never, and how the number of things seen grew with the number of runs. It refuses to
//! call anything enough.

use std::fmt::{self, Write};

use mta::{Coverage, Stimulus};
use serde::Serialize;

use crate::run_result::coverage::{event_word, every_pair, name, state_word};
use crate::statistics::counters::{Fired, Growth, Tally};

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
    pub met: Vec<Met>,
    /// Pairs that never were; many of them cannot be.
    pub never: Vec<Pair>,
}

/// Something that can happen to a control block, in a state of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Pair {
    /// The state.
    pub state: &'static str,
    /// What happens.
    pub event: &'static str,
}

/// A pair that was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Met {
    /// Which.
    #[serde(flatten)]
    pub pair: Pair,
    /// Runs in which it was.
    pub runs: u64,
    /// Times altogether.
    pub times: u64,
}

impl Thoroughness {
    /// What the tally of all runs says.
    #[must_use]
    pub fn of(tally: &Tally) -> Self {
        let mut growth = tally.growth.clone();
        if growth.last().is_some_and(|last| last.runs < tally.runs) {
            growth.push(tally.seen());
        }
        let groups = tally.groups.values();
        let seen_once = groups.filter(|group| group.runs == 1).count() as u64;
        let (mut met, mut never) = (Vec::new(), Vec::new());
        for (state, stimulus) in every_pair() {
            let pair = Pair {
                state: state_word(state),
                event: event_word(stimulus),
            };
            match tally.met.get(&name(state, stimulus)) {
                Some(&Fired { runs, times }) => met.push(Met { pair, runs, times }),
                None => never.push(pair),
            }
        }
        Self {
            growth,
            seen_once,
            unseen: seen_once as f64 / tally.runs.max(1) as f64,
            met,
            never,
        }
    }

    fn times(&self, state: &str, event: &str) -> Option<u64> {
        let mut met = self.met.iter();
        let found = met.find(|it| it.pair.state == state && it.pair.event == event);
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
        let (met, all) = (self.met.len(), self.met.len() + self.never.len());
        writeln!(
            formatter,
            "  of {all} pairs of a control block's state and what happens to it, {met} were met:"
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
