//! What the judge finds.
//!
//! Owns [`Violation`] and its [`Signature`], which names the defect and not the run: places
//! and kinds, no times, addresses or thread numbers.

use std::fmt;

use crate::race::access::{Access, AccessKind};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViolationKind {
    /// Two threads touched a word, one of them writing, and nothing ordered the two.
    DataRace,
    /// A program touched a block that had been given back.
    UseAfterFree,
    /// A program touched a word beyond the block its pointer belongs to.
    OutOfBounds,
    /// A program touched heap words that belong to no block.
    WildAccess,
    /// A block was given back that had been given back already.
    DoubleFree,
    /// Something was given back that is no block.
    InvalidFree,
    /// The heap handed out words that somebody still has.
    DoubleHandOut,
}

/// One finding: the access that was wrong, and the one it was wrong against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong.
    pub kind: ViolationKind,
    /// The later access, at which it was found.
    pub access: Access,
    /// The earlier one: the other side of a race, the free before a use, the first hand-out.
    pub against: Option<Access>,
    /// For a block given back: who had been given it.
    pub allocated: Option<Access>,
}

/// One end of a finding: the place's name and how it was touched.
type End = (&'static str, AccessKind);

/// The defect a violation shows, the same in every run that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// What is wrong.
    pub kind: ViolationKind,
    /// The touched place, and how; for a race the lesser of the two.
    pub location: End,
    /// The other place, and how.
    pub against: Option<End>,
}

impl Violation {
    /// The defect it shows. A race looks the same whichever side came first.
    #[must_use]
    pub fn signature(&self) -> Signature {
        let end = |access: &Access| (access.name, access.kind);
        let (mut place, mut against) = (end(&self.access), self.against.as_ref().map(end));
        if self.kind == ViolationKind::DataRace && against.is_some_and(|other| other < place) {
            let other = against.replace(place);
            place = other.expect("a race has two sides");
        }
        Signature {
            kind: self.kind,
            location: place,
            against,
        }
    }
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DataRace => "data race",
            Self::UseAfterFree => "use after free",
            Self::OutOfBounds => "out of bounds",
            Self::WildAccess => "wild access",
            Self::DoubleFree => "double free",
            Self::InvalidFree => "invalid free",
            Self::DoubleHandOut => "block handed out twice",
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, kind) = self.location;
        write!(formatter, "{}: {kind} of {name}", self.kind)?;
        match self.against {
            Some((name, kind)) => write!(formatter, " against {kind} of {name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Violation {
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
