//! The programs of the MTA's threads.
//!
//! Each file is one thread, or one part of a driver's work. They own their private variables
//! and nothing else: what several of them use lies in modeled memory.
//!
//! - `main_base`: the association manager's thread.
//! - `transport_up`, `transport_down`: transport class 0.
//! - `timer`: the timers.
//! - `driver`: the loops of the TCP/IP driver threads, alone or in pairs.
//! - `requests`: what a driver does with a message from above.
//! - `network`: what a driver does with an event from the network.
//! - `closing`: how a driver closes.
//! - `desk`: what a driver knows about its connections.

pub(crate) mod closing;
pub(crate) mod driver;
pub(crate) mod driver_state;
pub(crate) mod main_base;
pub(crate) mod network;
pub(crate) mod requests;
pub(crate) mod timer;
pub(crate) mod transport_down;
pub(crate) mod transport_up;
