//! Which packets repeat sequence numbers that their sender has put on the same link before.
//!
//! An analyser sees no more than that: a segment cut anew, or with a newer acknowledgment, is a
//! retransmission to it, too. A segment without a SYN, text or a FIN occupies no sequence numbers, so it
//! is never sent again.

use std::collections::BTreeMap;

use net::{HostId, LinkId};
use simulation::observers::packet_capture::{CapturedPacket, Fate};

const TCP: u8 = 6;
/// Control bits of TCP (RFC 9293 section 3.1).
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;

/// One side of a connection where it enters a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct LinkEntry {
    link: LinkId,
    end: HostId,
    /// Both addresses, as they are in the IP header.
    addresses: [u8; 8],
    /// Both ports, as they are in the TCP header.
    ports: [u8; 4],
}

/// Sequence numbers that one side has sent.
struct SentNumbers {
    /// Of its last SYN.
    first: u32,
    /// The number after the highest one.
    end: u32,
}

/// Looks at packets in the order of time.
#[derive(Default)]
pub(crate) struct SentAgain {
    sides: BTreeMap<LinkEntry, SentNumbers>,
}

impl SentAgain {
    /// Whether a packet repeats sequence numbers.
    pub(crate) fn is_again(&mut self, packet: &CapturedPacket) -> bool {
        match packet.fate {
            // What arrives damaged was seen where it was sent; a router sends no segments.
            Fate::Damaged { .. } | Fate::FromRouter => return false,
            Fate::Carried(_) | Fate::Lost(_) => {}
        }
        self.look(packet).unwrap_or(false)
    }

    /// `None` if it is no segment.
    fn look(&mut self, packet: &CapturedPacket) -> Option<bool> {
        let bytes = &packet.bytes;
        if *bytes.get(9)? != TCP {
            return None;
        }
        // Both lengths count words of four bytes.
        let segment = bytes.get(usize::from(bytes[0] & 0xf) * 4..)?;
        let (offset, flags) = (
            usize::from(segment.get(12)? >> 4) * 4,
            segment[13..].first()?,
        );
        let text = u32::try_from(segment.len().checked_sub(offset)?).ok()?;
        let length = text + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        if flags & RST != 0 {
            // The number of a reset can be one that the peer expected of an earlier connection of these
            // ports (RFC 9293 section 3.5.2: SEQ=SEG.ACK), so it says nothing of this connection.
            return Some(false);
        }
        let sequence = u32::from_be_bytes(segment.get(4..8)?.try_into().ok()?);
        let addresses = bytes.get(12..20)?.try_into().ok()?;
        let ports = segment.get(..4)?.try_into().ok()?;
        let side = LinkEntry {
            link: packet.link,
            end: packet.end,
            addresses,
            ports,
        };
        // Sequence numbers wrap (RFC 9293 section 3.4), so they are compared by their difference.
        let end = sequence.wrapping_add(length);
        let Some(sent) = self.sides.get_mut(&side) else {
            let first = sequence;
            self.sides.insert(side, SentNumbers { first, end });
            return Some(false);
        };
        if flags & SYN != 0 && sequence != sent.first {
            // The same ports again: another connection.
            *sent = SentNumbers {
                first: sequence,
                end,
            };
            return Some(false);
        }
        let is_again = length > 0 && is_before(sequence, sent.end);
        if is_before(sent.end, end) {
            sent.end = end;
        }
        Some(is_again)
    }
}

/// The order of sequence numbers (RFC 9293 section 3.4).
const fn is_before(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use kernel::Instant;
    use net::{DropReason, Identity};

    use super::*;

    const ACK: u8 = 16;

    /// A packet of one octet of text, or none.
    fn packet(sequence: u32, flags: u8, text: usize) -> CapturedPacket {
        let mut bytes = vec![0; 40 + text];
        bytes[0] = 0x45;
        bytes[9] = TCP;
        bytes[24..28].copy_from_slice(&sequence.to_be_bytes());
        bytes[32] = 5 << 4;
        bytes[33] = flags;
        CapturedPacket {
            at: Instant::ZERO,
            link: LinkId(0),
            end: HostId(0),
            identity: Identity {
                flow: 0,
                unit: 0,
                attempt: 0,
            },
            fate: Fate::Lost(DropReason::Outage),
            bytes: bytes.into(),
        }
    }

    #[test]
    fn a_reset_of_an_earlier_connection_moves_nothing() {
        let mut sent = SentAgain::default();
        let old = 4_232_841_848;
        let new = 2_300_312_429;
        assert!(!sent.is_again(&packet(old, SYN, 0)));
        assert!(sent.is_again(&packet(old, SYN, 0)));
        assert!(!sent.is_again(&packet(new, SYN, 0)));
        assert!(!sent.is_again(&packet(old + 1, RST, 0)));
        assert!(sent.is_again(&packet(new, SYN, 0)));
        assert!(!sent.is_again(&packet(new + 1, ACK, 18)));
        assert!(sent.is_again(&packet(new + 1, ACK, 18)));
    }
}
