//! The published systems that mtasim is held against, each at the same work.

pub mod madsim;
pub mod timers;
pub mod turmoil;
pub mod turmoil_net;
