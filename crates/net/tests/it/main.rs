//! Tests of the network through its public interface.

#![deny(clippy::float_arithmetic)]

mod addresses;
mod bad_state;
mod impairments;
mod independence;
mod invalid_configs;
mod keep_alive;
mod loss_runs;
mod mtu;
mod outages;
mod ping;
mod queueing;
mod routing;
mod two_hosts;
