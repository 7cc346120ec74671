//! A future that runs as code of a host.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use simulation::heartbeat::Place;
use tokio::runtime::Handle;

use crate::ambient::{self, with_world};
use crate::current_host::next_number;
use crate::incarnation::Incarnation;
use crate::panics;
use crate::spawned::SpawnedRange;

/// A future that runs as code of one incarnation of a host.
pub(crate) struct OnHost<F> {
    host: Incarnation,
    /// Where it was spawned.
    place: Place,
    future: Pin<Box<F>>,
}

impl<F> OnHost<F> {
    pub(crate) fn new(host: Incarnation, place: Place, future: F) -> Self {
        let future = Box::pin(future);
        Self {
            host,
            place,
            future,
        }
    }
}

impl<F: Future> Future for OnHost<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let host = self.host;
        // A crashed or stalled host runs no code.
        if with_world(|world| world.admits(host, context.waker())) != Some(true) {
            return Poll::Pending;
        }
        with_world(|world| world.heartbeat.enter(host.host, self.place));
        let watch = SpawnDetector::begin();
        let before = ambient::set_polled(Some(host));
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context)));
        ambient::set_polled(before);
        with_world(|world| world.heartbeat.leave());
        watch.end(host);
        polled.unwrap_or_else(|cause| {
            panics::report(host);
            resume_unwind(cause)
        })
    }
}

/// Notices tasks that one poll spawns with `tokio::spawn`.
struct SpawnDetector {
    /// Tasks of the runtime before the poll.
    alive: usize,
    /// Tasks with lower numbers were spawned before the poll.
    from: u64,
}

impl SpawnDetector {
    fn begin() -> Self {
        let has_others = with_world(|world| {
            world.spawned.own = 0;
            !world.spawned.ranges.is_empty()
        });
        // Only where tasks of `tokio::spawn` exist can others than this poll have spawned any.
        let from = if has_others == Some(true) {
            next_number() + 1
        } else {
            0
        };
        let alive = Handle::current().metrics().num_alive_tasks();
        Self { alive, from }
    }

    fn end(self, host: Incarnation) {
        let alive = Handle::current().metrics().num_alive_tasks();
        let own = with_world(|world| world.spawned.own).unwrap_or(0);
        // No other task can end during the poll, so more tasks are new tasks.
        if alive > self.alive + own {
            let range = SpawnedRange {
                from: self.from,
                to: next_number(),
                host,
            };
            with_world(|world| world.spawned.ranges.push(range));
        }
    }
}
