//! mtasim's side of the benchmarks, as it is also counted and weighed.
//!
//! Owns the work and how mtasim does it. It refuses the peers: whoever counts instructions or bytes
//! need not build them.

pub mod clock;
pub mod hunt;
pub mod ours;
pub mod work;
