//! How many preemptions a trace needs at least.
//!
//! Owns the question whether some order of a trace's calls has at most so many. A thread runs as
//! far as the trace lets it: stopping earlier saves nothing. It is preempted where its next call
//! could be made but must come later; where it waits, or has no more calls, going over to another
//! is free. It refuses to search long: where there are too many ways, the answer is yes.

use std::collections::BTreeSet;
use std::ops::Range;

use super::trace::{Clock, Set, THREADS_MAX, Trace};

/// The most ways that are looked at.
const WAYS_MAX: usize = 4_096;

/// Room for looking at ways, kept from question to question.
#[derive(Debug, Default)]
pub(super) struct PreemptionSearch {
    /// The calls of each thread that made some.
    threads: Threads,
    /// How far each thread had come, with how many preemptions left.
    seen: BTreeSet<(Clock, u32)>,
}

#[derive(Debug)]
struct Threads {
    are: Set,
    calls: [Vec<usize>; THREADS_MAX],
}

impl Default for Threads {
    fn default() -> Self {
        Self {
            are: Set::NONE,
            calls: Default::default(),
        }
    }
}

impl Threads {
    fn clear(&mut self) {
        for thread in self.are.iter() {
            self.calls[usize::from(thread)].clear();
        }
        self.are = Set::NONE;
    }

    fn add(&mut self, thread: u8, index: usize) {
        self.are = self.are.with(thread);
        self.calls[usize::from(thread)].push(index);
    }
}

impl PreemptionSearch {
    /// Whether some order of the calls in `range`, and of the one at `last` if it is not among
    /// them, needs at most `most` preemptions.
    pub(super) fn need_at_most(
        &mut self,
        trace: &Trace,
        range: Range<usize>,
        last: Option<usize>,
        most: u32,
    ) -> bool {
        self.threads.clear();
        self.seen.clear();
        let before = last.map(|index| trace.before(range.clone(), index));
        let done = range.filter(|index| !trace.events[*index].waits);
        for index in done.chain(last) {
            self.threads.add(trace.events[index].thread, index);
        }
        let mut question = Question {
            trace,
            threads: &self.threads,
            seen: &mut self.seen,
            last: last.zip(before),
        };
        question.any(Clock::default(), most)
    }
}

struct Question<'a> {
    trace: &'a Trace,
    threads: &'a Threads,
    seen: &'a mut BTreeSet<(Clock, u32)>,
    /// The last call, and what comes before it here: what else it followed where it was found does
    /// not.
    last: Option<(usize, Clock)>,
}

impl Question<'_> {
    /// Whether the rest can be ordered with at most `left` preemptions.
    fn any(&mut self, done: Clock, left: u32) -> bool {
        if self.seen.len() >= WAYS_MAX {
            return true;
        }
        if !self.seen.insert((done, left)) {
            return false;
        }
        let mut is_whole = true;
        for thread in self.threads.are.iter().map(usize::from) {
            if usize::from(done.0[thread]) == self.threads.calls[thread].len() {
                continue;
            }
            is_whole = false;
            let (next, preempted) = self.run(done, thread);
            if next == done {
                continue;
            }
            let left = left.checked_sub(u32::from(preempted));
            if left.is_some_and(|left| self.any(next, left)) {
                return true;
            }
        }
        is_whole
    }

    /// Lets `thread` run as far as the trace lets it, and says whether it is preempted there.
    fn run(&self, mut done: Clock, thread: usize) -> (Clock, bool) {
        let queue = &self.threads.calls[thread];
        while let Some(&index) = queue.get(usize::from(done.0[thread])) {
            let event = &self.trace.events[index];
            let mut others = self.others(thread);
            let before = match &self.last {
                Some((last, before)) if *last == index => before,
                Some(_) | None => &event.clock,
            };
            if others.any(|other| before.0[other] > done.0[other]) {
                return (done, !self.waits(index, &done));
            }
            if event.enters() && self.is_taken(thread, index, &done) {
                return (done, false);
            }
            done.0[thread] += 1;
        }
        (done, false)
    }

    /// All threads of the trace but one.
    fn others(&self, thread: usize) -> impl Iterator<Item = usize> + use<> {
        let others = self.trace.threads.without(thread as u8);
        others.iter().map(usize::from)
    }

    /// Whether another thread is in the critical section that the call at `index` enters.
    fn is_taken(&self, thread: usize, index: usize, done: &Clock) -> bool {
        let events = &self.trace.events;
        let subject = events[index].subject;
        let others = self.others(thread);
        let last = |other: usize| {
            let place = usize::from(done.0[other]).checked_sub(1)?;
            Some(events[self.threads.calls[other][place]].held)
        };
        let mut held = others.filter_map(last).flat_map(|held| held.iter());
        held.any(|lock| events[lock].subject == subject)
    }

    /// Whether the call at `index` has to wait for one that has not been made.
    fn waits(&self, index: usize, done: &Clock) -> bool {
        self.trace.events[index].enabler.is_some_and(|enabler| {
            let enabler = &self.trace.events[enabler];
            done.0[usize::from(enabler.thread)] < enabler.ordinal
        })
    }
}
