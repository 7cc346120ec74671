//! The race detector: happens-before by vector clocks, and a shadow of the heap's blocks.
//!
//! | module | contents |
//! |---|---|
//! | [`detector`] | the detector, and what synchronises two threads |
//! | [`access`], [`finding`] | what reports show |
//! | `fasttrack`, `access_epoch` | races between plain accesses of one word, and what is kept of an access |
//! | `heap_shadow`, `block_event` | which heap words the program owns |
//! | `vector_clock`, `sync_clocks`, `queue_clocks` | clocks of threads, synchronisation objects, messages and queue slots |

pub mod access;
mod access_epoch;
pub(crate) mod block_event;
pub mod detector;
mod fasttrack;
mod heap_shadow;
mod queue_clocks;
pub(crate) mod sync_clocks;

pub mod finding;
mod vector_clock;
