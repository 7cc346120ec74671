//! The name of a connection within its host.

/// A connection: its number, and where it is stored, so that each access is one look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId {
    /// Unique among the host's connections; reused after the connection is forgotten. Timeouts at
    /// the same time are handled in the order of numbers.
    pub(crate) number: u32,
    pub(crate) slot: ConnectionSlot,
}

/// Where a connection is stored. Four bytes, because every table of connections has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionSlot(u32);

/// A [`ConnectionSlot`], unpacked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UnpackedSlot {
    /// An index among the full connections.
    Full(usize),
    /// An index among those in TIME-WAIT.
    TimeWait(usize),
}

/// The high bit distinguishes the two kinds of storage.
const TIME_WAIT: u32 = 1 << 31;

impl ConnectionSlot {
    /// The slot of a number without a connection.
    pub(crate) const VACANT: Self = Self(u32::MAX);

    pub(crate) fn full(index: usize) -> Self {
        Self(packed(index))
    }

    pub(crate) fn time_wait(index: usize) -> Self {
        Self(packed(index) | TIME_WAIT)
    }

    pub(crate) const fn storage(self) -> UnpackedSlot {
        match self.0.checked_sub(TIME_WAIT) {
            None => UnpackedSlot::Full(self.0 as usize),
            Some(index) => UnpackedSlot::TimeWait(index as usize),
        }
    }
}

fn packed(index: usize) -> u32 {
    let index = u32::try_from(index).expect("the number of ports limits the connections");
    debug_assert!(index < TIME_WAIT);
    index
}
