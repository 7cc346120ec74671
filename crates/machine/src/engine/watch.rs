//! A watch of words and messages: what oracles see without the help of the modeled program.
//!
//! Watching changes nothing: no call takes another course, and the race detector does not see it.

use kernel::Instant;

use crate::call::{ThreadId, WordAccess};
use crate::engine::record::Recorded;
use crate::memory::address::Address;
use crate::schedulers::scheduling_decision::SchedulingDecision;

/// What a watched machine did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched<R> {
    /// A program made a record.
    Record(Recorded<R>),
    /// A thread wrote a watched word, or read the first of them.
    Access(WatchedAccess),
    /// A thread took a message from a queue, or found it empty.
    Take {
        /// The thread.
        thread: ThreadId,
        /// What [`watched_message`](crate::Environment::watched_message) says of the message.
        message: Option<u64>,
    },
}

/// An access to a watched word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedAccess {
    /// When it was made.
    pub at: Instant,
    /// The thread.
    pub thread: ThreadId,
    /// The address of the word.
    pub address: Address,
    /// The word after the access.
    pub value: u32,
    /// Whether it stored a word.
    pub writes: bool,
}

/// The words that are watched, and what was seen since the last time.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    first: Address,
    /// Zero while nothing is watched.
    bytes: u32,
    notes: Vec<Note>,
    /// The threads whose latest message was noted.
    have_message: Vec<ThreadId>,
}

/// A note. Records are kept elsewhere; here is only their place in the order.
#[derive(Debug)]
pub(crate) enum Note {
    Record,
    Access(WatchedAccess),
    Take(ThreadId, Option<u64>),
}

impl Watch {
    pub(crate) fn start(&mut self, first: Address, bytes: u32) {
        (self.first, self.bytes) = (first, bytes);
    }

    /// Forgets what was seen, but goes on.
    pub(crate) fn reset(&mut self) {
        self.notes.clear();
        self.have_message.clear();
    }

    #[inline(always)]
    pub(crate) const fn covers(&self, address: Address) -> bool {
        address.0.wrapping_sub(self.first.0) < self.bytes
    }

    #[inline(never)]
    pub(crate) fn on_access(
        &mut self,
        dispatch: SchedulingDecision,
        access: &WordAccess,
        old: u32,
    ) {
        let writes = access.stores(old);
        if writes || access.address == self.first {
            self.notes.push(Note::Access(WatchedAccess {
                at: dispatch.at,
                thread: dispatch.thread,
                address: access.address,
                value: access.apply(old),
                writes,
            }));
        }
    }

    pub(crate) fn on_record(&mut self) {
        if self.bytes > 0 {
            self.notes.push(Note::Record);
        }
    }

    /// A thread takes this from a queue. Of messages about which nothing is noted only the first
    /// after a noted one matters: it ends the work on that.
    pub(crate) fn on_take(&mut self, thread: ThreadId, message: Option<u64>) {
        let had = self.have_message.iter().position(|it| *it == thread);
        if self.bytes == 0 || (message.is_none() && had.is_none()) {
            return;
        }
        match (had, message) {
            (Some(place), None) => {
                self.have_message.swap_remove(place);
            }
            (None, Some(_)) => self.have_message.push(thread),
            _ => {}
        }
        self.notes.push(Note::Take(thread, message));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    pub(crate) fn drain(&mut self) -> std::vec::Drain<'_, Note> {
        self.notes.drain(..)
    }
}
