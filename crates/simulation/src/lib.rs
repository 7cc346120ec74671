//! Simulates one run of one scenario and checks it with oracles.
//!
//! | Module | Contents |
//! |---|---|
//! | [`run`](mod@run) | the entry point: [`Run`] and [`run()`] |
//! | [`lowering`], `names` | from a scenario's names to the numbers and configurations of the models |
//! | `world` | a run whose hosts are all MTAs: its clock, events and faults |
//! | [`mta_hosts`], `host` | the hosts that run an MTA: their threads, services, workloads |
//! | `scheduling` | which scheduler orders the calls of a host's threads |
//! | [`fault_times`] | when faults begin and end |
//! | [`recorder`] | the records and the outcome of a run |
//! | [`record`] | the records of a run, and their bytes in the digest |
//! | [`observers`], [`access_log`] | what else can be observed: packets, threads, memory accesses |
//! | `oracles`, `violation` | the properties that are checked, and what an oracle reports |
//! | [`interruption`] | the request of a user to end runs |
//! | `memory_limit` | the limit on what a run holds in memory |
//! | `options` | what a run keeps |
//! | [`outcome`] | the result of a run |
//! | [`timeline`] | the random outages, arrivals and losses of a run, as a scenario could list them |
//! | [`ping`] | a series of pings over one link |

#![deny(clippy::float_arithmetic)]

pub mod access_log;
pub mod fault_times;
pub mod heartbeat;
mod host;
pub mod interruption;
pub mod lowering;
mod memory_limit;
pub mod mta_hosts;
mod names;
pub mod observers;
mod options;
mod oracles;
pub mod outcome;
pub mod ping;
pub mod record;
pub mod recorder;
pub mod run;
mod scheduling;
pub mod timeline;
pub mod traffic;
mod violation;
mod world;

pub use access_log::LoggedAccess;
pub use lowering::LoweringError;
pub use machine::{Bound, Exhaustive, Explorer, SEARCHED_THREADS_MAX};
pub use memory_limit::MemoryLimit;
pub use observers::{Observations, Observe};
pub use options::Options;
pub use outcome::Outcome;
pub use run::{Run, run, run_builds_explored, run_explored};
pub use scheduling::CallCounts;
