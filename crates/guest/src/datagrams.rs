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
    pub(crate) port: u16,
    number: u64,
}

/// A port that a socket has.
pub(crate) struct BoundPort {
    socket: DatagramSocket,
    /// Keys the random choices about what it sends: the port, or which ephemeral socket it is.
    pub(crate) label: u64,
    /// The only peer, if it is connected.
    peer: Option<SocketAddress>,
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
    bound: BTreeMap<(HostId, u16), BoundPort>,
    /// How many sockets with an ephemeral port a host has had.
    ephemeral: BTreeMap<HostId, u64>,
    numbers: u64,
}

impl Datagrams {
    /// A socket at `port`; 0 chooses a free one. `host` keys its random choices.
    pub(crate) fn bind(
        &mut self,
        owner: Incarnation,
        port: u16,
        host: u64,
    ) -> Result<DatagramSocket, SocketError> {
        let chosen = match port {
            0 => self.free_port(owner.host)?,
            port => port,
        };
        if self.bound.contains_key(&(owner.host, chosen)) {
            return Err(SocketError::AddressInUse);
        }
        // A chosen port depends on which others are free; the count of such sockets does not, and
        // keys their draws.
        let role = match port {
            0 => {
                let nth = self.ephemeral.entry(owner.host).or_default();
                *nth += 1;
                mix(key("ephemeral"), *nth)
            }
            port => mix(key("port"), port.into()),
        };
        self.numbers += 1;
        let socket = DatagramSocket {
            owner,
            port: chosen,
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
        self.bound.insert((owner.host, chosen), bound);
        Ok(socket)
    }

    /// The next free ephemeral port after the one that was chosen last.
    fn free_port(&self, host: HostId) -> Result<u16, SocketError> {
        let count = u64::from(*EPHEMERAL.end() - *EPHEMERAL.start()) + 1;
        // Each search starts behind the last port, so that a port is not used again at once. Linux
        // draws it.
        let first = self.ephemeral.get(&host).copied().unwrap_or(0);
        let ports = (0..count).map(|step| *EPHEMERAL.start() + ((first + step) % count) as u16);
        let mut free = ports.filter(|port| !self.bound.contains_key(&(host, *port)));
        free.next().ok_or(SocketError::NoBufferSpace)
    }

    pub(crate) fn of(&mut self, socket: DatagramSocket) -> Result<&mut BoundPort, SocketError> {
        let bound = self.bound.get_mut(&(socket.owner.host, socket.port));
        // A port may have passed to another socket; the number tells them apart.
        let bound = bound.filter(|it| it.socket == socket);
        bound.ok_or(SocketError::NotSocket)
    }

    pub(crate) fn close(&mut self, socket: DatagramSocket) {
        if self.of(socket).is_ok() {
            self.bound.remove(&(socket.owner.host, socket.port));
        }
    }

    /// All sockets of a host are gone.
    pub(crate) fn close_all(&mut self, host: HostId) {
        self.bound.retain(|(owner, _), _| *owner != host);
    }

    /// From now on the socket sends to `peer` and receives from it only.
    pub(crate) fn connect(
        &mut self,
        socket: DatagramSocket,
        peer: SocketAddress,
    ) -> Result<(), SocketError> {
        let bound = self.of(socket)?;
        bound.peer = Some(peer);
        bound.is_refused = false;
        Ok(())
    }

    pub(crate) fn peer(&mut self, socket: DatagramSocket) -> Option<SocketAddress> {
        self.of(socket).ok()?.peer
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
        let port = match received {
            Received::Datagram { port, .. } | Received::Refused { port, .. } => *port,
        };
        let bound = self.bound.get_mut(&(host, port))?;
        match received {
            Received::Datagram { from, data, .. } => {
                // For the sender the port does not exist then: Linux looks for a socket by both
                // addresses.
                if bound.peer.is_some_and(|peer| peer != *from) {
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
                if bound.peer != Some(*remote) {
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
    pub(crate) fn report_refused(&mut self) -> Result<(), SocketError> {
        match std::mem::take(&mut self.is_refused) {
            true => Err(SocketError::ConnectionRefused),
            false => Ok(()),
        }
    }
}
