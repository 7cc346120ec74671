//! Session units, as far as the association manager needs them.
//!
//! Owns the bytes of connect, accept, finish, disconnect, abort, and of an activity with its
//! checkpoints: X.225's identifiers, parameters and concatenation, and user data in X.226's
//! presentation data values (a checkpoint is one minor synchronisation point, Q198622). What is
//! in those values is the association manager's own: ACSE and RTSE are not modeled, and have
//! octets of plausible number in their place. An analyser takes every unit apart. It refuses to
//! know whose turn it is.

use std::fmt;

/// One session unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spdu<'a> {
    /// CN: open an association.
    Connect,
    /// AC: the association is open.
    Accept,
    /// FN: close it in order.
    Finish,
    /// DN: the answer to FN.
    Disconnect,
    /// AB: it has ended, whatever was under way.
    Abort,
    /// AS: the transfer of a message begins.
    ActivityStart {
        /// Which message.
        message: u32,
        /// Its bytes.
        length: u32,
    },
    /// AR: the transfer of a message goes on behind a confirmed checkpoint.
    ActivityResume {
        /// Which message.
        message: u32,
        /// Its bytes in all.
        length: u32,
        /// From which byte on.
        offset: u32,
    },
    /// DT: a piece of the message.
    Data {
        /// The piece.
        user: &'a [u8],
    },
    /// MIP: a checkpoint: everything before it is to be confirmed.
    MinorSync {
        /// Its serial number in this activity.
        serial: u32,
    },
    /// MIA: the checkpoint is confirmed.
    MinorSyncAck {
        /// The serial number confirmed.
        serial: u32,
    },
    /// AE: the message is complete.
    ActivityEnd {
        /// The message's number, modulo [`SERIALS`].
        serial: u32,
    },
    /// AEA: the complete message has arrived and is kept.
    ActivityEndAck {
        /// The message's number, modulo [`SERIALS`].
        serial: u32,
    },
}

/// Serial numbers have six digits (X.225, 8.3.1): after 999,999 comes 0.
pub const SERIALS: u32 = 1_000_000;
/// What a Data unit adds to its piece: Give Tokens, its own header, and the presentation's.
pub const DATA_HEADER_BYTES: usize = 4 + VALUE_HEADER_BYTES;

/// Why bytes are no session unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpduError {
    /// Fewer bytes than the unit needs.
    Truncated,
    /// An identifier that is not used here.
    Identifier(u8),
    /// User data that are not one presentation data value of the reliable transfer.
    Presentation,
    /// A serial number that is none.
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
/// Units about activities and their data are category 2: a Give Tokens unit without parameters
/// comes before each (X.225, 6.3.7).
const GIVE_TOKENS: [u8; 2] = [1, 0];

/// Connect/Accept Item with no protocol options and version 2; then the functional units that
/// RTSE asks for: half-duplex, minor synchronise, activity management, exceptions.
const CONNECT_ITEMS: [u8; 12] = [5, 6, 19, 1, 0, 22, 1, 2, 20, 2, 2, 0x49];
const PARAMETER_ACTIVITY: u8 = 41;
const PARAMETER_SERIAL: u8 = 42;
const PARAMETER_USER_DATA: u8 = 193;
const SERIAL_DIGITS: u8 = 6;

/// Octets in the place of AARQ, RTORQ and bind in a CONNECT, and of their answers in an ACCEPT:
/// plausible numbers, not measured ones.
const CONNECT_FILLER_BYTES: usize = 138;
const ACCEPT_FILLER_BYTES: usize = 78;

/// Mode-selector of a CP or CPA: normal mode (X.226, 8.2).
const NORMAL_MODE: [u8; 5] = [0xA0, 3, 0x80, 1, 1];
const SET: u8 = 0x31;
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 2;
const NORMAL_MODE_PARAMETERS: u8 = 0xA2;
const FULLY_ENCODED_DATA: u8 = 0x61;
/// Of a presentation data value: octets, and not a value of ASN.1.
const OCTET_ALIGNED: u8 = 0x81;
/// Presentation contexts, as an initiator numbers them: odd (X.226, 6.2.2).
const CONTEXT_ACSE: u8 = 1;
const CONTEXT_RTSE: u8 = 3;
/// Identifier and length, the latter always in two octets after the one that says so.
const TAG_BYTES: usize = 4;
const CONTEXT_BYTES: usize = 3;
const VALUE_HEADER_BYTES: usize = 3 * TAG_BYTES + CONTEXT_BYTES;
const OCTETS_MAX: usize = u16::MAX as usize - VALUE_HEADER_BYTES;

impl Spdu<'_> {
    /// Its bytes: identifier, length indicator, parameters, user data.
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
            Self::MinorSync { serial } => unit(MIP, &synchronisation(serial)),
            Self::MinorSyncAck { serial } => unit(MIA, &synchronisation(serial)),
            Self::ActivityEnd { serial } => unit(AE, &synchronisation(serial)),
            Self::ActivityEndAck { serial } => unit(AEA, &synchronisation(serial)),
        }
    }
}

/// A unit of category 2 behind its Give Tokens.
fn unit(identifier: u8, parameters: &[u8]) -> Vec<u8> {
    [
        &GIVE_TOKENS,
        &header(identifier, parameters.len())[..],
        parameters,
    ]
    .concat()
}

/// Identifier and length indicator of a unit or parameter.
fn header(identifier: u8, length: usize) -> [u8; 2] {
    let length = u8::try_from(length).expect("no unit here needs the long form of 255 and more");
    assert!(length < u8::MAX, "255 stands before a length of two octets");
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

/// The activity is named by its message.
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

/// With Give Tokens twelve octets: a checkpoint takes about 59 in an IP packet (Q198622), 40 of
/// them IP's and TCP's and 7 of TPKT and DT.
fn synchronisation(serial: u32) -> Vec<u8> {
    let digits = format!("{:06}", serial % SERIALS);
    let header = header(PARAMETER_SERIAL, usize::from(SERIAL_DIGITS));
    [&header[..], digits.as_bytes()].concat()
}

/// Appends fully encoded data of one presentation data value (X.226, 8.4.2).
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

/// Identifier and length in BER, the length in its long form.
fn tag(identifier: u8, length: usize) -> [u8; TAG_BYTES] {
    let length = u16::try_from(length).expect("a unit fits into one TSDU of 64 KiB");
    let [high, low] = length.to_be_bytes();
    [identifier, 0x82, high, low]
}

/// What session unit these bytes are.
///
/// # Errors
/// [`SpduError`]; whatever the peer sent, this never panics.
pub fn decode(bytes: &[u8]) -> Result<Spdu<'_>, SpduError> {
    let bytes = bytes.strip_prefix(&GIVE_TOKENS).unwrap_or(bytes);
    let (identifier, parameters, rest) = split(bytes)?;
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

/// An identifier, the octets that its length indicator counts, and what follows.
fn split(bytes: &[u8]) -> Result<(u8, &[u8], &[u8]), SpduError> {
    let &[identifier, length, ref rest @ ..] = bytes else {
        return Err(SpduError::Truncated);
    };
    let (inside, after) = rest
        .split_at_checked(usize::from(length))
        .ok_or(SpduError::Truncated)?;
    Ok((identifier, inside, after))
}

fn parameter(mut parameters: &[u8], wanted: u8) -> Result<&[u8], SpduError> {
    loop {
        let (identifier, value, rest) = split(parameters)?;
        if identifier == wanted {
            return Ok(value);
        }
        parameters = rest;
    }
}

/// The octets of the one presentation data value that these bytes are.
fn presented(bytes: &[u8]) -> Result<&[u8], SpduError> {
    let (head, octets) = bytes
        .split_at_checked(VALUE_HEADER_BYTES)
        .ok_or(SpduError::Truncated)?;
    if octets.len() <= OCTETS_MAX && head == value_header(CONTEXT_RTSE, octets.len()) {
        Ok(octets)
    } else {
        Err(SpduError::Presentation)
    }
}

fn serial_in(digits: &[u8]) -> Result<u32, SpduError> {
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

impl fmt::Display for SpduError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => formatter.write_str("the session unit ends too early"),
            Self::Identifier(identifier) => write!(formatter, "no session unit {identifier} here"),
            Self::Presentation => formatter.write_str("the session unit's user data are no value"),
            Self::Serial => formatter.write_str("the session unit's serial number is none"),
        }
    }
}

impl std::error::Error for SpduError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_checkpoint_takes_fifty_nine_bytes_in_a_packet() {
        const IP_AND_TCP: usize = 40;
        const TPKT_AND_DT: usize = 7;
        let bytes = Spdu::MinorSync { serial: 1 }.encode();
        assert_eq!(bytes.len() + IP_AND_TCP + TPKT_AND_DT, 59);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
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
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Err(error) = decode(&bytes) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
