//! How many threads of a 4.0 MTA can run at once: as many processors can matter, and no more.
//!
//! A thread is runnable when it does not wait, whether it has a processor or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kernel::Instant;
use simulation::observers::thread_intervals::{ThreadActivity, ThreadInterval};
use simulation::record::ThreadNumber;
use simulation::{Observe, Run};

use super::read;

const CASE: &str = include_str!("../../sims/casebook/q152941-heap-race.toml");
/// The Driver and the Async Notify of each pair.
const PAIRS: [[ThreadNumber; 2]; 2] = [
    [ThreadNumber(10), ThreadNumber(11)],
    [ThreadNumber(54), ThreadNumber(55)],
];

/// A weight for each number of runnable threads.
#[derive(Default)]
struct Distribution(BTreeMap<usize, u64>);

impl Distribution {
    fn add(&mut self, runnable: usize, weight: u64) {
        *self.0.entry(runnable).or_default() += weight;
    }

    fn mean(&self) -> f64 {
        let all: u64 = self.0.values().sum();
        let sum: f64 = self
            .0
            .iter()
            .map(|(n, weight)| *n as f64 * *weight as f64)
            .sum();
        sum / all as f64
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "mean {:.2};", self.mean())?;
        let all: u64 = self.0.values().sum();
        for (runnable, weight) in &self.0 {
            let share = 100.0 * *weight as f64 / all as f64;
            write!(formatter, " {runnable}: {share:.2} %")?;
        }
        Ok(())
    }
}

/// What some runs showed.
#[derive(Default)]
struct Counted {
    /// By time, while at least one thread is runnable.
    always: Distribution,
    /// By time, while Driver and Async Notify of one pair are both runnable.
    both_of_a_pair: Distribution,
    /// At each crash.
    at_crashes: Distribution,
    /// Crashes by what kept a thread of the pair from running in the last 100 microseconds.
    kept: BTreeMap<Kept, u64>,
}

/// What kept a runnable thread from running, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    #[default]
    Nothing,
    /// Its processor had run another thread before: a switch of 10 microseconds.
    Switch,
    /// It was woken, and other threads had the processors.
    WokenLate,
    /// It had a processor and lost it.
    Preempted,
}

/// The threads of one host that become runnable, or cease to be, in the order of time.
fn changes(intervals: &[&ThreadInterval]) -> Vec<(Instant, bool, ThreadNumber)> {
    let mut changes = Vec::new();
    let threads: BTreeSet<ThreadNumber> = intervals.iter().map(|it| it.thread).collect();
    for thread in threads {
        let own = || intervals.iter().filter(|it| it.thread == thread);
        let first = own().map(|it| it.from).min().expect("it has an interval");
        let last = own().map(|it| it.to).max().expect("it has an interval");
        changes.push((first, true, thread));
        changes.push((last, false, thread));
        for wait in own().filter(|it| it.activity != ThreadActivity::Runs) {
            changes.push((wait.from, false, thread));
            changes.push((wait.to, true, thread));
        }
    }
    changes.sort_unstable();
    changes
}

fn observe(settings: &[&str], seeds: u64) -> Counted {
    let scenario = read(CASE, settings);
    let mut counted = Counted::default();
    for seed in 1..=seeds {
        let threads = Observe {
            threads: true,
            packets: false,
        };
        let run = Run::new(&scenario, seed).observed(threads);
        let (outcome, seen) = run.expect("the link can be calibrated");
        assert_eq!(seen.dropped, 0);
        for name in ["PARIS", "LYON"] {
            let host = outcome.host_named(name).expect("it is in the scenario");
            let intervals: Vec<_> = seen.intervals.iter().filter(|it| it.host == host).collect();
            add(&mut counted, &changes(&intervals));
            for raised in outcome.exceptions.iter().filter(|it| it.host == name) {
                add_crash(&mut counted, &intervals, raised.at, raised.number);
            }
        }
    }
    counted
}

fn add(counted: &mut Counted, changes: &[(Instant, bool, ThreadNumber)]) {
    let mut runnable: BTreeSet<ThreadNumber> = BTreeSet::new();
    let mut since = Instant::ZERO;
    for (at, begins, thread) in changes {
        let length = at.saturating_since(since).nanos();
        if !runnable.is_empty() {
            counted.always.add(runnable.len(), length);
        }
        if PAIRS
            .iter()
            .any(|pair| pair.iter().all(|it| runnable.contains(it)))
        {
            counted.both_of_a_pair.add(runnable.len(), length);
        }
        since = *at;
        if *begins {
            runnable.insert(*thread);
        } else {
            runnable.remove(thread);
        }
    }
}

fn add_crash(counted: &mut Counted, intervals: &[&ThreadInterval], at: Instant, number: u16) {
    let waits =
        |it: &&&ThreadInterval| it.activity != ThreadActivity::Runs && it.from < at && at <= it.to;
    let threads: BTreeSet<ThreadNumber> = intervals.iter().map(|it| it.thread).collect();
    let waiting = intervals.iter().filter(waits).count();
    counted.at_crashes.add(threads.len() - waiting, 1);
    let mut pairs = PAIRS.iter();
    let Some(pair) = pairs.find(|pair| pair.contains(&ThreadNumber(number))) else {
        return;
    };
    let kept = pair.iter().map(|thread| kept(intervals, *thread, at)).max();
    *counted.kept.entry(kept.unwrap_or_default()).or_default() += 1;
}

/// What kept a thread from running in the 100 microseconds before a crash. Between its intervals a
/// thread is runnable and has no processor.
fn kept(intervals: &[&ThreadInterval], thread: ThreadNumber, at: Instant) -> Kept {
    const WINDOW: u64 = 100_000;
    const SWITCH: u64 = 10_000;
    let mut own: Vec<_> = intervals.iter().filter(|it| it.thread == thread).collect();
    own.sort_by_key(|it| (it.from, it.to));
    let gaps = own.windows(2).filter(|two| {
        let ends_in_window = at.saturating_since(two[1].from).nanos() < WINDOW;
        two[0].to < two[1].from && two[1].from <= at && ends_in_window
    });
    let kept = gaps.map(|two| {
        let length = two[1].from.saturating_since(two[0].to).nanos();
        match two[0].activity {
            ThreadActivity::Runs => Kept::Preempted,
            ThreadActivity::Waits { .. } if length > SWITCH => Kept::WokenLate,
            ThreadActivity::Waits { .. } => Kept::Switch,
        }
    });
    kept.max().unwrap_or_default()
}

/// The settings of this number of processors on both hosts.
fn processors(number: u32) -> [String; 2] {
    ["PARIS", "LYON"].map(|host| format!("host.{host}.cpus={number}"))
}

/// A race needs two threads of a pair that can run. Then two or three threads of the host can, most of
/// the time: more processors have nothing to add.
#[test]
fn few_threads_are_runnable_at_once() {
    let [one, two] = processors(2);
    let counted = observe(&["duration=10m", &one, &two], 4);
    let Distribution(weights) = &counted.both_of_a_pair;
    let all: u64 = weights.values().sum();
    let few: u64 = weights.range(..=3).map(|(_, weight)| weight).sum();
    assert!(all > 0 && few * 10 > all * 8, "{}", counted.both_of_a_pair);
}

#[test]
#[ignore = "campaign: 400 observed runs for each of five numbers of processors"]
#[expect(clippy::print_stdout, reason = "a campaign is run for its numbers")]
fn campaign_runnable_threads_by_processors() {
    const SEEDS: u64 = 400;
    for number in [1, 2, 3, 4, 8] {
        let [one, two] = processors(number);
        let counted = observe(&["duration=30m", &one, &two], SEEDS);
        println!("{number} processors");
        println!("  always: {}", counted.always);
        println!("  both of a pair: {}", counted.both_of_a_pair);
        let crashes: u64 = counted.at_crashes.0.values().sum();
        println!("  at {crashes} crashes: {}", counted.at_crashes);
        println!(
            "  before them, a thread of the pair was kept from running by: {:?}",
            counted.kept
        );
    }
}
