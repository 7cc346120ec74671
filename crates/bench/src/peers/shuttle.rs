//! shuttle 0.9.9: threads as coroutines, with a scheduling decision before each access.
//!
//! Its portfolio is not measured. It starts a thread for each member and ends with the first panic, so
//! neither schedules nor processor time to the first failure are known.

use mtasim_bench::bug_search::{BugSearch, Campaign, SearchRecorder, SeedSearch};
use shuttle::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler,
};
use shuttle::{Config, Runner};

super::litmus::litmus_tests!(shuttle);

/// Its random schedulers.
#[derive(Clone, Copy, Debug)]
pub enum ShuttleScheduler {
    /// The random walk.
    Random,
    /// Probabilistic concurrency testing for bugs of this depth.
    Pct(usize),
    /// Uniform random walk, from the counts of one run.
    Urw,
}

impl ShuttleScheduler {
    /// All strategies that are measured.
    pub const ALL: [Self; 5] = [
        Self::Random,
        Self::Pct(2),
        Self::Pct(3),
        Self::Pct(4),
        Self::Urw,
    ];

    /// The name in the table.
    pub fn name(self) -> String {
        match self {
            Self::Random => "random".into(),
            Self::Pct(depth) => format!("PCT {depth}"),
            Self::Urw => "URW".into(),
        }
    }
}

/// A litmus test with its parameters.
#[derive(Clone, Copy)]
pub struct Test {
    /// The program.
    pub program: LitmusTest,
    /// The number of private steps around each shared part.
    pub private_steps: u32,
    /// Whether it is the fixed variant.
    pub fixed: bool,
}

/// Runs this many random schedules of a test that can fail.
pub fn random(program: LitmusTest, private_steps: u32, schedules: u32) {
    let scheduler = RandomScheduler::new_from_seed(1, schedules as usize);
    Runner::new(scheduler, Config::default()).run(move || {
        let _ = program(private_steps, false);
    });
}

impl Test {
    /// Runs the test under each master seed of a campaign.
    pub fn search(self, strategy: ShuttleScheduler, campaign: Campaign) -> BugSearch {
        let count = campaign.schedules as usize;
        campaign.search(|seed| match strategy {
            ShuttleScheduler::Random => self.run(RandomScheduler::new_from_seed(seed, count)),
            ShuttleScheduler::Pct(depth) => {
                self.run(PctScheduler::new_from_seed(seed, depth, count))
            }
            ShuttleScheduler::Urw => self.run(UrwRandomScheduler::new_from_seed(seed, count)),
        })
    }

    /// Runs the orders of the test depth-first, at most this many.
    pub fn depth_first(self, schedules: u32) -> SeedSearch {
        self.run(DfsScheduler::new(Some(schedules as usize), false))
    }

    fn run<S: Scheduler + 'static>(self, scheduler: S) -> SeedSearch {
        SearchRecorder::record(|recorder| {
            Runner::new(scheduler, Config::default())
                .run(move || recorder.add((self.program)(self.private_steps, self.fixed)));
        })
    }
}
