//! Writes what happens to packets into the journal.

use internet::{PacketContent, PacketEvent, PacketObserver};
use kernel::{Instant, Journal};
use net::HostId;

use super::Observer;
use crate::record::{PacketSummary, Record};

/// Receives the packet events of the network: writes them into the journal, and passes packets on
/// links to the observer.
pub(crate) struct JournalObserver<'a> {
    pub(crate) journal: &'a mut Journal<Record>,
    pub(crate) observer: &'a mut Observer,
}

impl PacketObserver for JournalObserver<'_> {
    fn on_packet(&mut self, at: Instant, host: HostId, event: PacketEvent<'_>) {
        let record = match event {
            PacketEvent::Offered(offer) => return self.observer.on_offer(at, host, offer),
            PacketEvent::Answered {
                packet,
                link,
                at,
                addresses,
            } => {
                return self.observer.on_answer(at, host, link, packet, addresses);
            }
            PacketEvent::Sent(packet) => {
                Record::PacketSent(host, packet.identity, segment(&packet.payload))
            }
            PacketEvent::Dropped {
                packet,
                link,
                reason,
            } => Record::PacketDropped(host, packet.identity, link, reason),
            PacketEvent::Damaged(packet) => Record::PacketDamaged(host, packet.identity),
            PacketEvent::Arrived(packet) => Record::PacketArrived(host, packet.identity),
        };
        self.journal.write(at, record);
    }
}

fn segment(payload: &PacketContent) -> PacketSummary {
    match payload {
        PacketContent::Tcp(segment) => PacketSummary::Tcp {
            source_port: segment.source_port,
            destination_port: segment.destination_port,
            flags: segment.flags.bits(),
            length: segment.payload.len() as u32,
        },
        PacketContent::Icmp(_) => PacketSummary::Icmp,
        PacketContent::Udp(datagram) => PacketSummary::Udp {
            source_port: datagram.source_port,
            destination_port: datagram.destination_port,
            length: datagram.data.len() as u32,
        },
    }
}
