//! The published systems that mtasim is held against, each at the same work.

mod drills;
pub mod loom;
pub mod madsim;
pub mod shuttle;
pub mod timers;
pub mod turmoil;
pub mod turmoil_net;
