//! Right fixes: the shipped ones and our variants, each tried on every family.

use mtasim::prelude::*;

use super::Fix;
use super::families::Family;

pub(super) fn gallery() -> Vec<Fix> {
    let on_all = |family| {
        [
            Fix::of(Shipped::EXCHANGE_4_0_994_2, family),
            Fix::of(Shipped::EXCHANGE_5_5_2655_16, family),
            Fix::of(Shipped::EXCHANGE_6_0_4720_14, family),
            Fix::of(LateCloseReleases, family),
            Fix::of(TimeoutOnlyAsks, family),
            Fix::of(OneLock, family),
            Fix::of(CountingHead, family),
            Fix::of(Queue, family),
            Fix::of(SnapshotUnderOneLock, family),
            Fix::of(ReleasedWhileConnecting, family),
            Fix::of(LongerTimerToo, family),
            Fix::of(FewerAttemptsToo, family),
        ]
    };
    Family::ALL.into_iter().flat_map(on_all).collect()
}

/// A late close request releases the block: the fix of Q303102 alone.
#[derive(Clone, Debug)]
pub(crate) struct LateCloseReleases;

impl Build for LateCloseReleases {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_close_request(&self, state: BlockState) -> CloseAction {
        if state == BlockState::OutOfService {
            return CloseAction::Close;
        }
        self.base().on_close_request(state)
    }
}

/// The timeout path only requests a close: the transport closes the block.
#[derive(Clone, Debug)]
pub(crate) struct TimeoutOnlyAsks;

impl Build for TimeoutOnlyAsks {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_session_timeout(&self, _: BlockState) -> TimeoutAction {
        TimeoutAction::RequestClose
    }
}

/// One lock for everything, in a build without locks.
#[derive(Clone, Debug)]
pub(crate) struct OneLock;

impl Build for OneLock {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_993_6
    }

    fn guard(&self, _: Structure, _: StructureOperation) -> Option<LockName> {
        Some("the one lock")
    }

    fn checks_instance(&self) -> bool {
        true
    }

    fn asserts_owner(&self) -> bool {
        false
    }
}

/// A free list without a lock whose head counts its changes.
#[derive(Clone, Debug)]
pub(crate) struct CountingHead;

impl Build for CountingHead {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn free_list(&self) -> FreeList {
        FreeList::InterlockedWithCount
    }
}

/// The shipped fix with a free list that reuses the least recently released block.
#[derive(Clone, Debug)]
pub(crate) struct Queue;

impl Build for Queue {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn free_list(&self) -> FreeList {
        FreeList::GuardedQueue
    }
}

/// Array and blocks are read as one snapshot, under a single lock.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotUnderOneLock;

impl Build for SnapshotUnderOneLock {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn guard(&self, _: Structure, _: StructureOperation) -> Option<LockName> {
        Some("the one lock")
    }

    fn wait_array_scan(&self) -> WaitArrayScan {
        WaitArrayScan::LocksNested
    }
}

/// The timeout path releases the block while it is connecting; a late request sees by the instance
/// number that the block is used by another.
#[derive(Clone, Debug)]
pub(crate) struct ReleasedWhileConnecting;

impl Build for ReleasedWhileConnecting {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        if state == BlockState::Connecting {
            return TimeoutAction::Release;
        }
        self.base().on_session_timeout(state)
    }
}

/// No session waits less than 360 s, and late close requests are carried out.
#[derive(Clone, Debug)]
pub(crate) struct LongerTimerToo;

impl Build for LongerTimerToo {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn session_timer(&self, configured: Duration) -> Duration {
        configured.max(Duration::from_secs(360))
    }
}

/// Two attempts to connect, and late close requests are carried out.
#[derive(Clone, Debug)]
pub(crate) struct FewerAttemptsToo;

impl Build for FewerAttemptsToo {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn on_connect_failure(&self, failure: ConnectFailure) -> ConnectFailureAction {
        self.base().on_connect_failure(ConnectFailure {
            allowed: failure.allowed.min(2),
            ..failure
        })
    }
}
