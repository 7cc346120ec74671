//! Scenario files and the plans they describe.
//!
//! [`file::load`] reads TOML text into a checked [`plan::Scenario`], or says what is wrong with it,
//! with line, column, cause and remedy. A `Scenario` can also be built in code. [`swarm`] picks the
//! features that one seed uses. [`untrusted_text`] makes text from outside fit to be shown.

#![deny(clippy::float_arithmetic)]

pub mod file;
mod format;
pub mod plan;
pub mod swarm;
pub mod untrusted_text;
