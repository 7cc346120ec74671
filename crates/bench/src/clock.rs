//! What a piece of work costs: processor time of this process.
//!
//! Owns the reading of the clock. It refuses wall time: a busy machine would be measured with it.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of processor time that `work` takes.
pub fn processor_nanos(work: impl FnOnce()) -> u64 {
    let before = now();
    work();
    now() - before
}

/// Nanoseconds of processor time that this process has taken.
///
/// # Panics
/// If the clock runs backwards.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("processor time does not run backwards");
    let nanos = u64::try_from(time.tv_nsec).expect("nanoseconds are positive");
    seconds * 1_000_000_000 + nanos
}
