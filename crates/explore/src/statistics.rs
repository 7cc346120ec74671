//! Counts over many runs, and what they say about probabilities.
//!
//! Floating-point numbers appear only here and in output; none flows back into a run.

pub mod counters;
pub mod coverage;
pub mod proportions;
pub mod survival;
pub mod time_histogram;
pub mod traffic;
