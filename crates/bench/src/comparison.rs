//! A comparison of several systems at one workload: interleaved repetitions, rates and ratios.

use std::process::Command;

use crate::clock::ProcessorCost;
use crate::subprocess::Subprocess;

/// The target of a measurement.
#[derive(Clone, Copy, Debug)]
pub enum SpeedTarget {
    /// The first system is at least this many times as fast as this one.
    AtLeast(f64),
    /// This system takes at most this many times as long as the first one.
    AtMost(f64),
    /// A repetition takes at most this many milliseconds.
    Millis(f64),
}

/// One system at one workload.
pub struct System<'a> {
    /// Name and version.
    pub name: String,
    /// What differs from the first system's work; empty for nothing.
    pub differs: &'static str,
    /// The target, if there is one.
    pub target: Option<SpeedTarget>,
    /// Does one repetition.
    pub run: Box<dyn FnMut() -> ProcessorCost + 'a>,
    /// Whether it has its own process already.
    pub has_process: bool,
    /// Whether each repetition gets a new process. The allocator keeps the memory of ten thousand
    /// hosts for the next repetition, which then takes three times as much of the machine.
    pub restarts: bool,
}

/// A workload and the systems that do it. The first is mtasim.
pub struct WorkloadComparison<'a> {
    /// The name of the workload.
    pub name: &'static str,
    /// A description of the workload.
    pub title: String,
    /// What is counted.
    pub unit: &'static str,
    /// The systems.
    pub systems: Vec<System<'a>>,
}

/// The results of one system.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Name and version.
    pub name: String,
    /// What differs from the first system's work.
    pub differs: &'static str,
    /// The target, if there is one.
    pub target: Option<SpeedTarget>,
    /// Milliseconds for a repetition.
    pub millis: MedianAndRange,
    /// Units per second of processor time.
    pub rate: MedianAndRange,
    /// Time for a unit, as a multiple of the first system's.
    pub ratio: MedianAndRange,
}

/// Median, minimum and maximum of several numbers.
#[derive(Clone, Copy, Debug)]
pub struct MedianAndRange {
    /// The median.
    pub median: f64,
    /// The minimum.
    pub min: f64,
    /// The maximum.
    pub max: f64,
}

impl MedianAndRange {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.collect();
        numbers.sort_by(f64::total_cmp);
        let last = numbers.len() - 1;
        Self {
            median: f64::midpoint(numbers[last / 2], numbers[last.div_ceil(2)]),
            min: numbers[0],
            max: numbers[last],
        }
    }
}

impl Figures {
    /// Whether the median meets the target; `None` without a target.
    pub fn is_met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            SpeedTarget::AtLeast(times) => self.ratio.median >= times,
            SpeedTarget::AtMost(times) => self.ratio.median <= times,
            SpeedTarget::Millis(millis) => self.millis.median <= millis,
        })
    }
}

impl WorkloadComparison<'_> {
    /// Gives each system its own process. `command` starts that of the system with this index.
    pub fn isolate(&mut self, command: impl Fn(usize) -> Command) {
        for (index, system) in self.systems.iter_mut().enumerate() {
            if system.has_process {
                continue;
            }
            let mut command = command(index);
            let mut start = move || Subprocess::start(&mut command).expect("it is this program");
            system.run = if system.restarts {
                Box::new(move || start().ask("repeat"))
            } else {
                let mut process = start();
                Box::new(move || process.ask("repeat"))
            };
        }
    }

    /// Measures all systems in turn, `repetitions` times, after one round that is not counted.
    ///
    /// Ratios are taken within a round: what else the machine does then slows all systems alike.
    pub fn measure(&mut self, repetitions: u32, mut on_round: impl FnMut(u32)) -> Vec<Figures> {
        let mut costs: Vec<Vec<ProcessorCost>> = vec![Vec::new(); self.systems.len()];
        for round in 0..=repetitions {
            on_round(round);
            for (system, costs) in self.systems.iter_mut().zip(&mut costs) {
                let cost = (system.run)();
                // The first round fills caches and the allocator's lists.
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        let figures = self.systems.iter().zip(&costs).map(|(system, theirs)| {
            let rates = theirs.iter().map(|cost| 1e9 / cost.nanos_per_unit());
            let ours = costs[0].iter().map(|cost| cost.nanos_per_unit());
            let ratios = theirs
                .iter()
                .zip(ours)
                .map(|(cost, ours)| cost.nanos_per_unit() / ours);
            Figures {
                name: system.name.clone(),
                differs: system.differs,
                target: system.target,
                millis: MedianAndRange::of(theirs.iter().map(|cost| cost.nanos as f64 / 1e6)),
                rate: MedianAndRange::of(rates),
                ratio: MedianAndRange::of(ratios),
            }
        });
        figures.collect()
    }
}
