//! The six network events of WinSock, as a set and as an enumerated record. When one is recorded:
//! `table/network_events`.

use std::fmt;

use crate::error::SocketError;

bitflags::bitflags! {
    /// A set of network events. `bits` is the number that Winsock.log prints (`Events 3`).
    /// Displayed as short names: `R/W/Cl`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct NetworkEvents: u32 {
        /// `FD_READ`: data can be received.
        const READ = 1;
        /// `FD_WRITE`: data can be sent (again).
        const WRITE = 2;
        /// `FD_OOB`: urgent data. It may be selected, but the modeled TCP has none.
        const OOB = 4;
        /// `FD_ACCEPT`: a connection waits for `accept`.
        const ACCEPT = 8;
        /// `FD_CONNECT`: a connect succeeded or failed.
        const CONNECT = 16;
        /// `FD_CLOSE`: the peer closed or reset the connection, or does not answer.
        const CLOSE = 32;
    }
}

impl NetworkEvents {
    /// The names of Winsock.log in its order.
    const SHORT_NAMES: [(Self, &'static str); 6] = [
        (Self::READ, "R"),
        (Self::WRITE, "W"),
        (Self::OOB, "O"),
        (Self::ACCEPT, "Ac"),
        (Self::CLOSE, "Cl"),
        (Self::CONNECT, "Cn"),
    ];
}

impl fmt::Display for NetworkEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (event, name) in Self::SHORT_NAMES {
            if self.contains(event) {
                write!(f, "{separator}{name}")?;
                separator = "/";
            }
        }
        Ok(())
    }
}

/// The result of `WSAEnumNetworkEvents`: the recorded events, and the error codes of the two that
/// can fail. `None` is the documented error code 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnumeratedEvents {
    /// The events recorded since the last enumeration or selection.
    pub events: NetworkEvents,
    /// `iErrorCode[FD_CONNECT_BIT]`: 10060, 10061 or 10051. Meaningless without `CONNECT`.
    pub connect: Option<SocketError>,
    /// `iErrorCode[FD_CLOSE_BIT]`: 10053 or 10054; `None` after an orderly close.
    pub close: Option<SocketError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_those_of_winsock_log() {
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
        assert_eq!(NetworkEvents::empty().to_string(), "");
    }
}
