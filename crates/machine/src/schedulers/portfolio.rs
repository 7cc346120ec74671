//! Several strategies, of which each run draws one.
//!
//! Owns [`Portfolio`]. No strategy wins everywhere: walks find what has a wide window and miss ABA,
//! preemptions find what needs few of them and miss what needs one more, and only who looks at
//! modeled time sees how wide a window is. A portfolio is at worst as slow as its best member
//! divided by that member's share. It refuses members that another one outdoes: steps of PCT that
//! nobody notices, times that know one evenness only.

use kernel::{Choices, Duration, Site};

use crate::schedulers::Scheduler;
use crate::schedulers::counts::Counts;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::parallel::Parallel;
use crate::schedulers::pos::Pos;
use crate::schedulers::preempting::Preempting;
use crate::schedulers::surw::{Selection, Surw};

const SITE: Site = Site::new("machine.schedule.portfolio");

/// The members, and of how many runs in twenty each gets. What needs threads to keep step is found
/// by times, and what needs one to be left behind by preemptions: one more often than two, and two
/// more often than three. The walk and the priorities of calls find some of what is neither.
const MEMBERS: [(Member, u64); 6] = [
    (Member::Parallel, 6),
    (Member::Preempting(1), 4),
    (Member::Preempting(2), 4),
    (Member::Preempting(3), 2),
    (Member::Surw(Selection::One), 3),
    (Member::Pos, 1),
];

#[derive(Clone, Copy, Debug)]
enum Member {
    Parallel,
    Pos,
    Preempting(u32),
    Surw(Selection),
}

impl Member {
    fn drawn(choices: Choices, key: u64) -> Self {
        let all = MEMBERS.iter().map(|(_, share)| share).sum();
        let mut drawn = choices.rng(SITE, key, [0, 0]).below(all);
        for (member, share) in MEMBERS {
            if drawn < share {
                return member;
            }
            drawn -= share;
        }
        panic!("a number below the sum falls to somebody");
    }
}

/// The strategy that was drawn for one run.
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
    /// The member that `choices` and the host's `key` name, for a run with about `counts` calls, in
    /// which a shared call takes about `step`.
    ///
    /// # Panics
    /// If `step` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, counts: &Counts, step: Duration) -> Self {
        Self(match Member::drawn(choices, key) {
            Member::Parallel => Drawn::Parallel(Parallel::of_any_evenness(choices, key, step)),
            Member::Pos => Drawn::Pos(Pos::new(choices, key)),
            Member::Preempting(preemptions) => {
                Drawn::Preempting(Preempting::new(choices, key, preemptions, counts))
            }
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
    fn choose(&mut self, step: u64, runnable: &EnabledSet) -> usize {
        self.drawn().choose(step, runnable)
    }

    fn on_idle(&mut self) {
        self.drawn().on_idle();
    }

    fn reseed(&mut self, choices: Choices) {
        self.drawn().reseed(choices);
    }
}
