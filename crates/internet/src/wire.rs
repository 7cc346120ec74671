//! Packets as bytes. They are encoded only where bytes matter: damage, quotes in ICMP errors, captures.

use std::net::Ipv4Addr;

use net::Packet;
use net::ipv4::Header;

use crate::in_flight::PacketContent;

/// The IP header of a packet.
#[must_use]
pub fn header(packet: &Packet<PacketContent>) -> Header {
    let [source, destination] = packet.addresses;
    Header {
        source: Ipv4Addr::from(source),
        destination: Ipv4Addr::from(destination),
        protocol: packet.protocol as u8,
        length: u16::try_from(packet.length).unwrap_or(u16::MAX),
        time_to_live: packet.time_to_live,
    }
}

/// The bytes of a payload, checksums included. Those of TCP and UDP cover the addresses (RFC 9293
/// section 3.1, pseudo-header).
#[must_use]
pub fn body(payload: &PacketContent, [source, destination]: [u32; 2]) -> Vec<u8> {
    match payload {
        PacketContent::Tcp(segment) => tcp::wire::encode(segment, source, destination),
        PacketContent::Udp(datagram) => datagram.encode([source, destination]),
        PacketContent::Icmp(message) => message.encode(),
    }
}

/// Flips the bit that a uniform random word selects, and returns its index.
///
/// # Panics
/// If `bytes` is empty.
pub fn damage(bytes: &mut [u8], word: u64) -> u64 {
    let bit = word % (bytes.len() as u64 * 8);
    bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
    bit
}
