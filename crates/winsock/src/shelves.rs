//! A list that grows without moving what it holds.
//!
//! Owns the cut into shelves of equal length: a host with ten thousand connections neither copies
//! them when one more comes, nor keeps room for ten thousand others. It refuses to shrink.

const SHELF: usize = 32;

/// Elements by place, from zero.
#[derive(Debug)]
pub(crate) struct Shelves<T> {
    /// All full but the last.
    shelves: Vec<Vec<T>>,
}

impl<T> Default for Shelves<T> {
    fn default() -> Self {
        Self {
            shelves: Vec::new(),
        }
    }
}

impl<T> Shelves<T> {
    /// Adds an element; its place is the length there was before.
    pub(crate) fn push(&mut self, element: T) {
        match self.shelves.last_mut() {
            Some(last) if last.len() < SHELF => last.push(element),
            // Most hosts have few: the first shelf grows from nothing.
            None => self.shelves.push(vec![element]),
            Some(_) => {
                let mut shelf = Vec::with_capacity(SHELF);
                shelf.push(element);
                self.shelves.push(shelf);
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self.shelves.split_last() {
            Some((last, full)) => full.len() * SHELF + last.len(),
            None => 0,
        }
    }

    /// The element at `place`.
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        self.shelves.get(place / SHELF)?.get(place % SHELF)
    }

    /// The element at `place`, to change it.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.shelves.get_mut(place / SHELF)?.get_mut(place % SHELF)
    }

    /// All elements, by place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.shelves.iter().flatten()
    }

    /// Takes all elements away.
    pub(crate) fn clear(&mut self) {
        self.shelves.clear();
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
        assert_eq!(shelves.get(100), None);
        *shelves.get_mut(64).expect("it is there") = 7;
        assert_eq!(shelves.iter().nth(64), Some(&7));
        assert_eq!(shelves.iter().count(), 100);
        shelves.clear();
        assert_eq!((shelves.len(), shelves.get(0)), (0, None));
    }
}
