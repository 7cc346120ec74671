//! Packets that were sent and have not arrived, and what they carry.

use net::Packet;
use net::icmp::IcmpMessage;
use slab::Slab;

use crate::datagram::Datagram;

/// With this many packets in flight a datagram is refused: its program sends without waiting.
const DATAGRAMS_MAX: usize = 1 << 21;
/// What [`InFlight::memory`] counts for a packet without its data.
const PACKET_BYTES: u64 = 256;

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketContent {
    /// A TCP segment.
    Tcp(tcp::Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// An ICMP message.
    Icmp(IcmpMessage),
}

/// Identifies a packet in flight. Identifiers of packets that have arrived are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlightId(u32);

/// Packets in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    packets: Slab<Packet<PacketContent>>,
    /// Bytes of all packets.
    bytes: u64,
}

impl InFlight {
    pub(crate) fn insert(&mut self, packet: Packet<PacketContent>) -> InFlightId {
        self.bytes += u64::from(packet.length);
        let id = self.packets.insert(packet);
        InFlightId(u32::try_from(id).expect("2^32 packets do not fit into memory"))
    }

    /// Whether a program that sends without waiting must be told to stop.
    pub(crate) fn is_full_of_datagrams(&self) -> bool {
        self.packets.len() >= DATAGRAMS_MAX
    }

    /// About how many bytes of memory the packets take.
    pub(crate) fn memory(&self) -> u64 {
        self.packets.len() as u64 * PACKET_BYTES + self.bytes
    }

    /// Removes a packet that arrives.
    ///
    /// # Panics
    /// If it has arrived before.
    pub(crate) fn remove(&mut self, id: InFlightId) -> Packet<PacketContent> {
        let packet = self.packets.remove(id.0 as usize);
        self.bytes -= u64::from(packet.length);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_takes_no_more_than_is_counted() {
        assert!(size_of::<Packet<PacketContent>>() as u64 <= PACKET_BYTES);
    }
}
