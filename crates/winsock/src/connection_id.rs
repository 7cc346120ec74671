//! The name of a connection within its host.
//!
//! Owns [`ConnectionId`] and the packing of [`Place`]. It refuses to know what is kept there.

/// A connection: which it is, and where it is kept. The place is in the name so that whoever has
/// the name looks once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId {
    /// Its number on this host, given to another after it is forgotten; the order of connections.
    pub(crate) number: u32,
    pub(crate) place: Place,
}

/// Where a connection is kept: among those in full, or, from [`REMNANTS`] on, among the remnants of
/// TIME-WAIT. A connection moves once at most, and nobody but its tables has its name then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u32);

const REMNANTS: u32 = 1 << 31;

impl ConnectionId {
    /// No connection's.
    pub(crate) const NOBODY: Self = Self {
        number: u32::MAX,
        place: Place::NOWHERE,
    };
}

impl Place {
    pub(crate) const NOWHERE: Self = Self(u32::MAX);

    /// That of an entry.
    pub(crate) const fn entry(place: u32) -> Self {
        debug_assert!(place < REMNANTS);
        Self(place)
    }

    /// That of a remnant.
    pub(crate) const fn remnant(place: u32) -> Self {
        debug_assert!(place < REMNANTS);
        Self(place | REMNANTS)
    }

    /// Where the entry is; no entry is there if it is a remnant.
    pub(crate) const fn of_entry(self) -> u32 {
        self.0
    }

    /// Where the remnant is, if it is one.
    pub(crate) const fn of_remnant(self) -> Option<u32> {
        self.0.checked_sub(REMNANTS)
    }
}
