//! A listening TCP socket.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use winsock::SocketError;

use super::address::{ToSocketAddrs, local_address, resolve, socket_addr};
use super::tcp_stream::TcpStream;
use super::{Called, call, io_error, own_host, simulated, unsupported};
use crate::ambient::is_active;
use crate::sockets::Socket;

/// A listening socket, as `tokio::net::TcpListener`. Dropping it closes the port.
#[derive(Debug)]
pub struct TcpListener {
    socket: Socket,
    local: SocketAddr,
}

impl TcpListener {
    /// Listens at a port of the host whose code runs: on one of its addresses, or on all with `0.0.0.0`. Port
    /// 0 chooses a free one.
    ///
    /// # Errors
    /// If the port is in use, or the address is of another host.
    ///
    /// # Panics
    /// If it is not known which host the task belongs to.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        // As in std: the first address that works counts, else the error of the last one.
        let mut failed = io::Error::from(io::ErrorKind::InvalidInput);
        for address in resolve(address).await? {
            match Self::listen(address) {
                Ok(listener) => return Ok(listener),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    pub(super) fn listen(address: SocketAddr) -> io::Result<Self> {
        let host = own_host()?;
        let wanted = local_address(address, host)?;
        let listening = simulated(|world| {
            let socket = world.sockets.listen(host, wanted)?;
            let local = socket_addr(world.sockets.local_address(socket));
            Ok(Self { socket, local })
        })?;
        listening.map_err(io_error)
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// If the host has no more sockets.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|context| self.poll_accept(context)).await
    }

    /// As [`TcpListener::accept`], for hand-written futures.
    ///
    /// # Errors
    /// As [`TcpListener::accept`].
    pub fn poll_accept(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        // As in tokio's sockets: a task that finds a connection at every poll must let others run in between.
        ready!(tokio::task::coop::poll_proceed(context)).made_progress();
        let accepted = call(self.socket, |world| {
            let accepted = world.sockets.accept(self.socket);
            if matches!(accepted, Err(SocketError::WouldBlock)) {
                world.sockets.wait_readable(self.socket, context.waker());
            }
            accepted.map(|(socket, from)| (socket, world.sockets.local_address(socket), from))
        })?;
        match accepted {
            Called::Done(Ok((socket, local, from))) => {
                let peer = socket_addr(from);
                Poll::Ready(Ok((TcpStream::new(socket, socket_addr(local), peer), peer)))
            }
            // The task of a crashed host may live on, since tokio cannot drop it from outside: its calls never return.
            Called::Done(Err(SocketError::WouldBlock)) | Called::Stopped => Poll::Pending,
            Called::Done(Err(error)) => Poll::Ready(Err(io_error(error))),
        }
    }

    /// The own address.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    /// # Errors
    /// Always: a packet's time to live is not simulated.
    pub fn ttl(&self) -> io::Result<u32> {
        unsupported("the time to live")
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        if is_active() {
            let _closed = call(self.socket, |world| {
                let now = world.now();
                world.sockets.close(now, self.socket);
            });
        }
    }
}
