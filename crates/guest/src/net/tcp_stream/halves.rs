//! The halves of a TCP connection.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{SharedConnection, TcpStream};

/// The reading half of [`TcpStream::split`].
#[derive(Debug)]
pub struct ReadHalf<'a>(pub(super) &'a SharedConnection);

/// The writing half of [`TcpStream::split`].
#[derive(Debug)]
pub struct WriteHalf<'a>(pub(super) &'a SharedConnection);

/// The reading half of [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf(pub(super) Arc<SharedConnection>);

/// The writing half of [`TcpStream::into_split`]. Dropping it ends sending.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    connection: Arc<SharedConnection>,
    shuts_down: bool,
}

/// The halves are not of the same connection.
#[derive(Debug, Error)]
#[error("tried to reunite halves that are not from the same socket")]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl OwnedReadHalf {
    /// The connection of both halves.
    ///
    /// # Errors
    /// If they are of different connections.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        if !Arc::ptr_eq(&self.0, &other.connection) {
            return Err(ReuniteError(self, other));
        }
        // Dropping the half would end sending, and the stream goes on.
        other.forget();
        Ok(TcpStream(self.0))
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
}

impl OwnedWriteHalf {
    pub(super) fn new(connection: Arc<SharedConnection>) -> Self {
        Self {
            connection,
            shuts_down: true,
        }
    }

    /// The connection of both halves.
    ///
    /// # Errors
    /// If they are of different connections.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        other.reunite(self)
    }

    /// Drops the half and leaves sending possible.
    pub fn forget(mut self) {
        self.shuts_down = false;
    }

    /// The peer's address.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.connection.peer)
    }

    /// The own address.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.connection.local)
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shuts_down {
            // The connection may have failed, and a destructor has nobody to tell.
            let _shut = self.connection.shutdown(Shutdown::Write);
        }
    }
}

impl AsyncRead for ReadHalf<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll_read(context, buffer)
    }
}

impl AsyncRead for OwnedReadHalf {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll_read(context, buffer)
    }
}

impl AsyncWrite for WriteHalf<'_> {
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

impl AsyncWrite for OwnedWriteHalf {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = self.connection.shutdown(Shutdown::Write);
        if shut.is_ok() {
            // It was done, so the drop need not do it again.
            self.shuts_down = false;
        }
        Poll::Ready(shut)
    }
}
