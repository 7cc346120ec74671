//! UDP (RFC 768): datagrams as packets. Ports and buffers are the owner's, who has the sockets.

use std::sync::Arc;

use kernel::{Instant, key, mix};
use net::icmp::{IcmpMessage, Original, UnreachableCode};
use net::{HostId, Identity, Packet, Protocol};
use winsock::SocketError;

pub use crate::datagram::{DATA_MAX, Datagram, HEADER_LENGTH, Received};

use crate::datagram::IP_HEADER;
use crate::in_flight::PacketContent;
use crate::internet::Internet;
use crate::observer::PacketObserver;
use crate::wire;

/// A datagram that a host sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingDatagram {
    /// The host.
    pub from: HostId,
    /// The IPv4 addresses from which and to which it is sent.
    pub addresses: [u32; 2],
    /// The datagram.
    pub datagram: Datagram,
    /// Keys the random choices about it.
    pub identity: Identity,
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
        sending: OutgoingDatagram,
        observer: &mut impl PacketObserver,
    ) -> Result<(), SocketError> {
        let OutgoingDatagram {
            from,
            addresses,
            datagram,
            identity,
        } = sending;
        assert!(datagram.data.len() <= DATA_MAX, "it exceeds an IP packet");
        let [_, to] = addresses;
        let Some(destination) = self.addresses.find(to) else {
            return Ok(());
        };
        if !self.has_route(from, to, destination) {
            return Err(SocketError::NetworkUnreachable);
        }
        if self.in_flight.is_full_of_datagrams() {
            return Err(SocketError::NoBufferSpace);
        }
        let length = IP_HEADER + HEADER_LENGTH + datagram.data.len();
        let packet = Packet {
            source: from,
            destination,
            addresses,
            protocol: Protocol::Udp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: length as u32,
            identity,
            payload: PacketContent::Udp(datagram),
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
            to,
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
            addresses: [from.host, to.host],
            protocol: Protocol::Udp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: (IP_HEADER + HEADER_LENGTH + data.len()) as u32,
            identity: *identity,
            payload: PacketContent::Udp(Datagram {
                source_port: from.port,
                destination_port: to.port,
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
        packet: &Packet<PacketContent>,
        code: UnreachableCode,
    ) -> Option<Packet<PacketContent>> {
        // A router answers from its own address, the destination from the one that was asked.
        let own = match at == packet.destination {
            true => packet.addresses[1],
            false => self.addresses.of(at)[0],
        };
        let message = IcmpMessage::Unreachable {
            code,
            original: Original {
                header: wire::header(packet),
                leading: leading(packet)?,
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
            addresses: [own, packet.addresses[0]],
            protocol: Protocol::Icmp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: (IP_HEADER + message.length()) as u32,
            // The error has its own flow, derived from that of the packet it is about.
            identity: Identity {
                flow: mix(flow, key("unreachable")),
                unit,
                attempt,
            },
            payload: PacketContent::Icmp(message),
        })
    }
}

/// The first 64 bits of what a packet carries (RFC 792); `None` for an ICMP message.
fn leading(packet: &Packet<PacketContent>) -> Option<[u8; 8]> {
    let mut leading = [0; 8];
    match &packet.payload {
        PacketContent::Tcp(segment) => {
            leading[..2].copy_from_slice(&segment.source_port.to_be_bytes());
            leading[2..4].copy_from_slice(&segment.destination_port.to_be_bytes());
            leading[4..].copy_from_slice(&segment.sequence.value().to_be_bytes());
        }
        PacketContent::Udp(datagram) => {
            leading.copy_from_slice(datagram.encode(packet.addresses).get(..8)?);
        }
        PacketContent::Icmp(_) => return None,
    }
    Some(leading)
}
