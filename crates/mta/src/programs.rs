//! The programs of the MTA's threads.
//!
//! Each file is one thread, or one part of a driver's work. Their variables are private; what
//! several threads use lies in modeled memory.
//!
//! - `main_base`: the thread of the association manager.
//! - `transport_up`, `transport_down`: transport class 0.
//! - `timer`: the timers.
//! - `driver`: the loops of the TCP/IP driver threads, single or in pairs.
//! - `driver_state`: the private state of a driver thread.
//! - `requests`: messages to a driver.
//! - `network`: network events of a driver.
//! - `closing`: how a driver closes.
//! - `winsock_entry`: the procedures of the driver's layer that other threads call.

pub(crate) mod closing;
pub(crate) mod driver;
pub(crate) mod driver_state;
pub(crate) mod main_base;
pub(crate) mod network;
pub(crate) mod requests;
pub(crate) mod timer;
pub(crate) mod transport_down;
pub(crate) mod transport_up;
mod winsock_entry;
