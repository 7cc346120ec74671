//! Each program fails under some order and its right variant under none that was tried.

use litmus::sctbench::Benchmark;
use litmus::search::SchedulerKind;
use machine::{Bound, Cooperative, Exhaustive};

/// Programs that some strategy makes fail within a second.
fn easy() -> impl Iterator<Item = (&'static str, Benchmark)> {
    let is_easy = |it: &(&str, Benchmark)| it.0 != "SafeStack" && !it.0.ends_with("_100");
    Benchmark::ALL.into_iter().filter(is_easy)
}

#[test]
fn every_program_can_fail() {
    for (name, benchmark) in easy() {
        let found = SchedulerKind::Portfolio.first_failure(benchmark, false, 1, 2_000);
        assert!(found.is_some(), "{name}");
    }
}

/// A hundred threads with one program are one for a search that counts lines, and a hundred for a walk.
#[test]
fn a_search_that_learns_finds_the_setter_among_a_hundred() {
    let (name, benchmark) = Benchmark::ALL[4];
    assert_eq!(name, "CS/reorder_100");
    for seed in 0..5 {
        let found = SchedulerKind::ReadsFrom.first_failure(benchmark, false, seed, 100);
        assert!(found.is_some(), "seed {seed}");
    }
}

#[test]
fn no_right_variant_fails() {
    for (name, benchmark) in Benchmark::ALL {
        // A hundred threads take their time.
        let is_large = name.ends_with("100");
        let schedules = if is_large { 10 } else { 100 };
        for strategy in SchedulerKind::ALL {
            let found = strategy.first_failure(benchmark, true, 2, schedules);
            assert_eq!(found, None, "{name} under {}", strategy.name());
        }
    }
}

/// The literature's least number of preemptions is enough for the exhaustive search. (It counts a switch
/// at a lock that another thread will hold as free, so that it can need fewer.)
#[test]
fn the_exhaustive_search_needs_no_more_preemptions_than_the_literature_says() {
    for (name, benchmark, least) in [
        ("token_ring", Benchmark::TokenRing, 0),
        ("twostage", Benchmark::ALL[5].1, 1),
        ("reorder_3", Benchmark::ALL[0].1, 1),
        ("deadlock01", Benchmark::Deadlock, 1),
        ("bluetooth_driver", Benchmark::BluetoothDriver, 1),
        ("CVE-2013-1792", Benchmark::Keyrings, 1),
        ("CVE-2016-1972", Benchmark::FreedLock, 1),
    ] {
        let fails_within = |preemptions| {
            let mut runner = benchmark.runner_at_zero_cost(false);
            let mut search = Exhaustive::new(Bound {
                preemptions: Some(preemptions),
                runs: 100_000,
            });
            let mut failed = false;
            while let Some(explorer) = search.next_run() {
                failed |= runner.run(Box::new(explorer));
            }
            assert!(search.is_exhausted(), "{name} has too many orders");
            failed
        };
        let found = (0..3).find(|it| fails_within(*it));
        assert!(found.is_some_and(|it| it <= least), "{name}: {found:?}");
    }
}

/// Without a delay, delay bounding is the cooperative schedule.
#[test]
fn a_schedule_without_delays_has_no_preemption() {
    for (name, benchmark) in easy() {
        if benchmark == Benchmark::TokenRing {
            continue;
        }
        let failed = benchmark
            .runner(false)
            .run(Box::new(Cooperative::default()));
        assert!(!failed, "{name}");
        let delays = SchedulerKind::Delays(0).first_failure(benchmark, false, 3, 1);
        // The first schedule is a random walk that counts; it may fail.
        assert!(delays.is_none_or(|it| it == 1), "{name}");
    }
}
