//! TPKT: the packets of RFC 1006, which delimit TPDUs on a TCP stream.

/// Size of the header (RFC 1006 section 6).
pub const HEADER_BYTES: usize = 4;
/// The largest packet, header included.
pub const PACKET_BYTES_MAX: usize = 65_535;
/// The smallest packet: a header and the three bytes of the shortest TPDU.
pub const PACKET_BYTES_MIN: usize = 7;

const VERSION: u8 = 3;

/// Four bytes that are not a valid TPKT header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The version is not 3.
    #[error("TPKT version {0} instead of 3")]
    Version(u8),
    /// The length is below seven.
    #[error("TPKT length {0} is below 7")]
    TooShort(u16),
}

/// Prepends a header to `tpdu`.
///
/// # Panics
/// If `tpdu` is shorter than 3 or longer than 65,531 bytes.
#[must_use]
pub fn encode(tpdu: &[u8]) -> Vec<u8> {
    let length = HEADER_BYTES + tpdu.len();
    assert!(
        (PACKET_BYTES_MIN..=PACKET_BYTES_MAX).contains(&length),
        "a TPKT has 7 to 65,535 bytes, not {length}"
    );
    let [high, low] = u16::try_from(length)
        .expect("the range was checked")
        .to_be_bytes();
    let mut packet = Vec::with_capacity(length);
    // The reserved byte is zero. Exchange 4.0 before Service Pack 3 sent garbage here, and some peers
    // refused the call (Q157015).
    packet.extend_from_slice(&[VERSION, 0, high, low]);
    packet.extend_from_slice(tpdu);
    packet
}

/// The number of bytes after this header.
///
/// # Errors
/// If the version is wrong, or the length is below that of the shortest packet. The reserved byte
/// may have any value (Q151626).
pub fn body_length(header: [u8; HEADER_BYTES]) -> Result<usize, HeaderError> {
    let [version, _reserved, high, low] = header;
    if version != VERSION {
        return Err(HeaderError::Version(version));
    }
    let length = u16::from_be_bytes([high, low]);
    if usize::from(length) < PACKET_BYTES_MIN {
        return Err(HeaderError::TooShort(length));
    }
    Ok(usize::from(length) - HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn encoding_round_trips(tpdu in prop::collection::vec(any::<u8>(), 3..4_000)) {
            let packet = encode(&tpdu);
            let header = [packet[0], packet[1], packet[2], packet[3]];
            prop_assert_eq!(body_length(header), Ok(tpdu.len()));
            prop_assert_eq!(&packet[HEADER_BYTES..], &tpdu[..]);
        }

        #[test]
        fn any_header_is_accepted_or_rejected_without_a_panic(header: [u8; 4]) {
            match body_length(header) {
                Ok(length) => prop_assert!((3..=65_531).contains(&length)),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    /// The packet traced in Q157015: 18 bytes, of which 14 are the Connection Request.
    #[test]
    fn fourteen_bytes_make_a_packet_of_eighteen() {
        assert_eq!(encode(&[0; 14])[..4], [3, 0, 0, 18]);
        assert_eq!(body_length([3, 0x11, 0, 18]), Ok(14));
        assert_eq!(body_length([2, 0, 0, 18]), Err(HeaderError::Version(2)));
        assert_eq!(body_length([3, 0, 0, 6]), Err(HeaderError::TooShort(6)));
    }
}
