//! Programs of SCTBench whose locks are missing, wrong, or in the wrong order.

use super::{Caller, Shared, check};

/// Enters the critical section that the original lacks.
async fn enter(t: &Caller, s: Shared) {
    if s.fixed {
        t.lock(s.lock(3)).await;
    }
}

async fn leave(t: &Caller, s: Shared) {
    if s.fixed {
        t.unlock(s.lock(3)).await;
    }
}

const A: u32 = 0;
const B: u32 = 1;
/// -1 in the original.
const MINUS_ONE: u32 = u32::MAX;

pub(super) async fn reorder_setter(t: Caller, s: Shared) -> Caller {
    enter(&t, s).await;
    t.write(s.word(A), 1).await;
    t.write(s.word(B), MINUS_ONE).await;
    leave(&t, s).await;
    t
}

/// `(a == 0 && b == 0) || (a == 1 && b == -1)`, read as C reads it.
pub(super) async fn reorder_checker(t: Caller, s: Shared) -> Caller {
    enter(&t, s).await;
    let none = t.read(s.word(A)).await == 0 && t.read(s.word(B)).await == 0;
    let holds = none || t.read(s.word(A)).await == 1 && t.read(s.word(B)).await == MINUS_ONE;
    leave(&t, s).await;
    check(&t, holds);
    t
}

pub(super) async fn two_stage_setter(t: Caller, s: Shared) -> Caller {
    enter(&t, s).await;
    t.lock(s.lock(0)).await;
    t.write(s.word(A), 1).await;
    t.unlock(s.lock(0)).await;
    t.lock(s.lock(1)).await;
    let first = t.read(s.word(A)).await;
    t.write(s.word(B), first + 1).await;
    t.unlock(s.lock(1)).await;
    leave(&t, s).await;
    t
}

pub(super) async fn two_stage_checker(t: Caller, s: Shared) -> Caller {
    enter(&t, s).await;
    t.lock(s.lock(0)).await;
    let first = t.read(s.word(A)).await;
    t.unlock(s.lock(0)).await;
    if first != 0 {
        t.lock(s.lock(1)).await;
        let second = t.read(s.word(B)).await;
        t.unlock(s.lock(1)).await;
        check(&t, second == first + 1);
    }
    leave(&t, s).await;
    t
}

pub(super) async fn wrong_lock_checker(t: Caller, s: Shared) -> Caller {
    t.lock(s.lock(0)).await;
    let before = t.read(s.word(A)).await;
    let value = t.read(s.word(A)).await;
    t.write(s.word(A), value + 1).await;
    let after = t.read(s.word(A)).await;
    check(&t, after == before + 1);
    t.unlock(s.lock(0)).await;
    t
}

pub(super) async fn wrong_lock_other(t: Caller, s: Shared) -> Caller {
    let lock = s.lock(usize::from(!s.fixed));
    t.lock(lock).await;
    let value = t.read(s.word(A)).await;
    t.write(s.word(A), value + 1).await;
    t.unlock(lock).await;
    t
}

const STACK_SIZE: u32 = 10;
const TOP: u32 = 0;
const FLAG: u32 = 1;
const ITEMS: u32 = 2;

pub(super) async fn stack_pusher(t: Caller, s: Shared) -> Caller {
    for item in 0..STACK_SIZE {
        t.lock(s.lock(0)).await;
        let top = t.read(s.word(TOP)).await;
        check(&t, top < STACK_SIZE);
        if top < STACK_SIZE {
            t.write(s.word(ITEMS + top), item).await;
            t.write(s.word(TOP), top + 1).await;
        }
        t.write(s.word(FLAG), 1).await;
        t.unlock(s.lock(0)).await;
    }
    t
}

pub(super) async fn stack_popper(t: Caller, s: Shared) -> Caller {
    for _ in 0..STACK_SIZE {
        t.lock(s.lock(0)).await;
        if t.read(s.word(FLAG)).await == 1 {
            let top = t.read(s.word(TOP)).await;
            // The right variant asks whether there is an item, not whether there was one.
            check(&t, top > 0 || s.fixed);
            if top > 0 {
                t.write(s.word(TOP), top - 1).await;
                t.read(s.word(ITEMS + top - 1)).await;
            }
        }
        t.unlock(s.lock(0)).await;
    }
    t
}

pub(super) const PENDING_IO: u32 = 0;
const STOPPING_FLAG: u32 = 1;
const STOPPING_EVENT: u32 = 2;
const STOPPED: u32 = 3;

/// An atomic section of the original.
async fn add(t: &Caller, s: Shared, index: u32, delta: u32) -> u32 {
    t.lock(s.lock(0)).await;
    let value = t.read(s.word(index)).await.wrapping_add(delta);
    t.write(s.word(index), value).await;
    t.unlock(s.lock(0)).await;
    value
}

async fn bluetooth_decrement(t: &Caller, s: Shared) {
    if add(t, s, PENDING_IO, MINUS_ONE).await == 0 {
        t.write(s.word(STOPPING_EVENT), 1).await;
    }
}

pub(super) async fn bluetooth_stop(t: Caller, s: Shared) -> Caller {
    t.write(s.word(STOPPING_FLAG), 1).await;
    bluetooth_decrement(&t, s).await;
    if t.read(s.word(STOPPING_EVENT)).await == 1 {
        t.write(s.word(STOPPED), 1).await;
    }
    t
}

/// In the right variant a request is counted before it asks whether the driver stops.
pub(super) async fn bluetooth_add(t: Caller, s: Shared) -> Caller {
    if s.fixed {
        add(&t, s, PENDING_IO, 1).await;
    }
    let enters = t.read(s.word(STOPPING_FLAG)).await == 0;
    if enters && !s.fixed {
        add(&t, s, PENDING_IO, 1).await;
    }
    if enters {
        let stopped = t.read(s.word(STOPPED)).await;
        check(&t, stopped == 0);
    }
    bluetooth_decrement(&t, s).await;
    t
}

pub(super) async fn deadlock_one(t: Caller, s: Shared) -> Caller {
    with_both(&t, s, [0, 1]).await;
    t
}

pub(super) async fn deadlock_other(t: Caller, s: Shared) -> Caller {
    with_both(&t, s, if s.fixed { [0, 1] } else { [1, 0] }).await;
    t
}

async fn with_both(t: &Caller, s: Shared, order: [usize; 2]) {
    for index in order {
        t.lock(s.lock(index)).await;
    }
    let value = t.read(s.word(A)).await;
    t.write(s.word(A), value + 1).await;
    for index in order.into_iter().rev() {
        t.unlock(s.lock(index)).await;
    }
}

/// Where the flags are; the numbers are before them.
const FLAGS: u32 = 3;

/// Thread 0 to 2 pass the number on and set their flags; thread 3 checks. The right variant passes it
/// on in one section.
pub(super) async fn token_ring(t: Caller, s: Shared, number: u32) -> Caller {
    let stages = match (s.fixed, number) {
        (true, 0) => 0..3,
        (true, 1 | 2) => 0..0,
        (_, number) => number..number + 1,
    };
    t.lock(s.lock(0)).await;
    if number == 3 {
        let mut all = true;
        for flag in 0..3 {
            all = all && t.read(s.word(FLAGS + flag)).await == 1;
        }
        if all {
            let first = t.read(s.word(0)).await;
            let second = t.read(s.word(1)).await;
            let third = t.read(s.word(2)).await;
            check(&t, first == second && second == third);
        }
    } else {
        for stage in stages {
            let before = t.read(s.word((stage + 2) % 3)).await;
            // Stage 0 begins a new round with the next number; the others hand it on.
            let value = if stage == 0 { (before + 1) % 4 } else { before };
            t.write(s.word(stage), value).await;
            t.write(s.word(FLAGS + stage), 1).await;
        }
    }
    t.unlock(s.lock(0)).await;
    t
}
