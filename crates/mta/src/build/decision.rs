//! What a build can decide: the answers that [`Build`](crate::Build) gives.
//!
//! Owns one small set of answers for each question, with what every answer does. It refuses to
//! answer: builds do, and the programs carry the answers out.

/// What a session timeout does to a block whose connection is not open yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeoutAction {
    /// The block leaves service at once and waits for the transport's close request.
    TakeOutOfService,
    /// The transport is asked to close, and nothing else is touched.
    RequestClose,
    /// The socket is closed and the block goes back to the pool at once; the transport's close
    /// request comes down after that. No shipped build does this.
    Release,
}

/// What a close request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseAction {
    /// The driver closes the socket and gives the block back.
    Close,
    /// It is answered as done: whoever took the block out of service is believed to have
    /// released it.
    Acknowledge,
    /// It is answered as done, and event 9225 says that it came in a state that does not take it.
    Refuse,
    /// The driver gives the block back but leaves the socket open. No shipped build does this.
    ReleaseOnly,
}

/// What the driver does when a connect() has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectFailureAction {
    /// It tries again on the same socket, after the host's `connect_pause` (Q193894).
    Retry,
    /// It closes the connection and tells the transport.
    GiveUp,
}

/// What the driver does with a call for which no block is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmptyPoolAction {
    /// It accepts the call and closes it at once.
    Refuse,
    /// It leaves the call in the listener's backlog. No shipped build does this.
    LeaveInBacklog,
}

/// How threads agree on the pool's free list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FreeList {
    /// Under the guard of the pool, from the first look to the last write; the block that was
    /// given back last is taken first.
    Guarded,
    /// The same, but the guard is left and entered again between looking at the list and
    /// writing its head. No shipped build does this.
    GuardedByStep,
    /// Under the guard of the pool as a queue: the block that was given back first is taken
    /// first, so that each rests while others are used. No shipped build does this.
    GuardedQueue,
    /// By interlocked compare-and-exchange of the head, which is an address. Nobody asks for the
    /// guard of the pool. No shipped build does this.
    Interlocked,
    /// By interlocked compare-and-exchange of a head that also counts its changes, as the
    /// sequence number of NT's interlocked singly linked lists does. Nobody asks for the guard
    /// of the pool. No shipped build does this.
    InterlockedWithCount,
}

/// How the thread that waits for a wait array reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitArrayScan {
    /// The entries under the guard of the wait arrays, then the blocks under theirs.
    LocksInTurn,
    /// The blocks under their guard while that of the wait arrays is still held: one picture of
    /// both. No shipped build does this.
    LocksNested,
}

/// When the thread that waits for a wait array is woken to look at a change of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WakeTiming {
    /// After the change.
    AfterChange,
    /// Before it. No shipped build does this.
    BeforeChange,
}

/// When a driver thread that was woken resets its wake-up event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventReset {
    /// Before it looks for messages.
    BeforeDraining,
    /// Once it has found no more. No shipped build does this.
    AfterDraining,
}
