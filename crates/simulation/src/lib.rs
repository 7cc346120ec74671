//! One file, one world, one judged run.
//!
//! | Module | Owns |
//! |---|---|
//! | [`mod@file`], [`plan`] | from text to a checked, immutable [`plan::Scenario`] |
//! | `assembly`, `roster` | from names to numbers; who is who |
//! | `world`, `host`, `event`, `workload` | what happens, and when |
//! | [`record`] | what is written down |
//! | [`watch`] | what else may be seen of a run, if somebody looks |
//! | [`swarm`] | what one seed has of it |
//! | [`timeline`] | what chance lays down, as a plan could |
//! | `ledger` | what the oracles make of it |
//! | [`violation`], [`outcome`], [`run()`] | one judged run |
//! | [`render`] | logs: views of what was written down |
//! | [`ping`] | what a ping sees of a link |
//!
//! It never knows that there is more than one run.

#![deny(clippy::float_arithmetic)]

mod assembly;
pub mod event;
pub mod footprint;
mod host;
mod ledger;
pub mod outcome;
pub mod ping;
pub mod record;
mod roster;
pub mod run;
mod scheduling;
pub mod timeline;
pub mod violation;
pub mod watch;
mod workload;
mod world;

pub use assembly::AssemblyError;
pub use footprint::Footprint;
pub use machine::{Bound, Exhaustive, Explorer};
pub use outcome::Outcome;
pub use run::{Run, run, run_explored};
pub use scheduling::CallCounts;
pub use watch::{Seen, Watch};
pub use world::Options;
