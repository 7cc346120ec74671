//! Packets as they are on the wire.
//!
//! Owns the bytes of an IP packet and what a flipped bit makes of them. They are made where
//! somebody looks at them: damage, quotes and captures. It refuses a link layer; the model has
//! none.

use std::net::Ipv4Addr;

use net::Packet;
use net::ipv4::Header;

use crate::flights::Payload;

/// The IP header of a packet between two addresses.
#[must_use]
pub fn header(packet: &Packet<Payload>, [source, destination]: [u32; 2]) -> Header {
    Header {
        source: Ipv4Addr::from(source),
        destination: Ipv4Addr::from(destination),
        protocol: packet.protocol as u8,
        length: u16::try_from(packet.length).unwrap_or(u16::MAX),
        time_to_live: packet.time_to_live,
    }
}

/// The bytes of what a packet between two addresses carries, checksums included.
#[must_use]
pub fn body(payload: &Payload, [source, destination]: [u32; 2]) -> Vec<u8> {
    match payload {
        Payload::Tcp(segment) => tcp::wire::encode(segment, source, destination),
        Payload::Icmp(message) => message.encode(),
    }
}

/// Changes the bit that a uniform word chooses, and says which.
///
/// # Panics
/// If there are no bytes.
pub fn damage(bytes: &mut [u8], word: u64) -> u64 {
    let bit = word % (bytes.len() as u64 * 8);
    bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
    bit
}
