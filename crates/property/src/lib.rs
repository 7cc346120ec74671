//! Is a fix right? Variants of the socket layer's decisions, scenarios that proptest makes up and
//! makes small, and what must hold in every run.
//!
//! | Module | Owns |
//! |---|---|
//! | [`builds`] | which build each host of a scenario runs |
//! | [`case`](mod@case) | one scenario with its seed, shown as the file it could have come from |
//! | [`mod@networks`], [`mod@workloads`], [`mod@fault_plans`], [`mod@schedules`], [`mod@preemptions`] | strategies for the parts of a case |
//! | [`cases`](mod@cases) | a strategy for the whole |
//! | [`property`] | what must hold |
//! | [`hunt`](mod@hunt) | how many cases it takes to break a property, and the smallest that does |
//!
//! Everything that proptest draws is a part of the case; what happens in a run is a function of
//! the case and the build. Every strategy shrinks towards a clean link without faults that
//! carries one message.
//!
//! It never knows of packets, threads or sockets, and makes no chance that a run could see.

pub mod builds;
pub mod case;
pub mod cases;
pub mod fault_plans;
pub mod hunt;
pub mod networks;
pub mod preemptions;
pub mod property;
pub mod schedules;
pub mod workloads;

pub use proptest;

pub use builds::{Builds, RunError};
pub use case::Case;
pub use cases::{Cases, campaign, cases};
pub use fault_plans::{calm, fault_plans, stalls};
pub use hunt::{Hunt, Prey, hunt};
pub use networks::{bursty, clean, networks};
pub use preemptions::{critical_sections, preemptions};
pub use property::{
    Broken, Property, every_acknowledged_message_arrives, never_corrupts, never_leaks,
    recovers_after_healing,
};
pub use schedules::{Schedule, hostile, schedules};
pub use workloads::workloads;
