//! Several strategies, of which each run draws one.
//!
//! Owns [`Portfolio`]. No strategy wins everywhere: walks find what has a wide window and miss ABA,
//! priorities find what needs few preemptions and miss what needs one more, and only a walk that
//! looks at modeled time sees how wide a window is. A portfolio is at worst as slow as its best
//! member divided by that member's share.

use kernel::{Choices, Duration, Site};

use crate::scheduler::{Candidate, Scheduler};
use crate::schedulers::counts::Counts;
use crate::schedulers::paced::Paced;
use crate::schedulers::parallel::Parallel;
use crate::schedulers::pct::Pct;
use crate::schedulers::pos::Pos;
use crate::schedulers::surw::{Selection, Surw};

const SITE: Site = Site::new("machine.schedule.portfolio");

/// The members, each as often as it stands here.
const MEMBERS: [Member; 10] = [
    Member::Parallel,
    Member::Parallel,
    Member::Parallel,
    Member::Paced,
    Member::Paced,
    Member::Pct(2),
    Member::Pct(2),
    Member::Pct(3),
    Member::Pos,
    Member::Surw(Selection::One),
];

#[derive(Clone, Copy, Debug)]
enum Member {
    Parallel,
    Paced,
    Pct(u32),
    Pos,
    Surw(Selection),
}

/// The strategy that was drawn for one run.
#[derive(Clone, Debug)]
pub struct Portfolio(Drawn);

#[derive(Clone, Debug)]
enum Drawn {
    Parallel(Parallel),
    Paced(Paced),
    Pct(Pct),
    Pos(Pos),
    Surw(Surw),
}

impl Portfolio {
    /// The member that `choices` and the host's `key` name, for a run with about `counts` calls, in
    /// which a shared call takes about `step`.
    ///
    /// # Panics
    /// If `step` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, counts: &Counts, step: Duration) -> Self {
        let drawn = choices.draw(SITE, key, [0, 0]).below(MEMBERS.len() as u64);
        Self(match MEMBERS[drawn as usize] {
            Member::Parallel => Drawn::Parallel(Parallel::new(choices, key, step)),
            Member::Paced => Drawn::Paced(Paced::new(choices, key, step)),
            Member::Pct(depth) => Drawn::Pct(Pct::new(choices, key, depth, counts.most())),
            Member::Pos => Drawn::Pos(Pos::new(choices, key)),
            Member::Surw(selection) => Drawn::Surw(Surw::new(choices, key, counts, selection)),
        })
    }

    fn drawn(&mut self) -> &mut dyn Scheduler {
        match &mut self.0 {
            Drawn::Parallel(parallel) => parallel,
            Drawn::Paced(paced) => paced,
            Drawn::Pct(pct) => pct,
            Drawn::Pos(pos) => pos,
            Drawn::Surw(surw) => surw,
        }
    }
}

impl Scheduler for Portfolio {
    fn choose(&mut self, step: u64, runnable: &[Candidate]) -> usize {
        self.drawn().choose(step, runnable)
    }

    fn rest(&mut self) {
        self.drawn().rest();
    }

    fn renew(&mut self, choices: Choices) {
        self.drawn().renew(choices);
    }
}
