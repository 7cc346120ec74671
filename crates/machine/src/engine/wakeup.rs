//! How waits end: by a call, by a deadline, or by the environment.
//!
//! Under modeled time the program of a woken thread continues when the thread is dispatched: a thread
//! without a processor does nothing. The same holds for a stalled thread under any strategy.

use kernel::{Duration, Instant};

use crate::call::{Operation, Request, ThreadId};
use crate::engine::activity::{Activity, WokenBy};
use crate::engine::mailbox::Attachment;
use crate::engine::process::{DONE, TIMED_OUT, Woken};
use crate::engine::thread_state::ThreadState;
use crate::engine::{Answer, Engine, EngineExit, PollReason};
use crate::environment::Environment;
use crate::schedulers::pending_call::PreparedCall;
use crate::schedulers::priority_increment::Increment;
use crate::schedulers::scheduling_decision::SchedulingDecision;

impl<E: Environment> Engine<E> {
    /// A call or the environment has ended a wait. Returns what the machine has to deliver.
    pub(crate) fn wake(&mut self, woken: Woken<E>, at: Instant, by: WokenBy) -> Answer {
        let Woken { thread, message } = woken;
        let entry = &mut self.threads[thread.index()];
        assert_eq!(entry.state, ThreadState::Blocked, "{entry:?} waits");
        if let Some(deadline) = entry.deadline.take() {
            self.timers.remove(deadline, thread);
        }
        if let Some(observed) = &mut self.observed {
            let operation = &self.enabled.pending(thread).request.operation;
            observed.add_answer(thread, operation, DONE, at);
        }
        if let Some(message) = message {
            let payload = Attachment::Message(message);
            if let Some(observed) = &mut self.observed {
                observed.add_value(thread, &payload);
            }
            entry.mailbox.put_payload(payload);
        }
        self.make_ready(thread, DONE, at, by)
    }

    /// The deadline of a wait has come.
    pub(crate) fn expire(&mut self, at: Instant, thread: ThreadId) -> Answer {
        self.now = self.now.max(at);
        self.timers.remove(at, thread);
        let entry = &mut self.threads[thread.index()];
        assert_eq!(
            entry.deadline.take(),
            Some(at),
            "{entry:?} has this deadline"
        );
        let operation = self.enabled.pending(thread).request.operation;
        if let Some(observed) = &mut self.observed {
            observed.add_answer(thread, &operation, TIMED_OUT, at);
        }
        // Otherwise a later signal would be lost on a thread that no longer waits.
        self.process.cancel_wait(thread, &operation);
        self.make_ready(thread, TIMED_OUT, at, WokenBy::Deadline)
    }

    /// The environment replies to a thread's call.
    ///
    /// # Panics
    /// If the thread waits for no reply.
    pub(crate) fn reply(&mut self, thread: ThreadId, at: Instant, reply: E::Reply) -> Answer {
        let entry = &mut self.threads[thread.index()];
        assert_eq!(
            entry.state,
            ThreadState::Asking,
            "{entry:?} waits for no reply"
        );
        if let Some(observed) = &mut self.observed {
            let operation = &self.enabled.pending(thread).request.operation;
            observed.add_answer(thread, operation, DONE, at);
            observed.add_value(thread, &reply);
        }
        entry.mailbox.put_payload(Attachment::Reply(reply));
        self.make_ready(thread, DONE, at, WokenBy::Environment)
    }

    fn make_ready(&mut self, thread: ThreadId, word: u32, at: Instant, by: WokenBy) -> Answer {
        if let Some(activity) = &mut self.activity {
            activity.push(Activity::Woken { thread, at, by });
        }
        self.threads[thread.index()].state = ThreadState::Runnable;
        // Private time counts from the last shared call or wait.
        self.enabled.pending_mut(thread).private_time = Duration::ZERO;
        self.poll_reason = PollReason::Ready(at);
        Answer { at, word }
    }

    /// Leaves the answer to a woken thread's call until the thread is dispatched. Returns false if
    /// its program has to continue now.
    pub(crate) fn return_later(
        &mut self,
        thread: ThreadId,
        answer: Answer,
        increment: Increment,
    ) -> bool {
        let Answer { at, word } = answer;
        let entry = &mut self.threads[thread.index()];
        let is_stalled = entry.stalled_until > at;
        if !is_stalled && !self.dispatcher.dispatches_woken_threads() {
            return false;
        }
        entry.returns = Some(word);
        let at = at.max(entry.stalled_until);
        self.returning += 1;
        // Its wait is no pending call any more: an adversary would take it for one that blocks.
        let request = Request {
            operation: Operation::Work(Duration::ZERO),
            ..self.enabled.pending(thread).request
        };
        let call = PreparedCall::new(&request, &self.cost_table);
        self.enabled.set_pending(thread, &call);
        self.dispatcher
            .ready(&mut self.enabled, at, thread, Some(increment));
        true
    }

    /// The dispatched thread continues after its wait, if it has waited.
    pub(crate) fn return_from_wait(&mut self, dispatch: SchedulingDecision) -> Option<EngineExit> {
        let word = self.threads[dispatch.thread.index()].returns.take()?;
        self.returning -= 1;
        self.poll_reason = PollReason::Dispatched(dispatch);
        Some(EngineExit::Resume(dispatch, word))
    }
}
