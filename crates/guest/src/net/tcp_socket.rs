//! A TCP socket before it connects or listens.

use std::io;
use std::net::SocketAddr;

use super::address::local_address;
use super::tcp_listener::TcpListener;
use super::tcp_stream::TcpStream;
use super::{own_host, unsupported};

/// A socket with options, as `tokio::net::TcpSocket`.
#[derive(Debug)]
pub struct TcpSocket {
    local: Option<SocketAddr>,
    is_kept_alive: bool,
    has_no_delay: bool,
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn new_v4() -> io::Result<Self> {
        Ok(Self {
            local: None,
            is_kept_alive: false,
            has_no_delay: false,
        })
    }

    /// # Errors
    /// Always: the simulated network carries IPv4 only.
    pub fn new_v6() -> io::Result<Self> {
        unsupported("IPv6")
    }

    /// The address to listen at, or to connect from.
    ///
    /// # Errors
    /// If the address is of another host.
    ///
    /// # Panics
    /// If it is not known which host the task belongs to.
    pub fn bind(&mut self, address: SocketAddr) -> io::Result<()> {
        local_address(address, own_host()?)?;
        self.local = Some(address);
        Ok(())
    }

    /// Turns keep-alive probes on or off, with the times of the host's system.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn set_keepalive(&mut self, is_on: bool) -> io::Result<()> {
        self.is_kept_alive = is_on;
        Ok(())
    }

    /// Turns Nagle's algorithm (RFC 9293 section 3.7.4) off or on.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn set_nodelay(&mut self, is_on: bool) -> io::Result<()> {
        self.has_no_delay = is_on;
        Ok(())
    }

    /// Accepted and without effect: a port of the simulation is free as soon as its listener is
    /// closed.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn set_reuseaddr(&self, _: bool) -> io::Result<()> {
        Ok(())
    }

    /// # Errors
    /// Always: buffers are those of the host's system.
    pub fn set_send_buffer_size(&self, _: u32) -> io::Result<()> {
        unsupported("another size of a send buffer")
    }

    /// # Errors
    /// Always: buffers are those of the host's system.
    pub fn set_recv_buffer_size(&self, _: u32) -> io::Result<()> {
        unsupported("another size of a receive buffer")
    }

    /// Connects, as [`TcpStream::connect`].
    ///
    /// # Errors
    /// If the connection cannot be made, or the port that the socket is bound to is in use.
    ///
    /// # Panics
    /// If it is not known which host the task belongs to.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect_from(self.local, address).await?;
        if self.is_kept_alive {
            stream.set_keepalive(true)?;
        }
        if self.has_no_delay {
            stream.set_nodelay(true)?;
        }
        Ok(stream)
    }

    /// Listens at the address of [`TcpSocket::bind`]. The backlog is that of the host's system.
    ///
    /// # Errors
    /// If the socket is not bound, or its port is in use.
    ///
    /// # Panics
    /// If it is not known which host the task belongs to.
    pub fn listen(self, _backlog: u32) -> io::Result<TcpListener> {
        let Some(local) = self.local else {
            let text = "bind the socket before it listens";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        TcpListener::listen(local)
    }
}
