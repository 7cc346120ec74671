//! How long a run took here, for the page only.
//!
//! Owns the one look at the wall clock. It refuses to let it near a simulation: what it measures
//! is shown and forgotten.

use std::time::Duration;

/// A measurement that has begun.
#[expect(
    clippy::disallowed_types,
    reason = "the page says how long a run took on this machine"
)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "the page says how long a run took on this machine"
    )]
    #[expect(
        clippy::disallowed_types,
        reason = "the page says how long a run took on this machine"
    )]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}
