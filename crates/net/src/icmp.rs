//! ICMP messages (RFC 792): echo, destination unreachable and time exceeded, as data and as bytes.

use thiserror::Error;

use crate::ipv4::{self, checksum};

/// An ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpMessage {
    /// An echo request (type 8).
    Echo(Echo),
    /// An echo reply (type 0).
    EchoReply(Echo),
    /// A router or host cannot deliver a packet (type 3).
    Unreachable {
        /// The reason.
        code: UnreachableCode,
        /// The packet that was not delivered.
        original: Original,
    },
    /// The time to live of a packet reached zero (type 11, code 0).
    TimeExceeded {
        /// The packet that was dropped.
        original: Original,
    },
}

/// An echo request or reply. Its data is the alphabet up to `w`, repeated, as `ping` on Windows sends
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Identifies a series of pings.
    pub identifier: u16,
    /// The number within the series.
    pub sequence: u16,
    /// Bytes of data; `ping` on Windows NT sends 32.
    pub length: u16,
}

/// Why a destination is unreachable (RFC 792). For TCP, codes 0, 1 and 5 are soft errors and 2 to 4
/// hard errors (RFC 1122 section 4.2.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UnreachableCode {
    /// There is no route to the network.
    Network = 0,
    /// The last router cannot reach the host.
    Host = 1,
    /// The host does not implement the protocol.
    Protocol = 2,
    /// No socket has the port.
    Port = 3,
    /// The packet exceeds the next link's MTU and has the Don't Fragment flag.
    FragmentationNeeded = 4,
    /// The source route in the packet's options does not work.
    SourceRouteFailed = 5,
}

/// The part of a packet that an ICMP error quotes: its IP header and the first eight bytes after it
/// (of a TCP segment: the ports and the sequence number).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// The header of the packet when it was dropped.
    pub header: ipv4::Header,
    /// The first eight bytes after the header.
    pub leading: [u8; LEADING],
}

/// Why bytes do not decode to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The message is cut off after this many bytes.
    #[error("{0} bytes are too few")]
    Short(usize),
    /// The checksum is wrong.
    #[error("the checksum is wrong")]
    Checksum,
    /// A type and code that this module does not implement.
    #[error("type {kind} with code {code} is not known")]
    Unknown {
        /// The message's type.
        kind: u8,
        /// The message's code.
        code: u8,
    },
    /// The quoted packet does not begin with an IPv4 header of 20 bytes.
    #[error("the quoted packet has no plain IPv4 header")]
    Original,
    /// This many bytes do not fit an IP packet.
    #[error("{0} bytes exceed an IP packet")]
    Long(usize),
}

/// Length of the header of every message.
pub const HEADER_LENGTH: usize = 8;

/// Bytes that an error quotes after the IP header: RFC 792 says 64 bits.
pub const LEADING: usize = 8;

const ORIGINAL_LENGTH: usize = ipv4::HEADER_LENGTH + LEADING;
const LENGTH_MAX: usize = 65_535 - ipv4::HEADER_LENGTH;
const ECHO_ALPHABET: &[u8; 23] = b"abcdefghijklmnopqrstuvw";

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const ECHO: u8 = 8;
const TIME_EXCEEDED: u8 = 11;

impl IcmpMessage {
    /// Length of the message in bytes, without an IP header.
    #[must_use]
    pub const fn length(&self) -> usize {
        HEADER_LENGTH
            + match self {
                Self::Echo(echo) | Self::EchoReply(echo) => echo.length as usize,
                Self::Unreachable { .. } | Self::TimeExceeded { .. } => ORIGINAL_LENGTH,
            }
    }

    /// Encodes the message with its checksum.
    ///
    /// # Panics
    /// If the data of an echo does not fit an IP packet.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        assert!(self.length() <= LENGTH_MAX, "an echo exceeds an IP packet");
        let mut bytes = Vec::with_capacity(self.length());
        match self {
            Self::Echo(echo) => put_echo(&mut bytes, ECHO, *echo),
            Self::EchoReply(echo) => put_echo(&mut bytes, ECHO_REPLY, *echo),
            Self::Unreachable { code, original } => {
                put_error(&mut bytes, UNREACHABLE, *code as u8, original);
            }
            Self::TimeExceeded { original } => put_error(&mut bytes, TIME_EXCEEDED, 0, original),
        }
        // The checksum field is zero while the checksum is computed (RFC 792).
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(
            bytes.len(),
            self.length(),
            "a message has its stated length"
        );
        bytes
    }

    /// Decodes a message. Of the data of an echo, only the length is kept.
    ///
    /// # Errors
    /// If the bytes are too few or too many, damaged, or of an unknown type.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > LENGTH_MAX {
            return Err(WireError::Long(bytes.len()));
        }
        let (header, data) = bytes
            .split_first_chunk::<HEADER_LENGTH>()
            .ok_or(WireError::Short(bytes.len()))?;
        // Over a message that includes its checksum field, the sum is zero (RFC 1071).
        if checksum(bytes) != 0 {
            return Err(WireError::Checksum);
        }
        let [kind, code, _, _, rest @ ..] = *header;
        match (kind, code) {
            (ECHO, 0) => Ok(Self::Echo(echo(rest, data.len()))),
            (ECHO_REPLY, 0) => Ok(Self::EchoReply(echo(rest, data.len()))),
            (TIME_EXCEEDED, 0) => Ok(Self::TimeExceeded {
                original: Original::decode(data)?,
            }),
            // Codes 6 to 12 of RFC 1122 section 3.2.2.1 are left out: no router here sends them.
            (UNREACHABLE, _) => Ok(Self::Unreachable {
                code: UnreachableCode::from_number(code)
                    .ok_or(WireError::Unknown { kind, code })?,
                original: Original::decode(data)?,
            }),
            _ => Err(WireError::Unknown { kind, code }),
        }
    }
}

impl UnreachableCode {
    /// The code with this number, if RFC 792 defines it.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Network),
            1 => Some(Self::Host),
            2 => Some(Self::Protocol),
            3 => Some(Self::Port),
            4 => Some(Self::FragmentationNeeded),
            5 => Some(Self::SourceRouteFailed),
            _ => None,
        }
    }
}

impl Original {
    /// RFC 1122 section 3.2.2 allows a quote of more than eight bytes; the rest is ignored.
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let short = WireError::Short(HEADER_LENGTH + bytes.len());
        let (header, rest) = bytes.split_first_chunk().ok_or(short)?;
        let (leading, _) = rest.split_first_chunk().ok_or(short)?;
        Ok(Self {
            header: ipv4::Header::decode(header).ok_or(WireError::Original)?,
            leading: *leading,
        })
    }
}

fn put_echo(bytes: &mut Vec<u8>, kind: u8, echo: Echo) {
    bytes.extend([kind, 0, 0, 0]);
    bytes.extend(echo.identifier.to_be_bytes());
    bytes.extend(echo.sequence.to_be_bytes());
    let data = ECHO_ALPHABET.iter().cycle();
    bytes.extend(data.take(usize::from(echo.length)));
}

fn put_error(bytes: &mut Vec<u8>, kind: u8, code: u8, original: &Original) {
    bytes.extend([kind, code, 0, 0, 0, 0, 0, 0]);
    bytes.extend(original.header.encode());
    bytes.extend(original.leading);
}

fn echo(rest: [u8; 4], length: usize) -> Echo {
    Echo {
        identifier: u16::from_be_bytes([rest[0], rest[1]]),
        sequence: u16::from_be_bytes([rest[2], rest[3]]),
        length: u16::try_from(length).expect("an IP packet holds no more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn echoes() -> impl Strategy<Value = Echo> {
        (any::<u16>(), any::<u16>(), 0_u16..2_000).prop_map(|(identifier, sequence, length)| Echo {
            identifier,
            sequence,
            length,
        })
    }

    fn originals() -> impl Strategy<Value = Original> {
        let addresses = (any::<u32>(), any::<u32>());
        let rest = (any::<u8>(), any::<u16>(), any::<u8>(), any::<[u8; 8]>());
        (addresses, rest).prop_map(
            |((source, destination), (protocol, length, time_to_live, leading))| Original {
                header: ipv4::Header {
                    source: u32::into(source),
                    destination: u32::into(destination),
                    protocol,
                    length,
                    time_to_live,
                },
                leading,
            },
        )
    }

    fn messages() -> impl Strategy<Value = IcmpMessage> {
        prop_oneof![
            echoes().prop_map(IcmpMessage::Echo),
            echoes().prop_map(IcmpMessage::EchoReply),
            originals().prop_map(|original| IcmpMessage::TimeExceeded { original }),
            (0_u8..6, originals()).prop_map(|(code, original)| IcmpMessage::Unreachable {
                code: UnreachableCode::from_number(code).expect("0 to 5 are codes"),
                original,
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read(message in messages()) {
            let bytes = message.encode();
            prop_assert_eq!(bytes.len(), message.length());
            prop_assert_eq!(IcmpMessage::decode(&bytes), Ok(message));
        }

        #[test]
        fn one_flipped_bit_is_noticed(message in messages(), bit: prop::sample::Index) {
            let mut bytes = message.encode();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(IcmpMessage::decode(&bytes), Err(WireError::Checksum));
        }

        #[test]
        fn any_bytes_are_decoded_or_rejected(mut bytes in prop::collection::vec(any::<u8>(), 0..64), mend: bool) {
            if mend && bytes.len() >= 4 {
                bytes[2..4].fill(0);
                let sum = checksum(&bytes);
                bytes[2..4].copy_from_slice(&sum.to_be_bytes());
            }
            if let Ok(message) = IcmpMessage::decode(&bytes) {
                prop_assert!(message.length() <= bytes.len());
            }
        }
    }

    /// A ping as Windows 2000 sends it, byte by byte.
    #[test]
    fn a_ping_of_windows() {
        let echo = Echo {
            identifier: 0x0200,
            sequence: 0x0100,
            length: 32,
        };
        let bytes = IcmpMessage::Echo(echo).encode();
        assert_eq!(bytes[..8], [8, 0, 0x4a, 0x5c, 2, 0, 1, 0]);
        assert_eq!(&bytes[8..], b"abcdefghijklmnopqrstuvwabcdefghi");
    }

    #[test]
    fn every_refusal_says_why() {
        let mut alien = vec![13, 0, 0, 0, 0, 0, 0, 0];
        let sum = checksum(&alien);
        alien[2..4].copy_from_slice(&sum.to_be_bytes());
        let mut quote = vec![3, 1, 0xfc, 0xfe, 0, 0, 0, 0];
        let refusal = |bytes: &[u8]| IcmpMessage::decode(bytes).expect_err("refused").to_string();
        assert_eq!(refusal(&[8, 0]), "2 bytes are too few");
        assert_eq!(refusal(&[8; 8]), "the checksum is wrong");
        assert_eq!(refusal(&alien), "type 13 with code 0 is not known");
        assert_eq!(refusal(&quote), "8 bytes are too few");
        quote.extend([0; 28]);
        assert_eq!(
            refusal(&quote),
            "the quoted packet has no plain IPv4 header"
        );
        assert_eq!(refusal(&[0; 65_516]), "65516 bytes exceed an IP packet");
    }
}
