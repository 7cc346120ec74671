//! How often the same segment was transmitted before.
//!
//! A network model may key its random choices by (connection, kind, sequence, acknowledgment,
//! length, attempt). For that, no two transmissions of a connection may have the same key, and the
//! attempt must depend on the history of this connection only.
//!
//! Old entries can be dropped without losing count: once RCV.NXT advances, no earlier segment can
//! be sent again, and neither can a segment whose numbers are all acknowledged.

use crate::buffers::SmallQueue;
use crate::segment::{Flags, SeqNum};

/// The maximum number of entries; the oldest is dropped first. Only forged segments that each
/// provoke another reset, or a thousand tiny segments in flight, come near it.
const LIMIT: usize = 1024;

/// What identifies a segment among those with the same acknowledgment number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentIdentity {
    pub(crate) flags: Flags,
    pub(crate) sequence: SeqNum,
    pub(crate) octets: u32,
}

#[derive(Debug, Default)]
pub(crate) struct TransmissionHistory {
    /// The RCV.NXT that all entries carry as their acknowledgment number.
    rcv_nxt: SeqNum,
    /// What was sent, and how often it was sent again.
    sent: SmallQueue<(SegmentIdentity, u32)>,
}

impl TransmissionHistory {
    /// Records a transmission of `segment` and returns how many came before. `is_new` means that
    /// the segment has numbers that were never sent: then no search is needed.
    pub(crate) fn record(
        &mut self,
        segment: SegmentIdentity,
        rcv_nxt: SeqNum,
        is_new: bool,
    ) -> u32 {
        if rcv_nxt != self.rcv_nxt {
            self.rcv_nxt = rcv_nxt;
            self.sent.clear();
        }
        let known = if is_new {
            None
        } else {
            // The segment sent last is the likeliest to be sent again.
            let mut sent = self.sent.iter_mut_from_back();
            sent.find(|(sent, _)| *sent == segment)
        };
        if let Some((_, times)) = known {
            *times += 1;
            return *times;
        }
        if self.sent.len() == LIMIT {
            self.sent.pop_front();
        }
        self.sent.push_back((segment, 0));
        0
    }

    /// How often an acknowledgment of `rcv_nxt` without text was sent at `sequence`.
    pub(crate) fn pure_acks(&self, sequence: SeqNum, rcv_nxt: SeqNum) -> u32 {
        let segment = SegmentIdentity {
            flags: Flags::ACK,
            sequence,
            octets: 0,
        };
        if rcv_nxt != self.rcv_nxt {
            return 0;
        }
        let known = self.sent.iter().find(|(sent, _)| *sent == segment);
        known.map_or(0, |(_, times)| times + 1)
    }

    /// Drops segments whose numbers are all before SND.UNA.
    pub(crate) fn forget_before(&mut self, snd_una: SeqNum) {
        // A keep-alive is sent at SND.UNA - 1 and must stay known.
        let oldest = snd_una.minus(1);
        while let Some((segment, _)) = self.sent.front()
            && segment.sequence.plus(segment.octets).before(oldest)
        {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(sequence: u32, octets: u32) -> SegmentIdentity {
        SegmentIdentity {
            flags: Flags::ACK,
            sequence: SeqNum::new(sequence),
            octets,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The model counts equal keys in the complete history.
        #[test]
        fn the_count_equals_that_of_the_complete_history(
            operations in prop::collection::vec((0u32..4, 0u32..6, 0u32..3), 1..200),
        ) {
            let (mut history, mut past) = (TransmissionHistory::default(), Vec::new());
            let (mut una, mut rcv) = (1_000u32, 50u32);
            for (kind, ahead, octets) in operations {
                match kind {
                    0 => { una += ahead; history.forget_before(SeqNum::new(una)); }
                    1 => rcv += ahead / 3,
                    _ => {
                        let sent = segment(una + ahead, octets);
                        let name = (sent.sequence, octets, rcv);
                        let before = past.iter().filter(|old| **old == name).count();
                        let counted = history.record(sent, SeqNum::new(rcv), false);
                        prop_assert_eq!(counted as usize, before);
                        past.push(name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_history_has_a_limit() {
        let mut history = TransmissionHistory::default();
        for sequence in 0..2 * LIMIT as u32 {
            assert_eq!(
                history.record(segment(sequence, 1), SeqNum::new(1), true),
                0
            );
        }
        assert_eq!(history.sent.len(), LIMIT);
    }
}
