//! The simulation kernel: order, chance, record.
//!
//! It decides what happens next and writes down what happened. It never knows what an
//! event means, and nothing below it exists.
//!
//! - [`time`]: integer virtual time, [`Instant`] and [`Duration`].
//! - [`ratio`]: probabilities as two integers.
//! - [`fixed_point`]: exponentials and logarithms in integers.
//! - [`choices`]: every draw of chance, keyed by its role.
//! - [`event_queue`]: the future-event list, totally ordered.
//! - [`journal`]: typed records on their way to whoever looks.
//! - [`digest`]: the running digest of a run, with checkpoints.

#![deny(clippy::float_arithmetic)]

pub mod choices;
pub mod digest;
pub mod event_queue;
pub mod fixed_point;
pub mod journal;
pub mod ratio;
pub mod time;

pub use choices::{Choices, Coins, Draw, Site, Stream, key, mix};
pub use digest::{Checkpoint, Digest, Fingerprint};
pub use event_queue::{EventKey, EventQueue};
pub use journal::{Journal, Keep, Record};
pub use ratio::Ratio;
pub use time::{Duration, Instant};
