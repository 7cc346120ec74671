//! Lock-free structures: the work-stealing queue of Cilk's THE protocol (Frigo, Leiserson, Randall,
//! PLDI 1998), the one without locks (Chase, Lev, SPAA 2005), and Vyukov's SafeStack. They are written
//! from their algorithms.

use std::cmp::Ordering;

use super::{Caller, Shared, check};

const HEAD: u32 = 0;
const TAIL: u32 = 1;
/// How often each item was taken.
const TAKEN: u32 = 2;
const QUEUE: u32 = 16;
const ITEMS: u32 = 4;

async fn take(t: &Caller, s: Shared, item: u32) {
    // Each taker has its own word: counting must not be a race itself.
    let count = t.exchange(s.word(TAKEN + item), 1).await;
    check(t, count == 0);
}

/// Pushes two items and pops one, twice, and then pops the rest.
pub(super) async fn owner(t: Caller, s: Shared) -> Caller {
    for item in 0..ITEMS {
        let tail = t.read(s.word(TAIL)).await;
        t.write(s.word(QUEUE + tail), item).await;
        t.exchange(s.word(TAIL), tail + 1).await;
        if item % 2 == 1 {
            pop(&t, s).await;
        }
    }
    for _ in 0..ITEMS / 2 {
        pop(&t, s).await;
    }
    t
}

async fn pop(t: &Caller, s: Shared) {
    let tail = t.read(s.word(TAIL)).await;
    let Some(last) = tail.checked_sub(1) else {
        return;
    };
    t.exchange(s.word(TAIL), last).await;
    if t.read(s.word(HEAD)).await <= last {
        let item = t.read(s.word(QUEUE + last)).await;
        take(t, s, item).await;
        return;
    }
    // At most one item is left: the thief may be about to take it.
    t.exchange(s.word(TAIL), tail).await;
    t.lock(s.lock(0)).await;
    if t.read(s.word(HEAD)).await <= last {
        t.exchange(s.word(TAIL), last).await;
        let item = t.read(s.word(QUEUE + last)).await;
        take(t, s, item).await;
    }
    t.unlock(s.lock(0)).await;
}

/// Tries to steal an item. It must move the head before it looks at the tail; the defect is the other
/// order.
pub(super) async fn stealer(t: Caller, s: Shared) -> Caller {
    for _ in 0..2 {
        t.lock(s.lock(0)).await;
        let head = t.read(s.word(HEAD)).await;
        let found = if s.fixed {
            t.exchange(s.word(HEAD), head + 1).await;
            head < t.read(s.word(TAIL)).await
        } else {
            let found = head < t.read(s.word(TAIL)).await;
            if found {
                t.exchange(s.word(HEAD), head + 1).await;
            }
            found
        };
        if found {
            let item = t.read(s.word(QUEUE + head)).await;
            take(&t, s, item).await;
        } else if s.fixed {
            t.exchange(s.word(HEAD), head).await;
        }
        t.unlock(s.lock(0)).await;
    }
    t
}

/// Like [`owner`], for the queue without locks.
pub(super) async fn interlocked_owner(t: Caller, s: Shared) -> Caller {
    for item in 0..ITEMS {
        let tail = t.read(s.word(TAIL)).await;
        t.write(s.word(QUEUE + tail), item).await;
        t.exchange(s.word(TAIL), tail + 1).await;
        if item % 2 == 1 {
            interlocked_pop(&t, s).await;
        }
    }
    for _ in 0..ITEMS / 2 {
        interlocked_pop(&t, s).await;
    }
    t
}

/// The last item belongs to the one that moves the head. The defect: the owner takes it without.
async fn interlocked_pop(t: &Caller, s: Shared) {
    let tail = t.read(s.word(TAIL)).await;
    let Some(last) = tail.checked_sub(1) else {
        return;
    };
    t.exchange(s.word(TAIL), last).await;
    let head = t.read(s.word(HEAD)).await;
    let is_ours = match head.cmp(&last) {
        Ordering::Less => true,
        Ordering::Equal if !s.fixed => true,
        Ordering::Equal => {
            let found = t.compare_exchange(s.word(HEAD), head, head + 1).await;
            t.exchange(s.word(TAIL), tail).await;
            found == head
        }
        Ordering::Greater => {
            t.exchange(s.word(TAIL), tail).await;
            false
        }
    };
    if is_ours {
        let item = t.read(s.word(QUEUE + last)).await;
        take(t, s, item).await;
    }
}

/// Tries to steal an item, twice.
pub(super) async fn interlocked_stealer(t: Caller, s: Shared) -> Caller {
    for _ in 0..2 {
        let head = t.read(s.word(HEAD)).await;
        if head >= t.read(s.word(TAIL)).await {
            continue;
        }
        let item = t.read(s.word(QUEUE + head)).await;
        let found = t.compare_exchange(s.word(HEAD), head, head + 1).await;
        if found == head {
            take(&t, s, item).await;
        }
    }
    t
}

const STACK_HEAD: u32 = 0;
const COUNT: u32 = 1;
/// The elements' links, then their values.
const NEXT: u32 = 2;
const VALUE: u32 = 5;
const NONE: u32 = u32::MAX;

/// A stack of three elements: head 0, count 3, links.
pub(super) const SAFE_STACK: [(u32, u32); 5] = [
    (STACK_HEAD, 0),
    (COUNT, 3),
    (NEXT, 1),
    (NEXT + 1, 2),
    (NEXT + 2, NONE),
];

/// A thread that finds nothing so often gives up; the original polls for ever.
const POLLS: u32 = 40;

/// Takes an element, marks it as its own and gives it back, twice. The right variant has a lock around
/// each operation.
pub(super) async fn safe_stack(t: Caller, s: Shared, number: u32) -> Caller {
    let mut polls = 0;
    for _ in 0..2 {
        let element = loop {
            enter(&t, s).await;
            let popped = safe_pop(&t, s, &mut polls).await;
            leave(&t, s).await;
            if popped != NONE {
                break popped;
            }
            polls += 1;
            if polls > POLLS {
                return t;
            }
        };
        t.write(s.word(VALUE + element), number).await;
        let value = t.read(s.word(VALUE + element)).await;
        check(&t, value == number);
        enter(&t, s).await;
        safe_push(&t, s, element).await;
        leave(&t, s).await;
    }
    t
}

async fn enter(t: &Caller, s: Shared) {
    if s.fixed {
        t.lock(s.lock(0)).await;
    }
}

async fn leave(t: &Caller, s: Shared) {
    if s.fixed {
        t.unlock(s.lock(0)).await;
    }
}

async fn safe_pop(t: &Caller, s: Shared, polls: &mut u32) -> u32 {
    while t.read(s.word(COUNT)).await > 1 {
        let head = t.read(s.word(STACK_HEAD)).await;
        let next = t.exchange(s.word(NEXT + head), NONE).await;
        if next != NONE {
            if t.compare_exchange(s.word(STACK_HEAD), head, next).await == head {
                count(t, s, u32::MAX).await;
                return head;
            }
            t.exchange(s.word(NEXT + head), next).await;
        }
        *polls += 1;
        if *polls > POLLS {
            return NONE;
        }
    }
    NONE
}

async fn safe_push(t: &Caller, s: Shared, element: u32) {
    let mut head = t.read(s.word(STACK_HEAD)).await;
    loop {
        t.write(s.word(NEXT + element), head).await;
        let found = t.compare_exchange(s.word(STACK_HEAD), head, element).await;
        if found == head {
            break;
        }
        head = found;
    }
    count(t, s, 1).await;
}

/// `fetch_add`, as a loop: the machine has no such call.
async fn count(t: &Caller, s: Shared, delta: u32) {
    loop {
        let before = t.read(s.word(COUNT)).await;
        let after = before.wrapping_add(delta);
        if t.compare_exchange(s.word(COUNT), before, after).await == before {
            return;
        }
    }
}
