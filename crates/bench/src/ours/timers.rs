//! W5 on `kernel::EventQueue`.

use kernel::{Duration, EventKey, EventQueue, Instant};

use crate::work::TimerWork;

/// Expires timers again and again, in the total order of their keys.
pub fn event_queue(work: TimerWork) {
    let mut queue = EventQueue::new();
    let key = |at, timer, firing: u32| EventKey {
        at,
        class: 0,
        host: timer,
        sequence: u64::from(firing),
    };
    let after = |at: Instant, timer, firing| at + Duration::from_millis(work.gap(timer, firing));
    for timer in 0..work.timers {
        queue.push(key(after(Instant::ZERO, timer, 0), timer, 1), (timer, 1));
    }
    let mut fired = 0;
    while let Some((now, (timer, firings))) = queue.pop() {
        fired += 1;
        if firings < work.firings {
            let at = after(now.at, timer, firings);
            queue.push(key(at, timer, firings + 1), (timer, firings + 1));
        }
    }
    assert_eq!(fired, work.total());
}
