//! A queue that mostly holds one element or none.
//!
//! Owns the place of the first element, within the queue itself: a connection whose application
//! keeps up with it then allocates nothing for what waits. It refuses anything but the ends, and
//! a walk from the front.

use std::collections::VecDeque;

/// First in, first out.
#[derive(Clone, Debug)]
#[expect(
    clippy::box_collection,
    reason = "a pointer is a quarter of an empty queue's room"
)]
pub(crate) struct ShortQueue<T> {
    first: Option<T>,
    /// All others, and nothing while there is no first; boxed, since it is rare.
    rest: Option<Box<VecDeque<T>>>,
}

impl<T> Default for ShortQueue<T> {
    fn default() -> Self {
        Self {
            first: None,
            rest: None,
        }
    }
}

impl<T> ShortQueue<T> {
    pub(crate) fn push_back(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.get_or_insert_default().push_back(element);
        }
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let next = self.rest.as_mut().and_then(|rest| rest.pop_front());
        std::mem::replace(&mut self.first, next)
    }

    pub(crate) const fn front(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub(crate) const fn front_mut(&mut self) -> Option<&mut T> {
        self.first.as_mut()
    }

    /// The element at `place`, counted from the front.
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        match place.checked_sub(1) {
            None => self.first.as_ref(),
            Some(place) => self.rest.as_ref()?.get(place),
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.len())
    }

    pub(crate) fn clear(&mut self) {
        self.first = None;
        if let Some(rest) = &mut self.rest {
            rest.clear();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first
            .iter()
            .chain(self.rest.iter().flat_map(|rest| rest.iter()))
    }

    /// From the back to the front, to change the elements.
    pub(crate) fn iter_mut_from_back(&mut self) -> impl Iterator<Item = &mut T> {
        let rest = self.rest.iter_mut().flat_map(|rest| rest.iter_mut().rev());
        rest.chain(&mut self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_a_queue(steps in prop::collection::vec(0_u8..5, 0..100)) {
            let (mut queue, mut witness) = (ShortQueue::default(), VecDeque::new());
            for (step, number) in steps.into_iter().zip(0_u32..) {
                match step {
                    0..3 => {
                        queue.push_back(number);
                        witness.push_back(number);
                    }
                    3 => prop_assert_eq!(queue.pop_front(), witness.pop_front()),
                    _ if number % 7 == 0 => {
                        queue.clear();
                        witness.clear();
                    }
                    _ => {
                        queue.iter_mut_from_back().take(2).for_each(|it| *it += 1);
                        witness.iter_mut().rev().take(2).for_each(|it| *it += 1);
                    }
                }
                prop_assert_eq!(queue.len(), witness.len());
                prop_assert!(queue.iter().eq(&witness));
                prop_assert_eq!(queue.front(), witness.front());
                prop_assert_eq!(queue.front_mut(), witness.front_mut());
                for place in 0..=witness.len() {
                    prop_assert_eq!(queue.get(place), witness.get(place));
                }
            }
        }
    }
}
