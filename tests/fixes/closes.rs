//! Wrong fixes of Q303102: who gives a block back, and when.

use super::*;
use mta::{BlockState, FreeList, OnClose, OnFailure, OnTimeout};

const UNFIXED: Shipped = Shipped::EXCHANGE_5_5_2653_23;
const FIXED: Shipped = Shipped::EXCHANGE_5_5_2655_16;

/// The timeout path gives the block back itself; the close request that comes down later finds
/// whoever has it by then.
#[derive(Clone, Debug)]
pub(super) struct ReleasedAtTimeout;

impl Build for ReleasedAtTimeout {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> OnTimeout {
        match state {
            BlockState::Connecting => OnTimeout::Release,
            other => UNFIXED.on_session_timeout(other),
        }
    }

    fn checks_instance(&self) -> bool {
        false
    }
}

#[derive(Clone, Debug)]
pub(super) struct ReleasedAtTimeoutChecked;

impl Build for ReleasedAtTimeoutChecked {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> OnTimeout {
        match state {
            BlockState::Connecting => OnTimeout::Release,
            other => UNFIXED.on_session_timeout(other),
        }
    }
}

/// The fix of Q303102 without instance numbers.
#[derive(Clone, Debug)]
pub(super) struct InstanceIgnored;

impl Build for InstanceIgnored {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn checks_instance(&self) -> bool {
        false
    }
}

#[derive(Clone, Debug)]
pub(super) struct InstanceIgnored40;

impl Build for InstanceIgnored40 {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn checks_instance(&self) -> bool {
        false
    }
}

/// A late close request gives the block back, and takes its socket for closed.
#[derive(Clone, Debug)]
pub(super) struct SocketLeftOpen;

impl Build for SocketLeftOpen {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_close_request(&self, state: BlockState) -> OnClose {
        match state {
            BlockState::OutOfService => OnClose::ReleaseOnly,
            other => UNFIXED.on_close_request(other),
        }
    }
}

/// Better twice than never: the timeout path and the late close request both give back.
#[derive(Clone, Debug)]
pub(super) struct ReleasedByBoth;

impl Build for ReleasedByBoth {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> OnTimeout {
        match state {
            BlockState::Connecting => OnTimeout::Release,
            other => UNFIXED.on_session_timeout(other),
        }
    }

    fn on_close_request(&self, _: BlockState) -> OnClose {
        OnClose::Close
    }
}

/// As `ReleasedAtTimeout`, but a block given back rests while others are used.
#[derive(Clone, Debug)]
pub(super) struct RestsBeforeReuse;

impl Build for RestsBeforeReuse {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_session_timeout(&self, state: BlockState) -> OnTimeout {
        ReleasedAtTimeout.on_session_timeout(state)
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
pub(super) struct LongerTimer;

impl Build for LongerTimer {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn session_timer(&self, configured: Duration) -> Duration {
        configured.max(Duration::from_secs(360))
    }
}

/// The same from the other end: two attempts of 45 s are over before the 120 s of the session.
#[derive(Clone, Debug)]
pub(super) struct FewerAttempts;

impl Build for FewerAttempts {
    fn base(&self) -> Shipped {
        UNFIXED
    }

    fn on_connect_failure(&self, attempt: u32, allowed: u32) -> OnFailure {
        if attempt >= allowed.min(2) {
            OnFailure::GiveUp
        } else {
            OnFailure::TryAgain
        }
    }
}
