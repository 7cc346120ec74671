//! shuttle 0.9.9: threads as coroutines, a scheduler asked before each access.
//!
//! Its portfolio is not here: it starts a thread for each member and ends with the first panic, so
//! that neither schedules nor processor time to a bug are its own.

use mtasim_bench::hunt::{Campaign, Chase, Hunt, Watch};
use shuttle::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler,
};
use shuttle::{Config, Runner};

super::drills::drills!(shuttle);

/// Those of its schedulers that draw.
#[derive(Clone, Copy, Debug)]
pub enum Chooser {
    /// The random walk.
    Random,
    /// Probabilistic concurrency testing for bugs of this depth.
    Pct(usize),
    /// Uniform over interleavings, by the counts of one run.
    Urw,
}

impl Chooser {
    /// All that are measured.
    pub const ALL: [Self; 5] = [
        Self::Random,
        Self::Pct(2),
        Self::Pct(3),
        Self::Pct(4),
        Self::Urw,
    ];

    /// As it stands in the table.
    pub fn name(self) -> String {
        match self {
            Self::Random => "random".into(),
            Self::Pct(depth) => format!("PCT {depth}"),
            Self::Urw => "URW".into(),
        }
    }
}

/// `schedules` random schedules of a drill, which is called for each.
pub fn random(drill: Drill, noise: u32, schedules: u32) {
    let scheduler = RandomScheduler::new_from_seed(1, schedules as usize);
    Runner::new(scheduler, Config::default()).run(move || {
        let _ = drill(noise, false);
    });
}

/// Runs a drill under every master seed of a campaign.
pub fn hunt(chooser: Chooser, drill: Drill, terms: (u32, bool), campaign: Campaign) -> Hunt {
    let count = campaign.schedules as usize;
    campaign.hunt(|seed| match chooser {
        Chooser::Random => chase(RandomScheduler::new_from_seed(seed, count), drill, terms),
        Chooser::Pct(depth) => chase(
            PctScheduler::new_from_seed(seed, depth, count),
            drill,
            terms,
        ),
        Chooser::Urw => chase(UrwRandomScheduler::new_from_seed(seed, count), drill, terms),
    })
}

/// Every order of a drill, the deepest choice first, but no more than `schedules`.
pub fn depth_first(drill: Drill, terms: (u32, bool), schedules: u32) -> Chase {
    let scheduler = DfsScheduler::new(Some(schedules as usize), false);
    chase(scheduler, drill, terms)
}

fn chase<S: Scheduler + 'static>(scheduler: S, drill: Drill, (noise, fixed): (u32, bool)) -> Chase {
    Watch::shared(|watch| {
        Runner::new(scheduler, Config::default()).run(move || watch.saw(drill(noise, fixed)));
    })
}
