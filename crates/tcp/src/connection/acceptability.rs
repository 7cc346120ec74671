//! Which segments are acceptable to the receive window (RFC 9293 sections 3.4 and 3.10.7.4).

use crate::segment::SeqNum;

/// The receive window: `wnd` sequence numbers from `nxt`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiveWindow {
    /// RCV.NXT.
    pub(crate) nxt: SeqNum,
    /// RCV.WND.
    pub(crate) wnd: u32,
}

impl ReceiveWindow {
    const fn contains(self, number: SeqNum) -> bool {
        number.since(self.nxt) < self.wnd
    }

    /// Whether a segment with these SEG.SEQ and SEG.LEN is acceptable: the table of section 3.4.
    pub(crate) const fn accepts(self, sequence: SeqNum, length: u32) -> bool {
        match (length, self.wnd) {
            // The table rejects text at a zero window. We accept it at exactly RCV.NXT, so that its
            // ACK and RST count (section 3.10.7.4: "special allowance should be made"); the text
            // itself is trimmed off later.
            (_, 0) => sequence.since(self.nxt) == 0,
            (0, _) => self.contains(sequence),
            (_, _) => self.contains(sequence) || self.contains(sequence.plus(length - 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The model computes with unbounded integers.
        #[test]
        fn the_test_is_the_table_of_the_rfc(
            nxt: u32, offset in -20i64..20, length in 0u32..12, wnd in 0u32..12,
        ) {
            let window = ReceiveWindow { nxt: SeqNum::new(nxt), wnd };
            let sequence = SeqNum::new((i64::from(nxt) + offset) as u32);
            let inside = |offset: i64| (0..i64::from(wnd)).contains(&offset);
            let table = match (length, wnd) {
                (_, 0) => offset == 0,
                (0, _) => inside(offset),
                _ => inside(offset) || inside(offset + i64::from(length) - 1),
            };
            prop_assert_eq!(window.accepts(sequence, length), table);
        }
    }
}
