//! One file, one world, one judged run.
//!
//! | Module | Owns |
//! |---|---|
//! | [`mod@file`], [`plan`] | from text to a checked, immutable [`plan::Scenario`] |
//! | `assembly` | from names to numbers |
//! | `world`, `host`, `event`, `workload` | what happens, and when |
//! | [`record`] | what is written down |
//! | [`timeline`] | what chance lays down, as a plan could |
//! | `ledger` | what the oracles make of it |
//! | [`violation`], [`outcome`], [`run()`] | one judged run |
//! | [`render`] | logs: views of what was written down |
//! | [`ping`] | what a ping sees of a link |
//!
//! It never knows that there is more than one run.

#![deny(clippy::float_arithmetic)]

mod assembly;
mod event;
pub mod file;
mod host;
mod ledger;
pub mod outcome;
pub mod ping;
pub mod plan;
pub mod record;
pub mod render;
pub mod run;
pub mod timeline;
pub mod touch;
pub mod violation;
mod workload;
mod world;

pub use assembly::AssemblyError;
pub use outcome::Outcome;
pub use run::{run, run_builds};
pub use touch::Touch;
pub use world::Options;
