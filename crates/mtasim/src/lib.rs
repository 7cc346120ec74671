//! A deterministic simulator of the socket layer of a message transfer agent, as a library.
//!
//! **A scenario** is hosts with their builds, links between them, connectors with their mail, and
//! what goes wrong. It is a file ([`file::load`], `docs/scenario.md`) or a value
//! ([`plan::Scenario`]). A run is a function of scenario, seed and build:
//!
//! ```
//! use mtasim::prelude::*;
//!
//! let text = include_str!("../../../sims/canary/late-close-5.5.toml");
//! let scenario = mtasim::file::load("late-close.toml", text.as_bytes(), &[])?;
//! let outcome = mtasim::run(&scenario, scenario.seed, Options { keep_records: false })?;
//! assert_eq!(outcome.signatures(), ["control-block-leak: control block, out of service"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **A variant of one's own** is a shipped build that decides some questions otherwise: the trait
//! [`Build`](mta::Build). [`Builds`](property::Builds) says which host runs it:
//!
//! ```
//! use mtasim::prelude::*;
//!
//! #[derive(Clone, Debug)]
//! struct MyFix;
//!
//! impl Build for MyFix {
//!     fn base(&self) -> Shipped {
//!         Shipped::EXCHANGE_5_5_2653_23
//!     }
//!
//!     fn on_session_timeout(&self, _: BlockState) -> TimeoutAction {
//!         TimeoutAction::RequestClose
//!     }
//! }
//!
//! let text = include_str!("../../../sims/canary/late-close-5.5.toml");
//! let scenario = mtasim::file::load("late-close.toml", text.as_bytes(), &[])?;
//! let builds = Builds::named().with("PARIS", MyFix);
//! let outcome = builds.run(&scenario, scenario.seed, Options { keep_records: false })?;
//! assert!(outcome.signatures().is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **A sweep** makes many runs and says how often what happens: [`explore::sweep()`]. Builds are an
//! [`explore::Subject`], so that a variant can be swept, compared with others seed by seed, and a
//! failure of it shrunk and explained, as with the shipped ones.
//!
//! **A proof** is a property held against scenarios that proptest makes up, and makes small when
//! it fails: [`cases`](property::cases()) and the four properties of [`property::properties`]. From scratch:
//! `docs/how-to-test-a-fix.md`.
//!
//! This crate owns no code: it names what the other crates offer to users. It refuses what is only
//! of use inside.

pub use config::{file, plan};
pub use explore;
pub use explore::run;
pub use kernel;
pub use logs;
pub use mta;
pub use property;
pub use property::proptest;
pub use simulation::{Options, Outcome, outcome, ping, record};

/// Everything that a property test of a fix names, by one `use`.
pub mod prelude {
    pub use config::plan::OperationKind;
    pub use kernel::{Duration, Instant, Ratio};
    pub use mta::{
        BlockState, Build, CloseAction, ConnectFailureAction, EmptyPoolAction, EventReset,
        FreeList, Generation, LockName, Operation, Shipped, Structure, TimeoutAction, Version,
        WaitArrayScan, WakeTiming,
    };
    pub use property::proptest::prelude::*;
    pub use property::{
        Builds, Case, Cases, Counterexample, Property, PropertyFailure, RunError, Schedule, Search,
        adversarial_schedules, bursty_link, campaign_config, cases, clean_link, critical_sections,
        every_acknowledged_message_arrives, fault_plans, networks, never_corrupts, never_leaks,
        no_faults, preemptions, recovers_after_healing, schedules, stalls, workloads,
    };
    pub use simulation::{Options, Outcome};
}
