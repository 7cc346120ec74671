//! The strategies, without an edge between them.
//!
//! Timed, they say something about rates; all others are adversaries: they find bugs, and how
//! often they do says nothing about how often it would happen.

pub(crate) mod chosen;
pub mod cooperative;
pub mod counts;
pub mod paced;
pub mod parallel;
pub mod pct;
pub mod portfolio;
pub mod pos;
pub mod preempting;
pub mod random;
pub mod round_robin;
pub mod surw;
pub(crate) mod timed;
pub(crate) mod turns;

pub use cooperative::Cooperative;
pub use counts::{Counts, Tally};
pub use paced::Paced;
pub use parallel::Parallel;
pub use pct::Pct;
pub use portfolio::Portfolio;
pub use pos::Pos;
pub use preempting::Preempting;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use surw::{Selection, Surw};
