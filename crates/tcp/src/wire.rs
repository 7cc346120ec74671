//! Encoding and decoding of segments (RFC 9293 section 3.1): header, options, and the checksum
//! with the IPv4 pseudo header.
//!
//! [`decode`] accepts arbitrary input and does not panic.

use thiserror::Error;

use crate::segment::{Flags, Payload, Segment, SeqNum, TcpOptions};

const HEADER: usize = 20;
const MSS_OPTION: usize = 4;
/// TCP's protocol number in the pseudo header (IANA).
const PROTOCOL: u32 = 6;

/// Why bytes are not a valid segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum DecodeError {
    /// Fewer than 20 octets, or more than an IP packet can carry.
    #[error("a segment of {0} octets is too short or too long")]
    Length(usize),
    /// The data offset, in octets, is less than 20 or beyond the end.
    #[error("the data offset of {0} octets lies outside the segment")]
    DataOffset(usize),
    /// The checksum, pseudo header included, is wrong.
    #[error("the checksum is wrong")]
    Checksum,
    /// The option that starts at this octet of the header is truncated or malformed.
    #[error("the option at octet {0} is malformed")]
    Option(usize),
}

/// Encodes `segment`. The IPv4 addresses (host byte order) are part of the checksum.
///
/// # Panics
/// If the text does not fit into an IP packet.
#[must_use]
pub fn encode(segment: &Segment, source_ip: u32, destination_ip: u32) -> Vec<u8> {
    let option = segment.options_length();
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
    let words = u8::try_from((HEADER + option) / 4).expect("a header of at most 60 octets");
    bytes.extend_from_slice(&[words << 4, segment.flags.bits()]);
    bytes.extend_from_slice(&segment.window.to_be_bytes());
    // Checksum (filled in below) and urgent pointer.
    bytes.extend_from_slice(&[0; 4]);
    if let Some(size) = segment.maximum_segment_size {
        let [high, low] = size.to_be_bytes();
        bytes.extend_from_slice(&[2, 4, high, low]);
    }
    if let Some(options) = &segment.options {
        options.encode(&mut bytes);
    }
    bytes.extend_from_slice(segment.payload.as_slice());
    let checksum = !folded_sum(&bytes, source_ip, destination_ip);
    bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// Decodes a segment sent between two IPv4 addresses (host byte order). Unknown options are
/// skipped.
///
/// # Errors
/// If `bytes` is not a segment with a correct checksum: see [`DecodeError`].
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
    let (maximum_segment_size, options) = options(&bytes[..start])?;
    Ok(Segment {
        source_port: half(0),
        destination_port: half(2),
        sequence: word(4),
        acknowledgment: word(8),
        flags: Flags::from_bits_truncate(bytes[13]),
        window: half(14),
        maximum_segment_size,
        options: (!options.is_empty()).then(|| Box::new(options)),
        payload: Payload::from(&bytes[start..]),
    })
}

fn options(header: &[u8]) -> Result<(Option<u16>, TcpOptions), DecodeError> {
    let mut at = HEADER;
    let mut found = None;
    let mut options = TcpOptions::default();
    while at < header.len() {
        match header[at..] {
            // End of Option List: what follows is padding.
            [0, ..] => break,
            // No-Operation: the only other option without a length octet.
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
                options.decode(kind, &header[at + 2 - usize::from(length)..at]);
            }
            _ => return Err(DecodeError::Option(at)),
        }
    }
    Ok((found, options))
}

/// The ones' complement sum of pseudo header and segment. Over a segment with a correct checksum
/// the sum is 0xffff.
fn folded_sum(bytes: &[u8], source_ip: u32, destination_ip: u32) -> u16 {
    let halves = |ip: u32| (ip >> 16) + (ip & 0xffff);
    let length = u32::try_from(bytes.len()).expect("at most 65535 octets");
    let mut sum = halves(source_ip) + halves(destination_ip) + PROTOCOL + length;
    let mut pairs = bytes.chunks_exact(2);
    for pair in &mut pairs {
        sum += u32::from(u16::from_be_bytes([pair[0], pair[1]]));
    }
    // RFC 9293 section 3.1: an odd segment is padded with a zero octet on the right.
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
    use crate::segment::{SackBlock, Timestamps};
    use proptest::prelude::*;

    const SOURCE: u32 = 0x0a00_0001;
    const DESTINATION: u32 = 0x0a00_0002;

    /// Options that fit a header beside MSS: 36 octets.
    fn any_options() -> impl Strategy<Value = TcpOptions> {
        let stamps = any::<Option<(u32, u32)>>();
        let block = (any::<u32>(), any::<u32>());
        let sack = prop::collection::vec(block, 0..4);
        (any::<bool>(), any::<Option<u8>>(), stamps, sack).prop_map(
            |(permitted, scale, stamps, sack)| {
                let room = if stamps.is_some() { 1 } else { 3 };
                let numbers = |(left, right)| SackBlock {
                    left_edge: SeqNum::new(left),
                    right_edge: SeqNum::new(right),
                };
                TcpOptions {
                    sack_permitted: permitted,
                    window_scale: scale,
                    timestamps: stamps.map(|(value, echo)| Timestamps { value, echo }),
                    sack: sack.into_iter().take(room).map(numbers).collect(),
                }
            },
        )
    }

    fn any_segment() -> impl Strategy<Value = Segment> {
        let numbers = (any::<[u16; 3]>(), any::<[u32; 2]>(), any::<u8>());
        let rest = (
            any::<Option<u16>>(),
            any_options(),
            prop::collection::vec(any::<u8>(), 0..80),
        );
        (numbers, rest).prop_map(|((ports, words, flags), (mss, options, text))| Segment {
            source_port: ports[0],
            destination_port: ports[1],
            sequence: SeqNum::new(words[0]),
            acknowledgment: SeqNum::new(words[1]),
            flags: Flags::from_bits_truncate(flags),
            window: ports[2],
            maximum_segment_size: mss,
            options: (!options.is_empty()).then(|| Box::new(options)),
            payload: Payload::from(text),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn decoding_inverts_encoding(segment in any_segment()) {
            let bytes = encode(&segment, SOURCE, DESTINATION);
            prop_assert_eq!(decode(&bytes, SOURCE, DESTINATION), Ok(segment));
        }

        #[test]
        fn every_single_bit_error_is_detected(segment in any_segment()) {
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
        fn arbitrary_octets_do_not_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), fix_checksum: bool) {
            if fix_checksum && bytes.len() >= HEADER {
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
    fn other_options_are_skipped_and_malformed_ones_rejected() {
        let size = |options: &[u8]| {
            decode(&with_options(options), SOURCE, DESTINATION)
                .map(|segment| segment.maximum_segment_size)
        };
        assert_eq!(size(&[1, 3, 3, 7, 2, 4, 5, 0xb4]), Ok(Some(1460)));
        assert_eq!(
            size(&[0, 2, 4, 5]),
            Ok(None),
            "the end of the option list ends parsing"
        );
        assert_eq!(
            size(&[1, 1, 1, 8]),
            Err(DecodeError::Option(23)),
            "no length octet"
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
    fn every_error_has_a_message() {
        let mut bytes = with_options(&[]);
        let error = |bytes: &[u8]| {
            let error = decode(bytes, SOURCE, DESTINATION).expect_err("not a segment");
            error.to_string()
        };
        assert_eq!(
            error(&bytes[..19]),
            "a segment of 19 octets is too short or too long"
        );
        assert_eq!(
            error(&vec![0; 70_000]),
            "a segment of 70000 octets is too short or too long"
        );
        bytes[12] = 4 << 4;
        assert_eq!(
            error(&bytes),
            "the data offset of 16 octets lies outside the segment"
        );
        bytes[12] = 5 << 4;
        bytes[0] = 1;
        assert_eq!(error(&bytes), "the checksum is wrong");
        assert_eq!(
            error(&with_options(&[2, 3, 0, 0])),
            "the option at octet 20 is malformed"
        );
    }

    /// The checksum is computed by hand below.
    #[test]
    fn a_syn_of_windows_nt_is_encoded_octet_by_octet() {
        let syn = Segment {
            source_port: 1025,
            destination_port: 102,
            sequence: SeqNum::new(1),
            acknowledgment: SeqNum::new(0),
            flags: Flags::SYN,
            window: 8760,
            maximum_segment_size: Some(1460),
            options: None,
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
