//! Tests of the crate through its public API.

mod keep_alive;
