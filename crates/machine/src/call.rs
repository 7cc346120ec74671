//! The calls that a modeled thread can make, as plain data.
//!
//! A [`Request`] says everything that a scheduler needs to know about a call before it happens.
//! Messages and the environment's own calls travel separately, as the engine's payloads.

use std::panic;

use kernel::{Duration, Instant};

pub use crate::ids::{EventId, LockId, QueueId, SemaphoreId, ThreadId};
use crate::memory::address::{Address, Location};

/// Where in the program's source a call is made.
pub type CallSite = &'static panic::Location<'static>;

/// One call of a modeled thread. Each is one scheduling point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads a word.
    Read(Location),
    /// Writes a word.
    Write(Location, u32),
    /// Interlocked: writes a word and returns the old one.
    Exchange(Location, u32),
    /// Interlocked: writes `new` if the word is `expected`, and returns the old word.
    CompareExchange {
        /// The word.
        location: Location,
        /// The value that it must have.
        expected: u32,
        /// The value to write.
        new: u32,
    },
    /// Interlocked: adds to a word, modulo 2^32, and returns the old one.
    FetchAdd(Location, u32),
    /// Enters a critical section.
    Lock(LockId),
    /// Leaves a critical section.
    Unlock(LockId),
    /// Waits for a semaphore, at most until this instant.
    Wait(SemaphoreId, Instant),
    /// Increments a semaphore.
    Signal(SemaphoreId),
    /// Waits for an NT event object, at most until this instant.
    WaitEvent(EventId, Instant),
    /// Sets an NT event object.
    SetEvent(EventId),
    /// Resets an NT event object.
    ResetEvent(EventId),
    /// Puts a message into a queue; blocks while the queue is full.
    Send(QueueId),
    /// Takes a message from a queue; blocks while the queue is empty, at most until this instant.
    Receive(QueueId, Instant),
    /// Sleeps until this instant.
    Sleep(Instant),
    /// Computes for this long without touching shared state.
    Work(Duration),
    /// Makes a call that only the environment can answer.
    Environment(EnvironmentCall),
    /// Raises an exception with this code.
    Raise(u32),
}

/// The effect of a call on a word, worked out when the call is announced.
///
/// Reads, writes and interlocked operations then share one code path without branches on the kind:
/// threads alternate at random, so the processor would mispredict such branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct WordAccess {
    /// The value to store, if one is stored, or to add.
    pub(crate) new: u32,
    pub(crate) address: Address,
    expected: u32,
    /// See [`Operation::number`].
    pub(crate) number: u8,
    /// Whether the call touches a word at all.
    pub(crate) touches: bool,
    writes: bool,
    compares: bool,
    adds: bool,
}

impl WordAccess {
    /// Whether the call stores a word, if the word was `old` before.
    pub(crate) const fn stores(&self, old: u32) -> bool {
        self.writes | (self.compares & (self.expected == old))
    }

    /// The word after the call, if it was `old` before.
    pub(crate) const fn apply(&self, old: u32) -> u32 {
        let stores = self.stores(old);
        // A mask of all ones or all zeroes instead of a branch.
        let mask = (stores as u32).wrapping_neg();
        let summand = old & (self.adds as u32).wrapping_neg();
        (self.new.wrapping_add(summand) & mask) | (old & !mask)
    }
}

/// Which other environment calls an environment call depends on, in the sense of partial-order
/// reduction: two independent calls commute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnvironmentDependence {
    /// It may depend on every other call.
    #[default]
    All,
    /// It sets the signal with this key and does nothing else. Two such calls commute.
    Signals(u64),
    /// It tests or resets the signal with this key, and may do other things.
    Observes(u64),
    /// It neither sets nor observes a signal, but may do other things.
    NoSignal,
}

/// What a machine knows about a call of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentCall {
    /// Which other environment calls it depends on.
    pub dependence: EnvironmentDependence,
    /// Whether it costs as much as an operation on an event object, which needs no driver.
    pub is_object_call: bool,
}

impl EnvironmentDependence {
    /// Whether the order of two environment calls may matter.
    #[must_use]
    pub fn conflicts(self, other: Self) -> bool {
        match (self, other) {
            (Self::Signals(_), Self::Signals(_) | Self::NoSignal)
            | (Self::NoSignal, Self::Signals(_)) => false,
            (Self::Signals(set), Self::Observes(observed))
            | (Self::Observes(observed), Self::Signals(set)) => set == observed,
            _ => true,
        }
    }
}

/// A shared resource that a call works on: a word, a kernel object, or the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(u64);

/// Operations with the same cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostClass {
    /// A plain read or write.
    Access,
    /// An interlocked operation.
    Interlocked,
    /// Entering or leaving a critical section.
    Lock,
    /// An operation on a semaphore or NT event object.
    Object,
    /// Sending or receiving a message.
    Queue,
    /// Going to sleep, or raising an exception.
    System,
    /// Computing: the call carries its own cost.
    Work,
    /// A call of the environment.
    Environment,
}

/// The operations that a [preemption](crate::Preemption) can name: those on a named word or
/// critical section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationKind {
    /// Reading a word.
    Read,
    /// Writing a word.
    Write,
    /// An interlocked operation on a word.
    Interlocked,
    /// Entering a critical section.
    Enter,
}

/// The code that makes a call. The heap's own code may touch words that a program must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The program itself.
    Program,
    /// The heap, on behalf of the program.
    Heap,
}

/// A call, who makes it, and where in the program's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The call.
    pub operation: Operation,
    /// The code that makes it.
    pub actor: Actor,
    /// The line of the program that makes it.
    pub site: CallSite,
}

impl Operation {
    /// The class that decides its cost.
    #[must_use]
    pub const fn cost_class(&self) -> CostClass {
        match self {
            Self::Read(_) | Self::Write(..) => CostClass::Access,
            Self::Exchange(..) | Self::CompareExchange { .. } | Self::FetchAdd(..) => {
                CostClass::Interlocked
            }
            Self::Lock(_) | Self::Unlock(_) => CostClass::Lock,
            Self::Wait(..)
            | Self::Signal(_)
            | Self::WaitEvent(..)
            | Self::SetEvent(_)
            | Self::ResetEvent(_) => CostClass::Object,
            Self::Send(_) | Self::Receive(..) => CostClass::Queue,
            Self::Sleep(_) | Self::Raise(_) => CostClass::System,
            Self::Work(_) => CostClass::Work,
            Self::Environment(EnvironmentCall {
                is_object_call: true,
                ..
            }) => CostClass::Object,
            Self::Environment(_) => CostClass::Environment,
        }
    }

    /// A number for each variant, from one. It is part of the trace hash and indexes the cost table.
    // The numbers go into the trace hash, and with it into digests: they stay, whatever is added.
    pub(crate) const fn number(&self) -> u8 {
        match self {
            Self::Read(_) => 1,
            Self::Write(..) => 2,
            Self::Exchange(..) => 3,
            Self::CompareExchange { .. } => 4,
            Self::Lock(_) => 5,
            Self::Unlock(_) => 6,
            Self::Wait(..) => 7,
            Self::Signal(_) => 8,
            Self::WaitEvent(..) => 9,
            Self::SetEvent(_) => 10,
            Self::ResetEvent(_) => 11,
            Self::Send(_) => 12,
            Self::Receive(..) => 13,
            Self::Sleep(_) => 14,
            Self::Work(_) => 15,
            Self::Environment(_) => 16,
            Self::Raise(_) => 17,
            Self::FetchAdd(..) => 18,
        }
    }

    /// The kind by which a preemption names it; `None` if a preemption cannot name it.
    #[must_use]
    pub const fn operation_kind(&self) -> Option<OperationKind> {
        match self {
            Self::Read(_) => Some(OperationKind::Read),
            Self::Write(..) => Some(OperationKind::Write),
            Self::Exchange(..) | Self::CompareExchange { .. } | Self::FetchAdd(..) => {
                Some(OperationKind::Interlocked)
            }
            Self::Lock(_) => Some(OperationKind::Enter),
            Self::Unlock(_)
            | Self::Wait(..)
            | Self::Signal(_)
            | Self::WaitEvent(..)
            | Self::SetEvent(_)
            | Self::ResetEvent(_)
            | Self::Send(_)
            | Self::Receive(..)
            | Self::Sleep(_)
            | Self::Work(_)
            | Self::Environment(_)
            | Self::Raise(_) => None,
        }
    }

    /// Whether the call touches nothing shared ("invisible" in the terms of partial-order
    /// reduction): its order relative to other threads' calls cannot matter.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        matches!(self, Self::Work(_))
    }

    /// Whether a scheduler must not treat it as an ordinary choice: it is private, or may block.
    pub(crate) const fn is_special(&self) -> bool {
        self.is_private() || self.may_block()
    }

    /// Whether the call may change its resource: everything except reading a word.
    pub(crate) const fn is_write(&self) -> bool {
        !matches!(self, Self::Read(_))
    }

    /// Whether the call may block: until a lock is free, a message or signal arrives, or time passes.
    #[must_use]
    pub const fn may_block(&self) -> bool {
        matches!(
            self,
            Self::Lock(_)
                | Self::Wait(..)
                | Self::WaitEvent(..)
                | Self::Send(_)
                | Self::Receive(..)
                | Self::Sleep(_)
        )
    }

    /// The word that the call touches, if any.
    #[must_use]
    pub const fn location(&self) -> Option<Location> {
        match self {
            Self::Read(location)
            | Self::Write(location, _)
            | Self::Exchange(location, _)
            | Self::CompareExchange { location, .. }
            | Self::FetchAdd(location, _) => Some(*location),
            Self::Lock(_)
            | Self::Unlock(_)
            | Self::Wait(..)
            | Self::Signal(_)
            | Self::WaitEvent(..)
            | Self::SetEvent(_)
            | Self::ResetEvent(_)
            | Self::Send(_)
            | Self::Receive(..)
            | Self::Sleep(_)
            | Self::Work(_)
            | Self::Environment(_)
            | Self::Raise(_) => None,
        }
    }

    /// Its effect on a word; a value with `touches` unset if it touches none.
    #[inline(always)]
    pub(crate) const fn word_access(&self) -> WordAccess {
        let (new, expected) =
            if let Self::Write(_, new) | Self::Exchange(_, new) | Self::FetchAdd(_, new) = self {
                (*new, 0)
            } else if let Self::CompareExchange { expected, new, .. } = self {
                (*new, *expected)
            } else {
                (0, 0)
            };
        let location = self.location();
        WordAccess {
            new,
            address: match location {
                Some(location) => location.address,
                None => Address::NULL,
            },
            expected,
            number: self.number(),
            touches: location.is_some(),
            writes: matches!(
                self,
                Self::Write(..) | Self::Exchange(..) | Self::FetchAdd(..)
            ),
            compares: matches!(self, Self::CompareExchange { .. }),
            adds: matches!(self, Self::FetchAdd(..)),
        }
    }

    /// The shared resource that the call works on, if any.
    #[must_use]
    pub fn resource(&self) -> Option<Resource> {
        let word = self
            .location()
            .map(|location| u64::from(location.address.0));
        // Addresses have 32 bits; the upper half of the number keeps objects apart from words.
        let numbered = |(class, number)| (class as u64 + 1) << 32 | u64::from(number);
        word.or_else(|| self.object().map(numbered)).map(Resource)
    }

    /// Whether two calls of different threads are dependent: their order may change the result.
    ///
    /// This relation knows only the two calls; the scheduler `pos` builds on it. The exhaustive search,
    /// which knows the state in which a call was made, has a finer one: `dpor/dependence`.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        if let (Some(mine), Some(theirs)) = (self.location(), other.location()) {
            let reads = matches!(self, Self::Read(_)) && matches!(other, Self::Read(_));
            // Two reads commute. Interlocked operations count as writes, whether they store or not.
            return mine.address == theirs.address && !reads;
        }
        // Environment calls share one resource; the environment says which of them commute.
        if let (Self::Environment(mine), Self::Environment(theirs)) = (self, other) {
            return mine.dependence.conflicts(theirs.dependence);
        }
        let object = self.object();
        object.is_some() && object == other.object()
    }

    /// The kernel object that the call works on, as a class and a number.
    #[must_use]
    pub const fn object(&self) -> Option<(CostClass, u32)> {
        // Semaphores and event objects share a class: the top bit keeps them apart.
        const EVENTS: u32 = 1 << 31;
        match self {
            Self::Lock(lock) | Self::Unlock(lock) => Some((CostClass::Lock, lock.0)),
            Self::Wait(semaphore, _) | Self::Signal(semaphore) => {
                Some((CostClass::Object, semaphore.0))
            }
            Self::WaitEvent(event, _) | Self::SetEvent(event) | Self::ResetEvent(event) => {
                Some((CostClass::Object, EVENTS | event.0))
            }
            Self::Send(queue) | Self::Receive(queue, _) => Some((CostClass::Queue, queue.0)),
            Self::Environment(_) => Some((CostClass::Environment, 0)),
            Self::Read(_)
            | Self::Write(..)
            | Self::Exchange(..)
            | Self::CompareExchange { .. }
            | Self::FetchAdd(..)
            | Self::Sleep(_)
            | Self::Work(_)
            | Self::Raise(_) => None,
        }
    }
}
