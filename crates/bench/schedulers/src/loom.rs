//! loom 0.7.3: every order with at most two preemptions, and every value that C11 allows a load.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64, Ordering as StdOrdering};

super::programs::programs!(loom);

const PREEMPTIONS: usize = 2;
/// The most executions.
const EXECUTIONS: usize = 20_000;

/// Whether an execution fails, and how many were made.
pub fn search(benchmark: Benchmark, fixed: bool) -> (bool, u64) {
    let executions = StdArc::new(AtomicU64::new(0));
    let count = StdArc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.max_permutations = Some(EXECUTIONS);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            count.fetch_add(1, StdOrdering::Relaxed);
            run(benchmark, fixed);
        });
    }));
    (ended.is_err(), executions.load(StdOrdering::Relaxed))
}
