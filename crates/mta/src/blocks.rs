//! The operations on the structures that the MTA's threads share.
//!
//! - `pool`: allocation and release of control blocks.
//! - `free_list`: the free list of the pool.
//! - `wait_array`: the arrays of blocks that the driver threads wait for.
//! - `wait_entry`: an entry of such an array, as a thread reads it.
//! - `select_set`: the handle lists of 4.0's select() calls.
//! - `heap`: the check before a block of the process heap is freed.
//! - [`audit`]: a snapshot of the words, for oracles.

pub mod audit;
pub(crate) mod free_list;
pub(crate) mod heap;
pub(crate) mod pool;
pub(crate) mod select_set;
pub(crate) mod wait_array;
pub(crate) mod wait_entry;
