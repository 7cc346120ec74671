//! The header of IPv4 (RFC 791) as data and as bytes.
//!
//! Owns the plain header of 20 bytes and the Internet checksum. It refuses options and fragments,
//! which nothing here sends.

use std::net::Ipv4Addr;

/// A header without options, of a packet that is no fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Sender.
    pub source: Ipv4Addr,
    /// Receiver.
    pub destination: Ipv4Addr,
    /// Number of the protocol within, see [`crate::Protocol`].
    pub protocol: u8,
    /// Length of the packet in bytes, header included.
    pub length: u16,
    /// Routers it may still cross.
    pub time_to_live: u8,
}

/// Length of the header in bytes.
pub const HEADER_LENGTH: usize = 20;

const VERSION_4_FIVE_WORDS: u8 = 0x45;

impl Header {
    /// The bytes, checksum included.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[0] = VERSION_4_FIVE_WORDS;
        bytes[2..4].copy_from_slice(&self.length.to_be_bytes());
        bytes[8] = self.time_to_live;
        bytes[9] = self.protocol;
        bytes[12..16].copy_from_slice(&self.source.octets());
        bytes[16..20].copy_from_slice(&self.destination.octets());
        let sum = checksum(&bytes);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// Reads a header; `None` if it has options, another version or a wrong checksum.
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER_LENGTH]) -> Option<Self> {
        if bytes[0] != VERSION_4_FIVE_WORDS || checksum(bytes) != 0 {
            return None;
        }
        Some(Self {
            source: Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15]),
            destination: Ipv4Addr::new(bytes[16], bytes[17], bytes[18], bytes[19]),
            protocol: bytes[9],
            length: u16::from_be_bytes([bytes[2], bytes[3]]),
            time_to_live: bytes[8],
        })
    }
}

/// The Internet checksum (RFC 1071): the complement of the one's complement sum of 16-bit words,
/// the last one filled with zero. Over bytes that contain their right checksum it is zero.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u64::from(u16::from_be_bytes([high, low])),
        [high] => u64::from(high) << 8,
        _ => unreachable!("a chunk has one or two bytes"),
    });
    let mut sum: u64 = words.sum();
    while sum > u64::from(u16::MAX) {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded into 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071 section 3: the sum is ddf2.
    #[test]
    fn the_checksum_of_the_rfc() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&bytes), !0xddf2);
    }

    #[test]
    fn an_odd_byte_is_filled_with_zero() {
        assert_eq!(
            checksum(&[0x12, 0x34, 0x56]),
            checksum(&[0x12, 0x34, 0x56, 0])
        );
    }
}
