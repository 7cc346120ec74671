//! The six things WinSock reports about a socket, as a set and as an enumerated record.
//!
//! Owns [`NetworkEvents`] and [`EnumeratedEvents`]. When one is recorded, cleared or enabled
//! again is `selection.rs`; which object is signalled is the table's.

use std::fmt;
use std::ops::BitOr;

use crate::error::SocketError;

/// A set of network events; its number is what Winsock.log prints (`Events 3`). Shown as the
/// short names joined by `/`: `R/W/Cl`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkEvents(u32);

impl NetworkEvents {
    /// Nothing: as a mask it cancels the selection.
    pub const NONE: Self = Self(0);
    /// `FD_READ`: data can be received.
    pub const READ: Self = Self(1);
    /// `FD_WRITE`: sending is possible (again).
    pub const WRITE: Self = Self(2);
    /// `FD_OOB`: urgent data. May be selected; the modeled TCP carries none.
    pub const OOB: Self = Self(4);
    /// `FD_ACCEPT`: a connection waits to be accepted.
    pub const ACCEPT: Self = Self(8);
    /// `FD_CONNECT`: a connect ended, well or badly.
    pub const CONNECT: Self = Self(16);
    /// `FD_CLOSE`: the peer closed, reset or vanished.
    pub const CLOSE: Self = Self(32);

    const ALL: u32 = 63;
    const SHORT_NAMES: [(Self, &'static str); 6] = [
        (Self::READ, "R"),
        (Self::WRITE, "W"),
        (Self::OOB, "O"),
        (Self::ACCEPT, "Ac"),
        (Self::CLOSE, "Cl"),
        (Self::CONNECT, "Cn"),
    ];

    /// The set numbered `bits`, or nothing if a bit above 32 is set.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits <= Self::ALL {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// The set as a number, 0 to 63.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether every member of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with the members of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The members both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set without the members of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for NetworkEvents {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl fmt::Display for NetworkEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (event, name) in Self::SHORT_NAMES {
            if self.contains(event) {
                write!(f, "{between}{name}")?;
                between = "/";
            }
        }
        Ok(())
    }
}

/// What `WSAEnumNetworkEvents` copies out: the recorded events, and the error with which each
/// of the two that can fail was recorded. A `None` is the documented error code 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnumeratedEvents {
    /// What was recorded since the last enumeration or selection.
    pub events: NetworkEvents,
    /// `iErrorCode[FD_CONNECT_BIT]`: 10060, 10061 or 10051; meaningless without `CONNECT`.
    pub connect: Option<SocketError>,
    /// `iErrorCode[FD_CLOSE_BIT]`: 10053 or 10054, `None` for a graceful close.
    pub close: Option<SocketError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_log() {
        let opening = NetworkEvents::ACCEPT | NetworkEvents::CLOSE | NetworkEvents::CONNECT;
        let open = NetworkEvents::READ | NetworkEvents::WRITE | NetworkEvents::CLOSE;
        assert_eq!(
            (opening.bits(), opening.to_string().as_str()),
            (56, "Ac/Cl/Cn")
        );
        assert_eq!((open.bits(), open.to_string().as_str()), (35, "R/W/Cl"));
        assert_eq!(
            NetworkEvents::from_bits(3),
            Some(NetworkEvents::READ | NetworkEvents::WRITE)
        );
        assert_eq!(NetworkEvents::from_bits(64), None);
        assert_eq!(NetworkEvents::NONE.to_string(), "");
    }
}
