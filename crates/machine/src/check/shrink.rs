//! Makes a failing schedule small: fewer switches, and fewer preemptions if a search finds such a
//! schedule.

use super::runner::{DeclareProgram, ProgramRunner, Ran};
use super::schedule::{Following, Schedule};
use crate::dpor::{Bound, Exhaustive};

/// Runs for removing switches. Each run of a small program takes microseconds.
const RUNS: u32 = 4_000;
/// Runs of the search for a schedule with fewer preemptions, for each number of preemptions.
const SEARCH_RUNS: u64 = 4_000;

/// A small schedule that fails in the same way.
#[derive(Debug)]
pub(super) struct Shrunk {
    pub(super) ran: Ran,
    /// Whether the schedule repeats the failure.
    pub(super) repeats: bool,
    /// Whether every schedule with fewer preemptions was run and none failed in this way.
    pub(super) is_least: bool,
}

pub(super) fn shrink(
    runner: &mut ProgramRunner,
    setup: DeclareProgram<'_>,
    failing: Ran,
) -> Shrunk {
    let wrong = failing.wrong.clone().expect("only a failing run is shrunk");
    let again = follow(runner, setup, &failing, &failing.schedule());
    // The program depends on something else than the schedule: nothing that follows would mean anything.
    if !again.has(&wrong.signature) {
        return Shrunk {
            ran: failing,
            repeats: false,
            is_least: false,
        };
    }
    let mut small = without_switches(runner, setup, again, &wrong.signature);
    let (mut is_least, mut preemptions) = (true, 0);
    // Leaving out switches cannot find a failure that needs other ones. Fewer preemptions are fewer orders, so
    // the search goes through them all first.
    while preemptions < small.preemptions() {
        let (found, exhausted) = search(runner, setup, preemptions, &wrong.signature);
        if let Some(found) = found {
            small = without_switches(runner, setup, found, &wrong.signature);
            break;
        }
        is_least &= exhausted;
        preemptions += 1;
    }
    Shrunk {
        ran: small,
        repeats: true,
        is_least,
    }
}

/// Leaves out switches in ever smaller groups, as long as the run fails in the same way (Zeller,
/// Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 2002).
fn without_switches(
    runner: &mut ProgramRunner,
    setup: DeclareProgram<'_>,
    mut small: Ran,
    signature: &str,
) -> Ran {
    let (mut group, mut runs) = (small.switches.len(), 0);
    while group > 0 {
        let (mut from, mut has_shrunk) = (0, false);
        while from < small.switches.len() && runs < RUNS {
            runs += 1;
            let mut fewer = small.schedule();
            let to = fewer.0.len().min(from + group);
            fewer.0.drain(from..to);
            let ran = follow(runner, setup, &small, &fewer);
            if ran.has(signature) && ran.switches.len() < small.switches.len() {
                (small, has_shrunk) = (ran, true);
            } else {
                from += group;
            }
        }
        // One by one, until none can go.
        if group > 1 || !has_shrunk || runs >= RUNS {
            group /= 2;
        }
    }
    small
}

/// Runs the program under a schedule; `like` is a run of it, which knows the threads.
pub(super) fn follow(
    runner: &mut ProgramRunner,
    setup: DeclareProgram<'_>,
    like: &Ran,
    schedule: &Schedule,
) -> Ran {
    let keyed = schedule.keyed(|name| like.key_of(name));
    runner.run(setup, Box::new(Following::new(keyed, None)))
}

/// A run with at most so many preemptions that fails in this way, and whether all such were run.
fn search(
    runner: &mut ProgramRunner,
    setup: DeclareProgram<'_>,
    preemptions: usize,
    signature: &str,
) -> (Option<Ran>, bool) {
    let mut search = Exhaustive::new(Bound {
        preemptions: u32::try_from(preemptions).ok(),
        runs: SEARCH_RUNS,
    });
    while let Some(explorer) = search.next_run() {
        let ran = runner.run(setup, Box::new(explorer));
        if ran.has(signature) {
            return (Some(ran), false);
        }
    }
    (None, search.is_exhausted())
}
