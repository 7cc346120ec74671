//! Which host a task belongs to.
//!
//! A task of [`spawn`](crate::spawn) and a host's program carry their host. A task of
//! `tokio::spawn`, as libraries make them, carries none, and tokio has no stable hook for it. Its
//! number tells: tokio numbers tasks in the order of their creation, so a task whose number lies
//! between those before and after a poll of a host's task was spawned by that poll.

use crate::ambient::{self, with_world};
use crate::incarnation::Incarnation;

/// The host whose code runs now.
pub(crate) fn current_host() -> Option<Incarnation> {
    if let Some(host) = ambient::polled() {
        return Some(host);
    }
    let number = number_of(tokio::task::try_id()?);
    with_world(|world| world.spawned.host_of(number))?
}

/// tokio shows the number of a task only as text.
fn number_of(task: tokio::task::Id) -> u64 {
    task.to_string()
        .parse()
        .expect("tokio shows a task's id as a number")
}

/// The number of a task that is spawned here to learn it.
pub(crate) fn next_number() -> u64 {
    number_of(tokio::spawn(std::future::ready(())).id())
}
