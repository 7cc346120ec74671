//! The least number of preemptions that a trace needs.
//!
//! The module decides whether some order of a trace's calls needs at most a given number of
//! preemptions. A thread runs as far as the trace allows, because stopping earlier saves nothing.
//! It is preempted where its next call could be made but must come later; where it blocks, or has
//! no more calls, a switch is free. If there are too many orders to examine, the answer is yes,
//! which only makes the search explore more.

use std::collections::BTreeSet;
use std::ops::Range;

use super::thread_set::{THREADS_MAX, ThreadSet};
use super::trace::{CallClock, Trace};

/// The largest number of states that are looked at.
const STATES_MAX: usize = 4_096;

/// Buffers that are kept from one question to the next.
#[derive(Debug, Default)]
pub(super) struct PreemptionSearch {
    /// The calls of each thread.
    threads: ThreadCalls,
    /// The states seen: how many calls each thread has made, and how many preemptions are left.
    seen: BTreeSet<(CallClock, u32)>,
}

#[derive(Debug)]
struct ThreadCalls {
    threads: ThreadSet,
    calls: [Vec<usize>; THREADS_MAX],
}

impl Default for ThreadCalls {
    fn default() -> Self {
        Self {
            threads: ThreadSet::EMPTY,
            calls: Default::default(),
        }
    }
}

impl ThreadCalls {
    fn clear(&mut self) {
        for thread in self.threads.iter() {
            self.calls[usize::from(thread)].clear();
        }
        self.threads = ThreadSet::EMPTY;
    }

    fn add(&mut self, thread: u8, index: usize) {
        self.threads = self.threads.with(thread);
        self.calls[usize::from(thread)].push(index);
    }
}

impl PreemptionSearch {
    /// Whether some order of the calls in `range`, and of the call at `last`, needs at most `most`
    /// preemptions. `last` lies outside `range`.
    pub(super) fn needs_at_most(
        &mut self,
        trace: &Trace,
        range: Range<usize>,
        last: Option<usize>,
        most: u32,
    ) -> bool {
        self.threads.clear();
        self.seen.clear();
        let clock = last.map(|index| trace.clock_after(range.clone(), index));
        let made = range.filter(|index| !trace.events[*index].blocked);
        for index in made.chain(last) {
            self.threads.add(trace.events[index].thread, index);
        }
        let mut question = Question {
            trace,
            threads: &self.threads,
            seen: &mut self.seen,
            last: last.zip(clock),
        };
        question.can_finish(CallClock::default(), most)
    }
}

struct Question<'a> {
    trace: &'a Trace,
    threads: &'a ThreadCalls,
    seen: &'a mut BTreeSet<(CallClock, u32)>,
    /// The last call and its clock after the calls of the range. Its clock in the trace contains
    /// calls that are not in the range.
    last: Option<(usize, CallClock)>,
}

impl Question<'_> {
    /// Whether the remaining calls can be made with at most `left` preemptions.
    fn can_finish(&mut self, made: CallClock, left: u32) -> bool {
        // Yes is the safe answer: the search must not drop a trace that is within the bound.
        if self.seen.len() >= STATES_MAX {
            return true;
        }
        if !self.seen.insert((made, left)) {
            return false;
        }
        let mut is_finished = true;
        for thread in self.threads.threads.iter().map(usize::from) {
            if usize::from(made.0[thread]) == self.threads.calls[thread].len() {
                continue;
            }
            is_finished = false;
            let (next, preempted) = self.run(made, thread);
            // The thread cannot move before another one does.
            if next == made {
                continue;
            }
            let left = left.checked_sub(u32::from(preempted));
            if left.is_some_and(|left| self.can_finish(next, left)) {
                return true;
            }
        }
        is_finished
    }

    /// Runs `thread` as far as the trace allows. Returns whether it is preempted there.
    fn run(&self, mut made: CallClock, thread: usize) -> (CallClock, bool) {
        let calls = &self.threads.calls[thread];
        while let Some(&index) = calls.get(usize::from(made.0[thread])) {
            let event = &self.trace.events[index];
            let mut others = self.others(thread);
            let clock = match &self.last {
                Some((last, clock)) if *last == index => clock,
                Some(_) | None => &event.clock,
            };
            // A call of another thread must come first. If this one was enabled, that is a preemption.
            if others.any(|other| clock.0[other] > made.0[other]) {
                return (made, !self.is_disabled(index, &made));
            }
            // Blocked on the lock: a switch away from here is not a preemption.
            if event.enters() && self.is_owned_by_another(thread, index, &made) {
                return (made, false);
            }
            made.0[thread] += 1;
        }
        (made, false)
    }

    /// All threads of the trace but one.
    fn others(&self, thread: usize) -> impl Iterator<Item = usize> + use<> {
        let others = self.trace.threads.without(thread as u8);
        others.iter().map(usize::from)
    }

    /// Whether another thread owns the critical section that the call at `index` enters.
    fn is_owned_by_another(&self, thread: usize, index: usize, made: &CallClock) -> bool {
        let events = &self.trace.events;
        let resource = events[index].resource;
        let others = self.others(thread);
        let held_by = |other: usize| {
            let last = usize::from(made.0[other]).checked_sub(1)?;
            Some(events[self.threads.calls[other][last]].held)
        };
        let mut held = others.filter_map(held_by).flat_map(|held| held.iter());
        held.any(|lock| events[lock].resource == resource)
    }

    /// Whether the call at `index` would block, because the call that enables it is still to come.
    fn is_disabled(&self, index: usize, made: &CallClock) -> bool {
        self.trace.events[index].enabler.is_some_and(|enabler| {
            let enabler = &self.trace.events[enabler];
            made.0[usize::from(enabler.thread)] < enabler.nth
        })
    }
}
