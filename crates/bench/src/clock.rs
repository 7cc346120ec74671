//! Processor time of this process.
//!
//! Wall time would measure whatever else the machine does.

use rustix::time::{ClockId, clock_gettime};

/// The cost of one repetition.
#[derive(Clone, Copy, Debug)]
pub struct ProcessorCost {
    /// Processor time in nanoseconds.
    pub nanos: u64,
    /// The number of the workload's units that were done.
    pub units: u64,
}

impl ProcessorCost {
    /// The cost of `work`, which does this many units.
    pub fn of(units: u64, work: impl FnOnce()) -> Self {
        let nanos = processor_nanos(work);
        Self { nanos, units }
    }

    /// The cost of `work`, which returns the number of units.
    pub fn counted(work: impl FnOnce() -> u64) -> Self {
        let mut units = 0;
        let nanos = processor_nanos(|| units = work());
        Self { nanos, units }
    }

    /// Processor time for one unit.
    pub fn nanos_per_unit(self) -> f64 {
        self.nanos as f64 / self.units as f64
    }
}

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
