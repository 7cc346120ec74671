//! A FIFO queue that stores its first element inline.
//!
//! The queues of a connection hold one element or none while the application and the peer keep
//! up. Such a connection allocates nothing for them.

use std::collections::VecDeque;

/// A queue with one inline element.
#[derive(Clone, Debug)]
#[expect(
    clippy::box_collection,
    reason = "a `VecDeque` takes four words, and most connections never need one"
)]
pub(crate) struct SmallQueue<T> {
    first: Option<T>,
    /// The elements behind the first. Empty if there is no first.
    rest: Option<Box<VecDeque<T>>>,
}

impl<T> Default for SmallQueue<T> {
    fn default() -> Self {
        Self {
            first: None,
            rest: None,
        }
    }
}

impl<T> SmallQueue<T> {
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

    /// The element at `index`, counted from the front.
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        match index.checked_sub(1) {
            None => self.first.as_ref(),
            Some(index) => self.rest.as_ref()?.get(index),
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

    /// Iterates from the back to the front.
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
        fn it_behaves_like_a_vec_deque(operations in prop::collection::vec(0_u8..5, 0..100)) {
            let (mut queue, mut model) = (SmallQueue::default(), VecDeque::new());
            for (operation, number) in operations.into_iter().zip(0_u32..) {
                match operation {
                    0..3 => {
                        queue.push_back(number);
                        model.push_back(number);
                    }
                    3 => prop_assert_eq!(queue.pop_front(), model.pop_front()),
                    _ if number % 7 == 0 => {
                        queue.clear();
                        model.clear();
                    }
                    _ => {
                        queue.iter_mut_from_back().take(2).for_each(|it| *it += 1);
                        model.iter_mut().rev().take(2).for_each(|it| *it += 1);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
                prop_assert!(queue.iter().eq(&model));
                prop_assert_eq!(queue.front(), model.front());
                prop_assert_eq!(queue.front_mut(), model.front_mut());
                for index in 0..=model.len() {
                    prop_assert_eq!(queue.get(index), model.get(index));
                }
            }
        }
    }
}
