//! Flow labels: what a connection is for, as the key of its random choices.

/// Identifies one direction of one connection independently of ports and of the order of opening.
///
/// The program that connects chooses the label, a new one for every attempt, and the segments carry
/// it. A network model that keys its random choices by labels treats a connection the same way
/// whether or not other connections exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowLabel(pub u64);

/// Distinguishes the two directions; an arbitrary odd constant.
const OTHER_DIRECTION: u64 = 0x9E37_79B9_7F4A_7C15;

impl FlowLabel {
    /// The label of the other direction. Its own inverse.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self(self.0 ^ OTHER_DIRECTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversing_a_label_twice_is_the_identity() {
        for label in [FlowLabel(0), FlowLabel(1), FlowLabel(u64::MAX)] {
            assert_ne!(label.reversed(), label);
            assert_eq!(label.reversed().reversed(), label);
        }
    }
}
