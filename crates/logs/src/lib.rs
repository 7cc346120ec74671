//! Logs as the administrators of those days saw them: pure views of a run's records.
//!
//! Owns the letters of Winsock.log, of the application event log in its two forms and of the
//! journal. It refuses to judge, and to know anything that no record says.
//!
//! - [`winsock_log`]: the lines of Q303102.
//! - [`event_log`]: Event Viewer's form and that of EV0.LOG.
//! - [`evidence`]: the records that show what went wrong, for a page.
//! - [`journal`]: every record as a line of JSON.
//! - [`mod@sentence`]: a record in plain words.
//! - [`wall_clock`]: what a host's clock shows.

#![deny(clippy::float_arithmetic)]

pub mod event_log;
pub mod evidence;
pub mod journal;
pub mod sentence;
pub mod wall_clock;
pub mod winsock_log;
