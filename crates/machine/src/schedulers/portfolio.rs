//! A portfolio of adversaries, of which each run draws one.
//!
//! No scheduler wins everywhere. Random walks find bugs with a wide window and miss ABA; preemptions
//! find bugs that need few of them and miss those that need one more; only a scheduler that looks at
//! modeled time sees how wide a window is. A portfolio is at worst as slow as its best member
//! divided by that member's weight. Schedulers that another member outdoes are left out: PCT, whose
//! change points fall on calls that no other thread observes, and `Parallel` with one fixed jitter.

use kernel::{Choices, Duration, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::Counts;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::parallel::Parallel;
use crate::schedulers::pos::Pos;
use crate::schedulers::preempting::Preempting;
use crate::schedulers::surw::{InterestingCalls, Surw};

const SITE: Site = Site::new("machine.schedule.portfolio");

/// The members and their weights out of 20, tuned on the litmus programs. Bugs that need threads in
/// step are found by modeled time, bugs that need one thread to fall behind by preemptions: one
/// preemption more often than two, and two more often than three. The walk and the priorities of
/// calls find some of the rest.
const MEMBERS: [(Member, u64); 6] = [
    (Member::Parallel, 6),
    (Member::Preempting(1), 4),
    (Member::Preempting(2), 4),
    (Member::Preempting(3), 2),
    (Member::Surw(InterestingCalls::One), 3),
    (Member::Pos, 1),
];

#[derive(Clone, Copy, Debug)]
enum Member {
    Parallel,
    Pos,
    Preempting(u32),
    Surw(InterestingCalls),
}

impl Member {
    fn draw(choices: Choices, key: u64) -> Self {
        let all = MEMBERS.iter().map(|(_, weight)| weight).sum();
        // Drawn once per run: a mixture of strategies within one run would have the guarantees of
        // none.
        let mut drawn = choices.rng(SITE, key, [0, 0]).below(all);
        for (member, weight) in MEMBERS {
            if drawn < weight {
                return member;
            }
            drawn -= weight;
        }
        panic!("the draw is below the sum of all weights");
    }
}

/// The scheduler that was drawn for one run.
#[derive(Clone, Debug)]
pub struct Portfolio(Drawn);

#[derive(Clone, Debug)]
enum Drawn {
    Parallel(Parallel),
    Pos(Pos),
    Preempting(Preempting),
    Surw(Box<Surw>),
}

impl Portfolio {
    /// The member selected by `choices` and the host's `key`, for a run with about `counts` calls in
    /// which a shared call takes about `step`.
    #[must_use]
    pub fn new(choices: Choices, key: u64, counts: &Counts, step: Duration) -> Self {
        Self(match Member::draw(choices, key) {
            Member::Parallel => Drawn::Parallel(Parallel::with_random_jitter(choices, key, step)),
            Member::Pos => Drawn::Pos(Pos::new(choices, key)),
            Member::Preempting(preemptions) => {
                Drawn::Preempting(Preempting::new(choices, key, preemptions, counts))
            }
            // Boxed to keep the enum small.
            Member::Surw(selection) => {
                Drawn::Surw(Box::new(Surw::new(choices, key, counts, selection)))
            }
        })
    }

    fn drawn(&mut self) -> &mut dyn Scheduler {
        match &mut self.0 {
            Drawn::Parallel(parallel) => parallel,
            Drawn::Pos(pos) => pos,
            Drawn::Preempting(preempting) => preempting,
            Drawn::Surw(surw) => surw.as_mut(),
        }
    }
}

impl Scheduler for Portfolio {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        self.drawn().choose(step, enabled)
    }

    fn on_idle(&mut self) {
        self.drawn().on_idle();
    }

    fn reseed(&mut self, choices: Choices) {
        self.drawn().reseed(choices);
    }
}
