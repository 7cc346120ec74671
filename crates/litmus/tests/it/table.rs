//! The table of docs/schedulers.md: schedules to the first failure.

use litmus::sctbench::Benchmark;
use litmus::search::{SchedulerKind, median};
use machine::{Bound, Exhaustive, InterestingCalls};

#[test]
fn a_median_counts_searches_without_a_failure() {
    assert_eq!(median(vec![Some(1), Some(4), Some(9), Some(5)]), "4.5");
    assert_eq!(median(vec![Some(1), None, Some(9), Some(3)]), "6 (3)");
    assert_eq!(median(vec![Some(1), None, None, Some(3)]), "2/4");
}

/// The size of an experiment.
struct Experiment {
    programs: fn(&str) -> bool,
    seeds: u64,
    limit: u64,
}

impl Experiment {
    /// One row for each program.
    #[expect(clippy::print_stdout, reason = "the table is for the reader")]
    fn print(&self) {
        let names: Vec<String> = SchedulerKind::ALL.iter().map(|it| it.name()).collect();
        println!("| program | {} |", names.join(" | "));
        for (name, benchmark) in Benchmark::ALL {
            if !(self.programs)(name) {
                continue;
            }
            let search = |strategy: SchedulerKind| {
                let found = |seed| strategy.first_failure(benchmark, false, seed, self.limit);
                median((0..self.seeds).map(found).collect())
            };
            let cells: Vec<String> = SchedulerKind::ALL.into_iter().map(search).collect();
            println!("| {name} | {} |", cells.join(" | "));
        }
    }
}

/// `cargo test --release -p mtasim-litmus --test it -- --ignored --nocapture sctbench_table`
#[test]
#[ignore = "minutes: the table of docs/schedulers.md"]
fn sctbench_table() {
    Experiment {
        programs: |name| name != "SafeStack" && !name.ends_with("_100"),
        seeds: 200,
        limit: 10_000,
    }
    .print();
}

/// `cargo test --release -p mtasim-litmus --test it -- --ignored --nocapture hundred_threads`
#[test]
#[ignore = "minutes: two rows of docs/schedulers.md"]
fn hundred_threads() {
    Experiment {
        programs: |name| name.ends_with("_100"),
        seeds: 20,
        limit: 1_000,
    }
    .print();
}

/// The strategies that can make seven preemptions.
const OF_SAFE_STACK: [SchedulerKind; 7] = [
    SchedulerKind::Pos,
    SchedulerKind::ReadsFrom,
    SchedulerKind::Portfolio,
    SchedulerKind::Surw(InterestingCalls::OneWithPriorities),
    SchedulerKind::Surw(InterestingCalls::One),
    SchedulerKind::Surw(InterestingCalls::All),
    SchedulerKind::Random,
];

/// Prints each search when it has ended, and a row after twenty.
///
/// `cargo test --release -p mtasim-litmus --test it -- --ignored --nocapture safe_stack`
#[test]
#[ignore = "hours: a row of docs/schedulers.md"]
#[expect(clippy::print_stdout, reason = "the table is for the reader")]
fn safe_stack() {
    for strategy in OF_SAFE_STACK {
        let search = |seed| {
            let found = strategy.first_failure(Benchmark::SafeStack, false, seed, 300_000);
            println!("{}, search {seed}: {found:?}", strategy.name());
            found
        };
        println!(
            "{}: {}",
            strategy.name(),
            median((0..20).map(search).collect())
        );
    }
}

/// How far the exhaustive search comes on SafeStack, bound after bound, in ten million runs each.
///
/// `cargo test --release -p mtasim-litmus --test it -- --ignored --nocapture orders_within_bounds`
#[test]
#[ignore = "minutes: a table of docs/schedulers.md"]
#[expect(clippy::print_stdout, reason = "the table is for the reader")]
fn orders_within_bounds() {
    let mut runner = Benchmark::SafeStack.runner_at_zero_cost(false);
    for preemptions in 0..=7 {
        let mut search = Exhaustive::new(Bound {
            preemptions: Some(preemptions),
            runs: 10_000_000,
        });
        let mut failed = 0;
        while let Some(explorer) = search.next_run() {
            failed += u64::from(runner.run(Box::new(explorer)));
        }
        let end = if search.is_exhausted() {
            "all orders"
        } else {
            "not all orders"
        };
        println!(
            "{preemptions} preemptions: {end}, {} runs, {failed} failed",
            search.runs()
        );
        if !search.is_exhausted() {
            break;
        }
    }
}

/// `cargo test --release -p mtasim-litmus --test it -- --ignored right_variants`
#[test]
#[ignore = "minutes: ten million schedules"]
fn right_variants() {
    for (name, benchmark) in Benchmark::ALL {
        let schedules = if name.ends_with("_100") {
            1_000
        } else {
            50_000
        };
        for strategy in SchedulerKind::ALL {
            let found = strategy.first_failure(benchmark, true, 9, schedules);
            assert_eq!(found, None, "{name} under {}", strategy.name());
        }
    }
}

/// The fraction of failing schedules of each strategy after sixteen, on the programs on which the turns of the
/// portfolio were set: every second one, from the first on.
///
/// `cargo test --release -p mtasim-litmus --test it -- --ignored --nocapture rates`
#[test]
#[ignore = "minutes: a table of docs/schedulers.md"]
#[expect(clippy::print_stdout, reason = "the table is for the reader")]
fn rates() {
    for (name, benchmark) in Benchmark::ALL.into_iter().step_by(2) {
        let seeds: u64 = if name.ends_with("_100") { 20 } else { 200 };
        let rate = |strategy: SchedulerKind| {
            // Other seeds than those of the other tables.
            let failed = |seed| {
                let mut search = strategy.search(benchmark, false, 1_000 + seed);
                let failed = (0..116).filter(|_| search.fails());
                failed.filter(|schedule| *schedule >= 16).count()
            };
            let failed: usize = (0..seeds).map(failed).sum();
            format!("{:.1}", failed as f64 / seeds as f64)
        };
        let cells: Vec<String> = SchedulerKind::ALL.into_iter().map(rate).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}
