//! The TIMER thread: keeps the timers of the association manager and reports those that expire.
//!
//! It cancels nothing. The manager ignores the expiry of a timer that it has set again.

use std::collections::BTreeMap;
use std::rc::Rc;

use machine::{Duration, Instant};

use crate::config::Timer;
use crate::environment::Thread;
use crate::message::{Message, ToMain};
use crate::shared::SharedState;

/// The clock tick of NT. A wait with a timeout ends at a tick, so timers within one tick expire
/// together.
const CLOCK_TICK: Duration = Duration::from_millis(10);

pub(crate) async fn run(t: Thread, shared: Rc<SharedState>) {
    // The second part of the key is the order of arrival: it decides between timers of one tick.
    let mut timers: BTreeMap<(Instant, u64), Timer> = BTreeMap::new();
    let mut received = 0;
    loop {
        t.declare_state(&(&timers, received));
        let next = timers
            .first_key_value()
            .map_or(Instant::MAX, |((at, _), _)| *at);
        match t.receive_until(shared.queues.timer, next).await {
            Some(Message::Timer(timer)) => {
                received += 1;
                timers.insert((next_tick(timer.expires_at), received), timer);
            }
            Some(other) => panic!("TIMER received {other:?}"),
            None => {
                let (_, timer) = timers.pop_first().expect("only a timer ends the wait");
                shared.post_main(&t, ToMain::Expired(timer)).await;
            }
        }
    }
}

fn next_tick(at: Instant) -> Instant {
    let ticks = at.nanos().div_ceil(CLOCK_TICK.nanos());
    Instant::from_nanos(ticks.saturating_mul(CLOCK_TICK.nanos()))
}
