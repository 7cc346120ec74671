//! UDP (RFC 768): datagrams as packets. Ports and buffers are the owner's, who has the sockets.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::{Instant, key, mix};
use net::icmp::{Message, Original, UnreachableCode};
use net::ipv4::checksum;
use net::{HostId, Identity, Packet, Protocol};
use winsock::{SocketAddress, SocketError};

use crate::in_flight::Payload;
use crate::internet::Internet;
use crate::observer::PacketObserver;
use crate::wire;

/// Bytes of the header: ports, length, checksum.
pub const HEADER_LENGTH: usize = 8;

/// The most bytes of data that an IP packet has room for, behind both headers.
pub const DATA_MAX: usize = 65_535 - IP_HEADER - HEADER_LENGTH;

const IP_HEADER: usize = 20;

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The data; at most [`DATA_MAX`] bytes.
    pub data: Arc<[u8]>,
}

/// A datagram that a host sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The host.
    pub from: HostId,
    /// The IPv4 address that it is sent to.
    pub to: u32,
    /// The datagram.
    pub datagram: Datagram,
    /// Keys the random choices about it.
    pub identity: Identity,
}

/// What has arrived for the datagram sockets of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A datagram.
    Datagram {
        /// Who sent it.
        from: SocketAddress,
        /// The port that it is for.
        port: u16,
        /// The data.
        data: Arc<[u8]>,
        /// The packet that carried it.
        identity: Identity,
    },
    /// The host at `remote` says that no socket has the port: an answer to a datagram from `port`.
    Refused {
        /// The port from which the datagram was sent.
        port: u16,
        /// Where it was sent to.
        remote: SocketAddress,
    },
}

/// Datagrams that have arrived, with the host, until the owner takes them.
pub(crate) type Inbox = VecDeque<(HostId, Received)>;

impl Datagram {
    /// The bytes with their checksum. Zero would mean that there is none, so it is sent as its
    /// complement (RFC 768).
    pub(crate) fn encode(&self, addresses: [u32; 2]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + self.data.len());
        let length = u16::try_from(HEADER_LENGTH + self.data.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&self.source_port.to_be_bytes());
        bytes.extend_from_slice(&self.destination_port.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&self.data);
        let sum = match checksum_with_addresses(&bytes, addresses) {
            0 => u16::MAX,
            sum => sum,
        };
        bytes[6..8].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

/// Whether the checksum of a datagram's bytes is correct.
pub(crate) fn is_intact(bytes: &[u8], addresses: [u32; 2]) -> bool {
    checksum_with_addresses(bytes, addresses) == 0
}

/// The checksum of a datagram behind its pseudo header (RFC 768).
fn checksum_with_addresses(bytes: &[u8], [source, destination]: [u32; 2]) -> u16 {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut all = Vec::with_capacity(12 + bytes.len());
    all.extend_from_slice(&source.to_be_bytes());
    all.extend_from_slice(&destination.to_be_bytes());
    all.extend_from_slice(&[0, Protocol::Udp as u8]);
    all.extend_from_slice(&length.to_be_bytes());
    all.extend_from_slice(bytes);
    checksum(&all)
}

impl<E> Internet<E> {
    /// Sends a datagram of a host. One to an address that no host has is lost without a trace.
    ///
    /// # Errors
    /// [`SocketError::NetworkUnreachable`] without a route, [`SocketError::NoBufferSpace`] if there are
    /// two million packets in flight.
    ///
    /// # Panics
    /// If the data is longer than [`DATA_MAX`].
    pub fn send_datagram(
        &mut self,
        now: Instant,
        sending: Sending,
        observer: &mut impl PacketObserver,
    ) -> Result<(), SocketError> {
        let Sending {
            from,
            to,
            datagram,
            identity,
        } = sending;
        assert!(datagram.data.len() <= DATA_MAX, "it exceeds an IP packet");
        let Some(destination) = self.addresses.find(to) else {
            return Ok(());
        };
        if !self.has_route(from, destination) {
            return Err(SocketError::NetworkUnreachable);
        }
        if self.in_flight.is_half_full() {
            return Err(SocketError::NoBufferSpace);
        }
        let length = IP_HEADER + HEADER_LENGTH + datagram.data.len();
        let packet = Packet {
            source: from,
            destination,
            protocol: Protocol::Udp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: length as u32,
            identity,
            payload: Payload::Udp(datagram),
        };
        self.send(now, from, packet, observer);
        Ok(())
    }

    /// The next thing that has arrived for the datagram sockets of any host.
    pub fn take_received(&mut self) -> Option<(HostId, Received)> {
        self.inbox.pop_front()
    }

    /// No socket of `host` has the port of a datagram that it has received: its sender is told
    /// (RFC 1122 section 4.1.3.1).
    pub fn refuse(
        &mut self,
        now: Instant,
        host: HostId,
        received: &Received,
        observer: &mut impl PacketObserver,
    ) {
        let Received::Datagram {
            from,
            port,
            data,
            identity,
        } = received
        else {
            return;
        };
        let Some(source) = self.addresses.find(from.host) else {
            return;
        };
        let refused = Packet {
            source,
            destination: host,
            protocol: Protocol::Udp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: (IP_HEADER + HEADER_LENGTH + data.len()) as u32,
            identity: *identity,
            payload: Payload::Udp(Datagram {
                source_port: from.port,
                destination_port: *port,
                data: Arc::clone(data),
            }),
        };
        if let Some(error) = self.unreachable(host, &refused, UnreachableCode::Port) {
            self.send(now, host, error, observer);
        }
    }

    /// The ICMP error that `at` sends about a packet; none about another error (RFC 1122 section
    /// 3.2.2).
    pub(crate) fn unreachable(
        &self,
        at: HostId,
        packet: &Packet<Payload>,
        code: UnreachableCode,
    ) -> Option<Packet<Payload>> {
        let message = Message::Unreachable {
            code,
            original: Original {
                header: wire::header(packet, self.addresses_of(packet)),
                leading: leading(packet, self.addresses_of(packet))?,
            },
        };
        let Identity {
            flow,
            unit,
            attempt,
        } = packet.identity;
        Some(Packet {
            source: at,
            destination: packet.source,
            protocol: Protocol::Icmp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: (IP_HEADER + message.length()) as u32,
            // The error has its own flow, derived from that of the packet it is about.
            identity: Identity {
                flow: mix(flow, key("unreachable")),
                unit,
                attempt,
            },
            payload: Payload::Icmp(message),
        })
    }
}

/// The first 64 bits of what a packet carries (RFC 792); `None` for an ICMP message.
fn leading(packet: &Packet<Payload>, addresses: [u32; 2]) -> Option<[u8; 8]> {
    let mut leading = [0; 8];
    match &packet.payload {
        Payload::Tcp(segment) => {
            leading[..2].copy_from_slice(&segment.source_port.to_be_bytes());
            leading[2..4].copy_from_slice(&segment.destination_port.to_be_bytes());
            leading[4..].copy_from_slice(&segment.sequence.value().to_be_bytes());
        }
        Payload::Udp(datagram) => {
            leading.copy_from_slice(datagram.encode(addresses).get(..8)?);
        }
        Payload::Icmp(_) => return None,
    }
    Some(leading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_flipped_bit_is_noticed(
            data in prop::collection::vec(any::<u8>(), 0..64), ports: [u16; 2], word: u64,
        ) {
            let addresses = [0x0A00_0001, 0x0A00_0002];
            let datagram = Datagram {
                source_port: ports[0],
                destination_port: ports[1],
                data: data.into(),
            };
            let mut bytes = datagram.encode(addresses);
            prop_assert!(is_intact(&bytes, addresses));
            wire::damage(&mut bytes, word);
            prop_assert!(!is_intact(&bytes, addresses));
        }
    }
}
