//! A vector that grows without moving its elements.
//!
//! A host with ten thousand handles does not copy them to add one more, and does not reserve memory
//! for ten thousand others.

/// Elements of a chunk. A power of two, so that division and bounds checks are cheap; small, because
/// most hosts have few handles.
const CHUNK: usize = 8;

/// A growable array of chunks.
#[derive(Debug)]
pub(crate) struct ChunkedVec<T> {
    chunks: Vec<Box<[T; CHUNK]>>,
    length: usize,
}

impl<T> Default for ChunkedVec<T> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            length: 0,
        }
    }
}

impl<T: Default> ChunkedVec<T> {
    /// Appends an element; its index is the previous length.
    pub(crate) fn push(&mut self, element: T) {
        if self.length == self.chunks.len() * CHUNK {
            // Default values, not `Option`s: an element may have its own free state.
            self.chunks.push(Box::default());
        }
        self.chunks[self.length / CHUNK][self.length % CHUNK] = element;
        self.length += 1;
    }

    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The element at `index`. Beyond the length, the rest of the last chunk holds default values.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        Some(&self.chunks.get(index / CHUNK)?[index % CHUNK])
    }

    /// The element at `index`, mutable. See [`get`](Self::get).
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Some(&mut self.chunks.get_mut(index / CHUNK)?[index % CHUNK])
    }

    /// All elements in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.iter())
            .take(self.length)
    }

    /// Removes all elements.
    pub(crate) fn clear(&mut self) {
        self.chunks.clear();
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stay_at_their_index() {
        let mut elements = ChunkedVec::default();
        for number in 0..100_usize {
            assert_eq!(elements.len(), number);
            elements.push(number);
        }
        assert!((0..100).all(|index| elements.get(index) == Some(&index)));
        assert_eq!((elements.get(103), elements.get(104)), (Some(&0), None));
        *elements.get_mut(64).expect("it was pushed") = 7;
        assert_eq!(elements.iter().nth(64), Some(&7));
        assert_eq!(elements.iter().count(), 100);
        elements.clear();
        assert_eq!((elements.len(), elements.get(0)), (0, None));
    }
}
