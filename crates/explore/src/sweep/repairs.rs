//! What was damaged in a results directory, for its user.

/// The damages that are listed.
const LISTED_MAX: usize = 20;

/// What was damaged in a results directory, and whose seeds were run again, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    /// The first damages, one phrase each.
    pub listed: Vec<String>,
    /// How many there are.
    pub count: u64,
}

impl Repairs {
    pub(crate) fn add(&mut self, what: String) {
        self.count += 1;
        if self.listed.len() < LISTED_MAX {
            self.listed.push(what);
        }
    }
}
