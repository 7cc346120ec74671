//! Who talks to whom: [`SocketAddress`] and the [`FlowLabel`] a connection's luck is keyed by.
//!
//! Owns both names and the initial sequence number derived from them. It refuses to resolve
//! host names and to know routes.

use std::fmt;

use tcp::SeqNum;

/// A host and a port of it. Shown as `10.0.0.1:102`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketAddress {
    /// IPv4 address in host byte order: `10.0.0.1` is `0x0A00_0001`. Zero names no host.
    pub host: u32,
    /// TCP port, 1 to 65535; zero names no port.
    pub port: u16,
}

impl SocketAddress {
    /// The port `port` of `host`.
    #[must_use]
    pub const fn new(host: u32, port: u16) -> Self {
        Self { host, port }
    }
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.host.to_be_bytes();
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

/// Names one direction of one connection by its role, not by port or by order of opening.
///
/// Whoever opens a connection chooses the label, a new one for every attempt; the segments
/// carry it, and what the network does to them depends on it and on the connection's own
/// history alone. So taking one association away leaves the luck of all others as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowLabel(pub u64);

/// What tells the answering direction from the calling one (an arbitrary odd constant).
const OTHER_DIRECTION: u64 = 0x9E37_79B9_7F4A_7C15;

impl FlowLabel {
    /// The label of what is sent in answer to this flow. Twice reversed is the flow itself.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self(self.0 ^ OTHER_DIRECTION)
    }

    /// The initial sequence number of a connection that sends under this label (RFC 9293
    /// 3.4.1 asks for one that old duplicates will not hit).
    ///
    /// The ports take no part on purpose: an ephemeral port depends on how many connections
    /// others opened before, and the number would carry that into this connection's luck.
    pub(crate) const fn initial_sequence(self, source: u32, destination: u32) -> SeqNum {
        let hosts = ((source as u64) << 32) | destination as u64;
        SeqNum::new(mixed(self.0 ^ mixed(hosts)) as u32)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every
/// output bit.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_dotted() {
        let address = SocketAddress::new(0x0A00_0001, 102);
        assert_eq!(address.to_string(), "10.0.0.1:102");
    }

    #[test]
    fn a_label_twice_reversed_is_itself() {
        for label in [FlowLabel(0), FlowLabel(1), FlowLabel(u64::MAX)] {
            assert_ne!(label.reversed(), label);
            assert_eq!(label.reversed().reversed(), label);
        }
    }

    #[test]
    fn sequence_numbers_differ_by_label_and_by_direction() {
        let label = FlowLabel(7);
        let there = label.initial_sequence(1, 2);
        assert_eq!(there, label.initial_sequence(1, 2));
        assert_ne!(there, label.initial_sequence(2, 1));
        assert_ne!(there, FlowLabel(8).initial_sequence(1, 2));
        assert_ne!(there, label.reversed().initial_sequence(1, 2));
    }
}
