//! Which segments concern the window at all (RFC 9293 section 3.10.7.4, first check).
//!
//! Owns the table of four cases. It refuses to act on its answer.

use crate::seq::SeqNum;

/// The numbers a receiver awaits: from `next`, `width` of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) next: SeqNum,
    pub(crate) width: u32,
}

impl Window {
    const fn holds(self, number: SeqNum) -> bool {
        number.since(self.next) < self.width
    }

    /// Whether a segment of `length` numbers from `sequence` is acceptable. One liberty is
    /// taken: at a closed window, what starts at exactly `next` passes whatever its length,
    /// so that its acknowledgment and its FIN count; its text is cut off later.
    pub(crate) const fn accepts(self, sequence: SeqNum, length: u32) -> bool {
        let at_next = sequence.since(self.next) == 0;
        match (length, self.width) {
            (_, 0) => at_next,
            (0, _) => self.holds(sequence),
            (_, _) => self.holds(sequence) || self.holds(sequence.plus(length - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The witness walks over every number of the segment's two ends.
        #[test]
        fn the_table_is_the_rfcs(next: u32, offset in -20i64..20, length in 0u32..12, width in 0u32..12) {
            let window = Window { next: SeqNum::new(next), width };
            let sequence = SeqNum::new((i64::from(next) + offset) as u32);
            let inside = |place: i64| (0..i64::from(width)).contains(&place);
            let rfc = match (length, width) {
                (_, 0) => offset == 0,
                (0, _) => inside(offset),
                _ => inside(offset) || inside(offset + i64::from(length) - 1),
            };
            prop_assert_eq!(window.accepts(sequence, length), rfc);
        }
    }
}
