//! Tests of the crate through its public API.

mod divergence;
mod hidden_defects;
mod observing;
