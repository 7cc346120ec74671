//! Octets that many may hold and nobody changes.
//!
//! Owns [`Payload`]: a range of a shared allocation, so that a message is copied once, when
//! the application hands it over, and every segment, retransmission and packet is a slice of
//! that copy. It refuses mutation.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// A cheap-to-clone range of shared octets. The empty payload holds no allocation.
#[derive(Clone, Default)]
pub struct Payload {
    shared: Option<Rc<[u8]>>,
    start: u32,
    length: u32,
}

impl Payload {
    /// No octets.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            shared: None,
            start: 0,
            length: 0,
        }
    }

    /// The octets.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        let range = self.start as usize..(self.start + self.length) as usize;
        self.shared.as_deref().map_or(&[], |bytes| &bytes[range])
    }

    /// The octets of `range`, shared with this payload.
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

    /// How many octets.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The length as sequence space counts it.
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
        fn a_slice_of_a_slice_is_the_slice_of_the_octets(
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
    fn a_slice_beyond_the_end_is_our_bug() {
        let _ = Payload::from(vec![1, 2]).slice(1..3);
    }
}
