//! Random numbers for guests.

use kernel::{KeyedRng, Site, key};

use crate::ambient::with_world;
use crate::current_host::current_host;
use crate::task::NO_HOST;

const GUEST: Site = Site::new("guest.rng");

/// A random number generator for the role `name` of the host whose code runs. It is keyed by seed,
/// host and name, so that other roles and hosts can be added or removed without changing its
/// numbers. It implements the traits of `rand`.
///
/// # Panics
/// Outside a simulation, or if the host of the code that calls is not known.
#[must_use]
pub fn rng(name: &str) -> KeyedRng {
    let made = with_world(|world| world.choices);
    let choices = made.expect("guest::rng is for programs that run in a simulation");
    let host = current_host().expect(NO_HOST).host;
    let host = with_world(|world| key(&world.hosts.of(host).name));
    choices.rng(GUEST, host.unwrap_or_default(), [key(name), 0])
}
