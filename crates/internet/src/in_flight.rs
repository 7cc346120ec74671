//! Packets that were sent and have not arrived, and what they carry.

use net::Packet;
use net::icmp::Message;
use slab::Slab;

use crate::datagram::Datagram;

/// The largest number of packets in flight at once. More means that something sends in a loop.
const IN_FLIGHT_MAX: usize = 1 << 22;

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A TCP segment.
    Tcp(tcp::Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// An ICMP message.
    Icmp(Message),
}

/// Identifies a packet in flight. Identifiers of packets that have arrived are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlightId(u32);

/// Packets in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Slab<Packet<Payload>>);

impl InFlight {
    pub(crate) fn insert(&mut self, packet: Packet<Payload>) -> InFlightId {
        assert!(self.0.len() < IN_FLIGHT_MAX, "too many packets in flight");
        InFlightId(self.0.insert(packet) as u32)
    }

    /// Whether a program that sends without waiting must be told to stop.
    pub(crate) fn is_half_full(&self) -> bool {
        self.0.len() >= IN_FLIGHT_MAX / 2
    }

    /// Removes a packet that arrives.
    ///
    /// # Panics
    /// If it has arrived before.
    pub(crate) fn remove(&mut self, id: InFlightId) -> Packet<Payload> {
        self.0.remove(id.0 as usize)
    }
}
