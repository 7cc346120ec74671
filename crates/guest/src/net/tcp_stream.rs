//! A TCP connection.

mod halves;

use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use winsock::{SocketAddress, SocketError};

use super::address::{ToSocketAddrs, local_address, resolve, socket_addr, socket_address};
use super::{Called, call, call_now, io_error, own_host, simulated, unsupported};
use crate::ambient::is_active;
use crate::sockets::Socket;

pub use halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};

/// A connection, as `tokio::net::TcpStream`. Dropping it closes the socket.
#[derive(Debug)]
pub struct TcpStream(pub(super) Arc<SharedConnection>);

/// The connection that a stream or its halves share.
#[derive(Debug)]
pub(super) struct SharedConnection {
    socket: Socket,
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    /// Bytes that were peeked at, which the next reads return.
    peeked: Mutex<Vec<u8>>,
}

impl TcpStream {
    pub(super) fn new(socket: Socket, local: SocketAddr, peer: SocketAddr) -> Self {
        Self(Arc::new(SharedConnection {
            socket,
            local,
            peer,
            peeked: Mutex::new(Vec::new()),
        }))
    }

    /// Connects from the host whose code runs. Several addresses are tried in turn. A connect that
    /// is dropped gives up and closes its socket.
    ///
    /// # Errors
    /// If no address can be resolved or connected to.
    ///
    /// # Panics
    /// If it is not known which host the task belongs to.
    pub async fn connect<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let mut failed = io::Error::from(io::ErrorKind::InvalidInput);
        for address in resolve(address).await? {
            match Self::connect_from(None, address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Connects from the address that a socket is bound to.
    pub(super) async fn connect_from(
        bound: Option<SocketAddr>,
        address: SocketAddr,
    ) -> io::Result<Self> {
        let host = own_host()?;
        let to = socket_address(address, host)?;
        let from = match bound {
            Some(bound) => local_address(bound, host)?,
            None => SocketAddress::new(0, 0),
        };
        // As with tokio, a task that connects again and again lets others run.
        tokio::task::coop::consume_budget().await;
        let begun = simulated(|world| {
            if world.stop.is_some() || !world.hosts.is_current(host) {
                return Ok(None);
            }
            let now = world.now();
            let connecting = world.sockets.connect(now, host, from, to);
            // A connect that fails without any virtual time, again and again, would never let time
            // advance: after many of them the program is stopped.
            if connecting.is_err() && !world.count_failed_connect(host) {
                return Ok(None);
            }
            let socket = connecting?;
            let local = world.sockets.local_address(socket);
            Ok(Some(Self::new(socket, socket_addr(local), socket_addr(to))))
        })?;
        let Some(stream) = begun.map_err(io_error)? else {
            // The host has crashed or the run is over: nothing comes back to the program.
            return std::future::pending().await;
        };
        let ended = poll_fn(|context| {
            let ended = call(stream.0.socket, |world| {
                let waker = context.waker();
                world.sockets.poll_connected(stream.0.socket, waker)
            })?;
            match ended {
                Called::Done(Some(ended)) => Poll::Ready(ended.map_err(io_error)),
                Called::Done(None) | Called::Stopped => Poll::Pending,
            }
        });
        ended.await?;
        Ok(stream)
    }

    /// The peer's address.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.peer)
    }

    /// The own address.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.local)
    }

    /// Turns Nagle's algorithm (RFC 9293 section 3.7.4) off or on.
    ///
    /// # Errors
    /// If the connection has failed.
    pub fn set_nodelay(&self, is_on: bool) -> io::Result<()> {
        let socket = self.0.socket;
        call_now(socket, |world| world.sockets.set_no_delay(socket, is_on))
    }

    /// `Some(0)`: closing resets the connection. `None`: closing sends what is left, which is the
    /// default.
    ///
    /// # Errors
    /// For any other time, which is not simulated.
    pub fn set_linger(&self, time: Option<Duration>) -> io::Result<()> {
        if time.is_some_and(|time| !time.is_zero()) {
            return unsupported("a linger time above zero");
        }
        let socket = self.0.socket;
        call_now(socket, |world| {
            world.sockets.set_hard_close(socket, time.is_some())
        })
    }

    /// As `set_linger(Some(0))`.
    ///
    /// # Errors
    /// If the connection has failed.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// Turns keep-alive probes on or off, with the times of the host's system. tokio offers this on
    /// `TcpSocket` only.
    ///
    /// # Errors
    /// If the connection has failed.
    pub fn set_keepalive(&self, is_on: bool) -> io::Result<()> {
        let socket = self.0.socket;
        call_now(socket, |world| {
            let now = world.now();
            world.sockets.set_keep_alive(now, socket, is_on)
        })
    }

    /// # Errors
    /// Always: a packet's time to live is not simulated.
    pub fn set_ttl(&self, _: u32) -> io::Result<()> {
        unsupported("the time to live")
    }

    /// Receives bytes and leaves them there. Returns how many.
    ///
    /// # Errors
    /// If the connection has failed.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| {
            let mut buffer = ReadBuf::new(buffer);
            self.poll_peek(context, &mut buffer)
        })
        .await
    }

    /// As [`TcpStream::peek`], for hand-written futures.
    ///
    /// # Errors
    /// As [`TcpStream::peek`].
    pub fn poll_peek(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_peek(context, buffer)
    }

    /// Splits the connection into halves that borrow it.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf(&self.0), WriteHalf(&self.0))
    }

    /// Splits the connection into halves that can move to different tasks.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        let Self(connection) = self;
        let read = OwnedReadHalf(Arc::clone(&connection));
        (read, OwnedWriteHalf::new(connection))
    }
}

impl SharedConnection {
    fn peeked(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.peeked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(tokio::task::coop::poll_proceed(context)).made_progress();
        // A receive of no bytes answers WSAEWOULDBLOCK, but a read into an empty buffer is done.
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut peeked = self.peeked();
        if !peeked.is_empty() {
            let count = peeked.len().min(buffer.remaining());
            buffer.put_slice(&peeked[..count]);
            peeked.drain(..count);
            return Poll::Ready(Ok(()));
        }
        drop(peeked);
        let received = call(self.socket, |world| {
            let now = world.now();
            let limit = buffer.remaining();
            let received = world.sockets.receive(now, self.socket, limit);
            if matches!(received, Err(SocketError::WouldBlock)) {
                world.sockets.wait_readable(self.socket, context.waker());
            }
            received
        })?;
        match received {
            Called::Done(Ok(bytes)) => {
                buffer.put_slice(bytes.as_slice());
                Poll::Ready(Ok(()))
            }
            Called::Done(Err(SocketError::WouldBlock)) | Called::Stopped => Poll::Pending,
            Called::Done(Err(error)) => Poll::Ready(Err(io_error(error))),
        }
    }

    /// The socket layer has no peek: the bytes are received and kept for the next read.
    pub(super) fn poll_peek(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.peeked().is_empty() {
            let mut bytes = vec![0; buffer.remaining()];
            let mut received = ReadBuf::new(&mut bytes);
            // Bytes that were read leave room in the receive buffer, so a peek may open the window
            // where Linux would not.
            ready!(self.poll_read(context, &mut received))?;
            self.peeked().extend_from_slice(received.filled());
        }
        let peeked = self.peeked();
        let count = peeked.len().min(buffer.remaining());
        buffer.put_slice(&peeked[..count]);
        Poll::Ready(Ok(count))
    }

    pub(super) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(tokio::task::coop::poll_proceed(context)).made_progress();
        let sent = call(self.socket, |world| {
            let now = world.now();
            let sent = world.sockets.send(now, self.socket, bytes);
            // Within the same borrow of the world as the call: nothing can become writable in
            // between and go unnoticed.
            if matches!(sent, Err(SocketError::WouldBlock)) {
                world.sockets.wait_writable(self.socket, context.waker());
            }
            sent
        })?;
        match sent {
            Called::Done(Ok(count)) => Poll::Ready(Ok(count)),
            Called::Done(Err(SocketError::WouldBlock)) | Called::Stopped => Poll::Pending,
            Called::Done(Err(error)) => Poll::Ready(Err(io_error(error))),
        }
    }

    /// Ends sending: a FIN follows what was written.
    pub(super) fn shutdown(&self, _: Shutdown) -> io::Result<()> {
        call_now(self.socket, |world| {
            let now = world.now();
            world.sockets.shutdown(now, self.socket)
        })
    }
}

impl Drop for SharedConnection {
    fn drop(&mut self) {
        if is_active() {
            let _closed = call(self.socket, |world| {
                let now = world.now();
                world.sockets.close(now, self.socket);
            });
        }
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll_read(context, buffer)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}
