//! Calls of a thread that has its processor to itself.
//!
//! In modeled time a thread mostly makes many calls before any other thread, timer or event can come
//! between. Until then the scheduler has nothing to decide: frequent calls are carried out at once, without
//! becoming a pending call first. Time, costs, race detection and watches are the same.

use kernel::{Duration, Instant, mix};

use crate::call::{CostClass, LockId, Operation, Request, ThreadId};
use crate::engine::process::Effect;
use crate::engine::{Answer, COST, Engine, PollReason};
use crate::environment::Environment;
use crate::schedulers::dispatcher::Dispatcher;
use crate::schedulers::scheduling_decision::SchedulingDecision;

impl<E: Environment> Engine<E> {
    /// Carries out a call of the current program at once. `None` if the call must be scheduled;
    /// nothing has happened then.
    #[inline(always)]
    pub(super) fn call_uncontested(
        &mut self,
        thread: ThreadId,
        request: &Request,
    ) -> Option<Answer> {
        let at = self.uncontested_clock()?;
        let dispatch = SchedulingDecision { thread, at };
        // The most frequent calls only. A lock that is held, or that a thread waits for, is left to the scheduler.
        let operation = &request.operation;
        let (word, class) = if let Operation::Read(_) | Operation::Write(..) = operation {
            let word = self
                .process
                .access(dispatch, &operation.word_access(), request)?;
            (word, CostClass::Access)
        } else if let Operation::Lock(lock) = *operation {
            (self.enter_uncontested(thread, lock)?, CostClass::Lock)
        } else if let Operation::Unlock(lock) = *operation {
            (self.leave_uncontested(thread, lock)?, CostClass::Lock)
        } else {
            return None;
        };
        let cost = self.cost_of_call(thread, class);
        self.enabled.pending_mut(thread).count_call(None);
        self.calls_left -= 1;
        self.now = self.now.max(at);
        self.dispatcher.charge(cost);
        self.poll_reason = PollReason::Dispatched(dispatch);
        Some(Answer { at, word })
    }

    /// The time of the dispatched thread's call, if no scheduling decision comes before it.
    #[inline(always)]
    fn uncontested_clock(&self) -> Option<Instant> {
        let Dispatcher::Timed(timed) = &self.dispatcher else {
            return None;
        };
        let is_followed = self.is_observed || self.trace_hash.get().is_some();
        // Woken threads announce their calls first.
        let is_next = self.calls_left > 0 && self.process.woken.is_empty();
        if is_followed
            || self.has_interruptions
            || !is_next
            || !matches!(self.poll_reason, PollReason::Dispatched(_))
        {
            return None;
        }
        timed.uncontested_clock()
    }

    #[inline(always)]
    fn enter_uncontested(&mut self, thread: ThreadId, lock: LockId) -> Option<u32> {
        let owner = self.process.locks[lock.index()].owner();
        if owner.is_some_and(|owner| owner != thread) {
            return None;
        }
        answer(self.process.lock(thread, lock))
    }

    #[inline(always)]
    fn leave_uncontested(&mut self, thread: ThreadId, lock: LockId) -> Option<u32> {
        let object = &self.process.locks[lock.index()];
        if object.owner() != Some(thread) || object.waiters().next().is_some() {
            return None;
        }
        answer(self.process.unlock(thread, lock).ok()?)
    }

    /// The cost of the next call of a thread.
    #[inline(always)]
    pub(super) fn cost_of_call(&mut self, thread: ThreadId, class: CostClass) -> Duration {
        if let Some(cost) = self.cost_table.of_class(class).fixed() {
            return cost;
        }
        let call = self.enabled.pending(thread);
        let rng = || self.choices.counter_rng(COST, mix(self.key, call.key));
        let entry = &mut self.threads[thread.index()];
        // Keyed by thread and call: the costs of one thread do not depend on what others do.
        let word = entry.cost_word(call.calls, rng);
        self.cost_table.draw(class, word)
    }
}

fn answer(effect: Effect) -> Option<u32> {
    match effect {
        Effect::Answer(word) => Some(word),
        Effect::Blocked(_) | Effect::Environment | Effect::Raised(_) => None,
    }
}
