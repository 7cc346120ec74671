//! What a modeled thread may ask for: the calls, as plain data.
//!
//! Owns [`Operation`], [`Request`] and the identities of threads and kernel objects. The data
//! is complete enough for a scheduler to see what a thread is about to do before it does it.
//! It refuses to carry messages and the environment's calls: those travel beside it.

use std::panic;

use kernel::{Duration, Instant};

use crate::memory::address::{Address, Location};

macro_rules! identities {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// Its place in the order of creation, from zero.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

identities! {
    /// A modeled thread, numbered in the order of creation.
    ThreadId;
    /// A critical section.
    LockId;
    /// A semaphore.
    SemaphoreId;
    /// An NT event object.
    EventId;
    /// A bounded queue of messages.
    QueueId;
}

/// One call of a modeled thread. Each is one scheduling point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read a word.
    Read(Location),
    /// Write a word.
    Write(Location, u32),
    /// Interlocked: write a word and learn what was there.
    Exchange(Location, u32),
    /// Interlocked: write `new` if the word is `expected`; learn what was there.
    CompareExchange {
        /// The word.
        place: Location,
        /// What must be there.
        expected: u32,
        /// What shall be there.
        new: u32,
    },
    /// Enter a critical section.
    Lock(LockId),
    /// Leave a critical section.
    Unlock(LockId),
    /// Take one from a semaphore, at the latest at this instant.
    Wait(SemaphoreId, Instant),
    /// Give one to a semaphore.
    Signal(SemaphoreId),
    /// Wait for an NT event object, at the latest until this instant.
    WaitEvent(EventId, Instant),
    /// Set an NT event object.
    SetEvent(EventId),
    /// Reset an NT event object.
    ResetEvent(EventId),
    /// Put a message into a queue, waiting while it is full.
    Send(QueueId),
    /// Take a message from a queue, waiting while it is empty, at the latest until this instant.
    Receive(QueueId, Instant),
    /// Do nothing until this instant.
    Sleep(Instant),
    /// Compute without touching anything shared for this long.
    Work(Duration),
    /// A call that only the environment can answer.
    Environment(Dependence),
    /// Raise an exception of this code.
    Raise(u32),
}

/// What a call does to a word, made ready when the call is announced: whoever makes it need not ask
/// of what kind it is, and no processor must guess, for threads take turns by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct WordAccess {
    /// What is put there, if anything is.
    pub(crate) put: u32,
    pub(crate) address: Address,
    expected: u32,
    /// The operation's own number.
    pub(crate) number: u8,
    /// Whether a word is touched at all.
    pub(crate) touches: bool,
    writes: bool,
    compares: bool,
}

impl WordAccess {
    /// What lies there when the call is done, where `was` lay before.
    pub(crate) const fn leaves(&self, was: u32) -> u32 {
        let puts = self.writes | (self.compares & (self.expected == was));
        // All ones or none: a mask is never guessed wrong.
        let mask = (puts as u32).wrapping_neg();
        (self.put & mask) | (was & !mask)
    }
}

/// Which calls of the environment may be exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dependence {
    /// None: it may depend on all others.
    #[default]
    All,
    /// Signals this, and neither looks at anything nor changes anything else: two that signal may
    /// be exchanged.
    Signals(u64),
    /// Looks at whether this is signalled, or takes that back, besides anything else.
    Observes(u64),
    /// Has to do with no signal, but with anything else.
    NoSignal,
}

impl Dependence {
    /// Whether two calls of the environment may give another result in the other order.
    #[must_use]
    pub fn conflicts(self, other: Self) -> bool {
        match (self, other) {
            (Self::Signals(_), Self::Signals(_) | Self::NoSignal)
            | (Self::NoSignal, Self::Signals(_)) => false,
            (Self::Signals(signal), Self::Observes(to))
            | (Self::Observes(to), Self::Signals(signal)) => signal == to,
            _ => true,
        }
    }
}

/// Something shared that calls are about: a word, a kernel object, or the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(u64);

/// The kinds of [`Operation`] that cost differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostClass {
    /// A plain read or write.
    Access,
    /// An interlocked operation.
    Interlocked,
    /// Entering or leaving a critical section.
    Lock,
    /// A semaphore or NT event object.
    Object,
    /// Sending or receiving a message.
    Queue,
    /// Going to sleep, or raising an exception.
    System,
    /// Computing: costs what it says.
    Work,
    /// A call of the environment.
    Environment,
}

/// What a preemption can stand before: the calls by which threads meet, as far as a name says
/// where.
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

/// Whose hand touches a word: the heap may touch what a program must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The program itself.
    Program,
    /// The heap's own code, on behalf of the program.
    Heap,
}

/// A call together with who makes it and where in the program's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub operation: Operation,
    /// Whose hand.
    pub actor: Actor,
    /// The line of the program.
    pub site: &'static panic::Location<'static>,
}

impl Operation {
    /// What kind of call it is, as far as its cost goes.
    #[must_use]
    pub const fn kind(&self) -> CostClass {
        match self {
            Self::Read(_) | Self::Write(..) => CostClass::Access,
            Self::Exchange(..) | Self::CompareExchange { .. } => CostClass::Interlocked,
            Self::Lock(_) | Self::Unlock(_) => CostClass::Lock,
            Self::Wait(..)
            | Self::Signal(_)
            | Self::WaitEvent(..)
            | Self::SetEvent(_)
            | Self::ResetEvent(_) => CostClass::Object,
            Self::Send(_) | Self::Receive(..) => CostClass::Queue,
            Self::Sleep(_) | Self::Raise(_) => CostClass::System,
            Self::Work(_) => CostClass::Work,
            Self::Environment(_) => CostClass::Environment,
        }
    }

    /// Each operation's own number, from one.
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
        }
    }

    /// What a preemption knows the call by, if it can stand before it.
    #[must_use]
    pub const fn operation_kind(&self) -> Option<OperationKind> {
        match self {
            Self::Read(_) => Some(OperationKind::Read),
            Self::Write(..) => Some(OperationKind::Write),
            Self::Exchange(..) | Self::CompareExchange { .. } => Some(OperationKind::Interlocked),
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

    /// Whether nobody else can notice the call: it touches nothing shared.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        matches!(self, Self::Work(_))
    }

    /// Whether it takes more than a scheduler's choice to say when the call is made: it is private,
    /// or may have to wait.
    pub(crate) const fn is_special(&self) -> bool {
        self.is_private() || self.may_wait()
    }

    /// Whether the call may change what it is about: all do but reading a word.
    pub(crate) const fn changes(&self) -> bool {
        !matches!(self, Self::Read(_))
    }

    /// Whether the call may have to wait: for a thread, a message, a signal or time.
    #[must_use]
    pub const fn may_wait(&self) -> bool {
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

    /// The word that is touched, if the call touches one.
    #[must_use]
    pub const fn location(&self) -> Option<Location> {
        match self {
            Self::Read(place)
            | Self::Write(place, _)
            | Self::Exchange(place, _)
            | Self::CompareExchange { place, .. } => Some(*place),
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

    /// What the call does to a word, if it touches one.
    pub(crate) const fn on_word(&self) -> WordAccess {
        let (put, expected) = if let Self::Write(_, new) | Self::Exchange(_, new) = self {
            (*new, 0)
        } else if let Self::CompareExchange { expected, new, .. } = self {
            (*new, *expected)
        } else {
            (0, 0)
        };
        let place = self.location();
        WordAccess {
            put,
            address: match place {
                Some(place) => place.address,
                None => Address::NULL,
            },
            expected,
            number: self.number(),
            touches: place.is_some(),
            writes: matches!(self, Self::Write(..) | Self::Exchange(..)),
            compares: matches!(self, Self::CompareExchange { .. }),
        }
    }

    /// What the call is about, if it is about something shared.
    #[must_use]
    pub fn resource(&self) -> Option<Resource> {
        let word = self.location().map(|place| u64::from(place.address.0));
        let object = || self.object();
        let numbered = |(kind, number)| (kind as u64 + 1) << 32 | u64::from(number);
        word.or_else(|| object().map(numbered)).map(Resource)
    }

    /// Whether two calls of different threads may give another result in the other order: the
    /// relation that partial-order schedulers work with.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        if let (Some(mine), Some(theirs)) = (self.location(), other.location()) {
            let reads = matches!(self, Self::Read(_)) && matches!(other, Self::Read(_));
            return mine.address == theirs.address && !reads;
        }
        if let (Self::Environment(mine), Self::Environment(theirs)) = (self, other) {
            return mine.conflicts(*theirs);
        }
        let object = self.object();
        object.is_some() && object == other.object()
    }

    /// The kernel object the call works on, as a pair of kind and number.
    #[must_use]
    pub const fn object(&self) -> Option<(CostClass, u32)> {
        // Semaphores and event objects share a kind: the upper half tells them apart.
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
            | Self::Sleep(_)
            | Self::Work(_)
            | Self::Raise(_) => None,
        }
    }
}
