//! A portfolio of adversaries, of which each run has one.
//!
//! No scheduler wins everywhere. Random walks find bugs with a wide window and miss ABA; preemptions
//! find bugs that need few of them and miss those that need one more; only a scheduler that looks at
//! modeled time sees how wide a window is. A portfolio is at worst as slow as its best member
//! divided by that member's share. In a series of runs the members take turns, so that a bug which any
//! of them finds in most runs is found in the first few.

use kernel::{Choices, Duration, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::Counts;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::parallel::Parallel;
use crate::schedulers::preempting::Preempting;
use crate::schedulers::reads_from::{ReadsFrom, ReadsFromSearch};
use crate::schedulers::surw::{InterestingCalls, Surw};

const SITE: Site = Site::new("machine.schedule.portfolio");

/// The members in the order of their turns. Set on every second program of `crates/litmus/src/sctbench.rs`,
/// from the first on, and on the litmus tests, and judged on the others (docs/schedulers.md). The walk over one
/// word does best on most programs. Bugs that need threads in step are found by modeled time only, which the
/// programs of the suites do not have: its turns come late. The first run of reads-from fuzzing is POS, and later ones
/// find what lies between many threads with one program.
const TURNS: [Member; 20] = [
    Member::ReadsFrom,
    PRIORITIES,
    PRIORITIES,
    PRIORITIES,
    Member::ReadsFrom,
    PRIORITIES,
    Member::Preempting,
    Member::Preempting,
    Member::Preempting,
    Member::ReadsFrom,
    Member::ReadsFrom,
    WALK,
    Member::Preempting,
    Member::Parallel,
    Member::Parallel,
    Member::Preempting,
    Member::Parallel,
    Member::Parallel,
    Member::Preempting,
    Member::Parallel,
];

const PRIORITIES: Member = Member::Surw(InterestingCalls::OneWithPriorities);
/// Priorities never switch back within a stretch: a walk does.
const WALK: Member = Member::Surw(InterestingCalls::One);
/// One preemption: with two the litmus tests fail less often.
const PREEMPTIONS: u32 = 1;

#[derive(Clone, Copy, Debug)]
enum Member {
    Parallel,
    Preempting,
    ReadsFrom,
    Surw(InterestingCalls),
}

/// The scheduler of one run.
#[derive(Debug)]
pub struct Portfolio(Chosen);

#[derive(Debug)]
enum Chosen {
    Parallel(Parallel),
    Preempting(Preempting),
    ReadsFrom(ReadsFrom),
    Surw(Box<Surw>),
}

impl Portfolio {
    /// A member drawn by `choices` and the host's `key`, for a run with about `counts` calls in which a
    /// shared call takes about `step`. A member is drawn as often as it has turns.
    #[must_use]
    pub fn new(choices: Choices, key: u64, counts: &Counts, step: Duration) -> Self {
        let drawn = choices.rng(SITE, key, [0, 0]).below(TURNS.len() as u64);
        Self::nth(drawn, choices, key, counts, step)
    }

    /// The member whose turn the nth run of a series is, from 0. The first needs no counts. Reads-from
    /// fuzzing has nothing to learn from here: its turns are POS.
    #[must_use]
    pub fn nth(schedule: u64, choices: Choices, key: u64, counts: &Counts, step: Duration) -> Self {
        let mut fresh = ReadsFromSearch::default();
        Self::in_series(&mut fresh, schedule, choices, key, counts, step)
    }

    /// The same in a series of runs of one program, from which reads-from fuzzing learns.
    #[must_use]
    pub fn in_series(
        reads_from: &mut ReadsFromSearch,
        schedule: u64,
        choices: Choices,
        key: u64,
        counts: &Counts,
        step: Duration,
    ) -> Self {
        // One member for the whole run: a mixture within one run would have the guarantees of none.
        let member = TURNS[(schedule % TURNS.len() as u64) as usize];
        Self(match member {
            Member::Parallel => Chosen::Parallel(Parallel::with_random_jitter(choices, key, step)),
            Member::Preempting => {
                Chosen::Preempting(Preempting::new(choices, key, PREEMPTIONS, counts))
            }
            Member::ReadsFrom => Chosen::ReadsFrom(reads_from.next_run(choices, key)),
            // Boxed to keep the enum small.
            Member::Surw(selection) => {
                Chosen::Surw(Box::new(Surw::new(choices, key, counts, selection)))
            }
        })
    }

    fn chosen(&mut self) -> &mut dyn Scheduler {
        match &mut self.0 {
            Chosen::Parallel(parallel) => parallel,
            Chosen::Preempting(preempting) => preempting,
            Chosen::ReadsFrom(reads_from) => reads_from,
            Chosen::Surw(surw) => surw.as_mut(),
        }
    }
}

impl Scheduler for Portfolio {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        self.chosen().choose(step, enabled)
    }

    fn on_idle(&mut self) {
        self.chosen().on_idle();
    }

    fn reseed(&mut self, choices: Choices) {
        self.chosen().reseed(choices);
    }
}
