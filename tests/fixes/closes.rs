//! Both readings of Q303102, and wrong fixes of it: which thread releases a block, and when.

use mtasim::prelude::*;

use super::Wrong;
use super::families::Family;
use super::right::{
    FewerAttemptsToo, LateCloseReleases, LongerTimerToo, Queue, ReleasedWhileConnecting,
    TimeoutOnlyAsks,
};

pub(super) fn gallery() -> Vec<Wrong> {
    vec![
        // The two readings of the article themselves (docs/decisions/0012-readings-of-q303102.md).
        Wrong::of(
            Shipped::EXCHANGE_5_5_2653_23,
            Shipped::EXCHANGE_5_5_2655_16,
            Family::Any,
            never_leaks,
            30,
        ),
        Wrong::of(
            Shipped::EXCHANGE_5_5_2653_23_B,
            Shipped::EXCHANGE_5_5_2655_16,
            Family::Stalls,
            never_leaks,
            250,
        ),
        Wrong::of(
            InstanceIgnored,
            ReleasedWhileConnecting,
            Family::Stalls,
            never_corrupts,
            40,
        ),
        Wrong::of(DelayedReuse, Queue, Family::Stalls, never_corrupts, 150),
        Wrong::of(
            SocketLeftOpen,
            LateCloseReleases,
            Family::Any,
            never_leaks,
            20,
        ),
        Wrong::of(
            ReleasedByBoth,
            TimeoutOnlyAsks,
            Family::Any,
            never_corrupts,
            20,
        ),
        Wrong::of(LongerTimer, LongerTimerToo, Family::Any, never_leaks, 50),
        Wrong::of(
            FewerAttempts,
            FewerAttemptsToo,
            Family::Any,
            never_leaks,
            30,
        ),
        Wrong::of(
            ReleasedAtTimeout,
            TimeoutOnlyAsks,
            Family::Stalls,
            never_corrupts,
            80,
        ),
    ]
}

const UNFIXED: Shipped = Shipped::EXCHANGE_5_5_2653_23;

/// The timeout path releases the block itself, in every state. An open request in progress then
/// finds a free block.
#[derive(Clone, Debug)]
pub(crate) struct ReleasedAtTimeout;

impl Build for ReleasedAtTimeout {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, _: BlockState) -> TimeoutAction {
        TimeoutAction::Release
    }
}

/// The timeout path releases the block while it is connecting, and instance numbers are not
/// checked: a later close request closes whatever instance uses the block by then.
#[derive(Clone, Debug)]
pub(crate) struct InstanceIgnored;

impl Build for InstanceIgnored {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        if state == BlockState::Connecting {
            return TimeoutAction::Release;
        }
        UNFIXED.on_session_timeout(state)
    }

    fn checks_instance(&self) -> bool {
        false
    }
}

/// A late close request releases the block but does not close its socket.
#[derive(Clone, Debug)]
pub(crate) struct SocketLeftOpen;

impl Build for SocketLeftOpen {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_close_request(&self, state: BlockState) -> CloseAction {
        if state == BlockState::OutOfService {
            return CloseAction::ReleaseOnly;
        }
        UNFIXED.on_close_request(state)
    }
}

/// The timeout path and the late close request both release the block.
#[derive(Clone, Debug)]
pub(crate) struct ReleasedByBoth;

impl Build for ReleasedByBoth {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        if state == BlockState::Connecting {
            return TimeoutAction::Release;
        }
        UNFIXED.on_session_timeout(state)
    }

    fn on_close_request(&self, _: BlockState) -> CloseAction {
        CloseAction::Close
    }
}

/// As `InstanceIgnored`, but a released block is reused only after others.
#[derive(Clone, Debug)]
pub(crate) struct DelayedReuse;

impl Build for DelayedReuse {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> TimeoutAction {
        InstanceIgnored.on_session_timeout(state)
    }

    fn checks_instance(&self) -> bool {
        false
    }

    fn free_list(&self) -> FreeList {
        FreeList::GuardedQueue
    }
}

/// The workaround of Q193894 as a fix: no session waits less than 360 s.
#[derive(Clone, Debug)]
pub(crate) struct LongerTimer;

impl Build for LongerTimer {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn session_timer(&self, configured: Duration) -> Duration {
        configured.max(Duration::from_secs(360))
    }
}

/// The reverse: two attempts of 45 s end before the 120 s of the session.
#[derive(Clone, Debug)]
pub(crate) struct FewerAttempts;

impl Build for FewerAttempts {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_connect_failure(&self, failure: ConnectFailure) -> ConnectFailureAction {
        self.base().on_connect_failure(ConnectFailure {
            allowed: failure.allowed.min(2),
            ..failure
        })
    }
}
