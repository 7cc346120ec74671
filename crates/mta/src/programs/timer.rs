//! TIMER: keeps the alarms of the association manager.
//!
//! Owns the order of alarms and says when one runs out. It cancels nothing: the owner knows
//! which of its plans is current.

use std::collections::BTreeMap;
use std::rc::Rc;

use machine::{Duration, Instant};

use crate::config::Timer;
use crate::environment::Thread;
use crate::message::{Message, ToMain};
use crate::shared::Shared;

/// Waits with a time-out end at a tick of NT's clock, every 10 ms: alarms of one tick go off
/// together, whatever they were set for.
const CLOCK_TICK: Duration = Duration::from_millis(10);

pub(crate) async fn run(t: Thread, shared: Rc<Shared>) {
    let mut alarms: BTreeMap<(Instant, u64), Timer> = BTreeMap::new();
    let mut taken = 0;
    loop {
        t.declare_state(&(&alarms, taken));
        let next = alarms
            .first_key_value()
            .map_or(Instant::MAX, |((at, _), _)| *at);
        match t.receive_until(shared.queues.timer, next).await {
            Some(Message::Timer(timer)) => {
                taken += 1;
                alarms.insert((next_tick(timer.at), taken), timer);
            }
            Some(other) => panic!("TIMER was sent {other:?}"),
            None => {
                let (_, timer) = alarms.pop_first().expect("something ran out");
                shared.post_main(&t, ToMain::Expired(timer)).await;
            }
        }
    }
}

fn next_tick(at: Instant) -> Instant {
    let ticks = at.nanos().div_ceil(CLOCK_TICK.nanos());
    Instant::from_nanos(ticks.saturating_mul(CLOCK_TICK.nanos()))
}
