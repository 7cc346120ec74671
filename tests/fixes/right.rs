//! Right fixes, one of each family at least.

use super::*;
use mta::{BlockState, FreeList, LockName, OnClose, OnTimeout, Operation, Structure, Walk};

#[derive(Clone, Debug)]
pub(super) struct LateCloseReleases;

impl Build for LateCloseReleases {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_close_request(&self, state: BlockState) -> OnClose {
        match state {
            BlockState::OutOfService => OnClose::Close,
            other => self.base().on_close_request(other),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct TimeoutOnlyAsks;

impl Build for TimeoutOnlyAsks {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_5_5_2653_23
    }

    fn on_session_timeout(&self, _: BlockState) -> OnTimeout {
        OnTimeout::RequestClose
    }
}

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

#[derive(Clone, Debug)]
pub(super) struct OnePictureOneLock;

impl Build for OnePictureOneLock {
    fn base(&self) -> Shipped {
        Shipped::EXCHANGE_4_0_994_2
    }

    fn guard(&self, _: Structure, _: Operation) -> Option<LockName> {
        Some("the one lock")
    }

    fn walk(&self) -> Walk {
        Walk::Together
    }
}
