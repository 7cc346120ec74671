//! mtasim at the same work, through what its crates offer to everybody.

pub mod associations;
pub mod mtas;
pub mod ping_pong;
mod plain;
pub mod races;
pub mod schedules;
pub mod timers;
