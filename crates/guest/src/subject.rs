//! Guests as something that can be swept, replayed, shrunk, explained and compared.

use config::plan::{Preemption, Scenario};
use explore::{HostBuild, Subject};
use simulation::observers::Observe;
use simulation::{Explorer, LoweringError, Observations, Options, Outcome};

use crate::run::run;
use crate::sim::Sim;

/// The guests that a function registers, as a [`Subject`] of `explore`.
#[derive(Clone, Copy)]
pub struct Guests<F>(pub F);

/// The `main` of a program with the commands of `mtasim` for guests. It needs `mtasim-cli` among the
/// dependencies. `docs/your-own-pool.md` has an example.
///
/// `main!(setup)` has one system under test. `main! { "published" => published, "patched" => patched }`
/// has several: `--arm patched` runs one of them, `compare --arms published,patched` compares them
/// on the same seeds.
#[macro_export]
macro_rules! main {
    ($setup:path $(,)?) => {
        $crate::main! { "guests" => $setup }
    };
    ($($name:literal => $setup:expr),+ $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            ::cli::CommandLine::new(::core::env!("CARGO_BIN_NAME"))
                $(.arm($name, $crate::Guests($setup)))+
                .main()
        }
    };
}

/// What a guest's program can depend on besides scenario and seed (docs/determinism.md).
const LEAKS: &str = "\
The program depends on something outside of the simulation. Known ways:
- std::time::Instant and SystemTime: use tokio::time::Instant
- the order of a HashMap or HashSet: use BTreeMap, or a hasher with fixed keys
- tokio::select! without `biased;`: add it, or build with --cfg tokio_unstable
- rand::rng(), getrandom, uuid: use mtasim::guest::rng(\"role\")
- std::thread, spawn_blocking: use tasks
- static variables that one run leaves to the next";

impl<F: Fn(&mut Sim) + Send + Sync> Subject for Guests<F> {
    fn run(
        &self,
        scenario: &Scenario,
        seed: u64,
        options: Options,
    ) -> Result<Outcome, LoweringError> {
        let (outcome, _) = run(&self.0, scenario, seed, options, Observe::default())?;
        Ok(outcome)
    }

    fn observed(
        &self,
        scenario: &Scenario,
        seed: u64,
        observe: Observe,
    ) -> Result<(Outcome, Observations), LoweringError> {
        let options = Options { keep_records: true };
        run(&self.0, scenario, seed, options, observe)
    }

    fn explored(
        &self,
        _: &Scenario,
        _: u64,
        _: Explorer,
    ) -> Result<(Outcome, Vec<Preemption>), LoweringError> {
        let what = "verify tries the orders of modeled threads; tasks of guests are not modeled";
        Err(LoweringError::Rejected(what.to_owned()))
    }

    fn build_of(&self, scenario: &Scenario, host: &str) -> Option<HostBuild> {
        // MTAs beside guests are the shipped ones.
        HostBuild::named(scenario, host)
    }

    fn known_leaks(&self) -> Option<&str> {
        Some(LEAKS)
    }
}

impl<F> std::fmt::Debug for Guests<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Guests")
    }
}
