//! A queue that is emptied again and again before it is long.
//!
//! Owns the order of those who wait for one thing, first come, first served. It refuses to give room
//! back before all of them have had their turn: whoever asks, asks until nobody is left.

/// Those who wait.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    all: Vec<T>,
    /// How many of them have had their turn.
    done: usize,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            done: 0,
        }
    }
}

impl<T: Copy> Turns<T> {
    pub(crate) fn push(&mut self, it: T) {
        self.all.push(it);
    }

    pub(crate) fn first(&self) -> Option<T> {
        self.all.get(self.done).copied()
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let first = self.first()?;
        self.done += 1;
        if self.done == self.all.len() {
            self.clear();
        }
        Some(first)
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_first_in_first_out(steps in prop::collection::vec(prop::option::of(0u8..9), 0..40)) {
            let mut turns = Turns::default();
            let mut witness = VecDeque::new();
            for step in steps {
                match step {
                    Some(it) => {
                        turns.push(it);
                        witness.push_back(it);
                    }
                    None => prop_assert_eq!(turns.pop(), witness.pop_front()),
                }
                prop_assert_eq!(turns.first(), witness.front().copied());
                prop_assert!(turns.done == 0 || turns.done < turns.all.len());
            }
        }
    }
}
