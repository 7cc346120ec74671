//! The strategies, without an edge between them.

pub(crate) mod chosen;
pub mod random;
pub mod round_robin;
pub(crate) mod timed;
pub(crate) mod turns;

pub use random::Random;
pub use round_robin::RoundRobin;
