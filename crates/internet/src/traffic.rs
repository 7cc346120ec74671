//! Packets from host to host.
//!
//! Owns the way of a packet: it is put on a link, takes its verdict, arrives, and goes on if it is
//! not there yet. Routers answer for what they cannot deliver. It refuses to know why a packet was
//! sent.

use kernel::{Instant, mix};
use net::icmp::{Message, Original, UnreachableCode};
use net::{DropReason, HostId, Identity, LinkId, Packet, Protocol, Verdict};
use winsock::{FlowLabel, Outgoing, SocketAddress};

use crate::flights::{Flight, Payload};
use crate::watch::{News, Offer, Watch};
use crate::wire;
use crate::world::{Internet, NetworkEvent, uptime};

/// Bytes of the IP and TCP headers without options; a SYN has four more for its MSS.
const HEADERS: u32 = 40;
const MSS_OPTION: u32 = 4;
const IP_HEADER: u32 = 20;

/// One step of a packet's way.
#[derive(Clone, Copy)]
struct Hop {
    from: HostId,
    next: Option<HostId>,
    link: Option<LinkId>,
}

impl<E> Internet<E> {
    /// Puts a segment of a host's TCP on its way.
    pub(crate) fn send_segment(
        &mut self,
        now: Instant,
        from: HostId,
        outgoing: Outgoing,
        watch: &mut impl Watch,
    ) {
        let Outgoing {
            to,
            label,
            transmit,
        } = outgoing;
        let Some(destination) = self.directory.find(to) else {
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
        self.send(now, from, packet, watch);
    }

    /// Offers a packet to the link that leads on from `at`.
    fn send(
        &mut self,
        now: Instant,
        at: HostId,
        mut packet: Packet<Payload>,
        watch: &mut impl Watch,
    ) {
        if packet.destination == at {
            return;
        }
        let transit = self.network.transmit(now, at, &mut packet);
        if at == packet.source {
            watch.on_news(now, at, News::Sent(&packet));
        }
        let addresses = self.addresses(&packet);
        let offer = Offer {
            packet: &packet,
            transit,
            addresses,
        };
        watch.on_news(now, at, News::Offered(offer));
        let hop = Hop {
            from: at,
            next: transit.next,
            link: transit.link,
        };
        match transit.fates() {
            (fate, None) => self.fare(now, hop, packet, fate, watch),
            (first, Some(second)) => {
                self.fare(now, hop, packet.clone(), first, watch);
                self.fare(now, hop, packet, second, watch);
            }
        }
    }

    /// One copy of a packet meets its fate on one hop.
    fn fare(
        &mut self,
        now: Instant,
        hop: Hop,
        mut packet: Packet<Payload>,
        fate: Verdict,
        watch: &mut impl Watch,
    ) {
        match fate {
            Verdict::Deliver { at, corruption, .. } => {
                let next = hop.next.expect("a delivered packet has a next host");
                if let (Some(word), Payload::Tcp(segment)) = (corruption, &packet.payload) {
                    let Some(segment) = self.after_damage(&packet, segment, word) else {
                        return watch.on_news(now, next, News::Damaged(&packet));
                    };
                    packet.payload = Payload::Tcp(segment);
                }
                let flight = self.flights.take_off(packet);
                self.expect(at, next, NetworkEvent::Arrival { at: next, flight });
            }
            Verdict::Drop(reason) => {
                let (packet, link) = (&packet, hop.link);
                let news = News::Dropped {
                    packet,
                    link,
                    reason,
                };
                watch.on_news(now, hop.from, news);
                if reason == DropReason::NoRoute {
                    self.answer_unreachable(now, hop.from, packet, watch);
                }
            }
        }
    }

    /// A damaged copy is decoded from its damaged bytes: the checksum finds a single bit always,
    /// and nothing is left of it.
    fn after_damage(
        &self,
        packet: &Packet<Payload>,
        segment: &tcp::Segment,
        word: u64,
    ) -> Option<tcp::Segment> {
        let [source, destination] = self.addresses(packet);
        let mut bytes = tcp::wire::encode(segment, source, destination);
        wire::damage(&mut bytes, word);
        tcp::wire::decode(&bytes, source, destination).ok()
    }

    /// The addresses of a packet's source and destination.
    fn addresses(&self, packet: &Packet<Payload>) -> [u32; 2] {
        [packet.source, packet.destination].map(|host| self.directory.address(host))
    }

    /// A packet is at `at`: it is handed up, or goes on. Answers whether it was handed up.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        at: HostId,
        flight: Flight,
        watch: &mut impl Watch,
    ) -> bool {
        let packet = self.flights.land(flight);
        if !self.is_up(at) {
            return false;
        }
        if packet.destination != at {
            self.send(now, at, packet, watch);
            return false;
        }
        watch.on_news(now, at, News::Arrived(&packet));
        let source = self.directory.address(packet.source);
        let sockets = &mut self.stations[at.0 as usize].sockets;
        match packet.payload {
            Payload::Tcp(segment) => {
                let label = FlowLabel(packet.identity.flow);
                sockets.on_segment(uptime(now), source, label, segment);
            }
            Payload::Icmp(Message::Unreachable { code, original }) => {
                let [a, b, c, d, ..] = original.leading;
                let port = |high, low| u16::from_be_bytes([high, low]);
                let remote = SocketAddress::new(u32::from(original.header.destination), port(c, d));
                sockets.on_unreachable(uptime(now), port(a, b), remote, severity(code));
            }
            Payload::Icmp(Message::Echo(_) | Message::EchoReply(_))
            | Payload::Icmp(Message::TimeExceeded { .. }) => {}
        }
        true
    }

    /// A router that has no route says so to the sender (RFC 792); a host knows it itself.
    fn answer_unreachable(
        &mut self,
        now: Instant,
        at: HostId,
        packet: &Packet<Payload>,
        watch: &mut impl Watch,
    ) {
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
                header: wire::header(packet, self.addresses(packet)),
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
        self.send(now, at, answer, watch);
    }
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
