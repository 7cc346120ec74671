//! Properties of a guest, stated in its own code.
//!
//! All of them may be called outside a simulation, where they do nothing: code that states
//! properties can be shipped.

use kernel::{Duration, Instant};
use simulation::record::Record;

use crate::ambient::{is_active, with_world};
use crate::current_host::current_host;
use crate::incarnation::Incarnation;
use crate::observations::{Awaited, Condition, FailedAttempt, PropertyKind, Violated};
use crate::task::NO_HOST;
use crate::world::World;

/// `holds` must be true whenever no task can run. It is checked at each such moment from here to the
/// end of the run or of the host's program, and reported once.
///
/// # Panics
/// If the host of the code that calls is not known.
pub fn always(name: &str, holds: impl Fn() -> bool + 'static) {
    add_condition(name, true, Box::new(holds));
}

/// `holds` must never be true when no task can run.
///
/// # Panics
/// If the host of the code that calls is not known.
pub fn never(name: &str, holds: impl Fn() -> bool + 'static) {
    add_condition(name, false, Box::new(holds));
}

/// `holds` must come true within `within` from now. It is checked whenever no task can run. A run that
/// ends earlier, or a program that is stopped, decides nothing.
///
/// # Panics
/// If the host of the code that calls is not known.
pub fn eventually(name: &str, within: std::time::Duration, holds: impl Fn() -> bool + 'static) {
    let within = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX);
    let name = name.to_owned();
    let holds = Box::new(holds);
    on_host(|world, host| {
        let due = world.now().saturating_add(Duration::from_nanos(within));
        world.observations.awaited.push(Awaited {
            name,
            host,
            due,
            holds,
        });
    });
}

fn add_condition(name: &str, must_be: bool, holds: Box<dyn Fn() -> bool>) {
    let name = name.to_owned();
    on_host(|world, host| {
        world.observations.conditions.push(Condition {
            name,
            host,
            must_be,
            holds,
        });
    });
}

/// Reports a violation of `name` now, with what was seen.
///
/// # Panics
/// If the host of the code that calls is not known.
pub fn violated(name: &str, detail: impl Into<String>) {
    let detail = detail.into();
    on_host(|world, host| {
        world.violate(Violated {
            failure: PropertyKind::Condition,
            host: host.host,
            what: name.to_owned(),
            detail,
        });
    });
}

/// `condition` should be true at least once in a sweep. A sweep in which it never was tested nothing
/// that depends on it, and says so.
pub fn sometimes(name: &str, condition: bool) {
    with_world(|world| {
        // Destructors run after the end of a run, and what they reach was not reached in it.
        if world.stop.is_none() {
            world.observations.reach(name, condition);
        }
    });
}

/// This point should be reached at least once in a sweep. What is never called is never known:
/// declare the point at the start of the program with `sometimes(name, false)`.
pub fn reachable(name: &str) {
    sometimes(name, true);
}

/// An attempt at `name` succeeded. See [`Sim::owed_after_healing`](crate::Sim::owed_after_healing).
///
/// # Panics
/// If the host of the code that calls is not known.
pub fn success(name: &str) {
    on_host(|world, host| {
        let now = world.now();
        world.observations.attempts_mut(name).last_success = Some(now);
        world.note(host.host, format!("{name}: yes"));
    });
}

/// An attempt at `name` failed. See [`Sim::owed_after_healing`](crate::Sim::owed_after_healing).
///
/// # Panics
/// If the host of the code that calls is not known.
pub fn failure(name: &str, detail: impl Into<String>) {
    let detail = detail.into();
    on_host(|world, host| {
        let now = world.now();
        world.note(host.host, format!("{name}: no, {detail}"));
        world.observations.attempts_mut(name).last_failure = Some(FailedAttempt {
            at: now,
            host: host.host,
            detail,
        });
    });
}

/// A quantity over time, such as connections in use. The journal, the report page and the JSON of a run
/// show its values.
#[derive(Clone, Debug)]
pub struct Gauge {
    name: String,
}

/// The gauge with this name. It starts at zero.
#[must_use]
pub fn gauge(name: &str) -> Gauge {
    let name = name.to_owned();
    Gauge { name }
}

impl Gauge {
    /// Adds `change` and returns the new value; 0 outside a simulation.
    pub fn add(&self, change: i64) -> i64 {
        let changed = with_world(|world| {
            if world.stop.is_some() {
                return 0;
            }
            let now = world.now();
            let value = world.observations.change_gauge(now, &self.name, change);
            let record = Record::Gauge(self.name.clone(), value);
            world.recorder.write(now, record);
            value
        });
        changed.unwrap_or(0)
    }

    /// The present value; 0 outside a simulation.
    #[must_use]
    pub fn value(&self) -> i64 {
        with_world(|world| world.observations.gauge(&self.name)).unwrap_or(0)
    }
}

/// Virtual time since the start of the run; zero outside a simulation.
#[must_use]
pub fn now() -> std::time::Duration {
    let now = is_active().then(|| with_world(|world| world.now()));
    std::time::Duration::from_nanos(now.flatten().unwrap_or(Instant::ZERO).nanos())
}

/// Calls `act` for the host whose code runs, unless its program has ended.
fn on_host(act: impl FnOnce(&mut World, Incarnation)) {
    if !is_active() {
        return;
    }
    let is_over = with_world(|world| world.stop.is_some()) == Some(true);
    if is_over {
        return;
    }
    // Before `with_world`: finding the host may borrow the world itself.
    let host = current_host().expect(NO_HOST);
    with_world(|world| {
        // A task of a stopped program may still be dropped: what it says is not of the program that
        // runs now.
        if world.hosts.is_current(host) {
            act(world, host);
        }
    });
}
