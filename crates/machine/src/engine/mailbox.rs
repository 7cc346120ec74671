//! The one slot between a program and the machine.
//!
//! Owns [`Mailbox`]. It refuses a second call while
//! one is pending: a modeled thread does one thing at a time.

use std::cell::Cell;
use std::fmt;
use std::panic;

use kernel::Instant;

use crate::call::ThreadId;
use crate::environment::Environment;
use crate::memory::heap_layout::HeapLayout;

/// What travels beside a call or its answer.
pub(crate) enum Payload<E: Environment> {
    /// A message being sent or received.
    Message(E::Message),
    /// A call of the environment.
    Call(E::Call),
    /// The environment's reply.
    Reply(E::Reply),
}

/// Whose turn it is to open the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// The program runs.
    Empty,
    /// The machine has a request to carry out.
    Asked,
    /// The program has an answer to read.
    Answered,
}

/// A thread's identity and its slot.
pub(crate) struct Mailbox<E: Environment> {
    slot: Cell<Slot>,
    word: Cell<u32>,
    parcel: Cell<Option<Payload<E>>>,
    now: Cell<Instant>,
    /// Whether anybody asks what the program remembers.
    pub(crate) is_watched: bool,
    remembered: Cell<Option<u64>>,
    pub(crate) id: ThreadId,
    pub(crate) number: u16,
    pub(crate) heap: HeapLayout,
}

impl<E: Environment> Mailbox<E> {
    /// A mailbox that is nobody's yet.
    pub(crate) fn new(heap: HeapLayout) -> Self {
        Self {
            slot: Cell::new(Slot::Empty),
            word: Cell::new(0),
            parcel: Cell::new(None),
            now: Cell::new(Instant::ZERO),
            is_watched: false,
            remembered: Cell::new(None),
            id: ThreadId(0),
            number: 0,
            heap,
        }
    }

    /// Another one on the same machine.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.heap)
    }

    /// Becomes the mailbox of a new thread.
    pub(crate) fn begin(&mut self, id: ThreadId, number: u16, is_watched: bool) {
        self.slot.set(Slot::Empty);
        self.parcel.set(None);
        self.remembered.set(None);
        self.now.set(Instant::ZERO);
        self.is_watched = is_watched;
        self.id = id;
        self.number = number;
    }

    /// The time of the thread's last completed call.
    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    pub(crate) fn set_now(&self, at: Instant) {
        assert!(at >= self.now.get(), "a thread's time never steps back");
        self.now.set(at);
    }

    /// The program, which makes a call at `site`, waits for no other.
    pub(crate) fn assert_empty(&self, site: &panic::Location<'_>) {
        assert!(
            self.slot.get() == Slot::Empty,
            "a program makes one call at a time: {site} called while another call was pending"
        );
    }

    /// The program waits for the answer to its call.
    pub(crate) fn ask(&self) {
        self.slot.set(Slot::Asked);
    }

    /// The answer to the program's call.
    pub(crate) fn take_answer(&self) -> u32 {
        assert!(
            self.slot.get() == Slot::Answered,
            "a program was polled without an answer to its call"
        );
        self.slot.set(Slot::Empty);
        self.word.get()
    }

    /// Whether the program asks for something.
    pub(crate) fn asks(&self) -> bool {
        self.slot.get() == Slot::Asked
    }

    pub(crate) fn answer(&self, word: u32) {
        assert_eq!(
            self.slot.get(),
            Slot::Asked,
            "only what was asked is answered"
        );
        self.word.set(word);
        self.slot.set(Slot::Answered);
    }

    pub(crate) fn put_parcel(&self, parcel: Payload<E>) {
        let before = self.parcel.replace(Some(parcel));
        assert!(before.is_none(), "one parcel at a time");
    }

    pub(crate) fn take_parcel(&self) -> Option<Payload<E>> {
        self.parcel.take()
    }

    /// The program says what it remembers.
    pub(crate) fn remember(&self, hash: u64) {
        self.remembered.set(Some(hash));
    }

    /// What the program said it remembers, if it did since the last time.
    pub(crate) fn take_remembered(&self) -> Option<u64> {
        self.remembered.take()
    }
}

impl<E: Environment> fmt::Debug for Payload<E> {
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
