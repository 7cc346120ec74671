//! The plan's own text and its hash.
//!
//! Owns [`Scenario::to_toml`] and [`Scenario::content_hash`]. It refuses a second notion of
//! sameness: two plans are equal exactly if their full texts are.

use super::check;
use super::printer::{Detail, Printer};
use crate::plan::Scenario;

/// Changes when the meaning of the text changes, so that old hashes cannot be mistaken.
const HASH_CONTEXT: &str = "mtasim scenario 3";

impl Scenario {
    /// The scenario as a file: what is at its default is left out. Loading it gives this very
    /// scenario again, provided [`Scenario::check`] finds nothing.
    #[must_use]
    pub fn to_toml(&self) -> String {
        Printer::print(self, Detail::Brief)
    }

    /// The hash (BLAKE3) of everything the scenario says, defaults included.
    #[must_use]
    pub fn content_hash(&self) -> [u8; 32] {
        let text = Printer::print(self, Detail::Full);
        blake3::derive_key(HASH_CONTEXT, text.as_bytes())
    }

    /// What is wrong with a plan that was edited, as `(dotted path, message)`; empty if it
    /// could have come from a file. Limits of single values are not looked at.
    #[must_use]
    pub fn check(&self) -> Vec<(String, String)> {
        check::check(self)
            .into_iter()
            .map(|finding| (finding.path, finding.message))
            .collect()
    }
}
