//! W5: tokio's paused clock, a binary heap, and a hierarchical timing wheel.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use hierarchical_hash_wheel_timer::wheels::Skip;
use hierarchical_hash_wheel_timer::wheels::quad_wheel::{QuadWheelWithOverflow, no_prune};

use crate::work::TimerWork;

/// One tokio task for each timer, under a paused clock.
pub fn tokio_paused(work: TimerWork) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime of one thread").block_on(async {
        let tasks = (0..work.timers).map(|timer| {
            tokio::spawn(async move {
                for firing in 0..work.firings {
                    tokio::time::sleep(Duration::from_millis(work.gap(timer, firing))).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("the task ends");
        }
    });
}

/// `std::collections::BinaryHeap`, ordered by time and a sequence number.
pub fn binary_heap(work: TimerWork) {
    let mut heap = BinaryHeap::new();
    let mut sequence = 0_u64;
    for timer in 0..work.timers {
        heap.push(Reverse((work.gap(timer, 0), sequence, timer, 1)));
        sequence += 1;
    }
    let mut fired = 0;
    while let Some(Reverse((now, _, timer, firings))) = heap.pop() {
        fired += 1;
        if firings < work.firings {
            let at = now + work.gap(timer, firings);
            heap.push(Reverse((at, sequence, timer, firings + 1)));
            sequence += 1;
        }
    }
    assert_eq!(fired, work.total());
}

/// hierarchical_hash_wheel_timer 1.4.0: four wheels with 256 slots of a millisecond. Timers in one slot
/// expire in no defined order.
pub fn wheel(work: TimerWork) {
    let mut wheel = QuadWheelWithOverflow::new(no_prune::<(u32, u32)>);
    let arm = |wheel: &mut QuadWheelWithOverflow<(u32, u32)>, timer, firings| {
        let delay = Duration::from_millis(work.gap(timer, firings));
        let armed = wheel.insert_with_delay((timer, firings + 1), delay);
        armed.unwrap_or_else(|_| panic!("the delay is too short"));
    };
    for timer in 0..work.timers {
        arm(&mut wheel, timer, 0);
    }
    let mut fired = 0;
    loop {
        match wheel.can_skip() {
            Skip::Empty => break,
            Skip::Millis(millis) => wheel.skip(millis),
            Skip::None => {}
        }
        for (timer, firings) in wheel.tick() {
            fired += 1;
            if firings < work.firings {
                arm(&mut wheel, timer, firings);
            }
        }
    }
    assert_eq!(fired, work.total());
}
