//! The foundation of a deterministic discrete-event simulation: virtual time, an event queue, keyed
//! random choices, and a journal with a digest.
//!
//! The crate does not depend on what is simulated. A simulation pops events from an [`EventQueue`],
//! makes random decisions with [`Choices`], and writes what happens into a [`Journal`]. Two runs with
//! the same seed have the same [`Fingerprint`].
//!
//! | module | contents |
//! |---|---|
//! | [`time`] | integer virtual time: [`Instant`] and [`Duration`] |
//! | [`event_queue`] | the future-event list, totally ordered |
//! | [`choices`] | random number generators keyed by what they decide; `rand` support |
//! | [`ratio`], [`fixed_point`] | probabilities, exponentials and logarithms in integers |
//! | [`journal`], [`digest`] | typed records of a run, and their running digest |
//!
//! Random arrivals, one a second on average:
//!
//! ```
//! use kernel::{Choices, Digest, Duration, EventKey, EventQueue, Instant, Site};
//!
//! const GAP: Site = Site::new("example.gap");
//!
//! fn run(seed: u64) -> (u64, kernel::Fingerprint) {
//!     let (choices, mut queue, mut digest) = (Choices::new(seed), EventQueue::new(), Digest::new());
//!     let event = |at, number| EventKey { at, class: 0, host: 0, sequence: number };
//!     queue.push(event(Instant::ZERO, 0), "arrival");
//!     let mut count = 0_u64;
//!     while let Some((key, _)) = queue.pop() {
//!         count += 1;
//!         digest.record(key.at, |bytes| bytes.extend_from_slice(&count.to_le_bytes()));
//!         let mean = Duration::from_secs(1);
//!         let next = key.at + choices.rng(GAP, 0, [count, 0]).exponential(mean);
//!         if next < Instant::ZERO + Duration::from_secs(100) {
//!             queue.push(event(next, count), "arrival");
//!         }
//!     }
//!     (count, digest.fingerprint())
//! }
//!
//! assert_eq!(run(7), run(7));
//! assert_ne!(run(7), run(8));
//! ```

#![deny(clippy::float_arithmetic)]

pub mod choices;
pub mod digest;
pub mod event_queue;
pub mod fixed_point;
pub mod journal;
pub mod ratio;
pub mod time;

pub use choices::{Choices, CounterRng, FastCounterRng, KeyedRng, Site, key, mix};
pub use digest::{Checkpoint, Digest, Fingerprint};
pub use event_queue::{EventKey, EventQueue};
pub use journal::{Journal, JournalEntry, Keep, Record};
pub use ratio::Ratio;
pub use time::{Duration, Instant};

/// What `rand` offers for a [`KeyedRng`]: its traits, distributions and sequence operations.
///
/// The generators of `rand` itself are left out: they are seeded by the operating system, or their
/// words may change between versions.
pub mod rand {
    pub use ::rand::{Rng, RngExt, TryRng, distr, seq};
}
