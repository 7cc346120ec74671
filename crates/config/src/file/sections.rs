//! Every key of a scenario, declared once.
//!
//! Owns names, meanings, defaults, limits and sources, one file for each kind of table. It
//! refuses to read or print: whoever walks the declarations does.

mod connector;
mod expectation;
mod fault;
mod host;
mod link;
mod loss;
mod pin;
mod scenario;
mod swarm;
mod workload;

/// Nanoseconds, the unit that limits on lengths of time are declared in.
const NANOSECOND: u64 = 1;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
/// Bytes.
const MIB: u64 = 1 << 20;
