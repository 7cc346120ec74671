//! The promises of the network crate, one module each, through its public interface alone.

#![deny(clippy::float_arithmetic)]

mod bench_link;
mod bursts;
mod impairments;
mod luck;
mod ping;
mod queueing;
mod refusals;
mod routing;
mod timeline;
