//! What travels: IP packets between hosts.
//!
//! Owns [`Packet`] and the [`Identity`] that keys its luck. It refuses to look into the payload.

use kernel::mix;

/// A host, counted from zero.
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
}

/// The role of a packet. Its luck is keyed by it, never by when or after what it is sent, so
/// that taking away one packet leaves the luck of all others as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Whose packet it is: a connection in one direction, a series of pings.
    pub flow: u64,
    /// What it carries within the flow: a sequence number, a ping's number.
    pub unit: u64,
    /// Which attempt at carrying it this is, from zero.
    pub attempt: u32,
}

/// One IP packet with a payload of the world's choosing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<P> {
    /// The host that made it.
    pub source: HostId,
    /// The host it is for.
    pub destination: HostId,
    /// What the payload is.
    pub protocol: Protocol,
    /// Routers it may still cross (RFC 791 section 3.2); each takes one away.
    pub time_to_live: u8,
    /// Length in bytes, IP header included; at most [`LENGTH_MAX`].
    pub length: u32,
    /// The role that keys its luck.
    pub identity: Identity,
    /// What it carries.
    pub payload: P,
}

/// The longest IP packet in bytes (RFC 791 section 3.1).
pub const LENGTH_MAX: u32 = 65_535;

/// The time to live that Windows NT 4 and 2000 start with.
pub const TIME_TO_LIVE: u8 = 128;

impl Identity {
    /// The two words by which [`kernel::Choices::draw`] tells decisions about one entity apart.
    #[must_use]
    pub const fn words(self) -> [u64; 2] {
        [self.flow, mix(self.unit, self.attempt as u64)]
    }
}
