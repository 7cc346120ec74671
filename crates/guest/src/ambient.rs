//! What a guest's code reaches without an argument: the simulation of this thread and the host whose
//! code runs.

use std::cell::{Cell, RefCell};

use crate::incarnation::Incarnation;
use crate::world::World;

// A guest calls `TcpStream::connect(address)`, as with tokio: there is no argument that could carry
// the simulation. All hosts of a run share one thread, so the world is per thread and set for one
// run (docs/decisions/0013-guests-on-one-tokio-runtime.md).
mod cells {
    use super::{Caught, Cell, Incarnation, RefCell, World};

    thread_local! {
        pub(super) static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
        pub(super) static CURRENT: Cell<Option<Incarnation>> = const { Cell::new(None) };
        pub(super) static PANIC: RefCell<Option<Caught>> = const { RefCell::new(None) };
    }
}

/// A panic as the hook sees it.
#[derive(Debug)]
pub(crate) struct Caught {
    pub(crate) text: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// Makes `world` the simulation of this thread.
///
/// # Panics
/// If a simulation runs on this thread already.
pub(crate) fn enter(world: World) {
    let before = cells::WORLD.with_borrow_mut(|it| it.replace(world));
    assert!(
        before.is_none(),
        "one simulation runs on a thread at a time"
    );
}

/// Ends the simulation of this thread and returns its world.
pub(crate) fn leave() -> Option<World> {
    cells::CURRENT.set(None);
    cells::PANIC.set(None);
    cells::WORLD.with_borrow_mut(Option::take)
}

/// Whether a simulation runs on this thread, and is not in use by a call further up.
pub(crate) fn is_active() -> bool {
    cells::WORLD.with(|it| it.try_borrow().is_ok_and(|it| it.is_some()))
}

/// Calls `act` with the simulation of this thread; `None` outside a simulation.
pub(crate) fn with_world<R>(act: impl FnOnce(&mut World) -> R) -> Option<R> {
    cells::WORLD.with_borrow_mut(|it| it.as_mut().map(act))
}

/// The host whose code is polled now.
pub(crate) fn polled() -> Option<Incarnation> {
    cells::CURRENT.get()
}

pub(crate) fn set_polled(host: Option<Incarnation>) -> Option<Incarnation> {
    cells::CURRENT.replace(host)
}

/// Keeps the panic that the hook saw, until the task that panicked has been left.
pub(crate) fn keep_panic(caught: Caught) {
    cells::PANIC.set(Some(caught));
}

pub(crate) fn take_panic() -> Option<Caught> {
    cells::PANIC.take()
}
