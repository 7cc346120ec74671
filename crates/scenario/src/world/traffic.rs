//! Packets from host to host.
//!
//! Owns flights: a packet is put on a link, takes its verdict, arrives, and goes on if it is not
//! there yet. Routers answer for what they cannot deliver. It refuses to know why a packet was
//! sent.

use std::net::Ipv4Addr;

use kernel::mix;
use net::icmp::{Message, Original, UnreachableCode};
use net::ipv4::Header;
use net::{DropReason, HostId, Identity, Packet, Protocol, Transit, Verdict};
use winsock::{FlowLabel, Outgoing, SocketAddress};

use crate::event::{Event, Flight};
use crate::host::uptime;
use crate::record::{Record, Segment};
use crate::watch::passage::{Copy, Fate, Passage};

use super::{Payload, World};

/// Bytes of the IP and TCP headers without options; a SYN has four more for its MSS.
const HEADERS: u32 = 40;
const MSS_OPTION: u32 = 4;
const IP_HEADER: u32 = 20;
/// Packets in flight at once: more would be a storm, not a network.
const FLIGHTS_MAX: usize = 1 << 22;

impl World<'_> {
    /// Puts a segment of a host's TCP on its way.
    pub(super) fn send_segment(&mut self, from: HostId, outgoing: Outgoing) {
        let Outgoing {
            to,
            label,
            transmit,
        } = outgoing;
        let Some(destination) = self.host_at(to) else {
            return;
        };
        let segment = transmit.segment;
        let option = if segment.maximum_segment_size.is_some() {
            MSS_OPTION
        } else {
            0
        };
        let length = segment.payload.len() as u32;
        let numbers =
            u64::from(segment.sequence.value()) << 32 | u64::from(segment.acknowledgment.value());
        let kind = u64::from(segment.flags.bits()) << 32 | u64::from(length);
        let packet = Packet {
            source: from,
            destination,
            protocol: Protocol::Tcp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: HEADERS + option + length,
            identity: Identity {
                flow: label.0,
                unit: mix(numbers, kind),
                attempt: transmit.attempt,
            },
            payload: Payload::Tcp(segment),
        };
        self.send(from, packet);
    }

    /// Offers a packet to the link that leads on from `at`.
    fn send(&mut self, at: HostId, mut packet: Packet<Payload>) {
        if packet.destination == at {
            return;
        }
        let transit = self.network.transmit(self.now, at, &mut packet);
        if at == packet.source {
            self.write(Record::PacketSent(
                at,
                packet.identity,
                carried(&packet.payload),
            ));
        }
        if self.observer.watches_packets() {
            self.observe(at, &packet, transit);
        }
        for verdict in transit.verdicts() {
            match verdict {
                Verdict::Deliver {
                    at: arrival,
                    corruption,
                    ..
                } => {
                    let next = transit.next.expect("a delivered packet has a next host");
                    let Some(copy) = self.after_damage(next, &packet, corruption) else {
                        continue;
                    };
                    let flight = self.take_off(copy);
                    self.schedule(next, arrival, Event::Arrival { at: next, flight });
                }
                Verdict::Drop(reason) => {
                    let identity = packet.identity;
                    self.write(Record::PacketDropped(at, identity, transit.link, reason));
                    if reason == DropReason::NoRoute {
                        self.answer_unreachable(at, &packet);
                    }
                }
            }
        }
    }

    /// A damaged copy is decoded from its damaged bytes: the checksum finds a single bit always.
    fn after_damage(
        &mut self,
        next: HostId,
        packet: &Packet<Payload>,
        corruption: Option<u64>,
    ) -> Option<Packet<Payload>> {
        let (Some(word), Payload::Tcp(segment)) = (corruption, &packet.payload) else {
            return Some(packet.clone());
        };
        let address = |host: HostId| self.hosts[host.0 as usize].address;
        let (source, destination) = (address(packet.source), address(packet.destination));
        let mut bytes = tcp::wire::encode(segment, source, destination);
        damage(&mut bytes, word);
        match tcp::wire::decode(&bytes, source, destination) {
            Ok(segment) => Some(Packet {
                payload: Payload::Tcp(segment),
                ..packet.clone()
            }),
            Err(_) => {
                self.write(Record::PacketDamaged(next, packet.identity));
                None
            }
        }
    }

    /// Shows a packet that is put on a link to whoever watches, and what arrives of it damaged.
    fn observe(&mut self, end: HostId, packet: &Packet<Payload>, transit: Transit) {
        let (Some(link), Some(next)) = (transit.link, transit.next) else {
            return;
        };
        let body = self.body(packet);
        let header = self.header(packet).encode();
        let passage = |at, end, fate, body: &[u8]| Passage {
            at,
            link,
            end,
            identity: packet.identity,
            is_made_here: end == packet.source,
            fate,
            bytes: [&header, body].concat().into(),
        };
        let (mut copies, mut lost) = (Vec::new(), None);
        for verdict in transit.verdicts() {
            match verdict {
                Verdict::Drop(reason) => lost = Some(reason),
                Verdict::Deliver { at, corruption, .. } => {
                    let word = corruption.filter(|_| packet.protocol == Protocol::Tcp);
                    let is_damaged = word.is_some();
                    copies.push(Copy { at, is_damaged });
                    if let Some(word) = word {
                        let mut body = body.clone();
                        let bit = damage(&mut body, word);
                        let fate = Fate::Damaged { bit };
                        self.observer.on_passage(passage(at, next, fate, &body));
                    }
                }
            }
        }
        let fate = lost.map_or(Fate::Carried(copies), Fate::Lost);
        self.observer
            .on_passage(passage(self.now, end, fate, &body));
    }

    /// The bytes of what an IP packet carries.
    fn body(&self, packet: &Packet<Payload>) -> Vec<u8> {
        let address = |host: HostId| self.hosts[host.0 as usize].address;
        let (source, destination) = (address(packet.source), address(packet.destination));
        match &packet.payload {
            Payload::Tcp(segment) => tcp::wire::encode(segment, source, destination),
            Payload::Icmp(message) => message.encode(),
        }
    }

    fn header(&self, packet: &Packet<Payload>) -> Header {
        let address = |host: HostId| Ipv4Addr::from(self.hosts[host.0 as usize].address);
        Header {
            source: address(packet.source),
            destination: address(packet.destination),
            protocol: packet.protocol as u8,
            length: u16::try_from(packet.length).unwrap_or(u16::MAX),
            time_to_live: packet.time_to_live,
        }
    }

    fn take_off(&mut self, packet: Packet<Payload>) -> Flight {
        match self.landed.pop() {
            Some(flight) => {
                self.flights[flight] = Some(packet);
                flight
            }
            None => {
                assert!(self.flights.len() < FLIGHTS_MAX, "a storm of packets");
                self.flights.push(Some(packet));
                self.flights.len() - 1
            }
        }
    }

    /// A packet is at `at`: it is handed up, or goes on.
    pub(super) fn arrive(&mut self, at: HostId, flight: Flight) {
        let packet = self.flights[flight].take().expect("a packet lands once");
        self.landed.push(flight);
        if !self.hosts[at.0 as usize].up {
            return;
        }
        if packet.destination != at {
            return self.send(at, packet);
        }
        self.write(Record::PacketArrived(at, packet.identity));
        let source = self.hosts[packet.source.0 as usize].address;
        let now = uptime(self.now);
        let sockets = &mut self.hosts[at.0 as usize].sockets;
        match packet.payload {
            Payload::Tcp(segment) => {
                sockets.on_segment(now, source, FlowLabel(packet.identity.flow), segment);
            }
            Payload::Icmp(Message::Unreachable { code, original }) => {
                let [a, b, c, d, ..] = original.leading;
                let port = |high, low| u16::from_be_bytes([high, low]);
                let remote = SocketAddress::new(u32::from(original.header.destination), port(c, d));
                let reason = severity(code);
                sockets.on_unreachable(now, port(a, b), remote, reason);
            }
            Payload::Icmp(Message::Echo(_) | Message::EchoReply(_))
            | Payload::Icmp(Message::TimeExceeded { .. }) => {}
        }
        self.settle(at);
    }

    /// A router that has no route says so to the sender (RFC 792); a host knows it itself.
    fn answer_unreachable(&mut self, at: HostId, packet: &Packet<Payload>) {
        let Payload::Tcp(segment) = &packet.payload else {
            return;
        };
        if at == packet.source {
            return;
        }
        let mut leading = [0; 8];
        leading[..2].copy_from_slice(&segment.source_port.to_be_bytes());
        leading[2..4].copy_from_slice(&segment.destination_port.to_be_bytes());
        leading[4..].copy_from_slice(&segment.sequence.value().to_be_bytes());
        let message = Message::Unreachable {
            code: UnreachableCode::Network,
            original: Original {
                header: self.header(packet),
                leading,
            },
        };
        let Identity {
            flow,
            unit,
            attempt,
        } = packet.identity;
        let answer = Packet {
            source: at,
            destination: packet.source,
            protocol: Protocol::Icmp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: IP_HEADER + message.length() as u32,
            // The answer's luck is its own, and follows from the packet it is about.
            identity: Identity {
                flow: mix(flow, kernel::key("unreachable")),
                unit,
                attempt,
            },
            payload: Payload::Icmp(message),
        };
        self.send(at, answer);
    }

    /// Tells every host which others it has a route to: without one, connect() fails at once
    /// with 10051.
    pub(super) fn update_routes(&mut self) {
        let count = self.hosts.len() as u32;
        let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
        for (from, to) in pairs.filter(|(from, to)| from != to) {
            let exists = self.network.route(HostId(from), HostId(to)).is_some();
            let address = self.hosts[to as usize].address;
            self.hosts[from as usize].sockets.set_route(address, exists);
        }
    }

    fn host_at(&self, address: u32) -> Option<HostId> {
        self.hosts
            .iter()
            .find(|host| host.address == address)
            .map(|host| host.id)
    }
}

/// Changes the bit that a uniform word chooses; says which.
fn damage(bytes: &mut [u8], word: u64) -> u64 {
    let bit = word % (bytes.len() as u64 * 8);
    bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
    bit
}

fn severity(code: UnreachableCode) -> tcp::Unreachable {
    match code {
        UnreachableCode::Network | UnreachableCode::Host | UnreachableCode::SourceRouteFailed => {
            tcp::Unreachable::Soft
        }
        UnreachableCode::Protocol
        | UnreachableCode::Port
        | UnreachableCode::FragmentationNeeded => tcp::Unreachable::Hard,
    }
}

fn carried(payload: &Payload) -> Segment {
    match payload {
        Payload::Tcp(segment) => Segment::Tcp {
            source_port: segment.source_port,
            destination_port: segment.destination_port,
            flags: segment.flags.bits(),
            length: segment.payload.len() as u32,
        },
        Payload::Icmp(_) => Segment::Icmp,
    }
}
