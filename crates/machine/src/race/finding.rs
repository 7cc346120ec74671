//! Findings that the race detector reports, and their signatures.

use std::fmt;

use crate::race::access::{Access, AccessKind};

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Two unordered accesses to a word, at least one of them a write.
    DataRace,
    /// A program accessed a block after it was freed.
    UseAfterFree,
    /// A program accessed a word outside the block that its pointer belongs to.
    OutOfBounds,
    /// A program accessed heap words that belong to no block.
    WildAccess,
    /// A block was freed twice.
    DoubleFree,
    /// Something was freed that is not a block.
    InvalidFree,
    /// The heap allocated words that were already allocated, or are not its own.
    DoubleAllocation,
}

/// What the race detector found: the access at which it was detected, and the one it conflicts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// The later access, at which it was detected.
    pub access: Access,
    /// The earlier access: the other side of a race, the free before a use, the first allocation.
    pub against: Option<Access>,
    /// For a freed block: its allocation.
    pub allocated: Option<Access>,
}

/// One side of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingSide {
    /// The name of the location.
    pub location: &'static str,
    /// The kind of access.
    pub kind: AccessKind,
}

/// What identifies a defect over many runs: names and kinds, but no times, addresses or thread
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// The kind.
    pub kind: FindingKind,
    /// The lesser of the two sides for a race, else the later access.
    pub side: FindingSide,
    /// The other side.
    pub against: Option<FindingSide>,
}

impl Finding {
    /// Its signature. A race has the same signature whichever side came first.
    #[must_use]
    pub fn signature(&self) -> Signature {
        let side_of = |access: &Access| FindingSide {
            location: access.name,
            kind: access.kind,
        };
        let (mut side, mut against) = (side_of(&self.access), self.against.as_ref().map(side_of));
        if self.kind == FindingKind::DataRace && against.is_some_and(|other| other < side) {
            let other = against.replace(side);
            side = other.expect("a race has two sides");
        }
        Signature {
            kind: self.kind,
            side,
            against,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DataRace => "data race",
            Self::UseAfterFree => "use after free",
            Self::OutOfBounds => "out of bounds",
            Self::WildAccess => "wild access",
            Self::DoubleFree => "double free",
            Self::InvalidFree => "invalid free",
            // The words are part of signatures in kept results.
            Self::DoubleAllocation => "block handed out twice",
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.side)?;
        match self.against {
            Some(against) => write!(formatter, " against {against}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for FindingSide {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.kind, self.location)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.access)?;
        if let Some(against) = self.against {
            write!(formatter, ", against {against}")?;
        }
        match self.allocated {
            Some(allocated) => write!(formatter, ", block from {allocated}"),
            None => Ok(()),
        }
    }
}
