//! Where a modeled word lies and what the program calls the place.
//!
//! Owns [`Address`], [`Field`] and [`Location`]. It refuses to know what is mapped there: that is
//! the memory's business.

use std::fmt;
use std::ops::Add;

/// A 32-bit address of the modeled process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u32);

/// A word within a structure: how far from its start, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Bytes from the start of the structure; a multiple of four.
    pub offset: u32,
    /// The name that stands in reports, such as `"control block.state"`.
    pub name: &'static str,
}

/// One word, as a program reaches it: `pointer + FIELD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The word that is touched.
    pub address: Address,
    /// The name of the place: part of a violation's signature, unlike the address.
    pub name: &'static str,
    /// The pointer the word was reached through. The judge asks that both ends lie in one block.
    pub origin: Address,
}

impl Address {
    /// The pointer to nothing.
    pub const NULL: Self = Self(0);

    /// Whether this points to nothing.
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
    /// If `offset` is no multiple of four (at compile time, for a constant).
    #[must_use]
    pub const fn new(offset: u32, name: &'static str) -> Self {
        assert!(offset.is_multiple_of(4), "a field is a whole word");
        Self { offset, name }
    }
}

impl Location {
    /// The word at `address` itself, reached through no other pointer.
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

/// Eight digits, as the debuggers of the time print it: `0167a3c8`.
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
