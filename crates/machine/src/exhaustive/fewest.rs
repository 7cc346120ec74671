//! How many preemptions a trace needs at least.
//!
//! Owns the question whether some order of a trace's calls has at most so many. A thread runs as
//! far as the trace lets it: stopping earlier saves nothing. It is preempted where its next call
//! could be made but must come later; where it waits, or has no more calls, going over to another
//! is free. It refuses to search long: where there are too many ways, the answer is yes.

use std::collections::BTreeSet;
use std::ops::Range;

use super::trace::{Clock, THREADS_MAX, Trace};

/// The most ways that are looked at.
const WAYS_MAX: usize = 4_096;

/// Whether some order of the calls in `range`, and of the one at `last` if it is not among them,
/// needs at most `most` preemptions.
pub(super) fn needs_at_most(
    trace: &Trace,
    range: Range<usize>,
    last: Option<usize>,
    most: u32,
) -> bool {
    let mut queues: [Vec<usize>; THREADS_MAX] = Default::default();
    let before = last.map(|index| trace.before(range.clone(), index));
    let done = range.filter(|index| !trace.events[*index].waits);
    for index in done {
        queues[usize::from(trace.events[index].thread)].push(index);
    }
    if let Some(index) = last {
        queues[usize::from(trace.events[index].thread)].push(index);
    }
    let mut search = Ways {
        trace,
        queues,
        last: last.zip(before),
        seen: BTreeSet::new(),
    };
    search.any(Clock::default(), most)
}

struct Ways<'a> {
    trace: &'a Trace,
    queues: [Vec<usize>; THREADS_MAX],
    /// The last call, and what comes before it here: what else it followed where it was found does
    /// not.
    last: Option<(usize, Clock)>,
    /// How far each thread had come, with how many preemptions left.
    seen: BTreeSet<(Clock, u32)>,
}

impl Ways<'_> {
    /// Whether the rest can be ordered with at most `left` preemptions.
    fn any(&mut self, done: Clock, left: u32) -> bool {
        if self.seen.len() >= WAYS_MAX {
            return true;
        }
        if !self.seen.insert((done, left)) {
            return false;
        }
        let mut is_whole = true;
        for thread in 0..THREADS_MAX {
            if usize::from(done.0[thread]) == self.queues[thread].len() {
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
        let queue = &self.queues[thread];
        while let Some(&index) = queue.get(usize::from(done.0[thread])) {
            let event = &self.trace.events[index];
            let mut others = (0..THREADS_MAX).filter(|other| *other != thread);
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

    /// Whether another thread is in the critical section that the call at `index` enters.
    fn is_taken(&self, thread: usize, index: usize, done: &Clock) -> bool {
        let events = &self.trace.events;
        let subject = events[index].subject;
        let others = (0..THREADS_MAX).filter(|other| *other != thread);
        let last = |other: usize| {
            let place = usize::from(done.0[other]).checked_sub(1)?;
            Some(events[self.queues[other][place]].held)
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
