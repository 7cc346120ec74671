//! loom 0.7.3: every order with at most two preemptions, and what a load may read in C11.

use mtasim_bench::hunt::{Chase, Watch};

super::drills::drills!(loom);

/// Exhausts a drill within two preemptions.
pub fn exhaust(drill: Drill, noise: u32, fixed: bool) -> Chase {
    Watch::shared(|watch| {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(move || watch.saw(drill(noise, fixed)));
    })
}

/// The same of a failing drill; answers how many executions that took.
pub fn exhaustive(drill: Drill, noise: u32) -> u64 {
    exhaust(drill, noise, false).schedules
}
