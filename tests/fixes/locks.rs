//! Wrong fixes of Q152941: what is guarded too little, or in the wrong order.

use mtasim::prelude::*;

use super::Wrong;
use super::families::Family;
use super::right::{CountingHead, OneLock, OnePictureOneLock};

pub(super) fn gallery() -> Vec<Wrong> {
    vec![
        Wrong::of(OnlyAllocation, FIXED, Family::Any, (never_corrupts, 5)),
        Wrong::of(TwoLocks, OneLock, Family::Any, (never_corrupts, 20)),
        Wrong::of(ReadsUnguarded, FIXED, Family::Any, (never_corrupts, 5)),
        Wrong::of(HeapUnserialized, FIXED, Family::Any, (never_corrupts, 5)),
        Wrong::of(
            OnePicture,
            OnePictureOneLock,
            Family::Churn,
            (recovers_after_healing, 250),
        ),
        Wrong::of(
            LeftBetweenSteps,
            FIXED,
            Family::Entering,
            (never_corrupts, 50),
        ),
        Wrong::of(
            Uncounted,
            CountingHead,
            Family::Exchanging,
            (never_corrupts, 300),
        ),
    ]
}

const FIXED: Shipped = Shipped::EXCHANGE_4_0_994_2;

/// "Blocks are handed out twice: allocation must be locked." Giving back is not.
#[derive(Clone, Debug)]
pub(super) struct OnlyAllocation;

impl Build for OnlyAllocation {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn guard(&self, structure: Structure, operation: Operation) -> Option<LockName> {
        match operation {
            Operation::Allocate => FIXED.guard(structure, operation),
            Operation::Release | Operation::Use => None,
        }
    }
}

/// A critical section for allocation and one for release, so that they need not wait for each
/// other.
#[derive(Clone, Debug)]
pub(super) struct TwoLocks;

impl Build for TwoLocks {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn guard(&self, structure: Structure, operation: Operation) -> Option<LockName> {
        match (structure, operation) {
            (Structure::Pool, Operation::Allocate) => Some("pool allocation"),
            (Structure::Pool, Operation::Release) => Some("pool release"),
            _ => FIXED.guard(structure, operation),
        }
    }
}

/// The lock is held for each step, and given back in between for the sake of others.
#[derive(Clone, Debug)]
pub(super) struct LeftBetweenSteps;

impl Build for LeftBetweenSteps {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn free_list(&self) -> FreeList {
        FreeList::GuardedByStep
    }
}

/// The free list without a lock: the head is exchanged only if it is still the block that was
/// first. It may be that again (ABA).
#[derive(Clone, Debug)]
pub(super) struct Uncounted;

impl Build for Uncounted {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn free_list(&self) -> FreeList {
        FreeList::Interlocked
    }
}

/// "Reading a word is atomic": who only looks takes no lock.
#[derive(Clone, Debug)]
pub(super) struct ReadsUnguarded;

impl Build for ReadsUnguarded {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn guard(&self, structure: Structure, operation: Operation) -> Option<LockName> {
        match operation {
            Operation::Use => None,
            Operation::Allocate | Operation::Release => FIXED.guard(structure, operation),
        }
    }
}

/// "Our own locks make the heap's superfluous": `HEAP_NO_SERIALIZE`, for speed.
#[derive(Clone, Debug)]
pub(super) struct HeapUnserialized;

impl Build for HeapUnserialized {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn serializes_heap(&self) -> bool {
        false
    }
}

/// A driver reads array and blocks under both locks, for one picture of them; who closes holds
/// the lock of the blocks and asks for that of the arrays.
#[derive(Clone, Debug)]
pub(super) struct OnePicture;

impl Build for OnePicture {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn wait_array_scan(&self) -> WaitArrayScan {
        WaitArrayScan::LocksNested
    }
}
