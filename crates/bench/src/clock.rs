//! Processor time of this process.
//!
//! Wall time would measure whatever else the machine does.

use rustix::time::{ClockId, clock_gettime};

/// The processor time that `work` takes, in nanoseconds.
pub fn processor_nanos(work: impl FnOnce()) -> u64 {
    let before = now();
    work();
    now() - before
}

/// The processor time of this process so far, in nanoseconds.
///
/// # Panics
/// If the system's clock goes back.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("processor time is positive");
    let nanos = u64::try_from(time.tv_nsec).expect("nanoseconds are positive");
    seconds * 1_000_000_000 + nanos
}
