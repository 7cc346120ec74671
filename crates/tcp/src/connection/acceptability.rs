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

/// How far a segment is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// It is acceptable.
    Whole,
    /// Its text and FIN lie beyond the window, but its ACK and RST count.
    WithoutText,
    /// It is unacceptable.
    Nothing,
}

impl ReceiveWindow {
    /// Whether `number` is one of the window's numbers.
    pub(crate) const fn contains(self, number: SeqNum) -> bool {
        number.since(self.nxt) < self.wnd
    }

    /// How far a segment with these SEG.SEQ and SEG.LEN is processed.
    ///
    /// The table of section 3.4 alone would drop the acknowledgments of a peer that has filled the
    /// window or has probed it, because its SND.NXT lies at the right edge or one number behind.
    /// Two such peers would answer each other's acknowledgments without end. Section 3.10.7.4
    /// demands "special allowance", MUST-66 the same for RST; appendix A.2 and
    /// draft-gont-tcpm-tcp-seq-validation describe the problem.
    pub(crate) const fn acceptance(self, sequence: SeqNum, length: u32) -> Acceptance {
        let is_acceptable = match (length, self.wnd) {
            // The text at a closed window is trimmed off later.
            (_, 0) => sequence.since(self.nxt) == 0,
            (0, _) => self.contains(sequence),
            (_, _) => self.contains(sequence) || self.contains(sequence.plus(length - 1)),
        };
        // One octet of a probe can be outstanding beyond a closed window.
        let edge = if self.wnd == 0 { 1 } else { self.wnd };
        if is_acceptable {
            Acceptance::Whole
        } else if sequence.since(self.nxt) <= edge {
            Acceptance::WithoutText
        } else {
            Acceptance::Nothing
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
            let found = window.acceptance(sequence, length);
            prop_assert_eq!(found == Acceptance::Whole, table);
            let at_edge = !table && (0..=i64::from(wnd.max(1))).contains(&offset);
            prop_assert_eq!(found == Acceptance::WithoutText, at_edge);
        }
    }
}
