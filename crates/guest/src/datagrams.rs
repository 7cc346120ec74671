//! The datagram sockets of all hosts: ports, what has arrived, and the tasks that wait for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use internet::udp::Received;
use kernel::{key, mix};
use net::HostId;
use winsock::{SocketAddress, SocketError};

use crate::incarnation::Incarnation;

/// What the datagrams that a socket holds may take: `net.core.rmem_default` of Linux.
const BUFFER: usize = 212_992;
/// Linux counts the kernel's memory for a datagram, not its bytes: this much more for a small one.
const OVERHEAD: usize = 768;
/// Ephemeral ports: `net.ipv4.ip_local_port_range` of Linux.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// A datagram socket. Its port may be another socket's later; its number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DatagramSocket {
    pub(crate) owner: Incarnation,
    /// The address that it is bound to; with zero as its host, the port of all addresses.
    pub(crate) local: SocketAddress,
    number: u64,
}

/// A port that a socket has.
pub(crate) struct BoundPort {
    socket: DatagramSocket,
    /// Keys the random choices about what it sends: the port, or which ephemeral socket it is.
    pub(crate) label: u64,
    /// The only peer, if it is connected, and the own address for it.
    peer: Option<(SocketAddress, u32)>,
    /// How many datagrams were sent to an address.
    pub(crate) sent: BTreeMap<SocketAddress, u64>,
    held: VecDeque<(SocketAddress, Arc<[u8]>)>,
    held_size: usize,
    /// The peer has answered that no socket has the port; the next call reports it.
    is_refused: bool,
    waiting: Vec<Waker>,
}

/// The ports of all hosts.
#[derive(Default)]
pub(crate) struct Datagrams {
    bound: BTreeMap<(HostId, SocketAddress), BoundPort>,
    /// How many sockets with an ephemeral port a host has had.
    ephemeral: BTreeMap<HostId, u64>,
    numbers: u64,
}

impl Datagrams {
    /// A socket at `wanted`, whose host is one of the host's `own` addresses, or zero for all; port 0
    /// chooses a free one. `host` keys its random choices.
    pub(crate) fn bind(
        &mut self,
        owner: Incarnation,
        wanted: SocketAddress,
        own: &[u32],
        host: u64,
    ) -> Result<DatagramSocket, SocketError> {
        let port = match wanted.port {
            0 => self.free_port(owner.host, wanted.host, own)?,
            port => port,
        };
        let local = SocketAddress { port, ..wanted };
        if !self.is_free(owner.host, local, own) {
            return Err(SocketError::AddressInUse);
        }
        // A chosen port depends on which others are free; the count of such sockets does not, and
        // keys their draws.
        let role = match wanted.port {
            0 => {
                let nth = self.ephemeral.entry(owner.host).or_default();
                *nth += 1;
                mix(key("ephemeral"), *nth)
            }
            port => mix(key("port"), port.into()),
        };
        // Sockets of several addresses may have one port.
        let is_further = own.iter().skip(1).any(|it| *it == local.host);
        let role = if is_further {
            mix(role, local.host.into())
        } else {
            role
        };
        self.numbers += 1;
        let socket = DatagramSocket {
            owner,
            local,
            number: self.numbers,
        };
        let bound = BoundPort {
            socket,
            label: mix(host, role),
            peer: None,
            sent: BTreeMap::new(),
            held: VecDeque::new(),
            held_size: 0,
            is_refused: false,
            waiting: Vec::new(),
        };
        self.bound.insert((owner.host, local), bound);
        Ok(socket)
    }

    /// Whether no socket has this port of this address, or of all.
    fn is_free(&self, host: HostId, local: SocketAddress, own: &[u32]) -> bool {
        let mut addresses = std::iter::once(0).chain(own.iter().copied());
        let meets = |it: u32| it == 0 || local.host == 0 || it == local.host;
        !addresses.any(|it| {
            let other = SocketAddress { host: it, ..local };
            meets(it) && self.bound.contains_key(&(host, other))
        })
    }

    /// The next free ephemeral port after the one that was chosen last.
    fn free_port(&self, host: HostId, address: u32, own: &[u32]) -> Result<u16, SocketError> {
        let count = u64::from(*EPHEMERAL.end() - *EPHEMERAL.start()) + 1;
        // Each search starts behind the last port, so that a port is not used again at once. Linux
        // draws it.
        let first = self.ephemeral.get(&host).copied().unwrap_or(0);
        let ports = (0..count).map(|step| *EPHEMERAL.start() + ((first + step) % count) as u16);
        let mut free =
            ports.filter(|port| self.is_free(host, SocketAddress::new(address, *port), own));
        free.next().ok_or(SocketError::NoBufferSpace)
    }

    pub(crate) fn of(&mut self, socket: DatagramSocket) -> Result<&mut BoundPort, SocketError> {
        let bound = self.bound.get_mut(&(socket.owner.host, socket.local));
        // A port may have passed to another socket; the number tells them apart.
        let bound = bound.filter(|it| it.socket == socket);
        bound.ok_or(SocketError::NotSocket)
    }

    pub(crate) fn close(&mut self, socket: DatagramSocket) {
        if self.of(socket).is_ok() {
            self.bound.remove(&(socket.owner.host, socket.local));
        }
    }

    /// All sockets of a host are gone.
    pub(crate) fn close_all(&mut self, host: HostId) {
        self.bound.retain(|(owner, _), _| *owner != host);
    }

    /// From now on the socket sends to `peer` and receives from it only; from and at `source`, if it is not
    /// bound to an address.
    pub(crate) fn connect(
        &mut self,
        socket: DatagramSocket,
        peer: SocketAddress,
        source: u32,
    ) -> Result<(), SocketError> {
        let bound = self.of(socket)?;
        bound.peer = Some((peer, source));
        bound.is_refused = false;
        Ok(())
    }

    /// The own address of a socket; its host is zero while it is that of all addresses.
    pub(crate) fn local(&mut self, socket: DatagramSocket) -> Result<SocketAddress, SocketError> {
        let host = self.of(socket)?.source().unwrap_or(0);
        Ok(SocketAddress {
            host,
            ..socket.local
        })
    }

    pub(crate) fn peer(&mut self, socket: DatagramSocket) -> Option<SocketAddress> {
        self.of(socket).ok()?.peer.map(|(peer, _)| peer)
    }

    /// The first datagram that is held, which stays if it is only looked at. Without one, `waker` is
    /// woken when one arrives.
    pub(crate) fn receive(
        &mut self,
        socket: DatagramSocket,
        stays: bool,
        waker: Option<&Waker>,
    ) -> Result<(SocketAddress, Arc<[u8]>), SocketError> {
        let bound = self.of(socket)?;
        // Before the data, as Linux reports a pending error of the socket at its next call (ip(7),
        // udp(7)).
        bound.report_refused()?;
        let Some((from, data)) = bound.held.front().cloned() else {
            bound.waiting.extend(waker.cloned());
            return Err(SocketError::WouldBlock);
        };
        if !stays {
            bound.held.pop_front();
            bound.held_size -= data.len() + OVERHEAD;
        }
        Ok((from, data))
    }

    /// Something has arrived. Returns whether a task was woken; `None` if no socket has the port.
    pub(crate) fn on_received(&mut self, host: HostId, received: &Received) -> Option<bool> {
        let local = match received {
            Received::Datagram { to, .. } => *to,
            Received::Refused { local, .. } => *local,
        };
        // A socket of one address never has the port of one of all.
        let any = SocketAddress { host: 0, ..local };
        let mut keys = [local, any].into_iter().map(|it| (host, it));
        let key = keys.find(|it| self.bound.contains_key(it))?;
        let bound = self.bound.get_mut(&key)?;
        // Linux looks for a connected socket by its own address, too.
        if bound.source().is_some_and(|source| source != local.host) {
            return None;
        }
        match received {
            Received::Datagram { from, data, .. } => {
                // For the sender the port does not exist then: Linux looks for a socket by both
                // addresses.
                if bound.peer.is_some_and(|(peer, _)| peer != *from) {
                    return None;
                }
                // A full buffer drops what comes, and nobody is told (udp(7)).
                let size = data.len() + OVERHEAD;
                if bound.held_size + size > BUFFER {
                    return Some(false);
                }
                bound.held_size += size;
                bound.held.push_back((*from, Arc::clone(data)));
            }
            Received::Refused { remote, .. } => {
                // Linux tells connected sockets only (udp(7)).
                if bound.peer.map(|(peer, _)| peer) != Some(*remote) {
                    return Some(false);
                }
                bound.is_refused = true;
            }
        }
        let waiting = std::mem::take(&mut bound.waiting);
        let is_woken = !waiting.is_empty();
        waiting.into_iter().for_each(Waker::wake);
        Some(is_woken)
    }
}

impl BoundPort {
    /// The own address, if it is decided: the bound one, or that of the connect.
    pub(crate) fn source(&self) -> Option<u32> {
        match self.socket.local.host {
            0 => self.peer.map(|(_, source)| source),
            bound => Some(bound),
        }
    }

    pub(crate) fn report_refused(&mut self) -> Result<(), SocketError> {
        match std::mem::take(&mut self.is_refused) {
            true => Err(SocketError::ConnectionRefused),
            false => Ok(()),
        }
    }
}
