//! Delay bounding (Emmi, Qadeer, Rakamaric: "Delay-bounded scheduling", POPL 2011), sampled.
//!
//! The base is a schedule without choices: a thread runs until its call would block, then the next
//! thread in the order of numbers. At a few random steps the thread that would go next is delayed: the
//! one after it goes instead, and the delayed thread waits for its next place in the round. A schedule with d
//! delays is one of at most k^d, where k is the number of steps.
//!
//! A thread that polls would never give way. After as many calls in a row as in [`Pct`], it is left out of the
//! round until all others wait.

use std::collections::BTreeSet;

use kernel::{Choices, Site};

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pct::{Pct, below};

const SITE: Site = Site::new("machine.schedule.delay_bounding");

/// A round without preemptions, with a few random delays.
#[derive(Clone, Debug)]
pub struct DelayBounding {
    /// The steps of the delays, the latest first.
    delays: Vec<u64>,
    last: Option<ThreadId>,
    in_a_row: u32,
    polling: BTreeSet<ThreadId>,
}

impl DelayBounding {
    /// `delays` delays in a run of about `steps` scheduling points, selected by `choices` and the
    /// host's `key`.
    ///
    /// # Panics
    /// If `steps` is zero.
    #[must_use]
    pub fn new(choices: Choices, key: u64, delays: u32, steps: u64) -> Self {
        assert!(steps > 0, "a run has at least one step");
        let mut rng = choices.counter_rng(SITE, key);
        let draw = |nth| below(&mut rng, nth, steps);
        let mut delays: Vec<u64> = (0..u64::from(delays)).map(draw).collect();
        // The next one is taken from the end.
        delays.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            delays,
            last: None,
            in_a_row: 0,
            polling: BTreeSet::new(),
        }
    }

    /// The threads that may go next, by their indices: those that would not block and do not poll; if there
    /// are none, all that would not block.
    fn round(&self, enabled: &EnabledSet) -> Vec<(usize, ThreadId)> {
        let threads = enabled.non_blocking();
        let all: Vec<(usize, ThreadId)> = threads.map(|(it, call)| (it, call.thread)).collect();
        let works = |it: &(usize, ThreadId)| !self.polling.contains(&it.1);
        match all.iter().any(works) {
            true => all.into_iter().filter(works).collect(),
            false => all,
        }
    }

    /// The first thread behind `thread` in the round.
    fn after(round: &[(usize, ThreadId)], thread: Option<ThreadId>) -> (usize, ThreadId) {
        let is_later = |it: &&(usize, ThreadId)| thread.is_none_or(|thread| it.1 > thread);
        let next = round.iter().find(is_later).or(round.first());
        *next.expect("a thread can run")
    }
}

impl Scheduler for DelayBounding {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        let mut round = self.round(enabled);
        let polls = self.in_a_row >= Pct::SPIN_LIMIT && round.len() > 1;
        if polls {
            self.polling.extend(self.last);
            round = self.round(enabled);
        }
        let same = round.iter().find(|it| Some(it.1) == self.last);
        let mut next = match same {
            Some(same) if !polls => *same,
            Some(_) | None => Self::after(&round, self.last),
        };
        while self.delays.last().is_some_and(|delay| *delay <= step) {
            self.delays.pop();
            next = Self::after(&round, Some(next.1));
        }
        // A thread that runs alone cannot starve another.
        self.in_a_row = match Some(next.1) == self.last {
            true => self.in_a_row + u32::from(round.len() > 1),
            false => 0,
        };
        self.last = Some(next.1);
        next.0
    }
}
