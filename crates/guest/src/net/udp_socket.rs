//! A UDP socket.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use internet::udp::DATA_MAX;
use tokio::io::ReadBuf;
use winsock::{SocketAddress, SocketError};

use super::address::{ToSocketAddrs, local_address, resolve, socket_addr, socket_address};
use super::{Called, call_owned, io_error, own_host, simulated, unsupported};
use crate::ambient::is_active;
use crate::datagrams::DatagramSocket;

/// A datagram socket, as `tokio::net::UdpSocket`. Dropping it frees the port.
///
/// A datagram is one packet of the network, with loss, delay, duplication and full queues as the link
/// has them. Sending never waits. The socket holds what has not been received in a buffer of the size
/// that Linux has by default (212,992 bytes, of which a small datagram takes 768 more than its
/// length); a full buffer drops what comes. Without a socket at the receiver's port, a connected
/// sender gets `ConnectionRefused` from its next call.
#[derive(Debug)]
pub struct UdpSocket {
    socket: DatagramSocket,
}

impl UdpSocket {
    /// A socket at a port of the host whose code runs, of one address or of all with `0.0.0.0`. Port 0
    /// chooses a free one.
    ///
    /// # Errors
    /// If the port is in use, or the address is of another host.
    ///
    /// # Panics
    /// If it is not known which host the task belongs to.
    pub async fn bind<A: ToSocketAddrs>(address: A) -> io::Result<Self> {
        let mut failed = io::Error::from(io::ErrorKind::InvalidInput);
        for address in resolve(address).await? {
            // As tokio and std do: the first address that can be bound, or the error of the last.
            match Self::bind_to(address) {
                Ok(socket) => return Ok(socket),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn bind_to(address: SocketAddr) -> io::Result<Self> {
        let host = own_host()?;
        let local = local_address(address, host)?;
        let bound = simulated(|world| {
            // A task that outlives its program, or the run, must not take a port from the program
            // that is started next.
            if world.stop.is_some() || !world.hosts.is_current(host) {
                return Err(SocketError::NetworkDown);
            }
            world.sockets.bind_datagrams(host, local)
        })?;
        let socket = bound.map_err(io_error)?;
        Ok(Self { socket })
    }

    /// The own address: once the socket is connected, the one from which it sends.
    ///
    /// # Errors
    /// If the program that opened it has been stopped.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let local = simulated(|world| world.sockets.datagrams.local(self.socket))?;
        local.map(socket_addr).map_err(io_error)
    }

    /// The peer of [`UdpSocket::connect`].
    ///
    /// # Errors
    /// If the socket is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.peer().map(socket_addr)
    }

    fn peer(&self) -> io::Result<SocketAddress> {
        let peer = simulated(|world| world.sockets.datagrams.peer(self.socket))?;
        peer.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// From now on the socket sends to this address by default, and receives from it only.
    ///
    /// # Errors
    /// If the address cannot be resolved.
    pub async fn connect<A: ToSocketAddrs>(&self, address: A) -> io::Result<()> {
        let to = first(address).await?;
        let to = socket_address(to, self.socket.owner)?;
        let connected = simulated(|world| world.sockets.connect_datagrams(self.socket, to))?;
        connected.map_err(io_error)
    }

    /// Sends a datagram to the peer of [`UdpSocket::connect`]. Returns how many bytes.
    ///
    /// # Errors
    /// If the socket is not connected, the datagram is longer than 65,507 bytes, there is no route,
    /// or an earlier datagram was refused.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| self.poll_send(context, bytes)).await
    }

    /// As [`UdpSocket::send`], for hand-written futures.
    ///
    /// # Errors
    /// As [`UdpSocket::send`].
    pub fn poll_send(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let peer = self.peer()?;
        self.poll_send_packet(context, bytes, peer)
    }

    /// Sends a datagram. Returns how many bytes.
    ///
    /// # Errors
    /// If the address cannot be resolved, the datagram is longer than 65,507 bytes, or there is no
    /// route.
    pub async fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], to: A) -> io::Result<usize> {
        let to = first(to).await?;
        poll_fn(|context| self.poll_send_to(context, bytes, to)).await
    }

    /// As [`UdpSocket::send_to`], for hand-written futures.
    ///
    /// # Errors
    /// As [`UdpSocket::send_to`].
    pub fn poll_send_to(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
        to: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let to = socket_address(to, self.socket.owner)?;
        self.poll_send_packet(context, bytes, to)
    }

    fn poll_send_packet(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
        to: SocketAddress,
    ) -> Poll<io::Result<usize>> {
        // Without tokio's cooperative budget, a loop that sends would never yield: sending never
        // waits, so virtual time would stand still.
        ready!(tokio::task::coop::poll_proceed(context)).made_progress();
        match self.send_now(bytes, to) {
            Ok(Called::Done(sent)) => Poll::Ready(sent),
            // The program was stopped or the run has ended: the task is aborted, so nothing wakes
            // it.
            Ok(Called::Stopped) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn send_now(&self, bytes: &[u8], to: SocketAddress) -> io::Result<Called<io::Result<usize>>> {
        if bytes.len() > DATA_MAX {
            let text = format!("a datagram has at most {DATA_MAX} bytes of data");
            return Ok(Called::Done(Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                text,
            ))));
        }
        let host = self.socket.owner;
        let sent = call_owned(host, |world| {
            if !world.count_datagram(host) {
                return None;
            }
            let now = world.now();
            let recorder = &mut world.recorder;
            let sockets = &mut world.sockets;
            Some(sockets.send_datagram(now, self.socket, to, bytes, recorder))
        })?;
        Ok(match sent {
            Called::Done(Some(sent)) => Called::Done(sent.map(|()| bytes.len()).map_err(io_error)),
            Called::Done(None) | Called::Stopped => Called::Stopped,
        })
    }

    /// Sends to the peer without waiting.
    ///
    /// # Errors
    /// As [`UdpSocket::send`].
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        let peer = self.peer()?;
        at_once(self.send_now(bytes, peer)?)
    }

    /// Sends without waiting.
    ///
    /// # Errors
    /// As [`UdpSocket::send_to`].
    pub fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let to = socket_address(to, self.socket.owner)?;
        at_once(self.send_now(bytes, to)?)
    }

    /// Receives a datagram. What exceeds the buffer is lost. Returns how many bytes.
    ///
    /// # Errors
    /// If an earlier datagram was refused.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv_from(buffer).await?.0)
    }

    /// As [`UdpSocket::recv`], for hand-written futures.
    ///
    /// # Errors
    /// As [`UdpSocket::recv`].
    pub fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_recv_from(context, buffer).map_ok(drop)
    }

    /// Receives a datagram, with its sender. What exceeds the buffer is lost.
    ///
    /// # Errors
    /// As [`UdpSocket::recv`].
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|context| {
            let mut buffer = ReadBuf::new(buffer);
            let from = ready!(self.poll_recv_from(context, &mut buffer))?;
            Poll::Ready(Ok((buffer.filled().len(), from)))
        })
        .await
    }

    /// As [`UdpSocket::recv_from`], for hand-written futures.
    ///
    /// # Errors
    /// As [`UdpSocket::recv`].
    pub fn poll_recv_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        self.poll_packet(context, buffer, false)
    }

    /// Looks at a datagram and leaves it there.
    ///
    /// # Errors
    /// As [`UdpSocket::recv`].
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|context| {
            let mut buffer = ReadBuf::new(buffer);
            let from = ready!(self.poll_packet(context, &mut buffer, true))?;
            Poll::Ready(Ok((buffer.filled().len(), from)))
        })
        .await
    }

    /// Waits until a datagram can be received.
    ///
    /// # Errors
    /// As [`UdpSocket::recv`].
    pub async fn readable(&self) -> io::Result<()> {
        self.peek_from(&mut []).await.map(drop)
    }

    /// Does not wait: a datagram can always be sent.
    ///
    /// # Errors
    /// None: the signature is tokio's.
    pub async fn writable(&self) -> io::Result<()> {
        Ok(())
    }

    /// Receives without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no datagram; as [`UdpSocket::recv`].
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.try_recv_from(buffer)?.0)
    }

    /// Receives without waiting, with the sender.
    ///
    /// # Errors
    /// As [`UdpSocket::try_recv`].
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self.received(false, None)? {
            Called::Done(Ok((from, data))) => {
                let count = data.len().min(buffer.len());
                buffer[..count].copy_from_slice(&data[..count]);
                Ok((count, socket_addr(from)))
            }
            Called::Done(Err(error)) => Err(io_error(error)),
            Called::Stopped => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn poll_packet(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        stays: bool,
    ) -> Poll<io::Result<SocketAddr>> {
        ready!(tokio::task::coop::poll_proceed(context)).made_progress();
        match self.received(stays, Some(context.waker()))? {
            Called::Done(Ok((from, data))) => {
                let count = data.len().min(buffer.remaining());
                buffer.put_slice(&data[..count]);
                Poll::Ready(Ok(socket_addr(from)))
            }
            Called::Done(Err(SocketError::WouldBlock)) | Called::Stopped => Poll::Pending,
            Called::Done(Err(error)) => Poll::Ready(Err(io_error(error))),
        }
    }

    fn received(&self, stays: bool, waker: Option<&Waker>) -> io::Result<Called<Arrived>> {
        call_owned(self.socket.owner, |world| {
            let datagrams = &mut world.sockets.datagrams;
            datagrams.receive(self.socket, stays, waker)
        })
    }

    /// # Errors
    /// If it is switched on: nothing is broadcast in the simulated network.
    pub fn set_broadcast(&self, is_on: bool) -> io::Result<()> {
        match is_on {
            true => unsupported("a broadcast"),
            false => Ok(()),
        }
    }

    /// # Errors
    /// Always: a packet's time to live is not simulated.
    pub fn set_ttl(&self, _: u32) -> io::Result<()> {
        unsupported("the time to live")
    }
}

/// A datagram with its sender.
type Arrived = Result<(SocketAddress, Arc<[u8]>), SocketError>;

/// The first address, as tokio takes it for datagrams.
async fn first<A: ToSocketAddrs>(address: A) -> io::Result<SocketAddr> {
    let found = resolve(address).await?.into_iter().next();
    found.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no addresses to send data to"))
}

fn at_once(called: Called<io::Result<usize>>) -> io::Result<usize> {
    match called {
        Called::Done(result) => result,
        Called::Stopped => Err(io::ErrorKind::NotConnected.into()),
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        if is_active() {
            let _closed = simulated(|world| world.sockets.datagrams.close(self.socket));
        }
    }
}
