//! The path of a packet: sent, carried over one link after the other, delivered; and the ICMP errors
//! and resets that routers send.

use kernel::{Instant, mix};
use net::icmp::{IcmpMessage, UnreachableCode};
use net::{DropReason, HostId, Identity, LinkId, Packet, Protocol, Transit, Verdict};
use winsock::{FlowLabel, Outgoing, SocketAddress};

use crate::datagram::{self, Received};
use crate::in_flight::{InFlightId, PacketContent};
use crate::internet::{Internet, NetworkEvent, uptime};
use crate::observer::{Offer, PacketEvent, PacketObserver};
use crate::routers::LAN_ROUND_TRIP;
use crate::wire;

/// Bytes of the IP and TCP headers without options.
const HEADERS: u32 = 40;

/// One hop of a packet.
#[derive(Clone, Copy)]
struct Hop {
    from: HostId,
    next: Option<HostId>,
    link: Option<LinkId>,
}

impl<E> Internet<E> {
    /// Sends a segment of a host's TCP.
    pub(crate) fn send_segment(
        &mut self,
        now: Instant,
        from: HostId,
        outgoing: Outgoing,
        observer: &mut impl PacketObserver,
    ) {
        let Outgoing {
            from: address,
            to,
            label,
            transmit,
        } = outgoing;
        // A segment to an address that no host has is lost without a trace, as on a link without such a
        // host: TCP times out.
        let Some(destination) = self.addresses.find(to) else {
            return;
        };
        let segment = transmit.segment;
        let option = segment.options_length() as u32;
        let length = segment.payload.len() as u32;
        // The unit says what the segment carries, not when it is sent. Two segments with the same
        // numbers, flags and length are two attempts at the same unit.
        let numbers =
            u64::from(segment.sequence.value()) << 32 | u64::from(segment.acknowledgment.value());
        let kind = u64::from(segment.flags.bits()) << 32 | u64::from(length);
        let packet = Packet {
            source: from,
            destination,
            addresses: [address, to],
            protocol: Protocol::Tcp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: HEADERS + option + length,
            identity: Identity {
                flow: label.0,
                unit: mix(numbers, kind),
                attempt: transmit.attempt,
            },
            payload: PacketContent::Tcp(segment),
        };
        self.send(now, from, packet, observer);
    }

    /// Sends a packet over the next link from `at`.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        at: HostId,
        mut packet: Packet<PacketContent>,
        observer: &mut impl PacketObserver,
    ) {
        // A host's packet to itself passes no link: it arrives at once.
        if packet.destination == at {
            observer.on_packet(now, at, PacketEvent::Sent(&packet));
            let packet = self.in_flight.insert(packet);
            return self.schedule_network(now, at, NetworkEvent::Arrival { host: at, packet });
        }
        self.clamp_segment_size(at, &mut packet);
        let transit = self.offer(now, at, &mut packet);
        if at == packet.source {
            observer.on_packet(now, at, PacketEvent::Sent(&packet));
        }
        let offer = Offer {
            packet: &packet,
            transit,
        };
        observer.on_packet(now, at, PacketEvent::Offered(offer));
        let hop = Hop {
            from: at,
            next: transit.next,
            link: transit.link,
        };
        match transit.duplicate {
            None => self.apply_verdict(now, hop, packet, transit.verdict, observer),
            Some(duplicate) => {
                self.apply_verdict(now, hop, packet.clone(), transit.verdict, observer);
                self.apply_verdict(now, hop, packet, duplicate, observer);
            }
        }
    }

    /// A SYN does not offer longer segments than the next link carries: its host knows the MTU of its
    /// own interface (RFC 9293 section 3.7.1), and routers lower the option, as they do at links whose MTU is
    /// below that of Ethernet. Path MTU discovery is not modeled.
    fn clamp_segment_size(&self, at: HostId, packet: &mut Packet<PacketContent>) {
        let ends = packet.endpoints();
        let PacketContent::Tcp(segment) = &mut packet.payload else {
            return;
        };
        let Some(offered) = &mut segment.maximum_segment_size else {
            return;
        };
        if let Some(mtu) = self.network.mtu(at, ends) {
            let fits = mtu.saturating_sub(HEADERS);
            *offered = (*offered).min(u16::try_from(fits).unwrap_or(u16::MAX));
        }
    }

    /// Offers a packet to the next link, unless the router at its end refuses it.
    fn offer(&mut self, now: Instant, at: HostId, packet: &mut Packet<PacketContent>) -> Transit {
        let line = self.network.route(at, packet.endpoints());
        let session = line.and_then(|link| {
            let since = self.network.session_since(link, now)?;
            Some((link, since))
        });
        match session {
            Some((link, since)) if !self.routers.pass(link, since, packet) => {
                self.network.refuse(link, at, packet)
            }
            Some(_) | None => self.network.transmit(now, at, packet),
        }
    }

    /// Schedules the arrival of one copy of a packet, or reports its loss.
    fn apply_verdict(
        &mut self,
        now: Instant,
        hop: Hop,
        mut packet: Packet<PacketContent>,
        verdict: Verdict,
        observer: &mut impl PacketObserver,
    ) {
        match verdict {
            Verdict::Deliver { at, corruption, .. } => {
                let next = hop.next.expect("a delivered packet has a next host");
                if let Some(word) = corruption {
                    let Some(payload) = after_damage(&packet, word) else {
                        return observer.on_packet(now, next, PacketEvent::Damaged(&packet));
                    };
                    packet.payload = payload;
                }
                let packet = self.in_flight.insert(packet);
                self.schedule_network(at, next, NetworkEvent::Arrival { host: next, packet });
            }
            Verdict::Drop(reason) => {
                let (packet, link) = (&packet, hop.link);
                let event = PacketEvent::Dropped {
                    packet,
                    link,
                    reason,
                };
                observer.on_packet(now, hop.from, event);
                match reason {
                    // A router reports what it cannot forward (RFC 792), and says nothing of what a line or a queue loses.
                    DropReason::NoRoute | DropReason::LineDown => {
                        self.send_unreachable(now, hop, packet, observer);
                    }
                    DropReason::UnknownConnection => self.send_reset(now, hop, packet, observer),
                    DropReason::Loss
                    | DropReason::Outage
                    | DropReason::QueueFull
                    | DropReason::BlackHole
                    | DropReason::TtlExceeded
                    | DropReason::TooLong
                    | DropReason::Scheduled => {}
                }
            }
        }
    }

    /// A packet arrives at `host`, which delivers it to its sockets or forwards it. Returns whether
    /// it was delivered.
    pub(crate) fn on_arrival(
        &mut self,
        now: Instant,
        host: HostId,
        packet: InFlightId,
        observer: &mut impl PacketObserver,
    ) -> bool {
        let packet = self.in_flight.remove(packet);
        // Routers do not learn that a host is off, and no host answers for it.
        if !self.is_up(host) {
            return false;
        }
        if packet.destination != host {
            self.send(now, host, packet, observer);
            return false;
        }
        observer.on_packet(now, host, PacketEvent::Arrived(&packet));
        let [source, destination] = packet.addresses;
        let sockets = &mut self.hosts[host.0 as usize].sockets;
        match packet.payload {
            PacketContent::Tcp(segment) => {
                let label = FlowLabel(packet.identity.flow);
                sockets.on_segment(uptime(now), packet.addresses, label, segment);
            }
            PacketContent::Udp(datagram) => {
                let received = Received::Datagram {
                    from: SocketAddress::new(source, datagram.source_port),
                    to: SocketAddress::new(destination, datagram.destination_port),
                    data: datagram.data,
                    identity: packet.identity,
                };
                self.inbox.push_back((host, received));
            }
            PacketContent::Icmp(IcmpMessage::Unreachable { code, original }) => {
                // RFC 792: an error quotes the first 64 bits of the segment, which hold the ports and
                // the sequence number.
                let [a, b, c, d, number @ ..] = original.leading;
                let port = |high, low| u16::from_be_bytes([high, low]);
                let header = &original.header;
                let local = SocketAddress::new(u32::from(header.source), port(a, b));
                let remote = SocketAddress::new(u32::from(header.destination), port(c, d));
                let number = tcp::SeqNum::new(u32::from_be_bytes(number));
                if original.header.protocol == Protocol::Udp as u8 {
                    // Linux reports only hard errors to a datagram socket (udp(7)).
                    if severity(code) == tcp::Unreachable::Hard {
                        let received = Received::Refused { local, remote };
                        self.inbox.push_back((host, received));
                    }
                    return true;
                }
                let reason = severity(code);
                sockets.on_unreachable(uptime(now), local, remote, reason, number);
            }
            PacketContent::Icmp(IcmpMessage::Echo(_) | IcmpMessage::EchoReply(_))
            | PacketContent::Icmp(IcmpMessage::TimeExceeded { .. }) => {}
        }
        true
    }

    /// A router without a route, or whose line is down, sends "network unreachable" to the packet's
    /// source (RFC 792; RFC 1812 section 5.2.7.1).
    fn send_unreachable(
        &mut self,
        now: Instant,
        hop: Hop,
        packet: &Packet<PacketContent>,
        observer: &mut impl PacketObserver,
    ) {
        let error = self.unreachable(hop.from, packet, UnreachableCode::Network);
        if let Some(error) = error {
            self.answer(now, hop, error, observer);
        }
    }

    /// A router that does not know the connection of a segment answers as its destination would, if
    /// that had no such connection.
    fn send_reset(
        &mut self,
        now: Instant,
        hop: Hop,
        packet: &Packet<PacketContent>,
        observer: &mut impl PacketObserver,
    ) {
        let PacketContent::Tcp(segment) = &packet.payload else {
            return;
        };
        let Some(reset) = tcp::reset_for(segment) else {
            return;
        };
        let Identity {
            flow,
            unit,
            attempt,
        } = packet.identity;
        let reset = Packet {
            source: packet.destination,
            destination: packet.source,
            addresses: [packet.addresses[1], packet.addresses[0]],
            protocol: Protocol::Tcp,
            time_to_live: net::packet::TIME_TO_LIVE,
            length: HEADERS,
            identity: Identity {
                // A flow of its own: the reset must not share the random choices of the packet that it answers.
                flow: mix(flow, kernel::key("unknown connection")),
                unit,
                attempt,
            },
            payload: PacketContent::Tcp(reset),
        };
        self.answer(now, hop, reset, observer);
    }

    /// Sends what a router at `hop` made. The router of a packet's source is on the LAN of that host.
    fn answer(
        &mut self,
        now: Instant,
        hop: Hop,
        packet: Packet<PacketContent>,
        observer: &mut impl PacketObserver,
    ) {
        let host = hop.from;
        if packet.destination != host {
            return self.send(now, host, packet, observer);
        }
        // Without a link there is no router: the host's own IP has no route, and its sockets know
        // that by `SocketTable::set_route`.
        let Some(link) = hop.link else {
            return;
        };
        let at = now + LAN_ROUND_TRIP;
        let event = PacketEvent::Answered {
            packet: &packet,
            link,
            at,
        };
        observer.on_packet(now, host, event);
        let packet = self.in_flight.insert(packet);
        self.schedule_network(at, host, NetworkEvent::Arrival { host, packet });
    }
}

/// RFC 1122 section 4.2.3.9: codes 0, 1 and 5 are soft errors, 2 to 4 are hard errors.
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

/// What a receiver decodes from the damaged bytes, if its checksum is correct. It never is: the
/// Internet checksum detects every single-bit error. The decoder still checks it, as a receiver
/// does. ICMP messages are not damaged.
fn after_damage(packet: &Packet<PacketContent>, word: u64) -> Option<PacketContent> {
    let [source, destination] = packet.addresses;
    let mut bytes = wire::body(&packet.payload, packet.addresses);
    wire::damage(&mut bytes, word);
    match &packet.payload {
        PacketContent::Tcp(_) => {
            let segment = tcp::wire::decode(&bytes, source, destination);
            segment.ok().map(PacketContent::Tcp)
        }
        PacketContent::Udp(_) => {
            datagram::is_intact(&bytes, packet.addresses).then(|| packet.payload.clone())
        }
        PacketContent::Icmp(_) => Some(packet.payload.clone()),
    }
}
