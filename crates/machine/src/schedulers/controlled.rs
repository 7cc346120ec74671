//! One processor whose next call a [`Scheduler`] chooses.
//!
//! The choice depends on which threads are ready, and never on the cost of calls; time only decides
//! when a thread is ready. Private calls are made at once, without a choice.

use std::collections::BTreeSet;

use kernel::{Choices, Duration, Instant};

use crate::call::ThreadId;
use crate::schedulers::Scheduler;
use crate::schedulers::enabled_set::EnabledSet;
use crate::schedulers::pending_call::{Enabledness, PendingCall};
use crate::schedulers::scheduling_decision::SchedulingDecision;

#[derive(Debug)]
pub(crate) struct Controlled {
    scheduler: Box<dyn Scheduler>,
    clock: Instant,
    /// The number of choices so far.
    step: u64,
    /// Threads that are ready at a later time.
    later: BTreeSet<(Instant, ThreadId)>,
    /// The index of the dispatched thread.
    index: usize,
    /// A preempted thread, which is left out of the next choice.
    preempted: Option<ThreadId>,
    /// The key of the thread that is chosen next, whatever the scheduler would choose.
    forced_next: Option<u64>,
    /// Whether any of the three fields above is set; the common case needs one test.
    has_exceptions: bool,
}

impl Controlled {
    pub(crate) fn new(scheduler: Box<dyn Scheduler>) -> Self {
        Self {
            scheduler,
            clock: Instant::ZERO,
            step: 0,
            later: BTreeSet::new(),
            index: 0,
            preempted: None,
            forced_next: None,
            has_exceptions: false,
        }
    }

    /// Makes all but the scheduler as new.
    pub(crate) fn reset(&mut self) {
        self.clock = Instant::ZERO;
        self.step = 0;
        if self.has_exceptions {
            self.later.clear();
            self.preempted = None;
            self.forced_next = None;
            self.has_exceptions = false;
        }
    }

    pub(crate) fn reseed(&mut self, choices: Choices) {
        self.scheduler.reseed(choices);
    }

    pub(crate) fn ready(&mut self, enabled: &mut EnabledSet, at: Instant, thread: ThreadId) {
        if at <= self.clock {
            enabled.insert(thread);
        } else {
            self.later.insert((at, thread));
            self.has_exceptions = true;
        }
    }

    pub(crate) fn next_time(&self, enabled: &EnabledSet) -> Option<Instant> {
        if enabled.is_empty() {
            let (first, _) = self.later.first()?;
            Some(self.clock.max(*first))
        } else {
            Some(self.clock)
        }
    }

    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        enabled: &mut EnabledSet,
        until: Instant,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> Option<SchedulingDecision> {
        if self.has_exceptions && !self.advance_clock(enabled, until) {
            return None;
        }
        // Calls may cost time; then the clock runs past `until` like a processor's.
        let at = self.clock;
        if enabled.is_empty() || at > until {
            return None;
        }
        self.index = if self.has_exceptions {
            self.choose_with_exceptions(enabled, enabledness)
        } else {
            self.choose(enabled, enabledness)
        };
        let Some(thread) = enabled.thread_at(self.index) else {
            self.reject_index(enabled.len());
        };
        Some(SchedulingDecision { thread, at })
    }

    /// Moves the clock to the time at which a thread is ready, but not beyond `until`. Returns false
    /// if no thread is ready then.
    #[inline(never)]
    fn advance_clock(&mut self, enabled: &mut EnabledSet, until: Instant) -> bool {
        match self.next_time(enabled) {
            Some(at) if at <= until => self.clock = at,
            Some(_) | None => return false,
        }
        while let Some(&(at, thread)) = self.later.first()
            && at <= self.clock
        {
            self.later.pop_first();
            enabled.insert(thread);
        }
        true
    }

    /// The index of the thread that goes next.
    #[inline(always)]
    fn choose(
        &mut self,
        enabled: &mut EnabledSet,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> usize {
        if !enabled.is_plain() {
            // A private call is made at once and is not a step of the scheduler.
            // No other thread can observe a private call, so its order makes no difference. It
            // would only lengthen the run, and dilute the choices of PCT and of random walks.
            if let Some(index) = enabled.first_private() {
                return index;
            }
            enabled.update_enabledness(|call| enabledness(call, self.clock));
        }
        let step = self.step;
        self.step += 1;
        self.scheduler.choose(step, enabled)
    }

    /// The same, if a thread was preempted or another is forced.
    #[inline(never)]
    fn choose_with_exceptions(
        &mut self,
        enabled: &mut EnabledSet,
        enabledness: impl Fn(&PendingCall, Instant) -> Enabledness,
    ) -> usize {
        // A preemption has no effect if no other thread can run.
        // Taken in any case: a preemption is spent at the call it was meant for.
        let preempted = self.preempted.take().filter(|_| enabled.len() > 1);
        let left_out = preempted.map(|thread| {
            let index = enabled.index_of(thread);
            let index = index.expect("a preempted thread is ready");
            enabled.remove(index);
            (index, thread)
        });
        // A private call is not a choice: it does not use up the forced one.
        let makes_private_call = !enabled.is_plain() && enabled.first_private().is_some();
        let forced = self.forced_next.take_if(|_| !makes_private_call);
        let forced = forced.and_then(|key| enabled.iter().position(|call| call.key == key));
        let index = match forced {
            // The scheduler is still asked, with one thread to choose from: it may keep
            // state about its choices.
            Some(index) => enabled.with_only(index, |only| index + self.choose(only, enabledness)),
            None => self.choose(enabled, enabledness),
        };
        self.has_exceptions = self.forced_next.is_some() || !self.later.is_empty();
        left_out.map_or(index, |(left_out, thread)| {
            // Back in the set, it shifts the indices behind it.
            enabled.insert(thread);
            index + usize::from(left_out <= index)
        })
    }

    #[cold]
    fn reject_index(&self, count: usize) -> ! {
        let Self {
            scheduler, index, ..
        } = self;
        panic!("{scheduler:?} chose number {index} of {count} threads");
    }

    pub(crate) fn on_idle(&mut self) {
        self.scheduler.on_idle();
    }

    /// The next decision falls on the thread with key `to`, or on any but the dispatched thread.
    pub(crate) fn preempt(&mut self, dispatch: SchedulingDecision, to: Option<u64>) {
        self.forced_next = to;
        self.preempted = Some(dispatch.thread);
        self.has_exceptions = true;
    }

    pub(crate) fn charge(&mut self, cost: Duration) {
        self.clock += cost;
    }

    /// The dispatched thread cannot continue.
    pub(crate) fn deschedule(&mut self, enabled: &mut EnabledSet) {
        enabled.remove(self.index);
    }
}
