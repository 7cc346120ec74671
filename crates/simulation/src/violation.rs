//! A broken promise, and the name of the defect behind it.
//!
//! Owns [`Violation`]. It refuses to find any: that is the ledger's.

use kernel::Instant;
use mta::BlockId;

use config::plan::{Keyword, ViolationKind};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise.
    pub kind: ViolationKind,
    /// The host, by name.
    pub host: String,
    /// When it was found.
    pub at: Instant,
    /// The place in the subject: part of the signature, the same in every run.
    pub place: String,
    /// The control block concerned, and its use.
    pub block: Option<BlockId>,
    /// What was found, for a reader.
    pub detail: String,
}

impl Violation {
    /// What names the defect: kind and place, no time, host, block or instance.
    #[must_use]
    pub fn signature(&self) -> String {
        format!("{}: {}", self.kind.as_str(), self.place)
    }
}
