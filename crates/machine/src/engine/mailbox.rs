//! The slot between a thread's program and the engine.
//!
//! A program makes one call at a time. While the call is pending, the program's future is suspended;
//! the answer is in the mailbox when it is polled again.

use std::cell::Cell;
use std::fmt;
use std::panic;

use kernel::Instant;

use crate::call::ThreadId;
use crate::environment::Environment;
use crate::memory::heap_layout::HeapLayout;

/// What travels with a call or its answer, besides a word.
pub(crate) enum Attachment<E: Environment> {
    /// A message that is sent or received.
    Message(E::Message),
    /// A call of the environment.
    Call(E::Call),
    /// The environment's reply.
    Reply(E::Reply),
}

/// The state of the program's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallState {
    /// There is none: the program runs.
    None,
    /// The program is suspended in it.
    Pending,
    /// The answer is there for the program to read.
    Answered,
}

/// A thread's identity and its slot.
pub(crate) struct Mailbox<E: Environment> {
    call: Cell<CallState>,
    word: Cell<u32>,
    payload: Cell<Option<Attachment<E>>>,
    /// The time of the thread's last completed call.
    now: Cell<Instant>,
    /// Whether the search wants to know the program's declared state.
    pub(crate) tracks_state: bool,
    declared_state: Cell<Option<u64>>,
    pub(crate) id: ThreadId,
    pub(crate) number: u16,
    pub(crate) heap: HeapLayout,
}

impl<E: Environment> Mailbox<E> {
    /// A mailbox without a thread.
    pub(crate) fn new(heap: HeapLayout) -> Self {
        Self {
            call: Cell::new(CallState::None),
            word: Cell::new(0),
            payload: Cell::new(None),
            now: Cell::new(Instant::ZERO),
            tracks_state: false,
            declared_state: Cell::new(None),
            id: ThreadId(0),
            number: 0,
            heap,
        }
    }

    /// Becomes the mailbox of a new thread.
    pub(crate) fn init(&mut self, id: ThreadId, number: u16, tracks_state: bool) {
        self.call.set(CallState::None);
        self.payload.set(None);
        self.declared_state.set(None);
        // A mailbox is used again by a later run on the same machine, whose time starts anew.
        self.now.set(Instant::ZERO);
        self.tracks_state = tracks_state;
        self.id = id;
        self.number = number;
    }

    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    pub(crate) fn set_now(&self, at: Instant) {
        assert!(at >= self.now.get(), "a thread's time never goes back");
        self.now.set(at);
    }

    /// Checks that the program, which makes a call at `site`, has no other call pending.
    pub(crate) fn assert_no_call(&self, site: &panic::Location<'_>) {
        assert!(
            self.call.get() == CallState::None,
            "a program makes one call at a time: {site} called while another call was pending"
        );
    }

    /// The program is suspended in its call.
    pub(crate) fn suspend(&self) {
        self.call.set(CallState::Pending);
    }

    /// Whether the program is suspended in a call.
    pub(crate) fn is_suspended(&self) -> bool {
        self.call.get() == CallState::Pending
    }

    pub(crate) fn answer(&self, word: u32) {
        assert_eq!(
            self.call.get(),
            CallState::Pending,
            "only a pending call is answered"
        );
        self.word.set(word);
        self.call.set(CallState::Answered);
    }

    /// The program reads the answer.
    pub(crate) fn take_answer(&self) -> u32 {
        assert!(
            self.call.get() == CallState::Answered,
            "a program was polled without an answer to its call"
        );
        self.call.set(CallState::None);
        self.word.get()
    }

    pub(crate) fn put_payload(&self, payload: Attachment<E>) {
        let before = self.payload.replace(Some(payload));
        assert!(before.is_none(), "a mailbox holds one payload at a time");
    }

    pub(crate) fn take_payload(&self) -> Option<Attachment<E>> {
        self.payload.take()
    }

    /// The program declares its state.
    pub(crate) fn declare_state(&self, hash: u64) {
        self.declared_state.set(Some(hash));
    }

    /// The state that the program has declared since the last call of this function.
    pub(crate) fn take_declared_state(&self) -> Option<u64> {
        self.declared_state.take()
    }
}

impl<E: Environment> fmt::Debug for Attachment<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(formatter),
            Self::Call(call) => call.fmt(formatter),
            Self::Reply(reply) => reply.fmt(formatter),
        }
    }
}

impl<E: Environment> fmt::Debug for Mailbox<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Mailbox")
            .field("id", &self.id)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
