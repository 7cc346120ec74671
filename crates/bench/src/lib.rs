//! mtasim's side of the benchmarks.
//!
//! It is a library, so that instruction counts and memory can be measured without building the peers.

pub mod bug_search;
pub mod clock;
pub mod dialogue;
pub mod ours;
pub mod work;
