//! The numbers a socket call fails with.
//!
//! Owns [`SocketError`]: code, name and nothing else. When each is given is decided where the
//! call is answered.

use std::fmt;

macro_rules! socket_errors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal;)*) => {
        /// Why a call failed, by its documented number ("Windows Sockets Error Codes", win32
        /// documentation). Shown as the bare number, as the event log prints it: `10060`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum SocketError {
            $($(#[$doc])* $variant = $code,)*
        }

        impl SocketError {
            /// Every error, by rising code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The documented symbol: `WSAETIMEDOUT`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

socket_errors! {
    /// The handle names no event object.
    InvalidEventHandle = 6, "WSA_INVALID_HANDLE";
    /// A wait on no handle, or on more than 64.
    InvalidWaitCount = 87, "WSA_INVALID_PARAMETER";
    /// An argument or the socket's state does not allow the call.
    Invalid = 10022, "WSAEINVAL";
    /// The handle table is full.
    TooManyHandles = 10024, "WSAEMFILE";
    /// A non-blocking call cannot be completed now. Not a failure of the connection.
    WouldBlock = 10035, "WSAEWOULDBLOCK";
    /// A blocking call is in progress.
    InProgress = 10036, "WSAEINPROGRESS";
    /// A connect is already under way on this socket.
    Already = 10037, "WSAEALREADY";
    /// The handle names no socket: never opened, closed, or now another object's
    /// (Q155738, Q170006).
    NotSocket = 10038, "WSAENOTSOCK";
    /// Another open socket holds the local port, or the pair of addresses is in use.
    AddressInUse = 10048, "WSAEADDRINUSE";
    /// The address to connect to has no host or no port.
    AddressNotAvailable = 10049, "WSAEADDRNOTAVAIL";
    /// The stack or the interface failed.
    NetworkDown = 10050, "WSAENETDOWN";
    /// No route to the host is known.
    NetworkUnreachable = 10051, "WSAENETUNREACH";
    /// The local side gave the connection up: peer silent through all retransmissions.
    ConnectionAborted = 10053, "WSAECONNABORTED";
    /// The peer reset the connection.
    ConnectionReset = 10054, "WSAECONNRESET";
    /// No ephemeral port is free.
    NoBufferSpace = 10055, "WSAENOBUFS";
    /// The socket is connected already.
    IsConnected = 10056, "WSAEISCONN";
    /// The socket never connected, or its connection is dead.
    NotConnected = 10057, "WSAENOTCONN";
    /// The socket was shut down for sending.
    Shutdown = 10058, "WSAESHUTDOWN";
    /// No answer to any SYN.
    TimedOut = 10060, "WSAETIMEDOUT";
    /// A RST answered the SYN: nobody listens.
    ConnectionRefused = 10061, "WSAECONNREFUSED";
    /// The host is down.
    HostDown = 10064, "WSAEHOSTDOWN";
    /// The host cannot be reached.
    HostUnreachable = 10065, "WSAEHOSTUNREACH";
}

impl SocketError {
    /// The number `WSAGetLastError` gives.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)
    }
}

impl std::error::Error for SocketError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_as_its_number() {
        assert_eq!(SocketError::TimedOut.to_string(), "10060");
        assert_eq!(SocketError::TimedOut.name(), "WSAETIMEDOUT");
    }

    #[test]
    fn codes_rise_and_names_are_unique() {
        assert!(SocketError::ALL.is_sorted_by(|a, b| a.code() < b.code()));
        for (index, error) in SocketError::ALL.iter().enumerate() {
            let named = SocketError::ALL
                .iter()
                .position(|e| e.name() == error.name());
            assert_eq!(named, Some(index), "{error} shares its name");
        }
    }

    #[test]
    fn every_code_the_field_logs_is_here() {
        let logged = [
            10022, 10035, 10036, 10037, 10038, 10048, 10049, 10050, 10051, 10053, 10054, 10055,
            10057, 10058, 10060, 10061, 10064, 10065,
        ];
        for code in logged {
            assert!(
                SocketError::ALL.iter().any(|e| e.code() == code),
                "{code} missing"
            );
        }
    }
}
