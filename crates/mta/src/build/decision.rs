//! The answers that a [`Build`](crate::Build) can give, and what each of them does.

/// What happens to a block whose connection is not open when the session timer expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeoutAction {
    /// The block is taken out of service at once and waits for the transport's close request.
    TakeOutOfService,
    /// The transport is asked to close, and nothing else happens.
    RequestClose,
    /// The socket is closed and the block is released at once; the transport's close request comes
    /// later. No shipped build does this.
    Release,
}

/// What a close request of the transport does to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseAction {
    /// The driver closes the socket and releases the block.
    Close,
    /// WinSock's entry drops it and answers that the connection is gone, on the assumption that the
    /// thread which took the block out of service releases it. A driver that already has the request
    /// carries it out.
    Drop,
    /// The driver confirms the close and reports event 9225: a bad message type in this state.
    Refuse,
    /// The driver releases the block but leaves the socket open. No shipped build does this.
    ReleaseOnly,
}

/// What the driver does after a failed connect().
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectFailureAction {
    /// It calls connect() again on the same socket, after the host's `connect_pause` (Q193894).
    Retry,
    /// It closes the socket and sends the transport a close indication. The block waits for the
    /// answer.
    GiveUp,
}

/// What the driver does with an incoming call when no block is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmptyPoolAction {
    /// It accepts the call and closes the socket at once.
    Refuse,
    /// It leaves the call in the backlog of the listener. No shipped build does this.
    LeaveInBacklog,
}

/// How the pool's free list is synchronized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FreeList {
    /// A stack under the pool's lock, held from the first read to the last write: the block that
    /// was released last is allocated first.
    Guarded,
    /// The same, but the lock is released and acquired again between the read of the list and the
    /// write of its head. No shipped build does this.
    GuardedByStep,
    /// A queue under the pool's lock: the block that was released first is allocated first, so
    /// that a block stays free for as long as possible. No shipped build does this.
    GuardedQueue,
    /// A stack whose head, an address, is changed by interlocked compare-and-exchange, without the
    /// pool's lock. It has the ABA problem. No shipped build does this.
    Interlocked,
    /// The same with a head that also counts its changes, like the sequence number in the header
    /// of NT's interlocked singly linked lists. No shipped build does this.
    InterlockedWithCount,
}

/// How a driver thread locks the wait array and the blocks while it reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitArrayScan {
    /// One lock after the other: the array under its lock, then the blocks under theirs.
    LocksInTurn,
    /// Both locks at once: the blocks are read while the lock of the array is still held. No
    /// shipped build does this.
    LocksNested,
}

/// When the thread that waits for a wait array is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WakeTiming {
    /// After the array changes.
    AfterChange,
    /// Before the array changes. No shipped build does this.
    BeforeChange,
}

/// When a driver thread resets its wake-up event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventReset {
    /// Before it drains its message queue.
    BeforeDraining,
    /// After it has drained its message queue: a message that arrives in between is not noticed. No
    /// shipped build does this.
    AfterDraining,
}
