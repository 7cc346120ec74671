//! The three drills under every adversary of `machine`, and its exhaustive search.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Choices, Duration, mix};
use litmus::LitmusTest;
use machine::{
    Bound, Counts, Exhaustive, Parallel, Pct, Portfolio, Pos, Preempting, Random, Scheduler,
    Selection, Surw, Tally, TimeWeighted,
};

use crate::hunt::{Campaign, Chase, Hunt, Watch};

/// There is one host.
const HOST: u64 = 0;
/// What a shared access takes.
const STEP: Duration = Duration::from_nanos(200);

/// One of the adversaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chooser {
    /// The random walk.
    Random,
    /// The walk over modeled time.
    Paced,
    /// A processor for every thread.
    Parallel,
    /// The same, as evenly as each schedule draws: a member of the portfolio.
    AnyEvenness,
    /// Probabilistic concurrency testing for bugs of this depth.
    Pct(u32),
    /// Partial order sampling.
    Pos,
    /// Uniform over the orders of what is selected.
    Surw(Selection),
    /// So many preemptions at calls that meet other threads.
    Preempting(u32),
    /// One of several, drawn for each schedule.
    Portfolio,
}

impl Chooser {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Random,
        Self::Paced,
        Self::Parallel,
        Self::AnyEvenness,
        Self::Pct(2),
        Self::Pct(3),
        Self::Pos,
        Self::Surw(Selection::All),
        Self::Surw(Selection::One),
        Self::Preempting(1),
        Self::Preempting(2),
        Self::Preempting(3),
        Self::Portfolio,
    ];

    /// As it stands in the table.
    pub fn name(self) -> String {
        match self {
            Self::Random => "random".into(),
            Self::Paced => "paced".into(),
            Self::Parallel => "parallel".into(),
            Self::AnyEvenness => "parallel, any evenness".into(),
            Self::Pct(depth) => format!("PCT {depth}"),
            Self::Pos => "POS".into(),
            Self::Surw(Selection::All) => "SURW, all calls".into(),
            Self::Surw(Selection::One) => "SURW, one word".into(),
            Self::Preempting(count) => format!("preempting {count}"),
            Self::Portfolio => "portfolio".into(),
        }
    }

    /// Whether it must know how many calls there will be.
    const fn needs_counts(self) -> bool {
        match self {
            Self::Random | Self::Paced | Self::Parallel | Self::AnyEvenness | Self::Pos => false,
            Self::Pct(_) | Self::Surw(_) | Self::Preempting(_) | Self::Portfolio => true,
        }
    }

    fn scheduler(self, luck: Choices, counts: &Counts, book: Option<&Book>) -> Box<dyn Scheduler> {
        match self {
            Self::Random => written(Random::new(luck, HOST), book),
            Self::Paced => written(TimeWeighted::new(luck, HOST, STEP), book),
            Self::Parallel => written(Parallel::new(luck, HOST, STEP), book),
            Self::AnyEvenness => written(Parallel::of_any_evenness(luck, HOST, STEP), book),
            Self::Pct(depth) => written(Pct::new(luck, HOST, depth, counts.most()), book),
            Self::Pos => written(Pos::new(luck, HOST), book),
            Self::Surw(selection) => written(Surw::new(luck, HOST, counts, selection), book),
            Self::Preempting(count) => written(Preempting::new(luck, HOST, count, counts), book),
            Self::Portfolio => written(Portfolio::new(luck, HOST, counts, STEP), book),
        }
    }
}

/// Where calls are counted.
type Book = Rc<RefCell<Tally>>;

/// The scheduler, with its calls written into the book if there is one.
fn written(scheduler: impl Scheduler + 'static, book: Option<&Book>) -> Box<dyn Scheduler> {
    match book {
        Some(book) => Box::new(Tally::counting(book, scheduler)),
        None => Box::new(scheduler),
    }
}

/// Whether a schedule is counted, for those that must know: the first few, and then one of so many,
/// as the peer that needs counts raises them when a run was longer. The first is a random walk.
const fn is_counted(schedule: u32) -> bool {
    const FIRST: u32 = 16;
    schedule < FIRST || schedule.is_multiple_of(FIRST)
}

/// Runs a drill under every master seed of a campaign.
///
/// # Panics
/// If the drill does not end.
pub fn hunt(chooser: Chooser, drill: LitmusTest, campaign: Campaign) -> Hunt {
    let mut stage = drill.runner(false);
    let mut chase = |seed, watch: &Watch| {
        let book = Book::default();
        let mut counts = Counts::default();
        for schedule in 0..campaign.schedules {
            let luck = Choices::new(mix(seed, u64::from(schedule)));
            let counted = chooser.needs_counts() && is_counted(schedule);
            let book = counted.then_some(&book);
            let walks = counted && schedule == 0;
            let chooser = if walks { Chooser::Random } else { chooser };
            watch.saw(stage.run(chooser.scheduler(luck, &counts, book)));
            if let Some(book) = book {
                counts = book.borrow().counts();
            }
        }
    };
    campaign.hunt(|seed| Watch::shared(|watch| chase(seed, &watch)))
}

/// Exhausts a drill within two preemptions.
///
/// # Panics
/// If the drill does not end, or there are more than a million executions.
pub fn exhaust(drill: LitmusTest) -> Chase {
    let mut stage = drill.runner_at_zero_cost(false);
    let mut search = Exhaustive::new(Bound {
        preemptions: Some(2),
        runs: 1_000_000,
    });
    let chase = Watch::shared(|watch| {
        while let Some(explorer) = search.next_run() {
            watch.saw(stage.run(Box::new(explorer)));
        }
    });
    assert!(search.is_exhausted(), "a drill has not so many orders");
    chase
}
