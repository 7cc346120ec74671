//! Addresses of modeled words, and the names that programs give them.

use std::fmt;
use std::ops::Add;

/// A 32-bit address of the modeled process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u32);

/// A word within a structure: its offset and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Bytes from the start of the structure; a multiple of four.
    pub offset: u32,
    /// The name in reports, such as `"control block.state"`.
    pub name: &'static str,
}

/// A word as a program addresses it: `pointer + FIELD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The address of the word.
    pub address: Address,
    /// The name in reports. A finding's signature contains the name but not the address.
    pub name: &'static str,
    /// The pointer from which the address was computed. The race detector checks that both lie in
    /// the same heap block.
    pub origin: Address,
}

impl Address {
    /// The null pointer.
    pub const NULL: Self = Self(0);

    /// Whether this is the null pointer.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The address `bytes` further on, modulo 2^32 as the processor computes it: a modeled
    /// program may do arithmetic on a torn pointer.
    #[must_use]
    pub const fn offset(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

impl Field {
    /// The word `offset` bytes into a structure.
    ///
    /// # Panics
    /// If `offset` is not a multiple of four (at compile time, for a constant).
    #[must_use]
    pub const fn new(offset: u32, name: &'static str) -> Self {
        assert!(offset.is_multiple_of(4), "a field is a whole word");
        Self { offset, name }
    }
}

impl Location {
    /// The word at `address`, which is its own origin.
    #[must_use]
    pub const fn new(address: Address, name: &'static str) -> Self {
        Self {
            address,
            name,
            origin: address,
        }
    }
}

impl Add<Field> for Address {
    type Output = Location;
    fn add(self, field: Field) -> Location {
        Location {
            address: self.offset(field.offset),
            name: field.name,
            origin: self,
        }
    }
}

impl From<u32> for Address {
    fn from(word: u32) -> Self {
        Self(word)
    }
}

impl From<Address> for u32 {
    fn from(address: Address) -> Self {
        address.0
    }
}

/// Eight hexadecimal digits, as debuggers of the time print them: `0167a3c8`.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.name, self.address)
    }
}
