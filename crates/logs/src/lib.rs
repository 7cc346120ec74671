//! Writes the logs of a run: Winsock.log, the application event log, and the journal.
//!
//! Every log is made from the records of the run, and adds nothing to them.
//!
//! - [`winsock_log`]: the lines of Q303102.
//! - [`event_log`]: entries in the form of Event Viewer and of EV0.LOG.
//! - [`evidence`]: the lines that prove a violation or an exception, for a report.
//! - [`journal`]: every record as a line of JSON.
//! - [`sentence`]: records in English.
//! - [`wall_clock`]: what a host's clock shows.

#![deny(clippy::float_arithmetic)]

pub mod event_log;
pub mod evidence;
pub mod journal;
pub mod sentence;
pub mod wall_clock;
pub mod winsock_log;
