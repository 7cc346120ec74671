//! A violated property.

use kernel::Instant;
use mta::BlockId;

use config::plan::ViolationKind;

/// A violated property, as an oracle found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which property.
    pub kind: ViolationKind,
    /// The host, by name.
    pub host: String,
    /// When it was found.
    pub at: Instant,
    /// Where in the system under test. It is part of the signature, so it is the same in every run.
    pub location: String,
    /// The control block concerned, and its use.
    pub block: Option<BlockId>,
    /// What was found, in words.
    pub detail: String,
}

impl Violation {
    /// The name of the defect: kind and location, without time, host, block or instance.
    #[must_use]
    pub fn signature(&self) -> String {
        format!("{}: {}", self.kind, self.location)
    }
}
