//! Sequence numbers modulo 2^32 (RFC 9293 section 3.4).
//!
//! Owns [`SeqNum`] and its circular order. It refuses `Ord`: the order of three points on a
//! circle is not transitive, so every comparison is named.

/// A sequence or acknowledgment number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNum(u32);

impl SeqNum {
    /// The number `value`.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number itself.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// The number `count` octets further on.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// The number `count` octets back.
    #[must_use]
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }

    /// How far this is ahead of `other`, walking forward from `other` (0 to 2^32 - 1).
    #[must_use]
    pub const fn since(self, other: Self) -> u32 {
        self.0.wrapping_sub(other.0)
    }

    /// Whether this comes before `other`: at most 2^31 - 1 octets behind it.
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        let ahead = other.since(self);
        ahead != 0 && ahead < 1 << 31
    }

    /// Whether this comes after `other`: `other` comes before it.
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        other.before(self)
    }

    /// The later of the two.
    #[must_use]
    pub const fn latest(self, other: Self) -> Self {
        if self.before(other) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn order_does_not_care_where_on_the_circle(start: u32, ahead in 1u32..1 << 31) {
            let (near, far) = (SeqNum::new(start), SeqNum::new(start).plus(ahead));
            prop_assert!(near.before(far) && far.after(near));
            prop_assert!(!near.after(far) && !far.before(near) && !near.before(near));
            prop_assert_eq!(far.since(near), ahead);
            prop_assert_eq!(far.minus(ahead), near);
            prop_assert_eq!(near.latest(far), far);
        }
    }
}
