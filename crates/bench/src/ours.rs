//! mtasim at the workloads, through the public interfaces of its crates.

pub mod associations;
pub mod guests;
pub mod mtas;
pub mod ping_pong;
mod plain;
pub mod races;
pub mod schedules;
pub mod timers;
