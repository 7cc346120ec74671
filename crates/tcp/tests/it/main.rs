//! Integration tests of the TCP connection. `lossy_link` is the link that several of them use.

mod byte_stream;
mod clean_line;
mod closed_windows;
mod exchange;
mod extensions;
mod fixed_line;
mod hostile_peer;
mod loss_recovery;
mod lossy_link;
mod segment_exchange;
mod smoltcp_interop;
mod state_events;
mod timing;
