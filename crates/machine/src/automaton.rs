//! What a program asks for in answer to what it is told, learned by listening to it.
//!
//! A program has no power but its calls: which one comes next follows from the words it was told so
//! far. It is an automaton, and whoever has heard it answer once need not run it again. Owns
//! [`Automaton`], the states that the runs of one program came to; a state is a history of words, so
//! that nothing is guessed. It refuses programs that are told more than words - messages, replies,
//! the time - and more than [`STATES_MAX`] states: what is not known is run each time.

mod steps;

use std::panic::Location;

use crate::address::Address;
use crate::asked::Asked;
use crate::call::{Operation, Request};
use crate::note::BlockDeed;
use steps::Steps;

/// The most states of a program that are kept.
const STATES_MAX: usize = 4_096;

/// A state of a program, by the order of learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateId(u32);

/// Who says what a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Its program, and nobody listens.
    Program,
    /// Its program, which is listened to: it was in this state when it was told this word.
    Heard(StateId, u32),
    /// Its automaton, which is in this state; no program runs.
    Known(StateId),
}

/// A program as far as it was heard.
#[derive(Debug)]
pub(crate) struct Automaton<R> {
    /// How each state but the first was come to: the state before, and the word told in it.
    came_from: Vec<(StateId, u32)>,
    steps: Steps,
    /// What is done in any state, each once: states are many and acts are few, and those that come
    /// next should lie close together.
    acts: Vec<Act<R>>,
    /// Whether the program is none that can be known by the words it is told.
    is_beyond_words: bool,
}

/// A step of a program: where a word leads, and what is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) to: StateId,
    act: u16,
    /// Whether nothing is done but to ask for a call, and nothing but a scheduler's choice says when
    /// that is made: most steps are so.
    pub(crate) is_plain: bool,
}

/// What a program does between a word and the next. It begins at a line of the cache.
#[repr(align(64))]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Act<R> {
    /// What it asks for; if it ends, what a thread is taken to ask for that has not begun.
    pub(crate) asked: Asked,
    /// Whether it ends instead.
    pub(crate) ends: bool,
    /// What it writes down before.
    pub(crate) said: Vec<Said<R>>,
}

/// Something that a program writes down without making a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said<R> {
    /// A record.
    Record(R),
    /// What became of a block of the heap.
    Block {
        address: Address,
        deed: BlockDeed,
        site: &'static Location<'static>,
    },
}

impl StateId {
    /// Before the first call.
    pub(crate) const START: Self = Self(0);
}

impl Course {
    /// That of a program that is listened to from its start.
    pub(crate) const HEARD: Self = Self::Heard(StateId::START, 0);
}

impl<R> Act<R> {
    /// Writes down what was said, and asks for a call or ends.
    fn new(said: Vec<Said<R>>, asked: Option<Asked>) -> Self {
        Self {
            asked: asked.unwrap_or(Asked::nothing_yet()),
            ends: asked.is_none(),
            said,
        }
    }

    /// Whether it does nothing but ask for a call that is a scheduler's plain choice.
    fn is_plain(&self) -> bool {
        !self.ends && self.said.is_empty() && self.asked.is_plain
    }
}

impl<R: PartialEq> Automaton<R> {
    /// The program was in `from` when it was told `word`, and then did this. Answers where it is now;
    /// nothing if that is not kept.
    ///
    /// # Panics
    /// If it did something else when it was told the same before: then it is no function of what it
    /// is told.
    pub(crate) fn learn(
        &mut self,
        (from, word): (StateId, u32),
        said: Vec<Said<R>>,
        asked: Option<Asked>,
    ) -> Option<StateId> {
        if self.is_beyond_words {
            return None;
        }
        let act = Act::new(said, asked);
        if let Some(step) = self.next(from, word) {
            self.assert_asks(step, asked.map(|asked| asked.request).as_ref());
            let said = &self.act(step).said;
            assert!(
                *said == act.said,
                "an enlisted program wrote down something else, though it was told the same"
            );
            return Some(step.to);
        }
        if asked.is_some_and(|asked| tells_more_than_a_word(&asked.request.operation)) {
            self.give_up();
            return None;
        }
        if self.came_from.len() + 1 == STATES_MAX {
            return None;
        }
        let to = StateId(u32::try_from(self.came_from.len() + 1).expect("few states"));
        let step = Step {
            to,
            is_plain: act.is_plain(),
            act: self.place_of(act),
        };
        if !self.steps.add(from, word, step) {
            return None;
        }
        // Whoever writes does not look at what was there.
        let hears =
            asked.is_some_and(|asked| !matches!(asked.request.operation, Operation::Write(..)));
        self.steps.add_state(hears);
        self.came_from.push((from, word));
        Some(to)
    }

    /// The place of an act, which is a new one or known.
    fn place_of(&mut self, act: Act<R>) -> u16 {
        let known = self.acts.iter().position(|one| *one == act);
        let place = known.unwrap_or_else(|| {
            self.acts.push(act);
            self.acts.len() - 1
        });
        u16::try_from(place).expect("few states")
    }
}

impl<R> Automaton<R> {
    /// Of a program that nobody has heard.
    pub(crate) fn new() -> Self {
        Self {
            came_from: Vec::new(),
            steps: Steps::new(),
            acts: Vec::new(),
            is_beyond_words: false,
        }
    }

    /// Where a word leads, if that was heard before.
    #[inline(always)]
    pub(crate) fn next(&self, from: StateId, word: u32) -> Option<Step> {
        self.steps.find(from, word)
    }

    /// What is done on a step.
    #[inline(always)]
    pub(crate) fn act(&self, step: Step) -> &Act<R> {
        &self.acts[usize::from(step.act)]
    }

    /// On this step the program asks for the same again.
    ///
    /// # Panics
    /// If it does not: then it is no function of what it is told.
    pub(crate) fn assert_asks(&self, step: Step, request: Option<&Request>) {
        let act = self.act(step);
        let before = (!act.ends).then_some(&act.asked.request);
        assert!(
            before == request,
            "an enlisted program asked for {before:?} once and for {request:?} now, though it was \
             told the same"
        );
    }

    /// The program is beyond words: what was heard is forgotten, and nothing is learned any more.
    pub(crate) fn give_up(&mut self) {
        *self = Self {
            is_beyond_words: true,
            ..Self::new()
        };
    }

    pub(crate) const fn is_beyond_words(&self) -> bool {
        self.is_beyond_words
    }

    /// The words told on the way to a state.
    pub(crate) fn words_to(&self, state: StateId) -> Vec<u32> {
        let before = |state: StateId| {
            let place = (state.0 as usize).checked_sub(1)?;
            Some(self.came_from[place])
        };
        let back = std::iter::successors(before(state), |(from, _)| before(*from));
        let mut words: Vec<u32> = back.map(|(_, word)| word).collect();
        // The last on the way back leads from the start, and nobody told it.
        words.pop();
        words.reverse();
        words
    }
}

/// Whether the answer to a call is more than a word.
const fn tells_more_than_a_word(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Send(_) | Operation::Receive(..) | Operation::Environment(_)
    )
}
