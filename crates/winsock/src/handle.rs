//! NT handle numbers: one table for sockets and event objects, last freed first reused.
//!
//! Owns the numbers and which object each names. It does not know what the objects are, and
//! a stale number that was given out again is answered with the new object, as NT does.

use std::fmt;

use crate::shelves::Shelves;

/// The number of an open socket: a multiple of 4 (Q303102 logs 11340, 13020).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketHandle(pub u32);

/// The number of an event object: a multiple of 4 out of the same table (10848, 12636).
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

/// Handle numbers step by four; NT keeps the two low bits for the caller.
const STEP: u32 = 4;

/// A table of objects by handle number.
#[derive(Debug)]
pub(crate) struct HandleTable<T> {
    slots: Shelves<Slot<T>>,
    last_freed: Option<u32>,
    first: u32,
    limit: u32,
    open: u32,
}

#[derive(Debug)]
enum Slot<T> {
    Free { freed_before: Option<u32> },
    Open(T),
}

impl<T> Default for Slot<T> {
    /// As of a number that was never given out.
    fn default() -> Self {
        Self::Free { freed_before: None }
    }
}

impl<T> HandleTable<T> {
    /// An empty table whose lowest number is `first` and that holds at most `limit` objects.
    ///
    /// # Panics
    /// If `first` is zero or no multiple of 4, or the highest number would not fit 32 bits.
    pub(crate) fn new(first: u32, limit: u32) -> Self {
        assert!(
            first != 0 && first.is_multiple_of(STEP),
            "{first} is no handle number"
        );
        let highest = u64::from(first) + u64::from(limit) * u64::from(STEP);
        assert!(
            highest <= u64::from(u32::MAX),
            "{limit} handles do not fit 32 bits"
        );
        Self {
            slots: Shelves::default(),
            last_freed: None,
            first,
            limit,
            open: 0,
        }
    }

    /// Gives `object` a number: the one freed last, else the lowest never used. The object
    /// comes back if the table is full.
    pub(crate) fn insert(&mut self, object: T) -> Result<u32, T> {
        if self.is_full() {
            return Err(object);
        }
        self.open += 1;
        let Some(index) = self.last_freed else {
            let index = u32::try_from(self.slots.len()).expect("bounded by the limit");
            self.slots.push(Slot::Open(object));
            return Ok(self.number(index));
        };
        let slot = self.slots.get_mut(index as usize);
        let Some(slot @ &mut Slot::Free { freed_before }) = slot else {
            panic!("handle {} is in the free list and open", self.number(index));
        };
        self.last_freed = freed_before;
        *slot = Slot::Open(object);
        Ok(self.number(index))
    }

    /// Closes the handle and gives the object back, or nothing if the handle is not open.
    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let index = self.index(number)?;
        let slot = self.slots.get_mut(index as usize)?;
        if matches!(slot, Slot::Free { .. }) {
            return None;
        }
        let freed = Slot::Free {
            freed_before: self.last_freed,
        };
        let Slot::Open(object) = std::mem::replace(slot, freed) else {
            panic!("handle {number} was free a moment ago");
        };
        self.last_freed = Some(index);
        self.open -= 1;
        Some(object)
    }

    /// The object behind an open handle.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        match self.slots.get(self.index(number)? as usize)? {
            Slot::Open(object) => Some(object),
            Slot::Free { .. } => None,
        }
    }

    /// The object behind an open handle, to change it.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let index = self.index(number)?;
        match self.slots.get_mut(index as usize)? {
            Slot::Open(object) => Some(object),
            Slot::Free { .. } => None,
        }
    }

    /// All open handles, by rising number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..)
            .zip(self.slots.iter())
            .filter_map(|(index, slot)| match slot {
                Slot::Open(object) => Some((self.number(index), object)),
                Slot::Free { .. } => None,
            })
    }

    /// Whether one more object finds no room.
    pub(crate) fn is_full(&self) -> bool {
        self.open == self.limit
    }

    /// Forgets every number: the next object gets the first again.
    pub(crate) fn clear(&mut self) {
        assert_eq!(self.open, 0, "a table is cleared of open handles");
        self.slots.clear();
        self.last_freed = None;
    }

    fn number(&self, index: u32) -> u32 {
        self.first + index * STEP
    }

    fn index(&self, number: u32) -> Option<u32> {
        let offset = number.checked_sub(self.first)?;
        offset.is_multiple_of(STEP).then_some(offset / STEP)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_last_freed_number_is_given_out_first() {
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
    fn odd_foreign_and_stale_numbers_name_nothing() {
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
    fn a_full_table_gives_the_object_back() {
        let mut table = HandleTable::new(4, 1);
        assert_eq!(table.insert('a'), Ok(4));
        assert_eq!(table.insert('b'), Err('b'));
        table.remove(4).unwrap();
        assert_eq!(table.insert('b'), Ok(4));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// The witness is a map and a stack of freed numbers.
        #[test]
        fn behaves_as_a_map_with_a_stack_of_freed_numbers(
            steps in proptest::collection::vec((any::<bool>(), 0_u32..12), 0..200),
        ) {
            let mut table = HandleTable::new(0x2C, 10);
            let mut open = BTreeMap::new();
            let mut freed = Vec::new();
            for (object, (opens, which)) in (0_u32..).zip(steps) {
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
