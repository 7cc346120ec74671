//! Wrong fixes that lose a wake-up.

use mtasim::prelude::*;

use super::Wrong;
use super::families::Family;

pub(super) fn gallery() -> Vec<Wrong> {
    vec![
        Wrong::of(
            NoticeBeforeChange,
            Shipped::EXCHANGE_4_0_994_2,
            Family::Steady,
            recovers_after_healing,
            20,
        ),
        Wrong::of(
            ResetAfterLooking,
            Shipped::EXCHANGE_5_5_2655_16,
            Family::Steady,
            recovers_after_healing,
            100,
        ),
        Wrong::of(
            CallsLeftWaiting,
            Shipped::EXCHANGE_5_5_2655_16,
            Family::SmallPools,
            recovers_after_healing,
            20,
        ),
    ]
}

/// The Async Notify thread is woken first, so that it is awake when the array has changed.
#[derive(Clone, Debug)]
pub(super) struct NoticeBeforeChange;

impl Build for NoticeBeforeChange {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn wake_timing(&self) -> WakeTiming {
        WakeTiming::BeforeChange
    }
}

/// A driver receives all messages and resets its wake-up event afterwards, once instead of often.
#[derive(Clone, Debug)]
pub(super) struct ResetAfterLooking;

impl Build for ResetAfterLooking {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn event_reset(&self) -> EventReset {
        EventReset::AfterDraining
    }
}

/// A call without a free block waits in the backlog instead of being refused. `FD_ACCEPT` is
/// recorded again only after an accept().
#[derive(Clone, Debug)]
pub(super) struct CallsLeftWaiting;

impl Build for CallsLeftWaiting {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2655_16
    }

    fn on_empty_pool(&self) -> EmptyPoolAction {
        EmptyPoolAction::LeaveInBacklog
    }
}
