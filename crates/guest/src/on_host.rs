//! A future that runs as code of a host.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use simulation::heartbeat::Place;

use crate::ambient::{self, with_world};
use crate::current_host::next_number;
use crate::incarnation::Incarnation;
use crate::panics;
use crate::spawned::SpawnedRange;
use crate::world::World;

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
        let begin = |world: &mut World| {
            // A crashed or stalled host runs no code.
            let is_admitted = world.admits(host, context.waker());
            is_admitted.then(|| {
                world.heartbeat.enter(host.host, self.place);
                world.spawned.own = 0;
                (
                    world.runtime.num_alive_tasks(),
                    world.spawned.ranges.is_empty(),
                )
            })
        };
        let Some(Some((alive, is_first))) = with_world(begin) else {
            return Poll::Pending;
        };
        // Only where tasks of `tokio::spawn` exist can others than this poll have spawned any.
        // The task that tells the number lives until it is polled.
        let (from, alive) = if is_first {
            (0, alive)
        } else {
            (next_number() + 1, alive + 1)
        };
        let before = ambient::set_polled(Some(host));
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(context)));
        ambient::set_polled(before);
        let has_spawned = with_world(|world| {
            world.heartbeat.leave();
            // No other task can end during the poll, so more tasks are new tasks.
            world.runtime.num_alive_tasks() > alive + world.spawned.own
        });
        if has_spawned == Some(true) {
            let to = next_number();
            let range = SpawnedRange { from, to, host };
            with_world(|world| world.spawned.ranges.push(range));
        }
        polled.unwrap_or_else(|cause| {
            panics::report(host);
            resume_unwind(cause)
        })
    }
}
