//! SPDUs of X.225 that an association needs: connect, accept, finish, disconnect, abort, and an
//! activity with its minor synchronization points, which are the checkpoints (Q198622).
//!
//! Identifiers, parameters and concatenation follow X.225, and user data are presentation data
//! values of X.226, so that protocol analyzers decode every unit. ACSE and RTSE are not modeled:
//! fillers of plausible size replace them.

/// One session unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spdu<'a> {
    /// CN: opens an association.
    Connect,
    /// AC: the association is open.
    Accept,
    /// FN: begins an orderly release.
    Finish,
    /// DN: answers FN.
    Disconnect,
    /// AB: ends the association at once.
    Abort,
    /// AS: begins the transfer of a message.
    ActivityStart {
        /// The number of the message.
        message: u32,
        /// Its size in bytes.
        length: u32,
    },
    /// AR: resumes the transfer of a message at a confirmed checkpoint.
    ActivityResume {
        /// The number of the message.
        message: u32,
        /// Its size in bytes.
        length: u32,
        /// The offset of the checkpoint.
        offset: u32,
    },
    /// DT: a part of the message.
    Data {
        /// The bytes.
        user: &'a [u8],
    },
    /// MIP: a checkpoint, which asks for a confirmation of all bytes before it.
    MinorSync {
        /// Its serial number in this activity, from 1.
        serial: u32,
    },
    /// MIA: confirms a checkpoint.
    MinorSyncAck {
        /// Its serial number.
        serial: u32,
    },
    /// AE: ends the transfer.
    ActivityEnd {
        /// The message's number, modulo [`SERIALS`].
        serial: u32,
    },
    /// AEA: acknowledges the complete message.
    ActivityEndAck {
        /// The message's number, modulo [`SERIALS`].
        serial: u32,
    },
}

/// Serial numbers have six digits (X.225 section 8.3.1): they are counted modulo this.
pub const SERIALS: u32 = 1_000_000;
/// Bytes that a Data SPDU adds to its content: Give Tokens, its own header, and that of the
/// presentation.
pub const DATA_HEADER_BYTES: usize = 4 + VALUE_HEADER_BYTES;

/// Bytes that are not a valid session unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpduError {
    /// There are fewer bytes than the unit requires.
    #[error("the SPDU is truncated")]
    Truncated,
    /// No unit with this identifier is supported.
    #[error("SPDU {0} is not supported")]
    Identifier(u8),
    /// The user data are not one presentation data value in the context of RTSE.
    #[error("the user data of the SPDU are no presentation data value of RTSE")]
    Presentation,
    /// The serial number is not a decimal number.
    #[error("the serial number of the SPDU is not decimal")]
    Serial,
}

const CN: u8 = 13;
const AC: u8 = 14;
const FN: u8 = 9;
const DN: u8 = 10;
const AB: u8 = 25;
const AS: u8 = 45;
const AR: u8 = 29;
const DT: u8 = 1;
const MIP: u8 = 49;
const MIA: u8 = 50;
const AE: u8 = 41;
const AEA: u8 = 42;
// SPDUs of an activity are category 2: X.225 section 6.3.7 concatenates each of them to a Give Tokens
// SPDU, which has no parameters here.
const GIVE_TOKENS: [u8; 2] = [1, 0];

/// Connect/Accept Item with no protocol options and version 2, then the functional units of RTSE:
/// half-duplex, minor synchronize, activity management, exceptions.
const CONNECT_ITEMS: [u8; 12] = [5, 6, 19, 1, 0, 22, 1, 2, 20, 2, 2, 0x49];
const PARAMETER_ACTIVITY: u8 = 41;
const PARAMETER_SERIAL: u8 = 42;
const PARAMETER_USER_DATA: u8 = 193;
const SERIAL_DIGITS: u8 = 6;

/// Octets that replace AARQ, RTORQ and bind in a CONNECT, and their answers in an ACCEPT. The numbers
/// are plausible, not measured.
const CONNECT_FILLER_BYTES: usize = 138;
const ACCEPT_FILLER_BYTES: usize = 78;

/// The mode selector of a CP or CPA: normal mode (X.226 section 8.2).
const NORMAL_MODE: [u8; 5] = [0xA0, 3, 0x80, 1, 1];
const SET: u8 = 0x31;
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 2;
const NORMAL_MODE_PARAMETERS: u8 = 0xA2;
const FULLY_ENCODED_DATA: u8 = 0x61;
/// A presentation data value of octets, not of an ASN.1 type.
const OCTET_ALIGNED: u8 = 0x81;
/// Presentation contexts. An initiator gives them odd numbers (X.226 section 6.2.2).
const CONTEXT_ACSE: u8 = 1;
const CONTEXT_RTSE: u8 = 3;
/// Identifier and length in BER, the length always in the long form with two octets.
const TAG_BYTES: usize = 4;
const CONTEXT_BYTES: usize = 3;
const VALUE_HEADER_BYTES: usize = 3 * TAG_BYTES + CONTEXT_BYTES;
const OCTETS_MAX: usize = u16::MAX as usize - VALUE_HEADER_BYTES;

impl Spdu<'_> {
    /// Encodes the SPDU.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match *self {
            Self::Connect => connecting(CN, CONNECT_FILLER_BYTES),
            Self::Accept => connecting(AC, ACCEPT_FILLER_BYTES),
            Self::Finish => vec![FN, 0],
            Self::Disconnect => vec![DN, 0],
            Self::Abort => vec![AB, 0],
            Self::ActivityStart { message, length } => activity(AS, message, &[length]),
            Self::ActivityResume {
                message,
                length,
                offset,
            } => activity(AR, message, &[length, offset]),
            Self::Data { user } => {
                let mut bytes = Vec::with_capacity(DATA_HEADER_BYTES + user.len());
                bytes.extend_from_slice(&GIVE_TOKENS);
                bytes.extend_from_slice(&[DT, 0]);
                present(&mut bytes, CONTEXT_RTSE, user);
                bytes
            }
            Self::MinorSync { serial } => unit(MIP, &synchronization(serial)),
            Self::MinorSyncAck { serial } => unit(MIA, &synchronization(serial)),
            Self::ActivityEnd { serial } => unit(AE, &synchronization(serial)),
            Self::ActivityEndAck { serial } => unit(AEA, &synchronization(serial)),
        }
    }
}

/// A category 2 SPDU after its Give Tokens.
fn unit(identifier: u8, parameters: &[u8]) -> Vec<u8> {
    [
        &GIVE_TOKENS,
        &header(identifier, parameters.len())[..],
        parameters,
    ]
    .concat()
}

/// Identifier and length indicator of an SPDU or a parameter.
fn header(identifier: u8, length: usize) -> [u8; 2] {
    let length = u8::try_from(length).expect("no SPDU here has 255 bytes or more");
    assert!(
        length < u8::MAX,
        "a length indicator of 255 announces the long form"
    );
    [identifier, length]
}

fn connecting(identifier: u8, filler: usize) -> Vec<u8> {
    let mut value = Vec::new();
    present(&mut value, CONTEXT_ACSE, &vec![0; filler]);
    let normal = [&tag(NORMAL_MODE_PARAMETERS, value.len())[..], &value].concat();
    let content = [&NORMAL_MODE[..], &normal].concat();
    let connect = [&tag(SET, content.len())[..], &content].concat();
    let user = header(PARAMETER_USER_DATA, connect.len());
    let parameters = [&CONNECT_ITEMS[..], &user, &connect].concat();
    [&header(identifier, parameters.len())[..], &parameters].concat()
}

/// An activity SPDU. The activity identifier is the number of the message.
fn activity(identifier: u8, message: u32, values: &[u32]) -> Vec<u8> {
    let name = [&header(PARAMETER_ACTIVITY, 4)[..], &message.to_be_bytes()].concat();
    unit(identifier, &[name, user_data(values)].concat())
}

fn user_data(values: &[u32]) -> Vec<u8> {
    let octets: Vec<u8> = values.iter().flat_map(|it| it.to_be_bytes()).collect();
    let mut value = Vec::new();
    present(&mut value, CONTEXT_RTSE, &octets);
    [&header(PARAMETER_USER_DATA, value.len())[..], &value].concat()
}

/// The serial number parameter of a synchronization point. With its header and Give Tokens the SPDU
/// has 12 octets: with 40 of IP and TCP and 7 of TPKT and DT that is the "about 59 bytes" of Q198622.
fn synchronization(serial: u32) -> Vec<u8> {
    let digits = format!("{:06}", serial % SERIALS);
    let header = header(PARAMETER_SERIAL, usize::from(SERIAL_DIGITS));
    [&header[..], digits.as_bytes()].concat()
}

/// Appends fully encoded data with one presentation data value (X.226 section 8.4.2).
fn present(bytes: &mut Vec<u8>, context: u8, octets: &[u8]) {
    bytes.extend_from_slice(&value_header(context, octets.len()));
    bytes.extend_from_slice(octets);
}

fn value_header(context: u8, octets: usize) -> [u8; VALUE_HEADER_BYTES] {
    let list = CONTEXT_BYTES + TAG_BYTES + octets;
    let [a, b, c, d] = tag(FULLY_ENCODED_DATA, TAG_BYTES + list);
    let [e, f, g, h] = tag(SEQUENCE, list);
    let [i, j, k, l] = tag(OCTET_ALIGNED, octets);
    [a, b, c, d, e, f, g, h, INTEGER, 1, context, i, j, k, l]
}

/// Identifier and length in BER, the length in the long form.
fn tag(identifier: u8, length: usize) -> [u8; TAG_BYTES] {
    let length = u16::try_from(length).expect("an SPDU fits into one TSDU of 64 KiB");
    let [high, low] = length.to_be_bytes();
    [identifier, 0x82, high, low]
}

/// Decodes an SPDU.
///
/// # Errors
/// If the bytes are not a valid SPDU.
pub fn decode(bytes: &[u8]) -> Result<Spdu<'_>, SpduError> {
    // Category 1 SPDUs, such as CN or FN, come without Give Tokens.
    let bytes = bytes.strip_prefix(&GIVE_TOKENS).unwrap_or(bytes);
    let Tlv {
        identifier,
        inside: parameters,
        after: rest,
    } = split(bytes)?;
    let serial = || serial_in(parameter(parameters, PARAMETER_SERIAL)?);
    let message = || number_at(parameter(parameters, PARAMETER_ACTIVITY)?, 0);
    let user = |index: usize| {
        let value = presented(parameter(parameters, PARAMETER_USER_DATA)?)?;
        number_at(value, index * 4)
    };
    Ok(match identifier {
        CN => Spdu::Connect,
        AC => Spdu::Accept,
        FN => Spdu::Finish,
        DN => Spdu::Disconnect,
        AB => Spdu::Abort,
        AS => Spdu::ActivityStart {
            message: message()?,
            length: user(0)?,
        },
        AR => Spdu::ActivityResume {
            message: message()?,
            length: user(0)?,
            offset: user(1)?,
        },
        DT => Spdu::Data {
            user: presented(rest)?,
        },
        MIP => Spdu::MinorSync { serial: serial()? },
        MIA => Spdu::MinorSyncAck { serial: serial()? },
        AE => Spdu::ActivityEnd { serial: serial()? },
        AEA => Spdu::ActivityEndAck { serial: serial()? },
        other => return Err(SpduError::Identifier(other)),
    })
}

/// An SPDU or a parameter of one, and what follows it.
struct Tlv<'a> {
    identifier: u8,
    /// The octets that its length indicator counts.
    inside: &'a [u8],
    after: &'a [u8],
}

fn split(bytes: &[u8]) -> Result<Tlv<'_>, SpduError> {
    let &[identifier, length, ref rest @ ..] = bytes else {
        return Err(SpduError::Truncated);
    };
    let (inside, after) = rest
        .split_at_checked(usize::from(length))
        .ok_or(SpduError::Truncated)?;
    Ok(Tlv {
        identifier,
        inside,
        after,
    })
}

fn parameter(mut parameters: &[u8], wanted: u8) -> Result<&[u8], SpduError> {
    loop {
        let unit = split(parameters)?;
        if unit.identifier == wanted {
            return Ok(unit.inside);
        }
        parameters = unit.after;
    }
}

/// The octets of the presentation data value that these bytes encode.
fn presented(bytes: &[u8]) -> Result<&[u8], SpduError> {
    let (head, octets) = bytes
        .split_at_checked(VALUE_HEADER_BYTES)
        .ok_or(SpduError::Truncated)?;
    // Comparing with the only header that this codec writes saves a BER parser.
    if octets.len() <= OCTETS_MAX && head == value_header(CONTEXT_RTSE, octets.len()) {
        Ok(octets)
    } else {
        Err(SpduError::Presentation)
    }
}

fn serial_in(digits: &[u8]) -> Result<u32, SpduError> {
    if digits.len() > usize::from(SERIAL_DIGITS) {
        return Err(SpduError::Serial);
    }
    digits.iter().try_fold(0_u32, |serial, digit| {
        let digit = char::from(*digit).to_digit(10);
        let next = serial.checked_mul(10).zip(digit);
        next.and_then(|(tens, digit)| tens.checked_add(digit))
            .ok_or(SpduError::Serial)
    })
}

fn number_at(parameters: &[u8], at: usize) -> Result<u32, SpduError> {
    match parameters.get(at..at + 4) {
        Some(&[a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(SpduError::Truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_checkpoint_has_59_bytes_in_an_ip_packet() {
        const IP_AND_TCP: usize = 40;
        const TPKT_AND_DT: usize = 7;
        let bytes = Spdu::MinorSync { serial: 1 }.encode();
        assert_eq!(bytes.len() + IP_AND_TCP + TPKT_AND_DT, 59);
    }

    #[test]
    fn a_serial_number_has_at_most_six_digits() {
        let serial = |digits: &[u8]| serial_in(digits);
        assert_eq!(serial(b"000041"), Ok(41));
        assert_eq!(serial(b"999999"), Ok(999_999));
        assert_eq!(serial(b"2000000041"), Err(SpduError::Serial));
        assert_eq!(serial(b"00x"), Err(SpduError::Serial));
    }

    proptest! {
        #[test]
        fn encoding_round_trips(
            kind in 0..12,
            message: u32,
            length: u32,
            offset: u32,
            user in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let spdu = match kind {
                0 => Spdu::Connect,
                1 => Spdu::Accept,
                2 => Spdu::Finish,
                3 => Spdu::Disconnect,
                4 => Spdu::Abort,
                5 => Spdu::ActivityStart { message, length },
                6 => Spdu::ActivityResume { message, length, offset },
                7 => Spdu::Data { user: &user },
                8 => Spdu::MinorSync { serial: offset % SERIALS },
                9 => Spdu::MinorSyncAck { serial: offset % SERIALS },
                10 => Spdu::ActivityEnd { serial: message % SERIALS },
                _ => Spdu::ActivityEndAck { serial: message % SERIALS },
            };
            let bytes = spdu.encode();
            prop_assert_eq!(decode(&bytes), Ok(spdu));
        }

        #[test]
        fn any_bytes_are_accepted_or_rejected_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Err(error) = decode(&bytes) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
