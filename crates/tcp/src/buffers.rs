//! The send buffer, the reassembly queue, and the queue type that both use.

mod reassembly;
mod send_buffer;
mod small_queue;

pub(crate) use reassembly::Reassembly;
pub(crate) use send_buffer::SendBuffer;
pub(crate) use small_queue::SmallQueue;
