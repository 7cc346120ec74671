//! How waits end.
//!
//! Owns what becomes of a thread whose wait a call, the world or time has ended. It refuses to let its
//! program go on: it says what the thread is to be told.

use kernel::{Duration, Instant};

use crate::call::ThreadId;
use crate::engine::activity::{Activity, WokenBy};
use crate::engine::mailbox::Payload;
use crate::engine::process::{DONE, TIMED_OUT, Woken};
use crate::engine::thread_state::ThreadState;
use crate::engine::{Answer, Engine, Reason};
use crate::environment::Environment;

impl<E: Environment> Engine<E> {
    /// The wait of a thread is over, which a call or the world has ended: it is to be told so.
    pub(crate) fn release(&mut self, woken: Woken<E>, at: Instant, waker: WokenBy) -> Answer {
        let Woken { thread, message } = woken;
        let running = &mut self.threads[thread.index()];
        assert_eq!(running.state, ThreadState::Blocked, "{running:?} waits");
        if let Some(deadline) = running.deadline.take() {
            self.timers.remove(&(deadline, thread));
        }
        if let Some(told) = &mut self.told {
            let operation = &self.candidates.of(thread).request.operation;
            told.answer(thread, operation, DONE, at);
        }
        if let Some(message) = message {
            let parcel = Payload::Message(message);
            if let Some(told) = &mut self.told {
                told.hear(thread, &parcel);
            }
            running.mailbox.put_parcel(parcel);
        }
        self.resume(thread, DONE, at, waker)
    }

    /// A wait's deadline has come: its thread is to be told so.
    pub(crate) fn expire(&mut self, at: Instant, thread: ThreadId) -> Answer {
        self.now = self.now.max(at);
        self.timers.remove(&(at, thread));
        let running = &mut self.threads[thread.index()];
        assert_eq!(
            running.deadline.take(),
            Some(at),
            "{running:?} has this deadline"
        );
        let operation = self.candidates.of(thread).request.operation;
        if let Some(told) = &mut self.told {
            told.answer(thread, &operation, TIMED_OUT, at);
        }
        self.process.give_up(thread, &operation);
        self.resume(thread, TIMED_OUT, at, WokenBy::Deadline)
    }

    /// The world answers: the thread is to be told so.
    ///
    /// # Panics
    /// If the thread waits for no reply.
    pub(crate) fn reply(&mut self, thread: ThreadId, at: Instant, reply: E::Reply) -> Answer {
        let running = &mut self.threads[thread.index()];
        assert_eq!(
            running.state,
            ThreadState::Asking,
            "{running:?} asked for nothing"
        );
        if let Some(told) = &mut self.told {
            let operation = &self.candidates.of(thread).request.operation;
            told.answer(thread, operation, DONE, at);
            told.hear(thread, &reply);
        }
        running.mailbox.put_parcel(Payload::Reply(reply));
        self.resume(thread, DONE, at, WokenBy::Environment)
    }

    fn resume(&mut self, thread: ThreadId, word: u32, at: Instant, waker: WokenBy) -> Answer {
        if let Some(seen) = &mut self.activity {
            seen.push(Activity::woken(thread, at, waker));
        }
        self.threads[thread.index()].state = ThreadState::Runnable;
        self.candidates.of_mut(thread).stretch = Duration::ZERO;
        self.reason = Reason::Ready(at);
        Answer { at, word }
    }
}
