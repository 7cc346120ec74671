//! Wrong fixes of Q152941: too little is locked, or in the wrong order.

use mtasim::prelude::*;

use super::Wrong;
use super::families::Family;
use super::right::{CountingHead, OneLock, SnapshotUnderOneLock};

pub(super) fn gallery() -> Vec<Wrong> {
    vec![
        Wrong::of(OnlyAllocation, FIXED, Family::Any, never_corrupts, 5),
        Wrong::of(TwoLocks, OneLock, Family::Any, never_corrupts, 20),
        Wrong::of(UnlockedReads, FIXED, Family::Any, never_corrupts, 5),
        Wrong::of(HeapUnserialized, FIXED, Family::Any, never_corrupts, 5),
        Wrong::of(
            SnapshotUnderBothLocks,
            SnapshotUnderOneLock,
            Family::Churn,
            recovers_after_healing,
            250,
        ),
        Wrong::of(
            ReleasedBetweenOperations,
            FIXED,
            Family::PreemptedAtLocks,
            never_corrupts,
            50,
        ),
        Wrong::of(
            Uncounted,
            CountingHead,
            Family::PreemptedAtExchange,
            never_corrupts,
            300,
        ),
    ]
}

const FIXED: Shipped = Shipped::EXCHANGE_4_0_994_2;

/// "Blocks are allocated twice, so allocation must be locked." Release is not locked.
#[derive(Clone, Debug)]
pub(super) struct OnlyAllocation;

impl Build for OnlyAllocation {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn guard(&self, structure: Structure, operation: StructureOperation) -> Option<LockName> {
        match operation {
            StructureOperation::Allocate => FIXED.guard(structure, operation),
            StructureOperation::Release | StructureOperation::Use => None,
        }
    }
}

/// One critical section for allocation and one for release, so that they do not block each other.
#[derive(Clone, Debug)]
pub(super) struct TwoLocks;

impl Build for TwoLocks {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn guard(&self, structure: Structure, operation: StructureOperation) -> Option<LockName> {
        match (structure, operation) {
            (Structure::Pool, StructureOperation::Allocate) => Some("pool allocation"),
            (Structure::Pool, StructureOperation::Release) => Some("pool release"),
            _ => FIXED.guard(structure, operation),
        }
    }
}

/// The lock is held for each operation and released in between, so that others need not wait long.
#[derive(Clone, Debug)]
pub(super) struct ReleasedBetweenOperations;

impl Build for ReleasedBetweenOperations {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn free_list(&self) -> FreeList {
        FreeList::GuardedByStep
    }
}

/// A free list without a lock: the head is exchanged only if it is still the same block. It may be
/// the same block again after changes (ABA).
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

/// "Reading a word is atomic": readers take no lock.
#[derive(Clone, Debug)]
pub(super) struct UnlockedReads;

impl Build for UnlockedReads {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn guard(&self, structure: Structure, operation: StructureOperation) -> Option<LockName> {
        match operation {
            StructureOperation::Use => None,
            StructureOperation::Allocate | StructureOperation::Release => {
                FIXED.guard(structure, operation)
            }
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

/// A driver reads array and blocks under both locks, as one snapshot; a close holds the lock of the
/// blocks and requests that of the arrays.
#[derive(Clone, Debug)]
pub(super) struct SnapshotUnderBothLocks;

impl Build for SnapshotUnderBothLocks {
    fn base(&self) -> Shipped {
        FIXED
    }

    fn wait_array_scan(&self) -> WaitArrayScan {
        WaitArrayScan::LocksNested
    }
}
