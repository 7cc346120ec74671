//! Selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury: "Selectively uniform
//! concurrency testing", ASPLOS 2025).
//!
//! Owns [`Surw`]: of the selected calls every interleaving is as likely as the next, if the counts
//! are right and no thread waits for another. Whose selected call comes next is decided
//! beforehand, by how many each thread has left; until then all others stand before theirs. Between
//! them the walk is random.

use kernel::{Choices, CounterRng, Site};

use crate::call::{Resource, ThreadId};
use crate::schedulers::Scheduler;
use crate::schedulers::counts::{Counts, PerThread};
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::PendingCall;

const SITE: Site = Site::new("machine.schedule.surw");

/// Which calls the walk is uniform over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every scheduling point.
    All,
    /// The calls about one thing, which each run draws from what several threads are about.
    One,
}

/// The walk of one run.
#[derive(Clone, Debug)]
pub struct Surw {
    key: u64,
    words: CounterRng,
    /// How many words have been taken.
    taken: u64,
    counts: Counts,
    /// What was drawn; none: all calls are selected.
    subject: Option<Resource>,
    /// Selected calls that each thread has left.
    left: PerThread<u64>,
    /// Whose selected call comes next.
    intended: Option<ThreadId>,
}

impl Surw {
    /// The walk that `choices` and the host's `key` name, over calls of which there are about
    /// `counts`.
    #[must_use]
    pub fn new(choices: Choices, key: u64, counts: &Counts, selection: Selection) -> Self {
        let mut words = choices.counter_rng(SITE, key);
        let shared = match selection {
            Selection::All => &[],
            Selection::One => counts.shared(),
        };
        let drawn = below(words.word(0), shared.len() as u64);
        Self {
            key,
            words,
            taken: 1,
            counts: counts.clone(),
            subject: shared.get(drawn as usize).copied(),
            left: PerThread::default(),
            intended: None,
        }
    }

    fn draw(&mut self, bound: u64) -> u64 {
        let word = self.words.word(self.taken);
        self.taken += 1;
        below(word, bound)
    }

    fn is_selected(&self, one: &PendingCall) -> bool {
        let subject = one.request.operation.resource();
        self.subject.is_none() || self.subject == subject
    }

    /// How many selected calls a thread has left, by the counts: at least the one it stands
    /// before.
    fn left(&mut self, one: &PendingCall) -> u64 {
        let (counts, subject) = (&self.counts, self.subject);
        let first = || match subject {
            None => counts.of_thread(one.key),
            Some(subject) => counts.about(one.key, subject),
        };
        let left = *self.left.get(one.thread, first);
        left.max(u64::from(self.is_selected(one)))
    }

    /// Draws whose selected call comes next, by how many each has left.
    fn intend(&mut self, runnable: &EnabledSet) -> Option<ThreadId> {
        let all: u64 = runnable.able().map(|(_, one)| self.left(one)).sum();
        if all == 0 {
            return None;
        }
        let mut drawn = self.draw(all);
        for (_, one) in runnable.able() {
            let left = self.left(one);
            if drawn < left {
                return Some(one.thread);
            }
            drawn -= left;
        }
        panic!("a number below the sum falls to somebody");
    }

    /// A random one of those who need not stand, if there is one.
    fn walk(&mut self, runnable: &EnabledSet) -> Option<usize> {
        let intended = self.intended;
        let may_go =
            |surw: &Self, one: &PendingCall| Some(one.thread) == intended || !surw.is_selected(one);
        let count = runnable.able().filter(|(_, one)| may_go(self, one)).count();
        if count == 0 {
            return None;
        }
        let drawn = self.draw(count as u64) as usize;
        let mut free = runnable.able().filter(|(_, one)| may_go(self, one));
        free.nth(drawn).map(|(index, _)| index)
    }
}

/// `word` as a number below `bound`.
fn below(word: u64, bound: u64) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

impl Scheduler for Surw {
    fn choose(&mut self, _step: u64, runnable: &EnabledSet) -> usize {
        if self.intended.is_none() {
            self.intended = self.intend(runnable);
        }
        let index = match self.walk(runnable) {
            Some(index) => index,
            None => {
                // Whoever was meant waits or has ended: somebody else must go.
                self.intended = self.intend(runnable);
                self.walk(runnable).unwrap_or(0)
            }
        };
        let chosen = &runnable[index];
        if self.is_selected(chosen) {
            let left = self.left(chosen);
            *self.left.get(chosen.thread, || left) = left.saturating_sub(1);
            self.intended = None;
        }
        index
    }

    fn reseed(&mut self, choices: Choices) {
        self.words = choices.counter_rng(SITE, self.key);
    }
}
