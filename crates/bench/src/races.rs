//! W4-races: how many schedules each strategy needs to find the three heap races.
//!
//! The speed of schedules is W4's subject, which is measured in interleaved repetitions.

mod report;

use litmus::{LitmusProgram, LitmusTest};
use mtasim_bench::bug_search::{BugSearch, Campaign, LikelihoodRatio};
use mtasim_bench::ours;

use crate::peers::{loom, shuttle};

/// The name of the workload.
pub const NAME: &str = "W4-races";
/// Private steps around each shared part.
const PRIVATE_STEPS: [u32; 3] = [0, 5, 20];

/// A program with a number of private steps around its shared parts.
#[derive(Clone, Copy, Debug)]
pub struct RaceSetting {
    /// The program.
    pub program: LitmusProgram,
    /// The number of private steps.
    pub private_steps: u32,
}

/// The results of one strategy in one setting.
#[derive(Clone, Debug)]
pub struct StrategyResult {
    /// The tool and its version.
    pub tool: &'static str,
    /// The strategy.
    pub strategy: String,
    /// The kind of strategy.
    pub kind: StrategyKind,
    /// The search in the program that can fail.
    pub search: BugSearch,
    /// The search in the fixed variant.
    pub fixed: BugSearch,
}

/// What the figures of a strategy mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrategyKind {
    /// It is random: the fraction of failing schedules estimates a probability.
    Random,
    /// It is random, and the one of mtasim that has a target.
    Portfolio,
    /// It enumerates orders, up to this many.
    DepthFirst(u64),
    /// It enumerates all orders with at most two preemptions.
    Exhaustive,
}

/// The results of all strategies in one setting.
#[derive(Clone, Debug)]
pub struct SettingResults {
    /// The setting.
    pub setting: RaceSetting,
    /// The results.
    pub results: Vec<StrategyResult>,
}

/// The size of the searches.
#[derive(Clone, Copy, Debug)]
pub struct CampaignSize {
    /// In programs that can fail.
    pub search: Campaign,
    /// In fixed variants. Over nine settings each strategy runs more than 100,000 schedules.
    pub fixed: Campaign,
}

/// The portfolio and the best of shuttle's strategies.
#[derive(Clone, Copy, Debug)]
pub struct PortfolioResult<'a> {
    /// The best of shuttle's.
    pub best: &'a StrategyResult,
    /// The portfolio.
    pub portfolio: &'a StrategyResult,
    /// How many times as likely a failure is under the portfolio; `None` if one of them has none.
    pub ratio: Option<LikelihoodRatio>,
}

impl RaceSetting {
    /// All nine.
    pub fn all() -> impl Iterator<Item = Self> {
        let settings = |program| {
            PRIVATE_STEPS.map(|private_steps| Self {
                program,
                private_steps,
            })
        };
        LitmusProgram::ALL.into_iter().flat_map(settings)
    }

    /// The name in the table.
    pub fn name(self) -> String {
        let program = match self.program {
            LitmusProgram::FreeList => "P1 free list",
            LitmusProgram::Aba => "P2 ABA",
            LitmusProgram::StaleBlock => "P3 stale block",
        };
        format!("{program}, {}", self.private_steps)
    }

    /// Runs every strategy.
    pub fn table(self, size: CampaignSize) -> SettingResults {
        let mut results: Vec<StrategyResult> = ours::races::SchedulerKind::ALL
            .map(|strategy| self.ours(strategy, size))
            .into();
        results.extend(shuttle::ShuttleScheduler::ALL.map(|strategy| self.shuttle(strategy, size)));
        results.push(self.depth_first(size));
        results.push(self.our_exhaustive());
        results.push(self.loom());
        SettingResults {
            setting: self,
            results,
        }
    }

    fn test(self, fixed: bool) -> LitmusTest {
        LitmusTest {
            program: self.program,
            private_steps: self.private_steps,
            fixed,
        }
    }

    fn ours(self, strategy: ours::races::SchedulerKind, size: CampaignSize) -> StrategyResult {
        let search = |fixed, campaign| ours::races::search(strategy, self.test(fixed), campaign);
        let is_portfolio = strategy == ours::races::SchedulerKind::Portfolio;
        StrategyResult {
            tool: "mtasim",
            strategy: strategy.name(),
            kind: if is_portfolio {
                StrategyKind::Portfolio
            } else {
                StrategyKind::Random
            },
            search: search(false, size.search),
            fixed: search(true, size.fixed),
        }
    }

    fn shuttle(self, strategy: shuttle::ShuttleScheduler, size: CampaignSize) -> StrategyResult {
        let search = |fixed, campaign| self.shuttle_test(fixed).search(strategy, campaign);
        StrategyResult {
            tool: "shuttle 0.9.9",
            strategy: strategy.name(),
            kind: StrategyKind::Random,
            search: search(false, size.search),
            fixed: search(true, size.fixed),
        }
    }

    fn depth_first(self, size: CampaignSize) -> StrategyResult {
        let search = |fixed, campaign: Campaign| {
            let schedules = campaign.seeds * campaign.schedules;
            BugSearch::single(self.shuttle_test(fixed).depth_first(schedules))
        };
        StrategyResult {
            tool: "shuttle 0.9.9",
            strategy: "DFS".into(),
            kind: StrategyKind::DepthFirst(u64::from(size.search.seeds * size.search.schedules)),
            search: search(false, size.search),
            fixed: search(true, size.fixed),
        }
    }

    fn our_exhaustive(self) -> StrategyResult {
        let search = |fixed| BugSearch::single(ours::races::exhaust(self.test(fixed)));
        StrategyResult {
            tool: "mtasim",
            strategy: "exhaustive, 2 preemptions".into(),
            kind: StrategyKind::Exhaustive,
            search: search(false),
            fixed: search(true),
        }
    }

    fn loom(self) -> StrategyResult {
        let test = match self.program {
            LitmusProgram::FreeList => loom::free_list,
            LitmusProgram::Aba => loom::aba,
            LitmusProgram::StaleBlock => loom::stale_block,
        };
        let search = |fixed| BugSearch::single(loom::exhaust(test, self.private_steps, fixed));
        StrategyResult {
            tool: "loom 0.7.3",
            strategy: "2 preemptions".into(),
            kind: StrategyKind::Exhaustive,
            search: search(false),
            fixed: search(true),
        }
    }

    fn shuttle_test(self, fixed: bool) -> shuttle::Test {
        shuttle::Test {
            program: match self.program {
                LitmusProgram::FreeList => shuttle::free_list,
                LitmusProgram::Aba => shuttle::aba,
                LitmusProgram::StaleBlock => shuttle::stale_block,
            },
            private_steps: self.private_steps,
            fixed,
        }
    }
}

impl StrategyResult {
    /// The number of all orders, if the strategy has enumerated them.
    pub fn exhausted(&self) -> Option<u64> {
        let schedules = self.search.schedules();
        match self.kind {
            StrategyKind::Random | StrategyKind::Portfolio => None,
            StrategyKind::DepthFirst(max) => (schedules < max).then_some(schedules),
            StrategyKind::Exhaustive => Some(schedules),
        }
    }

    /// Whether the fraction of failing schedules estimates a probability.
    pub fn is_random(&self) -> bool {
        matches!(self.kind, StrategyKind::Random | StrategyKind::Portfolio)
    }
}

impl SettingResults {
    /// Compares the portfolio with the best of shuttle's random strategies.
    ///
    /// # Panics
    /// If either is missing.
    pub fn portfolio(&self) -> PortfolioResult<'_> {
        let theirs = self
            .results
            .iter()
            .filter(|result| result.tool.starts_with("shuttle") && result.is_random());
        let best = theirs.max_by_key(|result| result.search.failed());
        let mut all = self.results.iter();
        let portfolio = all.find(|result| result.kind == StrategyKind::Portfolio);
        let best = best.expect("shuttle is in the table");
        let portfolio = portfolio.expect("the portfolio is in the table");
        PortfolioResult {
            best,
            portfolio,
            ratio: portfolio.search.likelihood_ratio(&best.search),
        }
    }

    /// The exhaustive searches of mtasim and loom.
    ///
    /// # Panics
    /// If either is missing.
    pub fn exhaustive(&self) -> [&StrategyResult; 2] {
        let exhaustive = |tool: &str| {
            let is_it = |it: &&StrategyResult| {
                it.kind == StrategyKind::Exhaustive && it.tool.starts_with(tool)
            };
            let mut results = self.results.iter();
            results.find(is_it).expect("both are in the table")
        };
        ["mtasim", "loom"].map(exhaustive)
    }

    /// Failures of fixed variants. Each would be a false alarm.
    pub fn false_alarms(&self) -> u64 {
        let results = self.results.iter();
        results.map(|result| result.fixed.failed()).sum()
    }
}

impl PortfolioResult<'_> {
    /// Whether the portfolio fails at least half as often, at the lower end of the interval: then it
    /// needs at most twice as many schedules.
    pub fn is_met(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio.interval.low >= 0.5)
    }
}

/// A fraction `1 / scale` of the schedules, with the same number of master seeds.
const fn size(scale: u32) -> CampaignSize {
    CampaignSize {
        search: Campaign {
            seeds: 200,
            schedules: 500 / scale,
        },
        fixed: Campaign {
            seeds: 200,
            schedules: 60 / scale,
        },
    }
}

/// Measures everything, and prints it or returns it as JSON.
pub fn measure(scale: u32, json: bool) -> Option<serde_json::Value> {
    let size = size(scale);
    let table = |setting: RaceSetting| {
        eprintln!("{NAME}: {}", setting.name());
        setting.table(size)
    };
    let tables: Vec<SettingResults> = RaceSetting::all().map(table).collect();
    if json {
        return Some(report::to_json(&tables, size));
    }
    report::print(&tables, size);
    None
}
