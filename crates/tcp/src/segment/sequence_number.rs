//! Sequence number arithmetic modulo 2^32 (RFC 9293 section 3.4).

/// A sequence or acknowledgment number.
///
/// `SeqNum` does not implement `Ord`: the order on a circle is not transitive. Use
/// [`before`](Self::before) and [`after`](Self::after).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeqNum(u32);

impl SeqNum {
    /// The number `value`.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The value.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// This number plus `count`, modulo 2^32.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// This number minus `count`, modulo 2^32.
    #[must_use]
    pub const fn minus(self, count: u32) -> Self {
        Self(self.0.wrapping_sub(count))
    }

    /// The distance from `other` forward to this number, 0 to 2^32 - 1.
    #[must_use]
    pub const fn since(self, other: Self) -> u32 {
        self.0.wrapping_sub(other.0)
    }

    /// Whether this number is at most 2^31 - 1 before `other`, and not equal to it.
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        let ahead = other.since(self);
        ahead != 0 && ahead < 1 << 31
    }

    /// Whether `other` is before this number.
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
        fn the_order_holds_across_the_wrap(start: u32, ahead in 1u32..1 << 31) {
            let (near, far) = (SeqNum::new(start), SeqNum::new(start).plus(ahead));
            prop_assert!(near.before(far) && far.after(near));
            prop_assert!(!near.after(far) && !far.before(near) && !near.before(near));
            prop_assert_eq!(far.since(near), ahead);
            prop_assert_eq!(far.minus(ahead), near);
            prop_assert_eq!(near.latest(far), far);
        }
    }
}
