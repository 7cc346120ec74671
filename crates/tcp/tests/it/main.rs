//! Integration tests of the TCP connection. `lossy_link` is the link that several of them use.

mod byte_stream;
mod hostile_peer;
mod lossy_link;
mod segment_exchange;
mod smoltcp_interop;
mod timing;
