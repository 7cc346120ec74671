//! Right fixes: at least one for each question that a wrong one decides badly.
//!
//! Owns the shipped fixes and variants of ours, each tried on every family; what is the right twin of
//! which wrong fix stands with the wrong one.

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
            Fix::of(OnePictureOneLock, family),
            Fix::of(ReleasedWhileConnecting, family),
            Fix::of(LongerTimerToo, family),
            Fix::of(FewerAttemptsToo, family),
        ]
    };
    Family::ALL.into_iter().flat_map(on_all).collect()
}

/// A close request that comes late releases the block: the fix of Q303102 on its own.
#[derive(Clone, Debug)]
pub(super) struct LateCloseReleases;

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

/// The timeout path touches nothing: the block is closed when the transport says so.
#[derive(Clone, Debug)]
pub(super) struct TimeoutOnlyAsks;

impl Build for TimeoutOnlyAsks {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_session_timeout(&self, _: BlockState) -> TimeoutAction {
        TimeoutAction::RequestClose
    }
}

/// One lock for everything, in a build that had none.
#[derive(Clone, Debug)]
pub(super) struct OneLock;

impl Build for OneLock {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_993_6
    }

    fn guard(&self, _: Structure, _: Operation) -> Option<LockName> {
        Some("the one lock")
    }

    fn checks_instance(&self) -> bool {
        true
    }

    fn asserts_owner(&self) -> bool {
        false
    }
}

/// The free list without a lock: its head counts its changes.
#[derive(Clone, Debug)]
pub(super) struct CountingHead;

impl Build for CountingHead {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn free_list(&self) -> FreeList {
        FreeList::InterlockedWithCount
    }
}

/// Blocks rest before they are used again, and everything else is as in the shipped fix.
#[derive(Clone, Debug)]
pub(super) struct Queue;

impl Build for Queue {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn free_list(&self) -> FreeList {
        FreeList::GuardedQueue
    }
}

/// Array and blocks are read in one picture, and there is but one lock to hold.
#[derive(Clone, Debug)]
pub(super) struct OnePictureOneLock;

impl Build for OnePictureOneLock {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn guard(&self, _: Structure, _: Operation) -> Option<LockName> {
        Some("the one lock")
    }

    fn wait_array_scan(&self) -> WaitArrayScan {
        WaitArrayScan::LocksNested
    }
}

/// The timeout path gives the block back while it is being connected, and whoever comes late finds
/// by the instance number that it is another's.
#[derive(Clone, Debug)]
pub(super) struct ReleasedWhileConnecting;

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

/// No session waits less than 360 s, and a close request that comes late is carried out all the
/// same.
#[derive(Clone, Debug)]
pub(super) struct LongerTimerToo;

impl Build for LongerTimerToo {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn session_timer(&self, configured: Duration) -> Duration {
        configured.max(Duration::from_secs(360))
    }
}

/// Two attempts to connect, and a close request that comes late is carried out all the same.
#[derive(Clone, Debug)]
pub(super) struct FewerAttemptsToo;

impl Build for FewerAttemptsToo {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn on_connect_failure(&self, attempt: u32, allowed: u32) -> ConnectFailureAction {
        if attempt >= allowed.min(2) {
            ConnectFailureAction::GiveUp
        } else {
            ConnectFailureAction::Retry
        }
    }
}
