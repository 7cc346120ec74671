//! Socket addresses and flow labels.

use std::fmt;

use tcp::SeqNum;

/// An IPv4 address and a TCP port. Displayed as `10.0.0.1:102`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketAddress {
    /// IPv4 address in host byte order: `10.0.0.1` is `0x0A00_0001`. Zero is not a host.
    pub host: u32,
    /// TCP port, 1 to 65535. Zero is not a port.
    pub port: u16,
}

impl SocketAddress {
    /// The address of `port` on `host`.
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

/// Identifies one direction of one connection independently of ports and of the order of opening.
///
/// The program that connects chooses the label, a new one for every attempt, and the segments carry
/// it. A network model that keys its random choices by labels treats a connection the same way
/// whether or not other connections exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowLabel(pub u64);

/// Distinguishes the two directions; an arbitrary odd constant.
const OTHER_DIRECTION: u64 = 0x9E37_79B9_7F4A_7C15;

impl FlowLabel {
    /// The label of the other direction. Its own inverse.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self(self.0 ^ OTHER_DIRECTION)
    }

    /// The initial sequence number of a connection that sends under this label (RFC 9293 section
    /// 3.4.1).
    ///
    /// RFC 9293 hashes the ports too. Here they take no part: an ephemeral port depends on how many
    /// connections were opened before, and through the sequence number it would change the
    /// network's random choices for this connection.
    pub(crate) const fn initial_sequence(self, source: u32, destination: u32) -> SeqNum {
        // Nested, not XORed together: labels and addresses that differ in the same bits must not
        // cancel out.
        let hosts = ((source as u64) << 32) | destination as u64;
        SeqNum::new(mix(self.0 ^ mix(hosts)) as u32)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every
/// output bit.
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_displayed_in_dotted_form() {
        let address = SocketAddress::new(0x0A00_0001, 102);
        assert_eq!(address.to_string(), "10.0.0.1:102");
    }

    #[test]
    fn reversing_a_label_twice_is_the_identity() {
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
