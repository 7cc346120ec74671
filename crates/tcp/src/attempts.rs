//! How often the same unit was sent before.
//!
//! Owns the recent history by which a transmission is told from its repetition: the network
//! draws a packet's luck from (connection, kind, sequence, acknowledgment, length, attempt),
//! so no two transmissions may share that name and nothing but this connection's own past
//! may decide it. It refuses to know what is sent.
//!
//! The history stays short without forgetting: when the acknowledgment number moves on, no
//! earlier unit can be sent again, and neither can one that lies wholly before what the peer
//! acknowledged.

use crate::segment::Flags;
use crate::seq::SeqNum;
use crate::short_queue::ShortQueue;

/// Beyond this the oldest unit is forgotten. Only spoofed segments that each draw another
/// reset, or a thousand tiny segments in flight, come near it.
const LIMIT: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) flags: Flags,
    pub(crate) sequence: SeqNum,
    pub(crate) octets: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Attempts {
    acknowledgment: SeqNum,
    sent: ShortQueue<(Unit, u32)>,
}

impl Attempts {
    /// Counts a transmission of `unit` and returns how many came before. `acknowledgment`
    /// is RCV.NXT. `fresh` promises that the unit reaches beyond all that was ever sent.
    pub(crate) fn count(&mut self, unit: Unit, acknowledgment: SeqNum, fresh: bool) -> u32 {
        if acknowledgment != self.acknowledgment {
            self.acknowledgment = acknowledgment;
            self.sent.clear();
        }
        let known = match fresh {
            true => None,
            false => {
                let mut sent = self.sent.iter_mut_from_back();
                sent.find(|(sent, _)| *sent == unit)
            }
        };
        if let Some((_, times)) = known {
            *times += 1;
            return *times;
        }
        if self.sent.len() == LIMIT {
            self.sent.pop_front();
        }
        self.sent.push_back((unit, 0));
        0
    }

    /// How often an acknowledgment of `acknowledgment` without text was sent at `sequence`.
    pub(crate) fn of_acknowledgment(&self, sequence: SeqNum, acknowledgment: SeqNum) -> u32 {
        let unit = Unit {
            flags: Flags::ACK,
            sequence,
            octets: 0,
        };
        if acknowledgment != self.acknowledgment {
            return 0;
        }
        let known = self.sent.iter().find(|(sent, _)| *sent == unit);
        known.map_or(0, |(_, times)| times + 1)
    }

    /// Everything before `acknowledged` has arrived.
    pub(crate) fn forget_before(&mut self, acknowledged: SeqNum) {
        // A keep-alive carries the number before the first unacknowledged one.
        let oldest = acknowledged.minus(1);
        while let Some((unit, _)) = self.sent.front()
            && unit.sequence.plus(unit.octets).before(oldest)
        {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(sequence: u32, octets: u32) -> Unit {
        Unit {
            flags: Flags::ACK,
            sequence: SeqNum::new(sequence),
            octets,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The definition itself is the witness: count all equal names in the whole past.
        #[test]
        fn the_short_history_counts_like_the_whole_past(
            moves in prop::collection::vec((0u32..4, 0u32..6, 0u32..3), 1..200),
        ) {
            let (mut attempts, mut past) = (Attempts::default(), Vec::new());
            let (mut una, mut rcv) = (1_000u32, 50u32);
            for (kind, ahead, octets) in moves {
                match kind {
                    0 => { una += ahead; attempts.forget_before(SeqNum::new(una)); }
                    1 => rcv += ahead / 3,
                    _ => {
                        let sent = unit(una + ahead, octets);
                        let name = (sent.sequence, octets, rcv);
                        let before = past.iter().filter(|old| **old == name).count();
                        let counted = attempts.count(sent, SeqNum::new(rcv), false);
                        prop_assert_eq!(counted as usize, before);
                        past.push(name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_history_has_a_limit() {
        let mut attempts = Attempts::default();
        for sequence in 0..2 * LIMIT as u32 {
            assert_eq!(attempts.count(unit(sequence, 1), SeqNum::new(1), true), 0);
        }
        assert_eq!(attempts.sent.len(), LIMIT);
    }
}
