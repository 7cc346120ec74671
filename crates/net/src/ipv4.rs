//! The IPv4 header (RFC 791) without options, and the Internet checksum (RFC 1071).

use std::net::Ipv4Addr;

/// A header without options, of an unfragmented packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's address.
    pub source: Ipv4Addr,
    /// The receiver's address.
    pub destination: Ipv4Addr,
    /// The protocol of the payload, see [`crate::Protocol`].
    pub protocol: u8,
    /// Length of the packet in bytes, header included.
    pub length: u16,
    /// How many more hops the packet may take.
    pub time_to_live: u8,
}

/// Length of the header in bytes.
pub const HEADER_LENGTH: usize = 20;

/// Version 4, and a header length of five 32-bit words (RFC 791 section 3.1).
const VERSION_AND_LENGTH: u8 = 0x45;

impl Header {
    /// The bytes, checksum included.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[0] = VERSION_AND_LENGTH;
        bytes[2..4].copy_from_slice(&self.length.to_be_bytes());
        bytes[8] = self.time_to_live;
        bytes[9] = self.protocol;
        bytes[12..16].copy_from_slice(&self.source.octets());
        bytes[16..20].copy_from_slice(&self.destination.octets());
        // Type of service, identification, flags and fragment offset stay zero.
        let sum = checksum(&bytes);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// Decodes a header; `None` if it has options, another version or a wrong checksum.
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER_LENGTH]) -> Option<Self> {
        if bytes[0] != VERSION_AND_LENGTH || checksum(bytes) != 0 {
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

/// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of all 16-bit
/// words; an odd last byte is padded with zero. The checksum of data that contains its own correct
/// checksum is zero.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u64::from(u16::from_be_bytes([high, low])),
        [high] => u64::from(high) << 8,
        _ => unreachable!("a chunk has one or two bytes"),
    });
    // Sums of 16-bit words fit 64 bits, so all carries are folded in at the end (RFC 1071 section
    // 2, "deferred carries").
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
    fn an_odd_byte_is_padded_with_zero() {
        assert_eq!(
            checksum(&[0x12, 0x34, 0x56]),
            checksum(&[0x12, 0x34, 0x56, 0])
        );
    }
}
