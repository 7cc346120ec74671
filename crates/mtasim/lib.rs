//! The one crate to depend on: a deterministic simulator of the socket layer of a message
//! transfer agent.
//!
//! Owns no code: it names what the other crates offer to users. It refuses what is only of use
//! inside.

pub use explore;
pub use scenario::{Options, Outcome, file, outcome, ping, plan, record, render, run};
