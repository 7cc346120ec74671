//! NT handles: one table for sockets and event objects.

mod chunked_vec;

use std::fmt;

use chunked_vec::ChunkedVec;

/// The handle of a socket: a multiple of 4 (11340 and 13020 in the log of Q303102).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketHandle(pub u32);

/// The handle of an event object: a multiple of 4 from the same table (10848 and 12636 in that
/// log).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventHandle(pub u32);

impl fmt::Display for SocketHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for EventHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Handles are multiples of four: NT leaves the two low bits to the caller.
const STEP: u32 = 4;

/// Objects by handle. The handle freed last is reused first, as in NT.
///
/// A stale handle that was reused names the new object, as in NT.
#[derive(Debug)]
pub(crate) struct HandleTable<T> {
    slots: ChunkedVec<HandleSlot<T>>,
    /// The head of the free list.
    last_freed: Option<u32>,
    /// The lowest handle.
    first: u32,
    /// The maximum number of open handles.
    limit: u32,
    open: u32,
}

#[derive(Debug)]
enum HandleSlot<T> {
    Free {
        /// The next handle of the free list.
        freed_before: Option<u32>,
    },
    Open(T),
}

impl<T> Default for HandleSlot<T> {
    fn default() -> Self {
        Self::Free { freed_before: None }
    }
}

impl<T> HandleTable<T> {
    /// An empty table with the lowest handle `first`, for at most `limit` objects.
    ///
    /// # Panics
    /// If `first` is zero or not a multiple of 4, or if the highest handle exceeds 32 bits.
    pub(crate) fn new(first: u32, limit: u32) -> Self {
        assert!(
            first != 0 && first.is_multiple_of(STEP),
            "{first} is not a valid handle"
        );
        let highest = u64::from(first) + u64::from(limit) * u64::from(STEP);
        assert!(
            highest <= u64::from(u32::MAX),
            "{limit} handles do not fit into 32 bits"
        );
        Self {
            slots: ChunkedVec::default(),
            last_freed: None,
            first,
            limit,
            open: 0,
        }
    }

    /// Inserts `object` at the handle freed last, else at the lowest that was never used. Returns the
    /// object if the table is full.
    pub(crate) fn insert(&mut self, object: T) -> Result<u32, T> {
        if self.is_full() {
            return Err(object);
        }
        self.open += 1;
        let Some(index) = self.last_freed else {
            let index = u32::try_from(self.slots.len()).expect("bounded by the limit");
            self.slots.push(HandleSlot::Open(object));
            return Ok(self.number(index));
        };
        let slot = self.slots.get_mut(index as usize);
        let Some(slot @ &mut HandleSlot::Free { freed_before }) = slot else {
            panic!("handle {} is both free and open", self.number(index));
        };
        self.last_freed = freed_before;
        *slot = HandleSlot::Open(object);
        Ok(self.number(index))
    }

    /// Frees a handle and returns its object, or `None` if the handle is not open.
    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let index = self.index(number)?;
        let slot = self.slots.get_mut(index as usize)?;
        if matches!(slot, HandleSlot::Free { .. }) {
            return None;
        }
        let freed = HandleSlot::Free {
            freed_before: self.last_freed,
        };
        let HandleSlot::Open(object) = std::mem::replace(slot, freed) else {
            panic!("handle {number} was just found open");
        };
        // Last in, first out, as NT reuses handles: a program that closes a handle twice soon closes
        // the handle of another socket (Q155738).
        self.last_freed = Some(index);
        self.open -= 1;
        Some(object)
    }

    /// The object of an open handle.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        match self.slots.get(self.index(number)? as usize)? {
            HandleSlot::Open(object) => Some(object),
            HandleSlot::Free { .. } => None,
        }
    }

    /// The object of an open handle, mutable.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let index = self.index(number)?;
        match self.slots.get_mut(index as usize)? {
            HandleSlot::Open(object) => Some(object),
            HandleSlot::Free { .. } => None,
        }
    }

    /// All open handles in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..)
            .zip(self.slots.iter())
            .filter_map(|(index, slot)| match slot {
                HandleSlot::Open(object) => Some((self.number(index), object)),
                HandleSlot::Free { .. } => None,
            })
    }

    /// Whether there is no room for another object.
    pub(crate) fn is_full(&self) -> bool {
        self.open == self.limit
    }

    /// Forgets all handles, so that the next object gets the lowest.
    pub(crate) fn clear(&mut self) {
        assert_eq!(self.open, 0, "handles are open");
        self.slots.clear();
        self.last_freed = None;
    }

    fn number(&self, index: u32) -> u32 {
        self.first + index * STEP
    }

    fn index(&self, number: u32) -> Option<u32> {
        let offset = number.checked_sub(self.first)?;
        // NT ignores the two low bits. A handle with them set was not returned by this table, so it
        // is treated as invalid.
        offset.is_multiple_of(STEP).then_some(offset / STEP)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_handle_freed_last_is_reused_first() {
        let mut table = HandleTable::new(0x2C, 8);
        let numbers: Vec<u32> = (0..4).map(|n| table.insert(n).unwrap()).collect();
        assert_eq!(numbers, [0x2C, 0x30, 0x34, 0x38]);
        assert_eq!(table.remove(0x30), Some(1));
        assert_eq!(table.remove(0x2C), Some(0));
        assert_eq!(table.insert(10), Ok(0x2C));
        assert_eq!(table.insert(11), Ok(0x30));
        assert_eq!(table.insert(12), Ok(0x3C));
    }

    #[test]
    fn invalid_and_stale_handles_name_nothing() {
        let mut table = HandleTable::new(0x2C, 8);
        table.insert('a').unwrap();
        for number in [0, 0x28, 0x2D, 0x30, u32::MAX] {
            assert_eq!(table.get(number), None, "{number}");
            assert_eq!(table.remove(number), None, "{number}");
        }
        assert_eq!(table.remove(0x2C), Some('a'));
        assert_eq!(table.remove(0x2C), None, "closed twice");
    }

    #[test]
    fn a_full_table_returns_the_object() {
        let mut table = HandleTable::new(4, 1);
        assert_eq!(table.insert('a'), Ok(4));
        assert_eq!(table.insert('b'), Err('b'));
        table.remove(4).unwrap();
        assert_eq!(table.insert('b'), Ok(4));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The model is a map and a stack of freed handles.
        #[test]
        fn the_table_behaves_like_a_map_and_a_stack(
            operations in proptest::collection::vec((any::<bool>(), 0_u32..12), 0..200),
        ) {
            let mut table = HandleTable::new(0x2C, 10);
            let mut open = BTreeMap::new();
            let mut freed = Vec::new();
            for (object, (opens, which)) in (0_u32..).zip(operations) {
                if opens {
                    let number = table.insert(object);
                    if open.len() == 10 {
                        prop_assert_eq!(number, Err(object));
                        continue;
                    }
                    let next = 0x2C + 4 * (open.len() + freed.len()) as u32;
                    let expected = freed.pop().unwrap_or(next);
                    prop_assert_eq!(number, Ok(expected));
                    prop_assert_eq!(open.insert(expected, object), None);
                } else {
                    let number = 0x2C + which * 4;
                    let expected = open.remove(&number);
                    prop_assert_eq!(table.remove(number), expected);
                    freed.extend(expected.map(|_| number));
                }
                prop_assert!(table.iter().eq(open.iter().map(|(n, o)| (*n, o))));
            }
        }
    }
}
