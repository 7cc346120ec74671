//! ICMP messages (RFC 792), as data and as bytes.
//!
//! Owns the messages that a world of hosts and routers needs - echo, unreachable, time
//! exceeded - with their wire form and checksum. It refuses behaviour: who answers, and what a
//! TCP makes of an unreachable, is decided elsewhere.

use std::fmt;

use crate::ipv4::{self, checksum};

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// "Are you there?" (type 8).
    Echo(Echo),
    /// "I am" (type 0).
    EchoReply(Echo),
    /// A router or host cannot deliver (type 3).
    Unreachable {
        /// Why.
        code: UnreachableCode,
        /// Of what.
        original: Original,
    },
    /// A packet crossed as many routers as it may (type 11, code 0).
    TimeExceeded {
        /// Which.
        original: Original,
    },
}

/// An echo request or reply. Its data is the alphabet up to w, repeated, as the ping of Windows
/// sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Which series of pings.
    pub identifier: u16,
    /// Which of the series.
    pub sequence: u16,
    /// Bytes of data; the ping of Windows NT sends 32.
    pub length: u16,
}

/// Why a destination is unreachable (RFC 792). RFC 1122 section 4.2.3.9 tells a TCP to take
/// 0, 1 and 5 as hints and 2 to 4 as hard errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UnreachableCode {
    /// No route to the network.
    Network = 0,
    /// The host does not answer its router.
    Host = 1,
    /// The host does not speak the protocol.
    Protocol = 2,
    /// Nobody listens there.
    Port = 3,
    /// Too long for the next link, and not to be fragmented.
    FragmentationNeeded = 4,
    /// The route that the sender asked for does not work.
    SourceRouteFailed = 5,
}

/// What an error message quotes of the packet it is about: the IP header, and the first eight
/// bytes after it (of a TCP segment, the ports and the sequence number).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// The header as it was when the packet was given up. Its sender receives the message.
    pub header: ipv4::Header,
    /// The first eight bytes after the header.
    pub leading: [u8; LEADING],
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// Fewer bytes than the message has; so many there are.
    Short(usize),
    /// The checksum does not fit the bytes.
    Checksum,
    /// A type and code that this module does not know.
    Unknown {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// The quoted packet does not begin with an IPv4 header of 20 bytes.
    Original,
    /// More data than an IP packet holds; so many bytes there are.
    Long(usize),
}

/// Length of the header of every message.
pub const HEADER_LENGTH: usize = 8;

/// Bytes that an error message quotes after the IP header.
pub const LEADING: usize = 8;

const ORIGINAL_LENGTH: usize = ipv4::HEADER_LENGTH + LEADING;
const LENGTH_MAX: usize = 65_535 - ipv4::HEADER_LENGTH;
const ECHO_ALPHABET: &[u8; 23] = b"abcdefghijklmnopqrstuvw";

const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const ECHO: u8 = 8;
const TIME_EXCEEDED: u8 = 11;

impl Message {
    /// Length of the message in bytes, without an IP header.
    #[must_use]
    pub const fn length(&self) -> usize {
        HEADER_LENGTH
            + match self {
                Self::Echo(echo) | Self::EchoReply(echo) => echo.length as usize,
                Self::Unreachable { .. } | Self::TimeExceeded { .. } => ORIGINAL_LENGTH,
            }
    }

    /// The bytes, checksum included.
    ///
    /// # Panics
    /// If an echo's data does not fit an IP packet.
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
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(
            bytes.len(),
            self.length(),
            "a message has its stated length"
        );
        bytes
    }

    /// Reads a message. The data of an echo is counted, not kept.
    ///
    /// # Errors
    /// If the bytes are too few or too many, damaged, or no message known here.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > LENGTH_MAX {
            return Err(WireError::Long(bytes.len()));
        }
        let (header, data) = bytes
            .split_first_chunk::<HEADER_LENGTH>()
            .ok_or(WireError::Short(bytes.len()))?;
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
            (UNREACHABLE, _) => Ok(Self::Unreachable {
                code: UnreachableCode::of(code).ok_or(WireError::Unknown { kind, code })?,
                original: Original::decode(data)?,
            }),
            _ => Err(WireError::Unknown { kind, code }),
        }
    }
}

impl UnreachableCode {
    /// The code of this number, if it is one of RFC 792.
    #[must_use]
    pub const fn of(number: u8) -> Option<Self> {
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
    /// RFC 1122 section 3.2.2 allows a quote of more than eight bytes; the rest is left unread.
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

impl fmt::Display for WireError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(length) => write!(formatter, "{length} bytes are too few"),
            Self::Checksum => formatter.write_str("the checksum is wrong"),
            Self::Unknown { kind, code } => {
                write!(formatter, "type {kind} with code {code} is not known")
            }
            Self::Original => formatter.write_str("the quoted packet has no plain IPv4 header"),
            Self::Long(length) => write!(formatter, "{length} bytes exceed an IP packet"),
        }
    }
}

impl std::error::Error for WireError {}

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

    fn messages() -> impl Strategy<Value = Message> {
        prop_oneof![
            echoes().prop_map(Message::Echo),
            echoes().prop_map(Message::EchoReply),
            originals().prop_map(|original| Message::TimeExceeded { original }),
            (0_u8..6, originals()).prop_map(|(code, original)| Message::Unreachable {
                code: UnreachableCode::of(code).expect("0 to 5 are codes"),
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
            prop_assert_eq!(Message::decode(&bytes), Ok(message));
        }

        #[test]
        fn one_flipped_bit_is_noticed(message in messages(), bit: prop::sample::Index) {
            let mut bytes = message.encode();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Message::decode(&bytes), Err(WireError::Checksum));
        }

        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..64), mend: bool) {
            if mend && bytes.len() >= 4 {
                bytes[2..4].fill(0);
                let sum = checksum(&bytes);
                bytes[2..4].copy_from_slice(&sum.to_be_bytes());
            }
            if let Ok(message) = Message::decode(&bytes) {
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
        let bytes = Message::Echo(echo).encode();
        assert_eq!(bytes[..8], [8, 0, 0x4a, 0x5c, 2, 0, 1, 0]);
        assert_eq!(&bytes[8..], b"abcdefghijklmnopqrstuvwabcdefghi");
    }

    #[test]
    fn every_refusal_says_why() {
        let mut alien = vec![13, 0, 0, 0, 0, 0, 0, 0];
        let sum = checksum(&alien);
        alien[2..4].copy_from_slice(&sum.to_be_bytes());
        let mut quote = vec![3, 1, 0xfc, 0xfe, 0, 0, 0, 0];
        let refusal = |bytes: &[u8]| Message::decode(bytes).expect_err("refused").to_string();
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
