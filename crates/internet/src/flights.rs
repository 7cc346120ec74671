//! Packets in flight.
//!
//! Owns what a packet carries, and the list of those that have not landed. It refuses to know
//! where they go.

use net::Packet;
use net::icmp::Message;

/// Packets in flight at once: more would be a storm, not a network.
const FLIGHTS_MAX: usize = 1 << 22;

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A segment.
    Tcp(tcp::Segment),
    /// A message about the network itself.
    Icmp(Message),
}

/// A packet in flight, by its place in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight(u32);

/// Packets in flight; a free place holds none.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    places: Vec<Option<Packet<Payload>>>,
    landed: Vec<Flight>,
}

impl Flights {
    pub(crate) fn take_off(&mut self, packet: Packet<Payload>) -> Flight {
        if let Some(flight) = self.landed.pop() {
            self.places[flight.0 as usize] = Some(packet);
            return flight;
        }
        assert!(self.places.len() < FLIGHTS_MAX, "a storm of packets");
        self.places.push(Some(packet));
        Flight(self.places.len() as u32 - 1)
    }

    pub(crate) fn land(&mut self, flight: Flight) -> Packet<Payload> {
        let packet = self.places[flight.0 as usize].take();
        self.landed.push(flight);
        packet.expect("a packet lands once")
    }
}
