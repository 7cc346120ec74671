//! The one crate to depend on: a deterministic simulator of the socket layer of a message
//! transfer agent.

pub use explore;
pub use kernel;
pub use mta;
pub use prove;
pub use prove::proptest;
pub use scenario::{Options, Outcome, file, outcome, ping, plan, record, render, run};

/// What a property test of a fix needs.
pub mod prelude {
    pub use kernel::{Duration, Instant, Ratio};
    pub use mta::{Build, Shipped};
    pub use prove::proptest::prelude::*;
    pub use prove::*;
}
