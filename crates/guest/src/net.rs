//! `tokio::net` for guests: the same names and signatures, over the simulated network.
//!
//! Only IPv4 is simulated. A host may have several addresses, and a name may be an alias of several hosts.
//! Errors are those that tokio reports on Linux.

mod address;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;
mod udp_socket;

pub use address::{ToSocketAddrs, lookup_host};
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, TcpStream, WriteHalf};
pub use udp_socket::UdpSocket;

use std::io;

use winsock::SocketError;

use crate::ambient::with_world;
use crate::current_host::current_host;
use crate::incarnation::Incarnation;
use crate::sockets::Socket;
use crate::task::NO_HOST;
use crate::world::World;

/// What a call on a socket comes to.
enum Called<R> {
    /// Its result.
    Done(R),
    /// The program that opened the socket was stopped: nothing comes back to it.
    Stopped,
}

/// Calls `act` with the simulation, for a socket of a program that still runs.
fn call<R>(socket: Socket, act: impl FnOnce(&mut World) -> R) -> io::Result<Called<R>> {
    call_owned(socket.owner, act)
}

/// As [`call`], for a socket that this run of a program opened.
fn call_owned<R>(owner: Incarnation, act: impl FnOnce(&mut World) -> R) -> io::Result<Called<R>> {
    simulated(|world| {
        if world.stop.is_some() || !world.hosts.is_current(owner) {
            return Called::Stopped;
        }
        Called::Done(act(world))
    })
}

/// As [`call`], for a call that cannot wait: it fails if the program was stopped.
fn call_now<R>(
    socket: Socket,
    act: impl FnOnce(&mut World) -> Result<R, SocketError>,
) -> io::Result<R> {
    match call(socket, act)? {
        Called::Done(result) => result.map_err(io_error),
        Called::Stopped => Err(io::ErrorKind::NotConnected.into()),
    }
}

/// Calls `act` with the simulation.
fn simulated<R>(act: impl FnOnce(&mut World) -> R) -> io::Result<R> {
    with_world(act).ok_or_else(|| {
        let text = "mtasim::guest::net works only inside a simulation: use tokio::net elsewhere";
        io::Error::new(io::ErrorKind::NotConnected, text)
    })
}

/// The host whose code runs.
fn own_host() -> io::Result<Incarnation> {
    // Outside a simulation this is an error, not a panic.
    simulated(|_| ())?;
    Ok(current_host().expect(NO_HOST))
}

/// The error of a socket call as tokio reports it on Linux.
fn io_error(error: SocketError) -> io::Error {
    let kind = match error {
        // Linux reports a connection that timed out as ETIMEDOUT whenever it is noticed.
        SocketError::TimedOut | SocketError::ConnectionAborted => io::ErrorKind::TimedOut,
        SocketError::ConnectionRefused => io::ErrorKind::ConnectionRefused,
        SocketError::ConnectionReset => io::ErrorKind::ConnectionReset,
        SocketError::AddressInUse => io::ErrorKind::AddrInUse,
        SocketError::AddressNotAvailable => io::ErrorKind::AddrNotAvailable,
        SocketError::NetworkDown => io::ErrorKind::NetworkDown,
        SocketError::NetworkUnreachable => io::ErrorKind::NetworkUnreachable,
        SocketError::HostUnreachable | SocketError::HostDown => io::ErrorKind::HostUnreachable,
        SocketError::NotConnected => io::ErrorKind::NotConnected,
        SocketError::Shutdown => io::ErrorKind::BrokenPipe,
        SocketError::WouldBlock => io::ErrorKind::WouldBlock,
        SocketError::Invalid
        | SocketError::InvalidWaitCount
        | SocketError::InvalidEventHandle
        | SocketError::NotSocket => io::ErrorKind::InvalidInput,
        SocketError::TooManyHandles
        | SocketError::NoBufferSpace
        | SocketError::InProgress
        | SocketError::Already
        | SocketError::IsConnected => io::ErrorKind::Other,
    };
    io::Error::from(kind)
}

fn unsupported<R>(what: &str) -> io::Result<R> {
    let text = format!("{what} is not simulated");
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}
