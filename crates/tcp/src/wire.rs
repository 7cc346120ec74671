//! Segments as octets (RFC 9293 section 3.1) and back.
//!
//! Owns the header, the MSS option and the checksum with IPv4's pseudo header. It refuses
//! trust: any octets may be handed to [`decode`], and it answers an error, never a panic.

use std::fmt;

use crate::payload::Payload;
use crate::segment::{Flags, Segment};
use crate::seq::SeqNum;

const HEADER: usize = 20;
const MSS_OPTION: usize = 4;
/// TCP's number in the pseudo header (IANA protocol numbers).
const PROTOCOL: u32 = 6;

/// Why octets are not a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeError {
    /// Fewer than 20 octets, or more than an IP packet holds.
    Length(usize),
    /// The data offset, in octets, is less than 20 or beyond the end.
    DataOffset(usize),
    /// The checksum, pseudo header included, is wrong.
    Checksum,
    /// The option that starts at this octet of the header is cut off or malformed.
    Option(usize),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(octets) => write!(formatter, "{octets} octets cannot be a segment"),
            Self::DataOffset(octets) => {
                write!(formatter, "the text cannot start at octet {octets}")
            }
            Self::Checksum => formatter.write_str("the checksum is wrong"),
            Self::Option(octet) => write!(formatter, "the option at octet {octet} is malformed"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The octets of `segment` between two IPv4 addresses (host byte order).
///
/// # Panics
/// If the text is longer than an IP packet holds: no connection makes such a segment.
#[must_use]
pub fn encode(segment: &Segment, source_ip: u32, destination_ip: u32) -> Vec<u8> {
    let option = segment.maximum_segment_size.map_or(0, |_| MSS_OPTION);
    let length = HEADER + option + segment.payload.len();
    assert!(
        length <= usize::from(u16::MAX),
        "a segment of {length} octets"
    );
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(&segment.source_port.to_be_bytes());
    bytes.extend_from_slice(&segment.destination_port.to_be_bytes());
    bytes.extend_from_slice(&segment.sequence.value().to_be_bytes());
    bytes.extend_from_slice(&segment.acknowledgment.value().to_be_bytes());
    let words = u8::try_from((HEADER + option) / 4).expect("a header of at most 24 octets");
    bytes.extend_from_slice(&[words << 4, segment.flags.bits()]);
    bytes.extend_from_slice(&segment.window.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    if let Some(size) = segment.maximum_segment_size {
        let [high, low] = size.to_be_bytes();
        bytes.extend_from_slice(&[2, 4, high, low]);
    }
    bytes.extend_from_slice(segment.payload.as_slice());
    let checksum = !folded_sum(&bytes, source_ip, destination_ip);
    bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The segment that `bytes` between two IPv4 addresses (host byte order) are.
///
/// # Errors
/// If they are none: see [`DecodeError`]. Options other than MSS are skipped.
pub fn decode(bytes: &[u8], source_ip: u32, destination_ip: u32) -> Result<Segment, DecodeError> {
    if bytes.len() < HEADER || bytes.len() > usize::from(u16::MAX) {
        return Err(DecodeError::Length(bytes.len()));
    }
    let start = usize::from(bytes[12] >> 4) * 4;
    if start < HEADER || start > bytes.len() {
        return Err(DecodeError::DataOffset(start));
    }
    if folded_sum(bytes, source_ip, destination_ip) != u16::MAX {
        return Err(DecodeError::Checksum);
    }
    let half = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let word = |at: usize| SeqNum::new(u32::from(half(at)) << 16 | u32::from(half(at + 2)));
    Ok(Segment {
        source_port: half(0),
        destination_port: half(2),
        sequence: word(4),
        acknowledgment: word(8),
        flags: Flags::from_bits(bytes[13]),
        window: half(14),
        maximum_segment_size: maximum_segment_size(&bytes[..start])?,
        payload: Payload::from(&bytes[start..]),
    })
}

fn maximum_segment_size(header: &[u8]) -> Result<Option<u16>, DecodeError> {
    let mut at = HEADER;
    let mut found = None;
    while at < header.len() {
        match header[at..] {
            [0, ..] => break,
            [1, ..] => at += 1,
            [2, 4, high, low, ..] => {
                found = Some(u16::from_be_bytes([high, low]));
                at += MSS_OPTION;
            }
            [kind, length, ..] if kind != 2 && length >= 2 => {
                at += usize::from(length);
                if at > header.len() {
                    return Err(DecodeError::Option(at - usize::from(length)));
                }
            }
            _ => return Err(DecodeError::Option(at)),
        }
    }
    Ok(found)
}

/// The one's complement sum of pseudo header and segment; all ones if a checksum within it
/// is right.
fn folded_sum(bytes: &[u8], source_ip: u32, destination_ip: u32) -> u16 {
    let halves = |ip: u32| (ip >> 16) + (ip & 0xffff);
    let length = u32::try_from(bytes.len()).expect("at most 65535 octets");
    let mut sum = halves(source_ip) + halves(destination_ip) + PROTOCOL + length;
    let mut pairs = bytes.chunks_exact(2);
    for pair in &mut pairs {
        sum += u32::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    if let [last] = pairs.remainder() {
        sum += u32::from(*last) << 8;
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    u16::try_from(sum).expect("folded to sixteen bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOURCE: u32 = 0x0a00_0001;
    const DESTINATION: u32 = 0x0a00_0002;

    fn any_segment() -> impl Strategy<Value = Segment> {
        let numbers = (any::<[u16; 3]>(), any::<[u32; 2]>(), any::<u8>());
        let rest = (
            any::<Option<u16>>(),
            prop::collection::vec(any::<u8>(), 0..80),
        );
        (numbers, rest).prop_map(|((ports, words, flags), (mss, text))| Segment {
            source_port: ports[0],
            destination_port: ports[1],
            sequence: SeqNum::new(words[0]),
            acknowledgment: SeqNum::new(words[1]),
            flags: Flags::from_bits(flags),
            window: ports[2],
            maximum_segment_size: mss,
            payload: Payload::from(text),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_encoded_is_decoded(segment in any_segment()) {
            let bytes = encode(&segment, SOURCE, DESTINATION);
            prop_assert_eq!(decode(&bytes, SOURCE, DESTINATION), Ok(segment));
        }

        #[test]
        fn no_flipped_bit_passes(segment in any_segment()) {
            let mut bytes = encode(&segment, SOURCE, DESTINATION);
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(decode(&bytes, SOURCE, DESTINATION).is_err(), "bit {}", bit);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            for bit in 0..32 {
                prop_assert!(decode(&bytes, SOURCE ^ (1 << bit), DESTINATION).is_err());
            }
        }

        #[test]
        fn no_octets_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), mend: bool) {
            if mend && bytes.len() >= HEADER {
                bytes[16..18].fill(0);
                let checksum = !folded_sum(&bytes, SOURCE, DESTINATION);
                bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
            }
            let _ = decode(&bytes, SOURCE, DESTINATION);
        }
    }

    fn with_options(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes.extend_from_slice(options);
        bytes[12] = u8::try_from(bytes.len() / 4).expect("short") << 4;
        let checksum = !folded_sum(&bytes, SOURCE, DESTINATION);
        bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    #[test]
    fn other_options_are_skipped_and_broken_ones_refused() {
        let size = |options: &[u8]| {
            decode(&with_options(options), SOURCE, DESTINATION)
                .map(|segment| segment.maximum_segment_size)
        };
        assert_eq!(size(&[1, 3, 3, 7, 2, 4, 5, 0xb4]), Ok(Some(1460)));
        assert_eq!(
            size(&[0, 2, 4, 5]),
            Ok(None),
            "nothing counts after the end of options"
        );
        assert_eq!(
            size(&[1, 1, 1, 8]),
            Err(DecodeError::Option(23)),
            "no room for a length"
        );
        assert_eq!(
            size(&[8, 10, 0, 0]),
            Err(DecodeError::Option(20)),
            "longer than the header"
        );
        assert_eq!(
            size(&[2, 3, 0, 0]),
            Err(DecodeError::Option(20)),
            "an MSS of one octet"
        );
        assert_eq!(
            size(&[9, 0, 0, 0]),
            Err(DecodeError::Option(20)),
            "a length of zero"
        );
    }

    #[test]
    fn every_error_says_what_is_wrong() {
        let mut bytes = with_options(&[]);
        let error = |bytes: &[u8]| {
            let error = decode(bytes, SOURCE, DESTINATION).expect_err("not a segment");
            error.to_string()
        };
        assert_eq!(error(&bytes[..19]), "19 octets cannot be a segment");
        assert_eq!(error(&vec![0; 70_000]), "70000 octets cannot be a segment");
        bytes[12] = 4 << 4;
        assert_eq!(error(&bytes), "the text cannot start at octet 16");
        bytes[12] = 5 << 4;
        bytes[0] = 1;
        assert_eq!(error(&bytes), "the checksum is wrong");
        assert_eq!(
            error(&with_options(&[2, 3, 0, 0])),
            "the option at octet 20 is malformed"
        );
    }

    /// A SYN of Windows NT as any analyser shows it, its checksum worked out by hand.
    #[test]
    fn a_known_syn_has_its_known_octets() {
        let syn = Segment {
            source_port: 1025,
            destination_port: 102,
            sequence: SeqNum::new(1),
            acknowledgment: SeqNum::new(0),
            flags: Flags::SYN,
            window: 8760,
            maximum_segment_size: Some(1460),
            payload: Payload::empty(),
        };
        let bytes = encode(&syn, SOURCE, DESTINATION);
        // Pseudo header 0a00+0001+0a00+0002+0006+0018 = 1421; header words 0401+0066+0001
        // +6002+2238+0204+05b4 = 8e5a; together a27b, complement 5d84.
        assert_eq!(
            bytes,
            [
                0x04, 0x01, 0x00, 0x66, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 0x02, 0x22, 0x38, 0x5d, 0x84,
                0, 0, 2, 4, 0x05, 0xb4
            ]
        );
    }
}
