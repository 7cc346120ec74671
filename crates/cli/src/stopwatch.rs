//! Wall-clock time of a run on this machine. It is printed and never reaches a simulation.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the output says how long a run took on this machine"
)]

use std::time::{Duration, Instant};

/// A measurement in progress.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
