//! Property tests of a fix: strategies that generate and shrink scenarios, and properties that
//! every run must have.
//!
//! | Module | Contents |
//! |---|---|
//! | [`builds`] | which build each host runs |
//! | [`case`](mod@case) | one scenario with its seed, printed as a scenario file |
//! | [`mod@networks`], [`mod@workloads`], [`mod@fault_plans`], [`mod@schedules`], [`mod@preemptions`] | strategies for the parts of a case |
//! | [`cases`](mod@cases) | a strategy for whole cases |
//! | [`properties`] | what must hold in every run |
//! | [`mod@campaign`] | running a property over many cases, and what they covered |
//! | [`search`] | searching cases for a counterexample |
//!
//! A case holds everything that proptest draws; a run is a function of the case and the build.
//! Every strategy shrinks towards a clean link without faults that carries one message.

pub mod builds;
pub mod campaign;
pub mod case;
pub mod cases;
pub mod fault_plans;
pub mod networks;
pub mod preemptions;
pub mod properties;
pub mod schedules;
pub mod search;
pub mod workloads;

pub use proptest;

pub use builds::{Builds, RunError};
pub use campaign::{Covered, campaign};
pub use case::Case;
pub use cases::{Cases, campaign_config, cases};
pub use fault_plans::{fault_plans, no_faults, stalls};
pub use networks::{bursty_link, clean_link, networks};
pub use preemptions::{critical_sections, preemptions};
pub use properties::{
    Property, PropertyFailure, every_acknowledged_message_arrives, never_corrupts, never_leaks,
    recovers_after_healing,
};
pub use schedules::{Scheduling, adversarial_schedules, schedules};
pub use search::{CaseSearch, Counterexample};
pub use workloads::workloads;
