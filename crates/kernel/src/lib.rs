//! The simulation kernel: order, chance, record.
//!
//! It decides what happens next and writes down what happened. It never knows what an
//! event means, and nothing below it exists.

#![deny(clippy::float_arithmetic)]

pub mod ratio;
pub mod time;

pub use ratio::Ratio;
pub use time::{Duration, Instant};
