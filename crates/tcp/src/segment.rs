//! TCP segments, their control bits, and the reset that a closed port sends.

mod options;
mod payload;
mod sequence_number;

use std::fmt;

pub(crate) use options::{MAXIMUM_BLOCKS, MAXIMUM_SHIFT};
pub use options::{SackBlock, TcpOptions, Timestamps};
pub use payload::Payload;
pub use sequence_number::SeqNum;

bitflags::bitflags! {
    /// The control bits of a segment (RFC 9293 section 3.1) from URG to FIN. ECN's bits are not
    /// represented.
    #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
    pub struct Flags: u8 {
        /// No more data from the sender.
        const FIN = 1;
        /// Synchronize sequence numbers.
        const SYN = 2;
        /// Reset the connection.
        const RST = 4;
        /// Push function.
        const PSH = 8;
        /// The acknowledgment field is significant.
        const ACK = 16;
        /// The urgent pointer field is significant. Encoded and decoded, otherwise ignored.
        const URG = 32;
    }
}

/// `SYN | ACK`; `-` if no bit is set.
impl fmt::Debug for Flags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return formatter.write_str("-");
        }
        bitflags::parser::to_writer(self, formatter)
    }
}

/// A segment without the IP addresses of its packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// SEG.SEQ: the number of the first octet, or of the SYN.
    pub sequence: SeqNum,
    /// SEG.ACK: the next number the sender expects. Only significant with ACK.
    pub acknowledgment: SeqNum,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND as in the header: octets from `acknowledgment`, shifted if both ends agreed on a
    /// window scale.
    pub window: u16,
    /// The MSS option (RFC 9293 section 3.7.1), octets; only with SYN.
    pub maximum_segment_size: Option<u16>,
    /// The other options. Boxed, because the segments of most profiles have none.
    pub options: Option<Box<TcpOptions>>,
    /// The text.
    pub payload: Payload,
}

impl Segment {
    /// SEG.LEN: the sequence numbers the segment occupies, SYN and FIN included.
    #[must_use]
    pub const fn sequence_length(&self) -> u32 {
        let syn = self.flags.contains(Flags::SYN) as u32;
        let fin = self.flags.contains(Flags::FIN) as u32;
        self.payload.octets() + syn + fin
    }

    /// The octets of all options in the header, padding included.
    #[must_use]
    pub fn options_length(&self) -> usize {
        let size = self.maximum_segment_size.map_or(0, |_| 4);
        size + self.options.as_ref().map_or(0, |it| it.length())
    }
}

/// The reset with which a CLOSED port answers `segment` (RFC 9293 section 3.10.7.1), or `None` if
/// `segment` is a reset itself.
#[must_use]
pub fn reset_for(segment: &Segment) -> Option<Segment> {
    if segment.flags.contains(Flags::RST) {
        return None;
    }
    // The reset must be acceptable to its receiver: it carries the number that the sender of an
    // ACK expects, or acknowledges everything the segment occupies.
    let (sequence, acknowledgment, flags) = if segment.flags.contains(Flags::ACK) {
        (segment.acknowledgment, SeqNum::default(), Flags::RST)
    } else {
        let end = segment.sequence.plus(segment.sequence_length());
        (SeqNum::default(), end, Flags::RST | Flags::ACK)
    };
    Some(Segment {
        source_port: segment.destination_port,
        destination_port: segment.source_port,
        sequence,
        acknowledgment,
        flags,
        window: 0,
        maximum_segment_size: None,
        options: None,
        payload: Payload::empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(flags: Flags, octets: usize) -> Segment {
        Segment {
            source_port: 1025,
            destination_port: 102,
            sequence: SeqNum::new(100),
            acknowledgment: SeqNum::new(700),
            flags,
            window: 8760,
            maximum_segment_size: None,
            options: None,
            payload: Payload::from(vec![0; octets]),
        }
    }

    #[test]
    fn the_reset_of_a_closed_port_is_acceptable_to_the_sender() {
        let to_syn = reset_for(&segment(Flags::SYN, 0)).expect("a SYN is answered");
        assert_eq!(to_syn.flags, Flags::RST | Flags::ACK);
        assert_eq!((to_syn.source_port, to_syn.destination_port), (102, 1025));
        assert_eq!(to_syn.acknowledgment, SeqNum::new(101));
        let to_text = reset_for(&segment(Flags::ACK, 5)).expect("text is answered");
        assert_eq!(to_text.flags, Flags::RST);
        assert_eq!(to_text.sequence, SeqNum::new(700));
        assert_eq!(reset_for(&segment(Flags::RST, 0)), None);
        assert_eq!(reset_for(&segment(Flags::RST | Flags::ACK, 0)), None);
    }

    #[test]
    fn syn_and_fin_occupy_one_number_each() {
        assert_eq!(segment(Flags::SYN | Flags::FIN, 5).sequence_length(), 7);
        assert_eq!(segment(Flags::ACK | Flags::PSH, 5).sequence_length(), 5);
    }

    #[test]
    fn flags_are_formatted_by_name() {
        assert_eq!(format!("{:?}", Flags::SYN | Flags::ACK), "SYN | ACK");
        assert_eq!(format!("{:?}", Flags::empty()), "-");
    }
}
