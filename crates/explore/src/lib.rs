//! Many runs: found, named, repeated, made small, explained, and a fix proved on the same seeds.
//!
//! | Module | Owns |
//! |---|---|
//! | [`seeds`], [`grid`] | what is run |
//! | [`subject`] | who runs it |
//! | `workers` | the host's threads and signals |
//! | [`row`], `coverage`, [`tally`], [`times`], [`book`] | what runs add up to |
//! | [`statistics`], [`survival`], [`thoroughness`], [`summary`] | what that says |
//! | [`folder`], [`capsule`] | what is kept of it on the disk |
//! | [`divergence`] | where two runs part that should be one |
//! | [`replay`](mod@replay) | one run again |
//! | `edit`, [`element`], `delta`, [`size`] | parts of a scenario, and leaving them out |
//! | [`shrink`](mod@shrink), [`pinned`] | a failure made small, and its file |
//! | [`explain`](mod@explain), [`critical`], `chain` | why it happens |
//! | [`curve`](mod@curve), `moment` | when it became likely |
//! | [`compare`](mod@compare) | the same seeds in several arms |
//! | [`verify`](mod@verify) | every order of calls in a small scenario |
//! | [`sweep`](mod@sweep), [`swarm`], [`merge`](mod@merge) | many seeds, on one machine or many |
//!
//! It never knows of packets, threads or sockets: a run is a function, its outcome a value.

pub mod book;
pub mod capsule;
mod chain;
pub mod compare;
mod coverage;
pub mod critical;
pub mod curve;
mod delta;
pub mod divergence;
mod edit;
pub mod element;
pub mod explain;
pub mod folder;
pub mod grid;
mod hexadecimal;
pub mod length;
pub mod merge;
mod moment;
pub mod pinned;
pub mod replay;
pub mod row;
pub mod seeds;
pub mod shrink;
pub mod size;
pub mod statistics;
pub mod subject;
pub mod summary;
pub mod survival;
pub mod swarm;
pub mod sweep;
pub mod tally;
pub mod thoroughness;
pub mod times;
pub mod verify;
mod workers;

pub use capsule::Capsule;
pub use merge::merge;
pub use replay::replay;
pub use seeds::{SeedRange, Shard};
pub use subject::{Custom, Shipped, Subject};
pub use sweep::sweep;
pub use verify::verify;
