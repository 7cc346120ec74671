//! Versions of the MTA, and the generation of the product that each belongs to.

use std::fmt;

/// A version as the start-up event prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The product: 4.0, 5.5 or 6.0.
    pub product: (u16, u16),
    /// The build: 993.6, 2653.23.
    pub build: (u16, u16),
}

/// A product generation: which threads wait for network events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Exchange 4.0: each thread control block belongs to a pair of threads, a Driver for messages
    /// from above and an Async Notify for network events (Exchange Server Analyzer).
    Pairs,
    /// Exchange 5.5 and 2000: one driver thread for each thread control block does both.
    Single,
}

impl Version {
    /// The generation of the product.
    #[must_use]
    pub const fn generation(self) -> Generation {
        match self.product.0 {
            0..=4 => Generation::Pairs,
            _ => Generation::Single,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            product: (major, minor),
            build: (build, revision),
        } = self;
        write!(formatter, "{major}.{minor}.{build}.{revision}")
    }
}
