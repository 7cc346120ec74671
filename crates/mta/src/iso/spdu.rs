//! Session units, as far as the association manager needs them.
//!
//! Owns the bytes of connect, accept, finish, disconnect, abort, and of an activity with its
//! checkpoints (X.225 names and identifiers; a checkpoint is one minor synchronisation point,
//! Q198622). What presentation, ACSE and RTSE would add is filler of plausible size, marked as
//! such. It refuses to know whose turn it is.

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
        /// Which message.
        message: u32,
    },
    /// AEA: the complete message has arrived and is kept.
    ActivityEndAck {
        /// Which message.
        message: u32,
    },
}

/// Why bytes are no session unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpduError {
    /// Fewer bytes than the unit needs.
    Truncated,
    /// An identifier that is not used here.
    Identifier(u8),
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
/// PI of a serial number (X.225).
const PARAMETER_SERIAL: u8 = 42;

/// Filler in the place of CP, AARQ, RTORQ and bind in a CONNECT, and of their answers in an
/// ACCEPT: plausible sizes, not measured ones.
const CONNECT_FILLER_BYTES: u8 = 180;
const ACCEPT_FILLER_BYTES: u8 = 120;
/// A checkpoint takes about 59 bytes in an IP packet (Q198622): 40 of IP and TCP, 7 of TPKT and
/// DT, and these.
const SYNC_BYTES: u8 = 12;

impl Spdu<'_> {
    /// Its bytes: identifier, length indicator, parameters, user data.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match *self {
            Self::Connect => filler(CN, CONNECT_FILLER_BYTES),
            Self::Accept => filler(AC, ACCEPT_FILLER_BYTES),
            Self::Finish => vec![FN, 0],
            Self::Disconnect => vec![DN, 0],
            Self::Abort => vec![AB, 0],
            Self::ActivityStart { message, length } => numbers(AS, &[message, length]),
            Self::ActivityResume {
                message,
                length,
                offset,
            } => numbers(AR, &[message, length, offset]),
            Self::Data { user } => {
                let mut bytes = Vec::with_capacity(2 + user.len());
                bytes.extend_from_slice(&[DT, 0]);
                bytes.extend_from_slice(user);
                bytes
            }
            Self::MinorSync { serial } => sync(MIP, serial),
            Self::MinorSyncAck { serial } => sync(MIA, serial),
            Self::ActivityEnd { message } => numbers(AE, &[message]),
            Self::ActivityEndAck { message } => numbers(AEA, &[message]),
        }
    }
}

fn filler(identifier: u8, length: u8) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(length) + 2];
    (bytes[0], bytes[1]) = (identifier, length);
    bytes
}

fn numbers(identifier: u8, values: &[u32]) -> Vec<u8> {
    let length = u8::try_from(values.len() * 4).expect("a unit has at most three numbers");
    let mut bytes = vec![identifier, length];
    bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
    bytes
}

fn sync(identifier: u8, serial: u32) -> Vec<u8> {
    let mut bytes = vec![identifier, SYNC_BYTES - 2, PARAMETER_SERIAL, 4];
    bytes.extend_from_slice(&serial.to_be_bytes());
    bytes.resize(usize::from(SYNC_BYTES), 0);
    bytes
}

/// What session unit these bytes are.
///
/// # Errors
/// [`SpduError`]; whatever the peer sent, this never panics.
pub fn decode(bytes: &[u8]) -> Result<Spdu<'_>, SpduError> {
    let &[identifier, length, ref rest @ ..] = bytes else {
        return Err(SpduError::Truncated);
    };
    let parameters = rest
        .get(..usize::from(length))
        .ok_or(SpduError::Truncated)?;
    let user = &rest[parameters.len()..];
    let number = |index: usize| number_at(parameters, index * 4);
    let serial = || number_at(parameters, 2);
    Ok(match identifier {
        CN => Spdu::Connect,
        AC => Spdu::Accept,
        FN => Spdu::Finish,
        DN => Spdu::Disconnect,
        AB => Spdu::Abort,
        AS => Spdu::ActivityStart {
            message: number(0)?,
            length: number(1)?,
        },
        AR => Spdu::ActivityResume {
            message: number(0)?,
            length: number(1)?,
            offset: number(2)?,
        },
        DT => Spdu::Data { user },
        MIP => Spdu::MinorSync { serial: serial()? },
        MIA => Spdu::MinorSyncAck { serial: serial()? },
        AE => Spdu::ActivityEnd {
            message: number(0)?,
        },
        AEA => Spdu::ActivityEndAck {
            message: number(0)?,
        },
        other => return Err(SpduError::Identifier(other)),
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
                8 => Spdu::MinorSync { serial: offset },
                9 => Spdu::MinorSyncAck { serial: offset },
                10 => Spdu::ActivityEnd { message },
                _ => Spdu::ActivityEndAck { message },
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
