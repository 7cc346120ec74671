//! IP packets, and the identity that keys the random choices about each.

use kernel::mix;

/// The index of a host, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u32);

/// The protocol number of the IP header (RFC 791 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Protocol {
    /// Internet Control Message Protocol.
    Icmp = 1,
    /// Transmission Control Protocol.
    Tcp = 6,
    /// User Datagram Protocol.
    Udp = 17,
}

/// What a packet is for. Its random choices are keyed by this, never by the time or the order of
/// sending: removing one packet leaves the random choices about all others unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The flow: one direction of a connection, or a series of pings.
    pub flow: u64,
    /// What the packet carries within the flow, such as a sequence number.
    pub unit: u64,
    /// The number of the transmission of this unit, from zero. A retransmission has other random
    /// choices than the original.
    pub attempt: u32,
}

/// One IP packet with a payload of any type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<P> {
    /// The host that sent it first.
    pub source: HostId,
    /// The host that it is sent to.
    pub destination: HostId,
    /// The IPv4 addresses of both, in that order. One that belongs to a link decides the route
    /// ([`LinkConfig::addresses`](crate::LinkConfig::addresses)).
    pub addresses: [u32; 2],
    /// The protocol of the payload.
    pub protocol: Protocol,
    /// How many more hops it may take (RFC 791 section 3.2); each router subtracts one.
    pub time_to_live: u8,
    /// Length in bytes, IP header included; at most [`LENGTH_MAX`].
    pub length: u32,
    /// Keys its random choices.
    pub identity: Identity,
    /// What it carries; the network never looks at it.
    pub payload: P,
}

/// The ends of a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The host that sent it first.
    pub source: HostId,
    /// The host that it is sent to.
    pub destination: HostId,
    /// Their IPv4 addresses.
    pub addresses: [u32; 2],
}

/// The longest IP packet in bytes (RFC 791 section 3.1).
pub const LENGTH_MAX: u32 = 65_535;

/// The initial time to live of Windows NT 4 and 2000.
pub const TIME_TO_LIVE: u8 = 128;

impl<P> Packet<P> {
    /// The ends of its way.
    #[must_use]
    pub const fn endpoints(&self) -> Endpoints {
        Endpoints {
            source: self.source,
            destination: self.destination,
            addresses: self.addresses,
        }
    }
}

impl Identity {
    /// The identity as the two words that [`kernel::Choices::rng`] takes.
    #[must_use]
    pub const fn words(self) -> [u64; 2] {
        [self.flow, mix(self.unit, self.attempt as u64)]
    }
}
