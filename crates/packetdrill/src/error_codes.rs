//! The errors of BSD's sockets and those of WinSock.

use winsock::SocketError;

/// Which errors of WinSock stand for each of BSD's. Several where WinSock tells apart what BSD does
/// not, such as a pipe that this side or the network broke.
const ERRORS: [(&str, &[SocketError]); 11] = [
    ("EINPROGRESS", &[SocketError::WouldBlock]),
    ("EWOULDBLOCK", &[SocketError::WouldBlock]),
    ("EAGAIN", &[SocketError::WouldBlock]),
    ("ECONNRESET", &[SocketError::ConnectionReset]),
    ("ECONNREFUSED", &[SocketError::ConnectionRefused]),
    (
        "ETIMEDOUT",
        &[SocketError::TimedOut, SocketError::ConnectionAborted],
    ),
    (
        "EPIPE",
        &[
            SocketError::Shutdown,
            SocketError::ConnectionAborted,
            SocketError::ConnectionReset,
        ],
    ),
    ("ENOTCONN", &[SocketError::NotConnected]),
    (
        "EHOSTUNREACH",
        &[
            SocketError::HostUnreachable,
            SocketError::NetworkUnreachable,
        ],
    ),
    ("ENETUNREACH", &[SocketError::NetworkUnreachable]),
    ("EINVAL", &[SocketError::Invalid]),
];

/// Whether `error` is BSD's `name`; `None` if the table does not have the name.
pub(crate) fn is(error: SocketError, name: &str) -> Option<bool> {
    let (_, ours) = ERRORS.iter().find(|(theirs, _)| *theirs == name)?;
    Some(ours.contains(&error))
}
