//! Immutable, reference-counted octets.
//!
//! A message is copied once, when the application passes it to SEND. Segments, retransmissions and
//! packets are slices of that copy.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// A cheaply cloneable range of shared octets. An empty payload has no allocation.
#[derive(Clone, Default)]
pub struct Payload {
    // `Rc`, not `Arc`: a run stays on one thread, and an atomic count costs on every segment.
    shared: Option<Rc<[u8]>>,
    start: u32,
    length: u32,
}

impl Payload {
    /// An empty payload.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            shared: None,
            start: 0,
            length: 0,
        }
    }

    /// The octets as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        let range = self.start as usize..(self.start + self.length) as usize;
        self.shared.as_deref().map_or(&[], |bytes| &bytes[range])
    }

    /// The octets of `range`. Shares the allocation.
    ///
    /// # Panics
    /// If `range` is not within the payload.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "slice {range:?} of a payload of {} octets",
            self.length
        );
        if range.is_empty() {
            return Self::empty();
        }
        Self {
            shared: self.shared.clone(),
            start: self.start + octets(range.start),
            length: octets(range.len()),
        }
    }

    /// The number of octets.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are no octets.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The length as sequence number arithmetic needs it.
    pub(crate) const fn octets(&self) -> u32 {
        self.length
    }
}

fn octets(length: usize) -> u32 {
    u32::try_from(length).expect("a payload is shorter than 4 GiB")
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::empty();
        }
        Self {
            shared: Some(Rc::from(bytes)),
            start: 0,
            length: octets(bytes.len()),
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Payload({} octets)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn slicing_twice_equals_slicing_the_octets(
            bytes: Vec<u8>, a in 0usize..64, b in 0usize..64, c in 0usize..64, d in 0usize..64,
        ) {
            let ordered = |x: usize, y: usize, limit: usize| {
                let (x, y) = (x.min(limit), y.min(limit));
                x.min(y)..x.max(y)
            };
            let outer = ordered(a, b, bytes.len());
            let inner = ordered(c, d, outer.len());
            let payload = Payload::from(bytes.as_slice());
            let sliced = payload.slice(outer.clone()).slice(inner.clone());
            prop_assert_eq!(sliced.as_slice(), &bytes[outer][inner]);
        }
    }

    #[test]
    #[should_panic(expected = "slice 1..3 of a payload of 2 octets")]
    fn a_slice_beyond_the_end_panics() {
        let _ = Payload::from(vec![1, 2]).slice(1..3);
    }
}
