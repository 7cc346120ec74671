//! Several systems at one piece of work, in turns.
//!
//! Owns the interleaving of repetitions and what they add up to: rates, and ratios between
//! repetitions of one turn, which shared the machine's mood. It refuses to know the work.

use std::process::Command;

use crate::clock::processor_nanos;
use crate::process::Other;

/// What one repetition did and what it took.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Nanoseconds of processor time.
    pub nanos: u64,
    /// How many of the workload's unit were done.
    pub units: u64,
}

/// What a contest's figures are held to.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// Ours is at least so many times as fast as this contestant.
    AtLeast(f64),
    /// This contestant takes at most so many times what the first one takes.
    AtMost(f64),
    /// A repetition takes at most so many milliseconds.
    Millis(f64),
}

/// One system at one workload.
pub struct Contestant<'a> {
    /// Its name and version.
    pub name: String,
    /// What is not equal, if anything.
    pub differs: &'static str,
    /// What it is held to.
    pub target: Option<Target>,
    /// One repetition.
    pub run: Box<dyn FnMut() -> Cost + 'a>,
    /// It has a process of its own already.
    pub is_apart: bool,
    /// Each repetition has one: the allocator keeps the heaps of ten thousand hosts for the next
    /// ones, which then are cleared by hand and take three times as much of the machine.
    pub is_fresh: bool,
}

/// A workload and those who do it; the first is ours.
pub struct Contest<'a> {
    /// Its name in the table.
    pub name: &'static str,
    /// What it is.
    pub title: String,
    /// What is counted.
    pub unit: &'static str,
    /// Who does it.
    pub contestants: Vec<Contestant<'a>>,
}

/// What the repetitions of one contestant came to.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Its name and version.
    pub name: String,
    /// What is not equal.
    pub differs: &'static str,
    /// What it is held to.
    pub target: Option<Target>,
    /// Milliseconds a repetition.
    pub millis: Spread,
    /// Units per second of processor time.
    pub rate: Spread,
    /// How many times as long a unit took as the first contestant's.
    pub ratio: Spread,
}

/// The middle and the ends of several figures.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Cost {
    /// Of `units` of work.
    pub fn of(units: u64, work: impl FnOnce()) -> Self {
        let nanos = processor_nanos(work);
        Self { nanos, units }
    }

    /// Of work that answers how many units it was.
    pub fn counted(work: impl FnOnce() -> u64) -> Self {
        let mut units = 0;
        let nanos = processor_nanos(|| units = work());
        Self { nanos, units }
    }

    fn nanos_a_unit(self) -> f64 {
        self.nanos as f64 / self.units as f64
    }
}

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let last = figures.len() - 1;
        Self {
            median: f64::midpoint(figures[last / 2], figures[last.div_ceil(2)]),
            least: figures[0],
            greatest: figures[last],
        }
    }
}

impl Figures {
    /// Whether the target is met by the median; `None` without a target.
    pub fn is_met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            Target::AtLeast(times) => self.ratio.median >= times,
            Target::AtMost(times) => self.ratio.median <= times,
            Target::Millis(millis) => self.millis.median <= millis,
        })
    }
}

impl Contest<'_> {
    /// Gives each contestant a process of its own, `command` being its.
    pub fn isolate(&mut self, command: impl Fn(usize) -> Command) {
        for (place, contestant) in self.contestants.iter_mut().enumerate() {
            if contestant.is_apart {
                continue;
            }
            let mut command = command(place);
            let mut start = move || Other::start(&mut command).expect("this program again");
            contestant.run = if contestant.is_fresh {
                Box::new(move || start().ask("again"))
            } else {
                let mut other = start();
                Box::new(move || other.ask("again"))
            };
        }
    }

    /// Every contestant in turn, `repetitions` times; one turn before them counts for nothing.
    pub fn hold(&mut self, repetitions: u32, mut on_turn: impl FnMut(u32)) -> Vec<Figures> {
        let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); self.contestants.len()];
        for turn in 0..=repetitions {
            on_turn(turn);
            for (contestant, costs) in self.contestants.iter_mut().zip(&mut costs) {
                let cost = (contestant.run)();
                if turn > 0 {
                    costs.push(cost);
                }
            }
        }
        let figures = self.contestants.iter().zip(&costs).map(|(it, theirs)| {
            let rates = theirs.iter().map(|cost| 1e9 / cost.nanos_a_unit());
            let ours = costs[0].iter().map(|cost| cost.nanos_a_unit());
            let ratios = theirs
                .iter()
                .zip(ours)
                .map(|(cost, ours)| cost.nanos_a_unit() / ours);
            Figures {
                name: it.name.clone(),
                differs: it.differs,
                target: it.target,
                millis: Spread::of(theirs.iter().map(|cost| cost.nanos as f64 / 1e6)),
                rate: Spread::of(rates),
                ratio: Spread::of(ratios),
            }
        });
        figures.collect()
    }
}
