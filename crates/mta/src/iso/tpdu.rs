//! TPDUs of X.224 class 0: Connection Request and Confirm, Disconnect Request, Data and Error.
//!
//! RFC 1006 uses no other class.

/// The TPDU size that Exchange proposes: 2^11 bytes (hex trace in Q151626).
pub const SIZE_EXPONENT: u8 = 11;
/// User bytes in one Data TPDU of that size, which has a header of three bytes.
pub const DATA_BYTES_MAX: usize = (1 << SIZE_EXPONENT) - 3;

/// One transport protocol data unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tpdu<'a> {
    /// CR: opens a transport connection.
    ConnectionRequest {
        /// SRC-REF: the sender's reference.
        source: u16,
        /// The proposed TPDU size: 2^n bytes.
        size_exponent: u8,
    },
    /// CC: the connection is open.
    ConnectionConfirm {
        /// DST-REF: the reference from the CR.
        destination: u16,
        /// SRC-REF: the sender's reference.
        source: u16,
        /// The agreed TPDU size: 2^n bytes.
        size_exponent: u8,
    },
    /// DR: refuses a CR. Class 0 has no other use for it; a connection ends with its TCP connection.
    DisconnectRequest {
        /// DST-REF: the reference from the CR.
        destination: u16,
        /// The reason: 0 is "not specified", 1 is congestion.
        reason: u8,
    },
    /// DT: a part of a session unit.
    Data {
        /// The EOT mark: whether this is the last part.
        end: bool,
        /// The bytes.
        user: &'a [u8],
    },
    /// ER: the peer sent something invalid.
    Error {
        /// DST-REF: the receiver's reference.
        destination: u16,
        /// The reject cause.
        cause: u8,
    },
}

/// Bytes that are not a valid TPDU of class 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TpduError {
    /// There are fewer bytes than the length indicator or the TPDU requires.
    #[error("the TPDU is truncated")]
    Truncated,
    /// Class 0 has no TPDU with this code.
    #[error("class 0 has no TPDU {0:#04x}")]
    Code(u8),
    /// The class is above 0.
    #[error("transport class {0} instead of 0")]
    Class(u8),
    /// The TPDU size is outside 2^7 to 2^13.
    #[error("TPDU size 2^{0} is not allowed")]
    Size(u8),
}

const CODE_CR: u8 = 0xE0;
const CODE_CC: u8 = 0xD0;
const CODE_DR: u8 = 0x80;
const CODE_DT: u8 = 0xF0;
const CODE_ER: u8 = 0x70;
const END_OF_UNIT: u8 = 0x80;
const PARAMETER_SIZE: u8 = 0xC0;
const PARAMETER_CALLING: u8 = 0xC1;
const PARAMETER_CALLED: u8 = 0xC2;
/// The TPDU size of a CR without the parameter: 128 bytes (X.224 section 13.3.4).
const SIZE_EXPONENT_DEFAULT: u8 = 7;

impl Tpdu<'_> {
    /// Encodes the TPDU.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match *self {
            Self::ConnectionRequest {
                source,
                size_exponent,
            } => connection(CODE_CR, 0, source, size_exponent),
            Self::ConnectionConfirm {
                destination,
                source,
                size_exponent,
            } => connection(CODE_CC, destination, source, size_exponent),
            Self::DisconnectRequest {
                destination,
                reason,
            } => {
                let [high, low] = destination.to_be_bytes();
                vec![6, CODE_DR, high, low, 0, 0, reason]
            }
            Self::Data { end, user } => {
                let mut bytes = Vec::with_capacity(3 + user.len());
                bytes.extend_from_slice(&[2, CODE_DT, if end { END_OF_UNIT } else { 0 }]);
                bytes.extend_from_slice(user);
                bytes
            }
            Self::Error { destination, cause } => {
                let [high, low] = destination.to_be_bytes();
                vec![4, CODE_ER, high, low, cause]
            }
        }
    }
}

fn connection(code: u8, destination: u16, source: u16, size_exponent: u8) -> Vec<u8> {
    let [destination_high, destination_low] = destination.to_be_bytes();
    let [source_high, source_low] = source.to_be_bytes();
    let mut bytes = vec![
        0,
        code,
        destination_high,
        destination_low,
        source_high,
        source_low,
        0,
    ];
    // Empty selectors, then the size, in the order of the trace in Q151626: 14 bytes in all, which is
    // the length in Q157015 and in the normal sample of Q303102.
    bytes.extend_from_slice(&[PARAMETER_CALLING, 0, PARAMETER_CALLED, 0]);
    bytes.extend_from_slice(&[PARAMETER_SIZE, 1, size_exponent]);
    bytes[0] = u8::try_from(bytes.len() - 1).expect("the length indicator of a CR is 13");
    bytes
}

/// Decodes a TPDU.
///
/// # Errors
/// If the bytes are not a valid TPDU of class 0.
pub fn decode(bytes: &[u8]) -> Result<Tpdu<'_>, TpduError> {
    let (&indicator, rest) = bytes.split_first().ok_or(TpduError::Truncated)?;
    let header = rest
        .get(..usize::from(indicator))
        .ok_or(TpduError::Truncated)?;
    let user = &rest[header.len()..];
    // In a CR and CC the fields are DST-REF (2), SRC-REF (2), class (1), then parameters.
    let (&code, fields) = header.split_first().ok_or(TpduError::Truncated)?;
    // The low half is the credit of other classes; class 0 has none and ignores it.
    match code & 0xF0 {
        CODE_CR => {
            let source = word(fields, 2)?;
            let size_exponent = connection_size(fields)?;
            Ok(Tpdu::ConnectionRequest {
                source,
                size_exponent,
            })
        }
        CODE_CC => {
            let (destination, source) = (word(fields, 0)?, word(fields, 2)?);
            let size_exponent = connection_size(fields)?;
            Ok(Tpdu::ConnectionConfirm {
                destination,
                source,
                size_exponent,
            })
        }
        CODE_DR => {
            let reason = *fields.get(4).ok_or(TpduError::Truncated)?;
            Ok(Tpdu::DisconnectRequest {
                destination: word(fields, 0)?,
                reason,
            })
        }
        CODE_DT => {
            let mark = fields.first().ok_or(TpduError::Truncated)?;
            Ok(Tpdu::Data {
                end: mark & END_OF_UNIT != 0,
                user,
            })
        }
        CODE_ER => {
            let cause = *fields.get(2).ok_or(TpduError::Truncated)?;
            Ok(Tpdu::Error {
                destination: word(fields, 0)?,
                cause,
            })
        }
        _ => Err(TpduError::Code(code)),
    }
}

fn word(fields: &[u8], at: usize) -> Result<u16, TpduError> {
    match fields.get(at..at + 2) {
        Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
        _ => Err(TpduError::Truncated),
    }
}

/// The TPDU size of a CR or CC. Its parameters may come in any order.
fn connection_size(fields: &[u8]) -> Result<u8, TpduError> {
    let class = *fields.get(4).ok_or(TpduError::Truncated)? >> 4;
    if class != 0 {
        return Err(TpduError::Class(class));
    }
    let mut parameters = &fields[5..];
    let mut size = SIZE_EXPONENT_DEFAULT;
    while let [code, length, rest @ ..] = parameters {
        let value = rest
            .get(..usize::from(*length))
            .ok_or(TpduError::Truncated)?;
        // Selectors and unknown parameters are skipped, as X.224 requires for a CR.
        if let (PARAMETER_SIZE, [exponent]) = (*code, value) {
            size = *exponent;
        }
        parameters = &rest[value.len()..];
    }
    if (7..=13).contains(&size) {
        Ok(size)
    } else {
        Err(TpduError::Size(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_connection_request_has_fourteen_bytes() {
        let request = Tpdu::ConnectionRequest {
            source: 0x0102,
            size_exponent: SIZE_EXPONENT,
        };
        let bytes = request.encode();
        let expected = [0x0D, 0xE0, 0, 0, 1, 2, 0, 0xC1, 0, 0xC2, 0, 0xC0, 1, 0x0B];
        assert_eq!(bytes, expected);
        assert_eq!(decode(&bytes), Ok(request));
    }

    /// The confirm in the hex trace of Q151626, sent by a real Exchange server.
    #[test]
    fn a_confirm_of_a_real_server_is_decoded() {
        let mut bytes = vec![0x27, 0xD0, 0x01, 0xCA, 0x00, 0x29, 0x00, 0xC1, 0x0D];
        bytes.extend_from_slice(b"SWISSLIFETSAP");
        bytes.extend_from_slice(&[0xC2, 0x0D]);
        bytes.extend_from_slice(b"EXCHANGETSAP1");
        bytes.extend_from_slice(&[0xC0, 0x01, 0x0B]);
        assert_eq!(bytes.len(), 40);
        let confirm = Tpdu::ConnectionConfirm {
            destination: 0x01CA,
            source: 0x0029,
            size_exponent: 11,
        };
        assert_eq!(decode(&bytes), Ok(confirm));
    }

    #[test]
    fn invalid_tpdus_are_rejected() {
        assert_eq!(decode(&[]), Err(TpduError::Truncated));
        assert_eq!(decode(&[9, 0xE0, 0]), Err(TpduError::Truncated));
        assert_eq!(decode(&[2, 0x10, 0]), Err(TpduError::Code(0x10)));
        assert_eq!(
            decode(&[6, 0xE0, 0, 0, 0, 1, 0x40]),
            Err(TpduError::Class(4))
        );
        let huge = [9, 0xE0, 0, 0, 0, 1, 0, 0xC0, 1, 0x1F];
        assert_eq!(decode(&huge), Err(TpduError::Size(0x1F)));
    }

    fn tpdus() -> impl Strategy<Value = (u8, u16, u16, u8, Vec<u8>)> {
        let user = prop::collection::vec(any::<u8>(), 0..DATA_BYTES_MAX);
        (0_u8..5, any::<u16>(), any::<u16>(), 7_u8..=13, user)
    }

    proptest! {
        #[test]
        fn encoding_round_trips(
            (kind, destination, source, size_exponent, user) in tpdus()
        ) {
            let tpdu = match kind {
                0 => Tpdu::ConnectionRequest { source, size_exponent },
                1 => Tpdu::ConnectionConfirm { destination, source, size_exponent },
                2 => Tpdu::DisconnectRequest { destination, reason: size_exponent },
                3 => Tpdu::Data { end: source % 2 == 0, user: &user },
                _ => Tpdu::Error { destination, cause: size_exponent },
            };
            let bytes = tpdu.encode();
            prop_assert_eq!(decode(&bytes), Ok(tpdu));
        }

        #[test]
        fn any_bytes_are_accepted_or_rejected_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Err(error) = decode(&bytes) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
