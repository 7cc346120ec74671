//! W4-races: how soon each strategy finds the three heap races.
//!
//! Owns who takes part, how much is tried, and what is held to what. It refuses to speak of speed
//! alone: W4's contests do, in turns.

mod report;

use litmus::{LitmusTest, Program};
use mtasim_bench::hunt::{Campaign, Hunt, Times};
use mtasim_bench::ours;

use crate::peers::{loom, shuttle};

/// Its name on the command line.
pub const NAME: &str = "W4-races";
/// Private steps around each shared part.
const NOISES: [u32; 3] = [0, 5, 20];

/// A program, and how far its shared parts lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Which program.
    pub program: Program,
    /// Private steps around each shared part.
    pub noise: u32,
}

/// One strategy of one tool at one cell.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The tool and its version.
    pub tool: &'static str,
    /// The strategy.
    pub chooser: String,
    /// What kind of strategy it is.
    pub kind: Kind,
    /// At the failing program.
    pub hunt: Hunt,
    /// At its right twin.
    pub twin: Hunt,
}

/// What the figures of a strategy mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It draws: the share of schedules that fail is a chance.
    Chance,
    /// It draws, and is ours that is held to the target.
    Portfolio,
    /// It takes orders one after the other, up to so many: it may end before.
    DepthFirst(u64),
    /// It comes to the end of all orders within two preemptions.
    Exhaustive,
}

/// All entries at one cell, and what they say.
#[derive(Clone, Debug)]
pub struct Table {
    /// Which.
    pub cell: Cell,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// At failing programs.
    pub hunt: Campaign,
    /// At their right twins: over nine cells, more than 100,000 schedules of each strategy.
    pub twin: Campaign,
}

/// The portfolio against the best of shuttle's single strategies.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    /// shuttle's.
    pub best: &'a Entry,
    /// Ours.
    pub portfolio: &'a Entry,
    /// How many times as likely a schedule of ours fails; `None` if one of them never did.
    pub times: Option<Times>,
}

impl Cell {
    /// All nine.
    pub fn all() -> impl Iterator<Item = Self> {
        let cells = |program| NOISES.map(|noise| Self { program, noise });
        Program::ALL.into_iter().flat_map(cells)
    }

    /// As it stands in the table.
    pub fn name(self) -> String {
        let program = match self.program {
            Program::FreeList => "P1 free list",
            Program::Aba => "P2 ABA",
            Program::StaleBlock => "P3 stale block",
        };
        format!("{program}, {}", self.noise)
    }

    /// Every strategy at this cell.
    pub fn table(self, size: Size) -> Table {
        let mut entries: Vec<Entry> = ours::races::Chooser::ALL
            .map(|chooser| self.ours(chooser, size))
            .into();
        entries.extend(shuttle::Chooser::ALL.map(|chooser| self.shuttle(chooser, size)));
        entries.push(self.depth_first(size));
        entries.push(self.our_exhaustive());
        entries.push(self.loom());
        Table {
            cell: self,
            entries,
        }
    }

    fn drill(self, fixed: bool) -> LitmusTest {
        LitmusTest {
            program: self.program,
            private_steps: self.noise,
            fixed,
        }
    }

    fn ours(self, chooser: ours::races::Chooser, size: Size) -> Entry {
        let hunt = |fixed, campaign| ours::races::hunt(chooser, self.drill(fixed), campaign);
        let is_portfolio = chooser == ours::races::Chooser::Portfolio;
        Entry {
            tool: "mtasim",
            chooser: chooser.name(),
            kind: if is_portfolio {
                Kind::Portfolio
            } else {
                Kind::Chance
            },
            hunt: hunt(false, size.hunt),
            twin: hunt(true, size.twin),
        }
    }

    fn shuttle(self, chooser: shuttle::Chooser, size: Size) -> Entry {
        let drill = self.shuttle_drill();
        let hunt = |fixed, campaign| shuttle::hunt(chooser, drill, (self.noise, fixed), campaign);
        Entry {
            tool: "shuttle 0.9.9",
            chooser: chooser.name(),
            kind: Kind::Chance,
            hunt: hunt(false, size.hunt),
            twin: hunt(true, size.twin),
        }
    }

    fn depth_first(self, size: Size) -> Entry {
        let drill = self.shuttle_drill();
        let chase = |fixed, campaign: Campaign| {
            let schedules = campaign.seeds * campaign.schedules;
            Hunt::single(shuttle::depth_first(drill, (self.noise, fixed), schedules))
        };
        Entry {
            tool: "shuttle 0.9.9",
            chooser: "DFS".into(),
            kind: Kind::DepthFirst(u64::from(size.hunt.seeds * size.hunt.schedules)),
            hunt: chase(false, size.hunt),
            twin: chase(true, size.twin),
        }
    }

    fn our_exhaustive(self) -> Entry {
        let chase = |fixed| Hunt::single(ours::races::exhaust(self.drill(fixed)));
        Entry {
            tool: "mtasim",
            chooser: "exhaustive, 2 preemptions".into(),
            kind: Kind::Exhaustive,
            hunt: chase(false),
            twin: chase(true),
        }
    }

    fn loom(self) -> Entry {
        let drill = match self.program {
            Program::FreeList => loom::free_list,
            Program::Aba => loom::aba,
            Program::StaleBlock => loom::stale_block,
        };
        let chase = |fixed| Hunt::single(loom::exhaust(drill, self.noise, fixed));
        Entry {
            tool: "loom 0.7.3",
            chooser: "2 preemptions".into(),
            kind: Kind::Exhaustive,
            hunt: chase(false),
            twin: chase(true),
        }
    }

    fn shuttle_drill(self) -> shuttle::Drill {
        match self.program {
            Program::FreeList => shuttle::free_list,
            Program::Aba => shuttle::aba,
            Program::StaleBlock => shuttle::stale_block,
        }
    }
}

impl Entry {
    /// Executions to the end of all orders; `None` if the end was not reached, or there is none.
    pub fn exhausted(&self) -> Option<u64> {
        let schedules = self.hunt.schedules();
        match self.kind {
            Kind::Chance | Kind::Portfolio => None,
            Kind::DepthFirst(most) => (schedules < most).then_some(schedules),
            Kind::Exhaustive => Some(schedules),
        }
    }

    /// Whether its share of failing schedules is a chance.
    pub fn is_chance(&self) -> bool {
        matches!(self.kind, Kind::Chance | Kind::Portfolio)
    }
}

impl Table {
    /// The portfolio against the best of shuttle's single strategies that draw.
    ///
    /// # Panics
    /// If either is missing.
    pub fn verdict(&self) -> Verdict<'_> {
        let theirs = self
            .entries
            .iter()
            .filter(|entry| entry.tool.starts_with("shuttle") && entry.is_chance());
        let best = theirs.max_by_key(|entry| entry.hunt.failed());
        let mut all = self.entries.iter();
        let portfolio = all.find(|entry| entry.kind == Kind::Portfolio);
        let (best, portfolio) = (best.expect("theirs"), portfolio.expect("ours"));
        Verdict {
            best,
            portfolio,
            times: portfolio.hunt.times(&best.hunt),
        }
    }

    /// Executions to exhaust: ours, and loom's.
    ///
    /// # Panics
    /// If either is missing.
    pub fn exhausted(&self) -> [&Entry; 2] {
        let exhaustive = |tool: &str| {
            let is_it = |it: &&Entry| it.kind == Kind::Exhaustive && it.tool.starts_with(tool);
            self.entries.iter().find(is_it).expect("both take part")
        };
        ["mtasim", "loom"].map(exhaustive)
    }

    /// Failures of right twins: there must be none.
    pub fn alarms(&self) -> u64 {
        self.entries.iter().map(|entry| entry.twin.failed()).sum()
    }
}

impl Verdict<'_> {
    /// Half the best chance, with 95 %: never more than twice as many schedules.
    pub fn is_met(&self) -> bool {
        self.times.is_some_and(|times| times.interval.low >= 0.5)
    }
}

/// A `scale`-th of the schedules, by as many master seeds.
const fn size(scale: u32) -> Size {
    Size {
        hunt: Campaign {
            seeds: 200,
            schedules: 500 / scale,
        },
        twin: Campaign {
            seeds: 200,
            schedules: 60 / scale,
        },
    }
}

/// Holds all of it, and prints it or answers it as data.
pub fn hold(scale: u32, json: bool) -> Option<serde_json::Value> {
    let size = size(scale);
    let table = |cell: Cell| {
        eprintln!("{NAME}: {}", cell.name());
        cell.table(size)
    };
    let tables: Vec<Table> = Cell::all().map(table).collect();
    if json {
        return Some(report::to_json(&tables, size));
    }
    report::print(&tables, size);
    None
}
