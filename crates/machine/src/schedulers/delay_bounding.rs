//! Delay bounding (Emmi, Qadeer, Rakamaric: "Delay-bounded scheduling", POPL 2011), sampled.
//!
//! The base is a schedule without choices: a thread runs until its call would block, then the next
//! thread in the order of numbers. At a few random steps the thread that would go next is delayed: the
//! one after it goes instead, and it comes again when the round has come back to it. A schedule with d
//! delays is one of at most k^d, where k is the number of steps.
//!
//! A thread that polls is passed over after as many calls in a row as in [`Pct`].

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
        }
    }

    /// The index of the first thread behind `thread` in the round that would not block.
    fn after(enabled: &EnabledSet, thread: Option<ThreadId>) -> usize {
        let later = |it: &ThreadId| thread.is_none_or(|thread| *it > thread);
        let mut round = enabled.non_blocking();
        let first = round.clone().next();
        let next = round.find(|(_, call)| later(&call.thread)).or(first);
        next.expect("a thread can run").0
    }
}

impl Scheduler for DelayBounding {
    fn choose(&mut self, step: u64, enabled: &EnabledSet) -> usize {
        let is_last = |thread: ThreadId| Some(thread) == self.last;
        let mut same = enabled
            .non_blocking()
            .filter(|(_, call)| is_last(call.thread));
        let may_continue = self.in_a_row < Pct::SPIN_LIMIT;
        let mut index = match same.next() {
            Some((index, _)) if may_continue => index,
            _ => Self::after(enabled, self.last),
        };
        while self.delays.last().is_some_and(|delay| *delay <= step) {
            self.delays.pop();
            index = Self::after(enabled, Some(enabled[index].thread));
        }
        let chosen = enabled[index].thread;
        self.in_a_row = match is_last(chosen) {
            true => self.in_a_row + 1,
            false => 0,
        };
        self.last = Some(chosen);
        index
    }
}
