//! What becomes of packets, written down.
//!
//! Owns the way from the network's news to records, and to whoever watches. It refuses to look into payloads further than
//! reports do.

use internet::{PacketEvent, PacketObserver, Payload};
use kernel::{Instant, Journal};
use net::HostId;

use crate::record::{Record, Segment};
use crate::watch::Observer;

/// Writes what it hears into the journal, and shows it to the observer.
pub(super) struct Scribe<'a>(
    pub(super) &'a mut Journal<Record>,
    pub(super) &'a mut Observer,
);

impl PacketObserver for Scribe<'_> {
    fn on_packet(&mut self, at: Instant, host: HostId, event: PacketEvent<'_>) {
        let record = match event {
            PacketEvent::Offered(offer) => return self.1.on_offer(at, host, offer),
            PacketEvent::Sent(packet) => {
                Record::PacketSent(host, packet.identity, carried(&packet.payload))
            }
            PacketEvent::Dropped {
                packet,
                link,
                reason,
            } => Record::PacketDropped(host, packet.identity, link, reason),
            PacketEvent::Damaged(packet) => Record::PacketDamaged(host, packet.identity),
            PacketEvent::Arrived(packet) => Record::PacketArrived(host, packet.identity),
        };
        self.0.write(at, record);
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
