//! Tasks of a host.

use std::future::Future;
use std::panic::Location;

use tokio::task::JoinHandle;

use crate::ambient::{is_active, with_world};
use crate::current_host::current_host;
use crate::incarnation::Incarnation;
use crate::on_host::OnHost;

/// Spawns a task on the host whose code runs, as `tokio::spawn` does. Outside a simulation it is
/// `tokio::spawn`.
///
/// A task of `tokio::spawn` works too, with two limits: it is not ended by a crash of its host, and
/// its host is not always known (the calls that need it say so).
///
/// # Panics
/// If the host of the code that calls is not known, or outside a tokio runtime.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if !is_active() {
        return tokio::spawn(future);
    }
    spawn_on(current_host().expect(NO_HOST), Location::caller(), future)
}

pub(crate) fn spawn_on<F>(
    host: Incarnation,
    location: &'static Location<'static>,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = with_world(|world| world.heartbeat.place(location));
    let place = place.expect("the run is under way");
    let task = tokio::spawn(OnHost::new(host, place, future));
    with_world(|world| {
        world.spawned.own += 1;
        world.hosts.add_task(host, task.abort_handle());
    });
    task
}

/// What a call needs that knows no host.
pub(crate) const NO_HOST: &str = "it is not known which host this task belongs to: a task that was \
    spawned with tokio::spawn has spawned it. Spawn it with guest::spawn, which keeps the host";
