//! A list that grows without moving what it holds.
//!
//! Owns the cut into shelves of equal length: a host with ten thousand connections neither copies
//! them when one more comes, nor keeps room for ten thousand others. It refuses to shrink.

/// A power of two, so that a place within a shelf needs no check; small, since most hosts have few.
const SHELF: usize = 8;

/// Elements by place, from zero.
#[derive(Debug)]
pub(crate) struct Shelves<T> {
    shelves: Vec<Box<[T; SHELF]>>,
    length: usize,
}

impl<T> Default for Shelves<T> {
    fn default() -> Self {
        Self {
            shelves: Vec::new(),
            length: 0,
        }
    }
}

impl<T: Default> Shelves<T> {
    /// Adds an element; its place is the length there was before.
    pub(crate) fn push(&mut self, element: T) {
        if self.length == self.shelves.len() * SHELF {
            self.shelves.push(Box::default());
        }
        self.shelves[self.length / SHELF][self.length % SHELF] = element;
        self.length += 1;
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The element at `place`; on the rest of the last shelf stands what nobody put there.
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        Some(&self.shelves.get(place / SHELF)?[place % SHELF])
    }

    /// The element at `place`, to change it.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        Some(&mut self.shelves.get_mut(place / SHELF)?[place % SHELF])
    }

    /// All elements, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.shelves
            .iter()
            .flat_map(|shelf| shelf.iter())
            .take(self.length)
    }

    /// Takes all elements away.
    pub(crate) fn clear(&mut self) {
        self.shelves.clear();
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_holds_what_was_put_there() {
        let mut shelves = Shelves::default();
        for number in 0..100_usize {
            assert_eq!(shelves.len(), number);
            shelves.push(number);
        }
        assert!((0..100).all(|place| shelves.get(place) == Some(&place)));
        assert_eq!((shelves.get(103), shelves.get(104)), (Some(&0), None));
        *shelves.get_mut(64).expect("it is there") = 7;
        assert_eq!(shelves.iter().nth(64), Some(&7));
        assert_eq!(shelves.iter().count(), 100);
        shelves.clear();
        assert_eq!((shelves.len(), shelves.get(0)), (0, None));
    }
}
