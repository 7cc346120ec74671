//! The adversarial schedulers against their published bounds and distributions.
//!
//! Seeds are fixed, so a statistical test has the same result in every run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::{Choices, Duration};
use litmus::{LitmusProgram, LitmusTest};
use machine::{
    CallCounter, Counts, DelayBounding, EnabledSet, Field, InterestingCalls, Parallel, Pct,
    Portfolio, Pos, Preempting, Random, Scheduler, Strategy, Surw, TimeWeighted,
};

use crate::support::{HOST, Thread, config, finish, machine, records};

const ACCESS_TIME: Duration = Duration::from_nanos(200);
pub(crate) const PILOTS: u64 = 32;

pub(crate) type Make = Box<dyn Fn(u64) -> Box<dyn Scheduler>>;

pub(crate) fn choices(seed: u64) -> Choices {
    Choices::new(seed)
}

/// Every adversarial scheduler, for a program with these counts.
pub(crate) fn all(counts: &Counts) -> Vec<(&'static str, Make)> {
    let counts = || counts.clone();
    let (two, three, whole, one) = (counts(), counts(), counts(), counts());
    let (single, double, mixed) = (counts(), counts(), counts());
    let (prioritized, steps) = (counts(), counts().most());
    vec![
        (
            "random",
            Box::new(|seed| Box::new(Random::new(choices(seed), HOST))),
        ),
        (
            "time-weighted",
            Box::new(|seed| Box::new(TimeWeighted::new(choices(seed), HOST, ACCESS_TIME))),
        ),
        (
            "parallel",
            Box::new(|seed| Box::new(Parallel::new(choices(seed), HOST, ACCESS_TIME))),
        ),
        (
            "pct-2",
            Box::new(move |seed| Box::new(Pct::new(choices(seed), HOST, 2, two.most()))),
        ),
        (
            "pct-3",
            Box::new(move |seed| Box::new(Pct::new(choices(seed), HOST, 3, three.most()))),
        ),
        (
            "pos",
            Box::new(|seed| Box::new(Pos::new(choices(seed), HOST))),
        ),
        (
            "surw",
            Box::new(move |seed| {
                Box::new(Surw::new(
                    choices(seed),
                    HOST,
                    &whole,
                    InterestingCalls::All,
                ))
            }),
        ),
        (
            "surw-one",
            Box::new(move |seed| {
                Box::new(Surw::new(choices(seed), HOST, &one, InterestingCalls::One))
            }),
        ),
        (
            "surw-one-with-priorities",
            Box::new(move |seed| {
                let selection = InterestingCalls::OneWithPriorities;
                Box::new(Surw::new(choices(seed), HOST, &prioritized, selection))
            }),
        ),
        (
            "delays-2",
            Box::new(move |seed| Box::new(DelayBounding::new(choices(seed), HOST, 2, steps))),
        ),
        (
            "preempting-1",
            Box::new(move |seed| Box::new(Preempting::new(choices(seed), HOST, 1, &single))),
        ),
        (
            "preempting-2",
            Box::new(move |seed| Box::new(Preempting::new(choices(seed), HOST, 2, &double))),
        ),
        (
            "portfolio",
            Box::new(move |seed| {
                Box::new(Portfolio::new(choices(seed), HOST, &mixed, ACCESS_TIME))
            }),
        ),
    ]
}

fn pilot(test: LitmusTest) -> Counts {
    let counter = Rc::new(RefCell::new(CallCounter::default()));
    let mut runner = test.runner(false);
    for seed in 0..PILOTS {
        let walk = Random::new(choices(seed), HOST);
        runner.run(Box::new(CallCounter::counting(&counter, walk)));
    }
    Rc::unwrap_or_clone(counter).into_inner().counts()
}

fn failures(test: LitmusTest, runs: u64, make: impl Fn(u64) -> Box<dyn Scheduler>) -> u64 {
    let mut runner = test.runner(false);
    let failed = |seed: &u64| runner.run(make(*seed));
    (0..runs).filter(failed).count() as u64
}

pub(crate) const fn test(program: LitmusProgram, steps: u32) -> LitmusTest {
    LitmusTest {
        program,
        private_steps: steps,
        fixed: false,
    }
}

/// Whether `found` of `runs` is within four standard deviations of `expected`.
pub(crate) fn agrees(found: u64, runs: u64, expected: f64) -> bool {
    let mean = runs as f64 * expected;
    let deviation = (mean * (1.0 - expected)).sqrt();
    (found as f64 - mean).abs() <= 4.0 * deviation
}

/// Pearson's chi-square statistic over equally likely outcomes.
fn chi_square(counts: &BTreeMap<Vec<u32>, u64>, outcomes: usize) -> f64 {
    let runs: u64 = counts.values().sum();
    let expected = runs as f64 / outcomes as f64;
    let unseen = (outcomes - counts.len()) as f64 * expected;
    let terms = counts
        .values()
        .map(|&found| (found as f64 - expected).powi(2) / expected);
    terms.sum::<f64>() + unseen
}

/// The order in which threads made their calls; `calls` says how many each makes.
fn order(calls: &[u32], scheduler: Box<dyn Scheduler>) -> Vec<u32> {
    let mut machine = machine(config(), Strategy::Controlled(scheduler), 1);
    let words = machine.map_static(64, "words").expect("room");
    for (number, &count) in calls.iter().enumerate() {
        machine.spawn(
            "thread",
            number as u16,
            number as u64,
            move |t| async move {
                for call in 0..count {
                    let word = 4 * (16 * number as u32 + call);
                    t.write(words + Field::new(word, "own word"), 1).await;
                    t.record(number as u32);
                }
            },
        );
    }
    assert_eq!(finish(&mut machine), None);
    records(&mut machine)
}

fn exact_counts(calls: &[u32]) -> Counts {
    let counter = Rc::new(RefCell::new(CallCounter::default()));
    order(
        calls,
        Box::new(CallCounter::counting(
            &counter,
            Random::new(choices(0), HOST),
        )),
    );
    Rc::unwrap_or_clone(counter).into_inner().counts()
}

/// Each thread makes three calls. Both read the head before either writes it, unless one thread runs
/// through. A fair coin does that with probability 2 / 2^3.
#[test]
fn the_random_walk_is_fair() {
    const RUNS: u64 = 20_000;
    let found = failures(test(LitmusProgram::FreeList, 0), RUNS, |seed| {
        Box::new(Random::new(choices(seed), HOST))
    });
    assert!(agrees(found, RUNS, 0.75), "{found} of {RUNS}");
}

/// 20 interleavings, of which 18 fail.
#[test]
fn the_uniform_walk_fails_in_eighteen_of_twenty() {
    const RUNS: u64 = 20_000;
    let test = test(LitmusProgram::FreeList, 0);
    let counts = pilot(test);
    let found = failures(test, RUNS, |seed| {
        Box::new(Surw::new(
            choices(seed),
            HOST,
            &counts,
            InterestingCalls::All,
        ))
    });
    assert!(agrees(found, RUNS, 0.9), "{found} of {RUNS}");
}

/// The failure probability of a random walk over all steps, private ones included, computed step by
/// step: what `TimeWeighted` must have.
fn coin_walk_over_private_steps(steps: usize) -> f64 {
    let length = 2 * steps + 3;
    // The probability to be at a pair of positions, by whether the shared parts have overlapped.
    let mut there = vec![vec![[0.0; 2]; length + 1]; length + 1];
    there[0][0][0] = 1.0;
    let (reads, writes) = (steps + 1, steps + 3);
    let mut failed = 0.0;
    for one in 0..=length {
        for two in 0..=length {
            for overlapped in 0..2 {
                let here = there[one][two][overlapped];
                // Both have read the head and neither has written it.
                let overlap = (reads..writes).contains(&one) && (reads..writes).contains(&two);
                let now = usize::from(overlapped == 1 || overlap);
                if one == length && two == length {
                    failed += if now == 1 { here } else { 0.0 };
                    continue;
                }
                let share = if one == length || two == length {
                    1.0
                } else {
                    0.5
                };
                if one < length {
                    there[one + 1][two][now] += here * share;
                }
                if two < length {
                    there[one][two + 1][now] += here * share;
                }
            }
        }
    }
    failed
}

#[test]
fn the_time_weighted_walk_is_a_walk_over_private_steps() {
    const RUNS: u64 = 10_000;
    assert!((coin_walk_over_private_steps(0) - 0.75).abs() < 1e-12);
    for steps in [0, 5, 20] {
        let found = failures(test(LitmusProgram::FreeList, steps), RUNS, |seed| {
            Box::new(TimeWeighted::new(choices(seed), HOST, ACCESS_TIME))
        });
        let expected = coin_walk_over_private_steps(steps as usize);
        assert!(
            agrees(found, RUNS, expected),
            "steps {steps}: {found}, not {expected}"
        );
    }
}

/// Only the two schedulers that look at modeled time, and the portfolio that may draw one of them, see
/// private steps at all.
#[test]
fn private_calls_are_no_choices() {
    for program in LitmusProgram::ALL {
        let counts = pilot(test(program, 0));
        for (name, make) in all(&counts) {
            if ["time-weighted", "parallel", "portfolio"].contains(&name) {
                continue;
            }
            let [mut calm, mut loud] = [0, 5].map(|steps| test(program, steps).runner(false));
            for seed in 0..200 {
                let bare = calm.run(make(seed));
                let padded = loud.run(make(seed));
                assert_eq!(bare, padded, "{name} on {program:?} with seed {seed}");
            }
        }
    }
}

#[test]
fn surw_is_uniform_over_interleavings() {
    // Critical values of the chi-square distribution at 0.999 with 19 and with 89 degrees.
    for (calls, outcomes, critical) in [(vec![3, 3], 20, 43.82), (vec![2, 2, 2], 90, 135.98)] {
        let counts = exact_counts(&calls);
        let mut found: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
        for seed in 0..10_000 {
            let walk = Surw::new(choices(seed), HOST, &counts, InterestingCalls::All);
            *found.entry(order(&calls, Box::new(walk))).or_default() += 1;
        }
        let sum = chi_square(&found, outcomes);
        assert_eq!(found.len(), outcomes, "every interleaving occurs");
        assert!(sum < critical, "{calls:?}: {sum}");
        // The test can fail: the random walk is far from uniform.
        let mut coin: BTreeMap<Vec<u32>, u64> = BTreeMap::new();
        for seed in 0..10_000 {
            let walk = Random::new(choices(seed), HOST);
            *coin.entry(order(&calls, Box::new(walk))).or_default() += 1;
        }
        assert!(chi_square(&coin, outcomes) > 2.0 * critical);
    }
}

/// The selected calls are the three accesses to the state of the control block, with three orders.
#[test]
fn surw_is_uniform_over_the_selected_calls() {
    let test = test(LitmusProgram::StaleBlock, 0);
    let counts = pilot(test);
    let found = failures(test, 20_000, |seed| {
        Box::new(Surw::new(
            choices(seed),
            HOST,
            &counts,
            InterestingCalls::One,
        ))
    });
    let whole = failures(test, 20_000, |seed| {
        Box::new(Surw::new(
            choices(seed),
            HOST,
            &counts,
            InterestingCalls::All,
        ))
    });
    assert!(
        found > 2 * whole,
        "{found} with a selection, {whole} without"
    );
}

/// A bug of depth `depth` in two threads: the first writes `depth - 1` stages in turn, and the second
/// must read each before the next is written.
pub(crate) fn staged_bug(depth: u32, scheduler: Box<dyn Scheduler>) -> (bool, u64) {
    const PADDING: u32 = 4;
    let mut machine = machine(config(), Strategy::Controlled(scheduler), 1);
    let words = machine.map_static(32, "words").expect("room");
    let stage = words + Field::new(0, "stage");
    let own =
        move |thread: u32, call: u32| words + Field::new(4 + 4 * (PADDING * thread + call), "own");
    machine.spawn("writer", 0, 0, move |t| async move {
        for value in 1..depth {
            t.write(stage, value).await;
        }
        for call in 0..PADDING {
            t.write(own(0, call), 1).await;
        }
    });
    machine.spawn("reader", 1, 1, move |t: Thread| async move {
        for call in 0..PADDING {
            t.write(own(1, call), 1).await;
        }
        for value in 1..depth {
            if t.read(stage).await != value {
                return;
            }
        }
        t.record(1);
    });
    assert_eq!(finish(&mut machine), None);
    let found = !records(&mut machine).is_empty();
    (found, machine.calls())
}

/// The theorem of the PCT paper: at least 1 / (n k^(d-1)).
#[test]
fn pct_keeps_its_bound() {
    for (depth, runs) in [(2, 4_000), (3, 20_000)] {
        let steps = u64::from(2 * (depth - 1) + 8);
        let run = |seed: &u64| {
            staged_bug(
                depth,
                Box::new(Pct::new(choices(*seed), HOST, depth, steps)),
            )
            .0
        };
        let found = (0..runs).filter(run).count() as f64;
        let bound = 1.0 / (2.0 * (steps as f64).powi(depth as i32 - 1));
        let mean = runs as f64 * bound;
        assert!(
            found >= mean - 3.0 * mean.sqrt(),
            "depth {depth}: {found} of {runs}, bound {bound}"
        );
    }
    // Too small a depth never finds it: each switch needs its own change point.
    let shallow = |seed: &u64| staged_bug(3, Box::new(Pct::new(choices(*seed), HOST, 1, 12))).0;
    assert_eq!((0..2_000).filter(shallow).count(), 0);
}

/// One thread makes `n` independent calls and then one that conflicts with the only call of another.
/// It goes first if its n + 1 priorities all exceed the other's: probability 1 / (n + 2). Under the
/// random walk it goes first once in 2^(n+1).
#[test]
fn pos_has_its_distribution() {
    const RUNS: u64 = 8_000;
    for n in [0_u32, 1, 3, 6] {
        let first = |scheduler: Box<dyn Scheduler>| {
            let mut machine = machine(config(), Strategy::Controlled(scheduler), 1);
            let words = machine.map_static(16, "words").expect("room");
            let shared = words + Field::new(0, "shared");
            machine.spawn("long", 0, 0, move |t| async move {
                for call in 0..n {
                    t.write(words + Field::new(4 + 4 * call, "own"), 1).await;
                }
                t.write(shared, 1).await;
                t.record(0);
            });
            machine.spawn("short", 1, 1, move |t| async move {
                t.write(shared, 2).await;
                t.record(1);
            });
            assert_eq!(finish(&mut machine), None);
            records(&mut machine)[0] == 0
        };
        let pos = (0..RUNS)
            .filter(|&seed| first(Box::new(Pos::new(choices(seed), HOST))))
            .count();
        let coin = (0..RUNS)
            .filter(|&seed| first(Box::new(Random::new(choices(seed), HOST))))
            .count();
        let expected = 1.0 / f64::from(n + 2);
        assert!(agrees(pos as u64, RUNS, expected), "{n}: {pos} of {RUNS}");
        assert!(
            agrees(coin as u64, RUNS, 0.5_f64.powi(n as i32 + 1)),
            "{n}: {coin} of {RUNS}"
        );
    }
}

/// A thread before an owned lock is not scheduled while another thread can continue.
#[test]
fn no_thread_is_blocked_while_another_can_run() {
    #[derive(Debug)]
    struct Watching(Box<dyn Scheduler>, Rc<RefCell<u32>>);
    impl Scheduler for Watching {
        fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
            let index = self.0.choose(step, enabled);
            let chose_blocked = enabled[index].blocks() && enabled.iter().any(|one| !one.blocks());
            *self.1.borrow_mut() += u32::from(chose_blocked);
            index
        }
    }
    let test = LitmusTest {
        program: LitmusProgram::StaleBlock,
        private_steps: 1,
        fixed: true,
    };
    let counts = pilot(test);
    let mut runner = test.runner(false);
    for (name, make) in all(&counts) {
        let chose_blocked = Rc::new(RefCell::new(0));
        for seed in 0..300 {
            runner.run(Box::new(Watching(make(seed), Rc::clone(&chose_blocked))));
        }
        // The random walk chooses any thread.
        assert_eq!(*chose_blocked.borrow() > 0, name == "random", "{name}");
    }
}

#[test]
fn every_litmus_test_fails_under_the_portfolio_and_no_fixed_variant_does() {
    for program in LitmusProgram::ALL {
        for steps in [0, 5] {
            let counts = pilot(test(program, steps));
            let portfolio = |seed| -> Box<dyn Scheduler> {
                Box::new(Portfolio::new(choices(seed), HOST, &counts, ACCESS_TIME))
            };
            assert!(
                failures(test(program, steps), 3_000, portfolio) > 0,
                "{program:?}"
            );
        }
        no_failure_when_fixed(program, 300);
    }
}

#[test]
#[ignore = "a campaign of some minutes"]
fn no_fixed_variant_fails_in_a_hundred_thousand_schedules() {
    for program in LitmusProgram::ALL {
        no_failure_when_fixed(program, 100_000);
    }
}

/// Under every scheduler, with race detection.
fn no_failure_when_fixed(program: LitmusProgram, runs: u64) {
    for steps in [0, 5] {
        let test = LitmusTest {
            program,
            private_steps: steps,
            fixed: true,
        };
        let mut runner = test.runner(true);
        for (name, make) in all(&pilot(test)) {
            for seed in 0..runs {
                assert!(!runner.run(make(seed)), "{name}: {test:?}, seed {seed}");
                assert_eq!(
                    runner.machine().race_detector().findings(),
                    &[],
                    "{name}: {test:?}, seed {seed}"
                );
            }
        }
    }
}

/// A thread polls a word until another has written it. Under strict priorities it would poll for ever.
#[test]
fn a_polling_thread_yields_at_last_under_priorities() {
    for seed in 0..20 {
        let choices = Choices::new(seed);
        let scheduler = Pct::new(choices, HOST, 1, 1_000);
        let strategy = Strategy::Controlled(Box::new(scheduler));
        let mut machine = machine(config(), strategy, seed);
        let words = machine.map_static(4, "words").expect("room");
        let flag = words + Field::new(0, "flag");
        machine.spawn("poller", 1, 1, move |t| async move {
            while t.exchange(flag, 0).await == 0 {}
        });
        machine.spawn("writer", 2, 2, move |t| async move {
            t.exchange(flag, 1).await;
        });
        assert_eq!(finish(&mut machine), None);
        assert!(machine.calls() < 3 * u64::from(Pct::SPIN_LIMIT), "{seed}");
    }
}

/// Two threads take turns; a third polls until they are done. In a round that comes to the poller with each turn, it
/// would make as many calls each time.
#[test]
fn a_polling_thread_is_left_out_of_the_round_of_delay_bounding() {
    const TURNS: u32 = 40;
    for seed in 0..5 {
        let scheduler = DelayBounding::new(choices(seed), HOST, 2, 1_000);
        let strategy = Strategy::Controlled(Box::new(scheduler));
        let mut machine = machine(config(), strategy, seed);
        let words = machine.map_static(4, "words").expect("room");
        let flag = words + Field::new(0, "flag");
        let [mine, yours] = ["mine", "yours"].map(|name| machine.create_semaphore(name, 0, 1));
        for (number, wait, signal) in [(1, mine, yours), (2, yours, mine)] {
            machine.spawn("worker", number, u64::from(number), move |t| async move {
                for turn in 0..TURNS {
                    if number == 2 || turn > 0 {
                        t.wait(wait).await;
                    }
                    t.signal(signal).await;
                }
                t.exchange(flag, 1).await;
            });
        }
        machine.spawn("poller", 3, 3, move |t| async move {
            while t.exchange(flag, 0).await == 0 {}
        });
        assert_eq!(finish(&mut machine), None);
        assert!(machine.calls() < 3 * u64::from(Pct::SPIN_LIMIT), "{seed}");
    }
}
