//! The published simulators and libraries that mtasim is compared with.

mod litmus;
pub mod loom;
pub mod madsim;
pub mod shuttle;
pub mod timers;
pub mod turmoil;
pub mod turmoil_net;
