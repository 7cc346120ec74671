//! What was wrong with a run.

pub mod access;
pub(crate) mod block_event;
pub mod detector;
mod fasttrack;
mod heap_shadow;
mod queue_clocks;
mod vector_clock;
pub mod violation;
