//! One file, one world, one judged run.

#![deny(clippy::float_arithmetic)]

pub mod file;
pub mod plan;
