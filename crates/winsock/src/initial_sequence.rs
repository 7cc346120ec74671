//! Initial sequence numbers, which follow from flow labels and hosts.

use tcp::SeqNum;

use crate::flow_label::FlowLabel;

impl FlowLabel {
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
    fn sequence_numbers_differ_by_label_and_by_direction() {
        let label = FlowLabel(7);
        let there = label.initial_sequence(1, 2);
        assert_eq!(there, label.initial_sequence(1, 2));
        assert_ne!(there, label.initial_sequence(2, 1));
        assert_ne!(there, FlowLabel(8).initial_sequence(1, 2));
        assert_ne!(there, label.reversed().initial_sequence(1, 2));
    }
}
