//! Elements in places that are used again.
//!
//! Owns which places are free: the one freed last is taken first, since its memory is the warmest.
//! It refuses to walk over what it holds: places have no order that means anything.

use crate::shelves::Shelves;

/// Elements by place.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Shelves<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Shelves::default(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    /// Takes in an element and answers its place.
    pub(crate) fn insert(&mut self, element: T) -> u32 {
        let Some(place) = self.free.pop() else {
            let place = u32::try_from(self.places.len()).expect("ports bound the connections");
            self.places.push(Some(element));
            return place;
        };
        let free = self.places.get_mut(place as usize);
        let free = free.expect("a free place was in use once");
        assert!(free.is_none(), "place {place} is free and in use");
        *free = Some(element);
        place
    }

    /// Forgets an element.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn remove(&mut self, place: u32) {
        let it = self
            .places
            .get_mut(place as usize)
            .filter(|it| it.is_some());
        *it.expect("what is forgotten was there") = None;
        self.free.push(place);
    }

    /// The element at a place.
    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.places.get(place as usize)?.as_ref()
    }

    /// The element at a place, to change it.
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.places.get_mut(place as usize)?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_freed_last_is_taken_first() {
        let mut slab = Slab::default();
        let places = ['a', 'b', 'c'].map(|it| slab.insert(it));
        assert_eq!(places, [0, 1, 2]);
        slab.remove(0);
        slab.remove(1);
        assert_eq!((slab.get(1), slab.get(2)), (None, Some(&'c')));
        assert_eq!(['d', 'e', 'f'].map(|it| slab.insert(it)), [1, 0, 3]);
        assert_eq!(slab.get_mut(0), Some(&mut 'e'));
        assert_eq!(slab.get(9), None);
    }

    #[test]
    #[should_panic(expected = "what is forgotten was there")]
    fn nothing_is_forgotten_twice() {
        let mut slab = Slab::default();
        slab.insert('a');
        slab.remove(0);
        slab.remove(0);
    }
}
