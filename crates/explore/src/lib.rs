//! Runs a scenario many times: sweeps seeds, counts failures, replays, shrinks and explains them,
//! and compares fixes on the same seeds.
//!
//! | Module | Contents |
//! |---|---|
//! | [`subject`] | the system under test: a function from scenario and seed to outcome |
//! | [`pilot`] | pilot runs for schedulers that need call counts |
//! | [`run_result`] | the result of one run: a line of `seeds.jsonl` |
//! | [`sweep`](mod@sweep) | seed ranges, grids, swarms, the results directory, its summary, merging of shards |
//! | [`statistics`] | counters, confidence intervals, survival curves, time histograms |
//! | [`repro`] | capsules, their replay, and where two runs diverge |
//! | [`shrink`](mod@shrink) | minimising a failing scenario, and its regression file |
//! | [`explain`](mod@explain) | necessary parts, causal trace, critical pair, failure likelihood |
//! | [`compare`](mod@compare) | the same seeds in several arms |
//! | [`verify`](mod@verify) | exhaustive search through the orders of calls |
//! | [`plain_file`] | opens files that must be plain |
//! | `file_system` | the operations by which a results directory changes |
//! | [`program_name`] | the name of the program in printed commands |
//! | `watchdog` | runs that make no progress |
//! | `worker_pool` | host threads |
//! | `termination_signals` | what SIGINT, SIGTERM and SIGHUP do |
//! | `readable_time` | virtual time as people read it |
//! | `plural` | counts in text: `1 run`, `2 runs` |
//! | `cut_off` | what cut a run off, in words |

pub mod compare;
mod cut_off;
pub mod explain;
mod file_system;
pub mod pilot;
pub mod plain_file;
mod plural;
pub mod program_name;
mod readable_time;
pub mod repro;
pub mod run_result;
pub mod shrink;
pub mod statistics;
pub mod subject;
pub mod sweep;
mod termination_signals;
pub mod verify;
mod watchdog;
mod worker_pool;

pub use cut_off::cut_off;
pub use pilot::{run, run_builds, run_builds_observed, run_observed};
pub use plural::counted;
pub use readable_time::readable_time;
pub use repro::capsule::Capsule;
pub use repro::replay::replay;
pub use subject::{Custom, HostBuild, ShippedBuilds, Subject};
pub use sweep::merge::merge;
pub use sweep::seeds::{SeedRange, Shard};
pub use sweep::sweep;
pub use termination_signals::TerminationSignals;
pub use verify::verify;
pub use watchdog::{StuckLimit, Watchdog};
