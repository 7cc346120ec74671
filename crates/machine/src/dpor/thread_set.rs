//! Sets of threads, as bits of one word.

use std::ops::{BitAnd, BitOr, Sub};

/// The largest number of threads of a machine that an exhaustive search follows.
pub const THREADS_MAX: usize = 16;

/// A set of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ThreadSet(u16);

impl ThreadSet {
    pub(super) const EMPTY: Self = Self(0);

    pub(super) const fn with(self, thread: u8) -> Self {
        Self(self.0 | 1 << thread)
    }

    pub(super) const fn without(self, thread: u8) -> Self {
        Self(self.0 & !(1 << thread))
    }

    pub(super) const fn has(self, thread: u8) -> bool {
        self.0 & 1 << thread != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn count(self) -> u64 {
        self.0.count_ones() as u64
    }

    pub(super) fn first(self) -> Option<u8> {
        (!self.is_empty()).then(|| self.0.trailing_zeros() as u8)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        std::iter::successors(self.first(), move |last| {
            // Two shifts, because a shift by the full width of 16 bits overflows.
            Self((self.0 >> last >> 1) << last << 1).first()
        })
    }
}

impl BitAnd for ThreadSet {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for ThreadSet {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Sub for ThreadSet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
