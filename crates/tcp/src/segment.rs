//! What travels between two ends.
//!
//! Owns [`Segment`], [`Flags`] and the reset a port without connection answers. It refuses
//! bytes (see `wire`) and IP addresses (the network's).

use std::fmt;
use std::ops::BitOr;

use crate::payload::Payload;
use crate::seq::SeqNum;

/// The control bits of a segment (RFC 9293 section 3.1), URG to FIN.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No control bit.
    pub const NONE: Self = Self(0);
    /// No more data from the sender.
    pub const FIN: Self = Self(1);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(2);
    /// Reset the connection.
    pub const RST: Self = Self(4);
    /// Push what was received to the application.
    pub const PSH: Self = Self(8);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(16);
    /// The urgent pointer counts. Carried, never acted upon.
    pub const URG: Self = Self(32);

    /// The six bits, FIN lowest.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The flags of the six low bits; higher bits (ECN's) are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x3f)
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// `SYN|ACK`; `-` for none.
impl fmt::Debug for Flags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 6] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
        let mut separator = "";
        for (bit, name) in NAMES.iter().enumerate() {
            if self.0 & (1 << bit) != 0 {
                write!(formatter, "{separator}{name}")?;
                separator = "|";
            }
        }
        formatter.write_str(if self.0 == 0 { "-" } else { "" })
    }
}

/// One segment, without the addresses of the packet around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The number of the first octet, or of the SYN.
    pub sequence: SeqNum,
    /// The next octet the sender awaits; meaningful with ACK only.
    pub acknowledgment: SeqNum,
    /// The control bits.
    pub flags: Flags,
    /// How many octets from `acknowledgment` the sender takes (never scaled).
    pub window: u16,
    /// The option of RFC 9293 section 3.2, octets; only with SYN.
    pub maximum_segment_size: Option<u16>,
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
}

/// The reset a CLOSED port answers (RFC 9293 section 3.10.7.1); none to a reset.
#[must_use]
pub fn reset_for(segment: &Segment) -> Option<Segment> {
    if segment.flags.contains(Flags::RST) {
        return None;
    }
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
            payload: Payload::from(vec![0; octets]),
        }
    }

    #[test]
    fn a_closed_port_answers_with_a_reset_the_sender_accepts() {
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
    fn syn_and_fin_occupy_a_number_each() {
        assert_eq!(segment(Flags::SYN | Flags::FIN, 5).sequence_length(), 7);
        assert_eq!(segment(Flags::ACK | Flags::PSH, 5).sequence_length(), 5);
    }

    #[test]
    fn flags_show_their_names() {
        assert_eq!(format!("{:?}", Flags::SYN | Flags::ACK), "SYN|ACK");
        assert_eq!(format!("{:?}", Flags::NONE), "-");
    }
}
