//! loom 0.7.3: every order with at most two preemptions, and every value that C11 allows a load.

use mtasim_bench::bug_search::{SearchRecorder, SeedSearch};

super::litmus::litmus_tests!(loom);

/// Runs every order of a litmus test with at most two preemptions.
pub fn exhaust(test: LitmusTest, private_steps: u32, fixed: bool) -> SeedSearch {
    SearchRecorder::record(|recorder| {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(move || recorder.add(test(private_steps, fixed)));
    })
}

/// The same for a test that can fail; returns the number of executions.
pub fn exhaustive(test: LitmusTest, private_steps: u32) -> u64 {
    exhaust(test, private_steps, false).schedules
}
