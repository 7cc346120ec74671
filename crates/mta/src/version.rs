//! Versions of the MTA, and the generation of the product that each belongs to.

use std::fmt;

/// A version as the start-up event prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The product's first number: 5 of 5.5.
    pub major: u16,
    /// The product's second number.
    pub minor: u16,
    /// The build: 2653 of 2653.23.
    pub build: u16,
    /// The revision of the build.
    pub revision: u16,
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
    /// The version `major.minor.build.revision`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, build: u16, revision: u16) -> Self {
        Self {
            major,
            minor,
            build,
            revision,
        }
    }

    /// The generation of the product.
    #[must_use]
    pub const fn generation(self) -> Generation {
        match self.major {
            0..=4 => Generation::Pairs,
            _ => Generation::Single,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            build,
            revision,
        } = self;
        write!(formatter, "{major}.{minor}.{build}.{revision}")
    }
}
