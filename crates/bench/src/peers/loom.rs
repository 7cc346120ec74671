//! loom 0.7.3: every order with at most two preemptions, and what a load may read in C11.

use std::sync::atomic::AtomicU64;

super::drills::drills!(loom);

/// Exhausts a drill within two preemptions; answers how many executions that took.
pub fn exhaustive(drill: fn(u32) -> bool, noise: u32) -> u64 {
    let executions = std::sync::Arc::new(AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(move || {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let _ = drill(noise);
    });
    executions.load(std::sync::atomic::Ordering::Relaxed)
}
