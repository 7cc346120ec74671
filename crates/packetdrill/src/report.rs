//! What came of a script.

use std::collections::BTreeSet;
use std::fmt;

/// Whether the host did what the script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptVerdict {
    /// It did.
    Passes,
    /// It did not; the first difference.
    Deviates(Difference),
    /// The script needs this, which the simulator or the profile does not have.
    NotApplicable(String),
}

/// A statement of the script that did not come true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line in the script, from 1.
    pub line: usize,
    /// The statement.
    pub statement: String,
    /// What the script expects.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "line {}: {}", self.line, self.statement)?;
        writeln!(formatter, "  expected {}", self.expected)?;
        write!(formatter, "  got      {}", self.got)
    }
}

/// The verdict, and what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptReport {
    /// The verdict.
    pub verdict: ScriptVerdict,
    /// What the script says and the simulator has no counterpart for.
    pub not_compared: BTreeSet<String>,
}
