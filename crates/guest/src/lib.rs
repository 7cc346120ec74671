//! Ordinary tokio programs as hosts of mtasim's simulated network.
//!
//! A guest is written with tokio: tasks, timers, channels. Only `tokio::net` is replaced by
//! [`net`], which has the same names. All hosts of a run share one current-thread runtime with a
//! paused clock. Time advances when no task can run: to tokio's next timer, or to the next event of
//! the network, whichever is first, exact to the nanosecond.
//!
//! | module | contents |
//! |---|---|
//! | `sim` | [`Sim`]: what a user registers |
//! | `run` | [`run()`]: one run, to an [`Outcome`](simulation::Outcome) |
//! | `subject` | [`Guests`]: for sweep, shrink, explain, compare |
//! | [`net`] | `TcpStream`, `TcpListener`, `TcpSocket`, `UdpSocket`, names |
//! | [`search`](mod@search), `test` | seeds swept in a test, failures replayed, shrunk and explained |
//! | `property` | [`always`], [`never()`], [`eventually`], [`sometimes`], [`gauge()`]: properties stated by the guest |
//! | `random` | [`rng`]: random numbers keyed by host and role |
//! | `task`, `on_host`, `current_host`, `spawned`, `incarnation` | [`spawn`]; which host a task belongs to |
//! | `world`, `hosts`, `sockets`, `datagrams`, `datagram_calls`, `scheduled_event` | the simulation: clock, events, faults, hosts, their sockets |
//! | `observations`, `panics`, `traces` | what is seen of the guests |
//! | `ambient` | the simulation of a thread |

#![deny(clippy::float_arithmetic)]
// The lint knows no smaller place than the crate. A test of the tree allows `thread_local!` in
// `ambient` only.
#![expect(
    clippy::disallowed_macros,
    reason = "tokio's interface has no argument for the simulation"
)]

mod ambient;
mod current_host;
mod datagram_calls;
mod datagrams;
mod hosts;
mod incarnation;
pub mod net;
mod observations;
mod on_host;
mod panics;
mod programs;
mod property;
mod random;
mod run;
mod scheduled_event;
pub mod search;
mod sim;
mod sockets;
mod spawned;
mod stuck;
mod subject;
mod task;
mod test;
mod traces;
mod world;

pub use property::{
    Gauge, always, eventually, failure, gauge, never, now, reachable, sometimes, success, violated,
};
pub use random::rng;
pub use run::run;
pub use search::search;
pub use sim::{Ending, Sim};
pub use subject::Guests;
pub use task::spawn;
pub use test::{test, test_subject};
