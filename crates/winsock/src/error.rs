//! The error codes of socket calls.

use thiserror::Error;

macro_rules! socket_errors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal;)*) => {
        /// Why a call failed ("Windows Sockets Error Codes" of the Platform SDK). Displayed as the
        /// bare number, as in the event log: `10060`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
        #[repr(u32)]
        pub enum SocketError {
            $($(#[$doc])* #[error("{}", $code)] $variant = $code,)*
        }

        impl SocketError {
            /// All errors in ascending order of their code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The documented symbol, such as `WSAETIMEDOUT`.
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
    /// The handle does not name an event object.
    InvalidEventHandle = 6, "WSA_INVALID_HANDLE";
    /// A wait for no handle, or for more than 64.
    InvalidWaitCount = 87, "WSA_INVALID_PARAMETER";
    /// An argument or the state of the socket does not allow the call.
    Invalid = 10022, "WSAEINVAL";
    /// The handle table is full.
    TooManyHandles = 10024, "WSAEMFILE";
    /// A non-blocking call cannot be completed now. The connection has not failed.
    WouldBlock = 10035, "WSAEWOULDBLOCK";
    /// A blocking call is in progress.
    InProgress = 10036, "WSAEINPROGRESS";
    /// A connect is already under way on this socket.
    Already = 10037, "WSAEALREADY";
    /// The handle does not name a socket: it was never opened, is closed, or names an event object
    /// now (Q155738, Q170006).
    NotSocket = 10038, "WSAENOTSOCK";
    /// Another open socket is bound to the port, or a connection has the address pair.
    AddressInUse = 10048, "WSAEADDRINUSE";
    /// The address to connect to has no host or no port.
    AddressNotAvailable = 10049, "WSAEADDRNOTAVAIL";
    /// The stack or the interface failed.
    NetworkDown = 10050, "WSAENETDOWN";
    /// No route to the host is known.
    NetworkUnreachable = 10051, "WSAENETUNREACH";
    /// The connection was aborted locally: the peer answered no retransmission.
    ConnectionAborted = 10053, "WSAECONNABORTED";
    /// The peer reset the connection.
    ConnectionReset = 10054, "WSAECONNRESET";
    /// No ephemeral port is free.
    NoBufferSpace = 10055, "WSAENOBUFS";
    /// The socket is already connected.
    IsConnected = 10056, "WSAEISCONN";
    /// The socket is not connected.
    NotConnected = 10057, "WSAENOTCONN";
    /// The socket was shut down for sending.
    Shutdown = 10058, "WSAESHUTDOWN";
    /// No SYN was answered.
    TimedOut = 10060, "WSAETIMEDOUT";
    /// The SYN was answered by RST: there is no listener.
    ConnectionRefused = 10061, "WSAECONNREFUSED";
    /// The host is down.
    HostDown = 10064, "WSAEHOSTDOWN";
    /// The host cannot be reached.
    HostUnreachable = 10065, "WSAEHOSTUNREACH";
}

impl SocketError {
    /// The number that `WSAGetLastError` returns.
    #[must_use]
    pub const fn code(self) -> u32 {
        self as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_displayed_as_its_number() {
        assert_eq!(SocketError::TimedOut.to_string(), "10060");
        assert_eq!(SocketError::TimedOut.name(), "WSAETIMEDOUT");
    }

    #[test]
    fn codes_ascend_and_names_are_unique() {
        assert!(SocketError::ALL.is_sorted_by(|a, b| a.code() < b.code()));
        for (index, error) in SocketError::ALL.iter().enumerate() {
            let named = SocketError::ALL
                .iter()
                .position(|e| e.name() == error.name());
            assert_eq!(named, Some(index), "{error} has the name of another error");
        }
    }

    #[test]
    fn every_code_in_published_logs_is_defined() {
        let logged = [
            10022, 10035, 10036, 10037, 10038, 10048, 10049, 10050, 10051, 10053, 10054, 10055,
            10057, 10058, 10060, 10061, 10064, 10065,
        ];
        for code in logged {
            assert!(
                SocketError::ALL.iter().any(|e| e.code() == code),
                "{code} is missing"
            );
        }
    }
}
