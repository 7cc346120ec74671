//! shuttle 0.9.9: threads as coroutines, a scheduler asked before each access.

use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, Runner};

super::drills::drills!(shuttle);

/// `schedules` random schedules of a drill, which is called for each.
pub fn random(drill: fn(u32) -> bool, noise: u32, schedules: u32) {
    let scheduler = RandomScheduler::new_from_seed(1, schedules as usize);
    Runner::new(scheduler, Config::default()).run(move || {
        let _ = drill(noise);
    });
}
