//! Guests whose std clock and whose random numbers come from the simulation, on Linux.
//!
//! `std::time::Instant::now`, `SystemTime::now`, the keys of a `HashMap` and `getrandom` call functions of the C
//! library. This crate defines two of them, `clock_gettime` and `getrandom`, and the linker takes these
//! definitions wherever this crate is in a program. On a thread that runs a [`Simulated`] subject they
//! answer from virtual time and the seed; on all others they ask the system.
//!
//! ```no_run
//! # async fn serve() {}
//! # async fn app() {}
//! // In a test: as `guest::test`.
//! entropy::test("pool.toml", "..", 0..200, |sim| {
//!     sim.host("db", serve).host("app", app);
//! });
//! ```
//!
//! What is not answered: other system calls, threads that a guest starts, and the counter from which
//! `tokio::select!` without `biased;` takes its first branch.

// The lint knows no smaller place than the crate.
#![expect(
    clippy::disallowed_macros,
    reason = "a function of the C library has no argument for the simulation"
)]

mod answers;
#[cfg(target_os = "linux")]
mod symbols;

use std::ops::Range;
use std::sync::Arc;

use config::plan::Scenario;
use explore::{HostBuild, Subject};
use guest::search::{Search, SearchError, search_subject};
use guest::{Guests, Sim};
use simulation::observers::Observe;
use simulation::{LoweringError, Observations, Options, Outcome};

/// A subject each of whose runs has a thread of its own, on which std's clock is virtual time and the
/// system's random numbers follow from the seed. The keys of a `HashMap` are drawn once for each
/// thread, so a thread of its own gives the same order in every run.
#[derive(Clone, Copy, Debug)]
pub struct Simulated<S>(pub S);

impl<S: Subject> Subject for Simulated<S> {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        on_new_thread(seed, || self.0.run(scenario, seed, options))
    }

    fn observed(
        &self,
        scenario: &Scenario,
        seed: u64,
        observe: Observe,
    ) -> Result<(Outcome, Observations), LoweringError> {
        on_new_thread(seed, || self.0.observed(scenario, seed, observe))
    }

    fn build_of(&self, scenario: &Scenario, host: &str) -> Option<HostBuild> {
        self.0.build_of(scenario, host)
    }

    fn known_leaks(&self) -> Option<&str> {
        self.0.known_leaks()
    }
}

/// [`guest::test`] with a simulated clock and simulated random numbers.
///
/// # Panics
/// As [`guest::test`].
pub fn test<F>(name: &str, scenario: &str, seeds: Range<u64>, setup: F)
where
    F: Fn(&mut Sim) + Send + Sync + 'static,
{
    guest::test_subject(name, scenario, seeds, Arc::new(Simulated(Guests(setup))));
}

/// [`guest::search()`] with a simulated clock and simulated random numbers.
///
/// # Errors
/// As [`guest::search()`].
pub fn search<F>(scenario: &str, seeds: Range<u64>, setup: F) -> Result<Search, SearchError>
where
    F: Fn(&mut Sim) + Send + Sync + 'static,
{
    search_subject(scenario, seeds, Arc::new(Simulated(Guests(setup))))
}

/// Runs `run` on a thread whose clock and random numbers are simulated.
#[expect(
    clippy::disallowed_methods,
    reason = "the caller waits for the thread, so nothing runs at the same time"
)]
fn on_new_thread<T: Send>(seed: u64, run: impl FnOnce() -> T + Send) -> T {
    let result = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            answers::start(seed);
            let result = run();
            answers::stop();
            result
        });
        thread.join()
    });
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
