//! Datagrams of UDP (RFC 768) as data and as bytes, and what arrives for a host's datagram sockets.

use std::collections::VecDeque;
use std::sync::Arc;

use net::ipv4::checksum;
use net::{HostId, Identity, Protocol};
use winsock::SocketAddress;

/// Bytes of the header: ports, length, checksum.
pub const HEADER_LENGTH: usize = 8;

/// The most bytes of data that an IP packet has room for, behind both headers.
pub const DATA_MAX: usize = 65_535 - IP_HEADER - HEADER_LENGTH;

pub(crate) const IP_HEADER: usize = 20;

/// A datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The data; at most [`DATA_MAX`] bytes.
    pub data: Arc<[u8]>,
}

/// What has arrived for the datagram sockets of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A datagram.
    Datagram {
        /// Who sent it.
        from: SocketAddress,
        /// The address that it was sent to.
        to: SocketAddress,
        /// The data.
        data: Arc<[u8]>,
        /// The packet that carried it.
        identity: Identity,
    },
    /// The host at `remote` says that no socket has the port: an answer to a datagram from `local`.
    Refused {
        /// The address from which the datagram was sent.
        local: SocketAddress,
        /// Where it was sent to.
        remote: SocketAddress,
    },
}

/// Datagrams that have arrived, with the host, until the owner takes them.
pub(crate) type ReceivedDatagrams = VecDeque<(HostId, Received)>;

impl Datagram {
    /// The bytes with their checksum. Zero would mean that there is none, so it is sent as its
    /// complement (RFC 768).
    pub(crate) fn encode(&self, addresses: [u32; 2]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + self.data.len());
        let length = u16::try_from(HEADER_LENGTH + self.data.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&self.source_port.to_be_bytes());
        bytes.extend_from_slice(&self.destination_port.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&self.data);
        let sum = match checksum_with_addresses(&bytes, addresses) {
            0 => u16::MAX,
            sum => sum,
        };
        bytes[6..8].copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

/// Whether the checksum of a datagram's bytes is correct.
pub(crate) fn is_intact(bytes: &[u8], addresses: [u32; 2]) -> bool {
    checksum_with_addresses(bytes, addresses) == 0
}

/// The checksum of a datagram behind its pseudo header (RFC 768).
fn checksum_with_addresses(bytes: &[u8], [source, destination]: [u32; 2]) -> u16 {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut all = Vec::with_capacity(12 + bytes.len());
    all.extend_from_slice(&source.to_be_bytes());
    all.extend_from_slice(&destination.to_be_bytes());
    all.extend_from_slice(&[0, Protocol::Udp as u8]);
    all.extend_from_slice(&length.to_be_bytes());
    all.extend_from_slice(bytes);
    checksum(&all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_flipped_bit_is_noticed(
            data in prop::collection::vec(any::<u8>(), 0..64), ports: [u16; 2], word: u64,
        ) {
            let addresses = [0x0A00_0001, 0x0A00_0002];
            let datagram = Datagram {
                source_port: ports[0],
                destination_port: ports[1],
                data: data.into(),
            };
            let mut bytes = datagram.encode(addresses);
            prop_assert!(is_intact(&bytes, addresses));
            let bit = (word % (bytes.len() as u64 * 8)) as usize;
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_intact(&bytes, addresses));
        }
    }
}
