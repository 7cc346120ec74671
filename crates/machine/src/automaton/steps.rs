//! Which states words lead to.
//!
//! Owns [`Steps`]: of every state a small table of the words told in it, just so large that no two lie
//! in one place. A word is looked for in one place and no other. It refuses to forget.

use super::{StateId, Step};

/// The most places of a state's table: words that do not lie apart in them are not kept.
const PLACES_MAX: u32 = 1 << 10;

/// The steps of one automaton.
#[derive(Debug)]
pub(super) struct Steps {
    /// By state.
    tables: Vec<Table>,
    /// Of all tables, one after the other; those of tables that have grown are left behind.
    places: Vec<Place>,
}

/// Where a state's places begin, which bits of a word say where among them it lies, and which make a
/// difference at all.
#[derive(Clone, Copy, Debug)]
struct Table {
    base: u32,
    mask: u32,
    heard: u32,
}

/// A word, and the step it leads to; none leads to the start.
#[derive(Clone, Copy, Debug)]
struct Place {
    word: u32,
    step: Step,
}

const EMPTY: Place = Place {
    word: 0,
    step: Step {
        to: StateId::START,
        act: 0,
        is_plain: false,
    },
};

impl Steps {
    /// One state, and no steps.
    pub(super) fn new() -> Self {
        let mut new = Self {
            tables: Vec::new(),
            places: vec![EMPTY],
        };
        new.add_state(true);
        new
    }

    /// One more state, from which no steps lead yet, and whether the program hears the word it is told
    /// there: if not, all words lead the same way.
    pub(super) fn add_state(&mut self, hears: bool) {
        self.tables.push(Table {
            base: 0,
            mask: 0,
            heard: if hears { u32::MAX } else { 0 },
        });
    }

    #[inline(always)]
    pub(super) fn find(&self, from: StateId, word: u32) -> Option<Step> {
        let table = self.tables[from.0 as usize];
        let place = &self.places[table.base as usize + (spread(word) & table.mask) as usize];
        let is_it = (place.word ^ word) & table.heard == 0 && place.step.to != StateId::START;
        is_it.then_some(place.step)
    }

    /// Adds a step that is not known. False if there is no room for it.
    pub(super) fn add(&mut self, from: StateId, word: u32, step: Step) -> bool {
        assert_ne!(step.to, StateId::START, "nothing leads back to the start");
        assert!(self.find(from, word).is_none(), "a word leads one way");
        let Table { heard, .. } = self.tables[from.0 as usize];
        let word = word & heard;
        let mut all = self.steps_of(from);
        all.push(Place { word, step });
        let Some(mask) = apart(&all) else {
            return false;
        };
        let base = self.places.len();
        self.places.resize(base + mask as usize + 1, EMPTY);
        for place in all {
            self.places[base + (spread(place.word) & mask) as usize] = place;
        }
        let base = u32::try_from(base).expect("few places");
        self.tables[from.0 as usize] = Table { base, mask, heard };
        true
    }

    fn steps_of(&self, from: StateId) -> Vec<Place> {
        let Table { base, mask, .. } = self.tables[from.0 as usize];
        let first = base as usize;
        let places = self.places[first..=first + mask as usize].iter();
        let used = places.filter(|place| place.step.to != StateId::START);
        used.copied().collect()
    }
}

/// The fewest bits by which the words lie apart.
fn apart(all: &[Place]) -> Option<u32> {
    let masks = (0..).map(|bits| (1_u32 << bits) - 1);
    let are_apart = |mask: u32| {
        let mut homes: Vec<u32> = all.iter().map(|place| spread(place.word) & mask).collect();
        homes.sort_unstable();
        homes.windows(2).all(|pair| pair[0] != pair[1])
    };
    masks
        .take_while(|mask| *mask < PLACES_MAX)
        .find(|mask| are_apart(*mask))
}

/// Words mostly differ in their lower bits, and addresses from the third on.
const fn spread(word: u32) -> u32 {
    word ^ (word >> 3) ^ (word >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_where_it_was_told_to() {
        let mut steps = Steps::new();
        let words = [0, 1, 2, 7, 0x0056_0010, 0x0056_0018, u32::MAX, 8, 1 << 20];
        let step = |to| Step {
            to: StateId(to),
            act: to as u16,
            is_plain: to % 2 == 0,
        };
        for from in 0..3 {
            for (word, to) in words.into_iter().zip(1..) {
                assert_eq!(steps.find(StateId(from), word), None);
                assert!(steps.add(StateId(from), word, step(from * 100 + to)));
            }
            for (word, to) in words.into_iter().zip(1..) {
                assert_eq!(steps.find(StateId(from), word), Some(step(from * 100 + to)));
            }
            assert_eq!(steps.find(StateId(from), 3), None);
            steps.add_state(true);
        }
        steps.add_state(false);
        assert!(steps.add(StateId(4), 5, step(9)));
        for word in words {
            assert_eq!(steps.find(StateId(4), word), Some(step(9)));
        }
    }

    #[test]
    fn words_that_do_not_lie_apart_are_refused() {
        let mut steps = Steps::new();
        let step = Step {
            to: StateId(1),
            act: 0,
            is_plain: true,
        };
        assert!(steps.add(StateId::START, 0, step));
        let like_zero = 1 << 31;
        assert!(!steps.add(StateId::START, like_zero, step));
        assert_eq!(steps.find(StateId::START, like_zero), None);
        assert_eq!(steps.find(StateId::START, 0), Some(step));
    }
}
