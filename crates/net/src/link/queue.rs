//! Bandwidth and the drop-tail queue in front of it.
//!
//! The queue is one number, the instant at which the link becomes idle; no packet is stored.

use std::num::NonZeroU64;

use kernel::{Duration, Instant};

/// The bit rate of one direction of a link, and the size of the queue in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bits per second.
    pub bits_per_second: NonZeroU64,
    /// Size of the queue in bytes, the packet in transmission included; at most [`QUEUE_MAX`]. An
    /// idle link takes any packet, however long.
    pub queue: u64,
}

/// The largest queue in bytes.
pub const QUEUE_MAX: u64 = 1 << 24;

const NANOS_PER_SECOND: u128 = 1_000_000_000;
const BITS_PER_BYTE: u128 = 8;

/// The queue of one direction of a link.
#[derive(Clone, Debug)]
pub(crate) struct DropTail {
    /// `None`: unlimited bandwidth, nothing ever waits.
    bandwidth: Option<Bandwidth>,
    idle_from: Instant,
}

impl Bandwidth {
    /// How long `length` bytes take, rounded up to whole nanoseconds.
    #[must_use]
    pub fn serialization(self, length: u64) -> Duration {
        let bits = u128::from(length) * BITS_PER_BYTE;
        let nanos = (bits * NANOS_PER_SECOND).div_ceil(u128::from(self.bits_per_second.get()));
        Duration::from_nanos(u64::try_from(nanos).expect("a queue drains within 584 years"))
    }

    /// The bytes that are sent within `length`, rounded up.
    fn bytes_within(self, length: Duration) -> u64 {
        let bits = u128::from(length.nanos()) * u128::from(self.bits_per_second.get());
        let bytes = bits.div_ceil(NANOS_PER_SECOND * BITS_PER_BYTE);
        u64::try_from(bytes).expect("a queue holds fewer than 2^64 bytes")
    }
}

impl DropTail {
    pub(crate) const fn new(bandwidth: Option<Bandwidth>) -> Self {
        Self {
            bandwidth,
            idle_from: Instant::ZERO,
        }
    }

    /// Bytes not sent at `now`, the rest of the packet in transmission included.
    pub(crate) fn backlog(&self, now: Instant) -> u64 {
        self.bandwidth.map_or(0, |bandwidth| {
            bandwidth.bytes_within(self.idle_from.saturating_since(now))
        })
    }

    /// Queues a packet of `length` bytes and returns the instant at which its last bit is sent;
    /// `None` if the queue is full.
    pub(crate) fn admit(&mut self, now: Instant, length: u32) -> Option<Instant> {
        let Some(bandwidth) = self.bandwidth else {
            return Some(now);
        };
        // With an empty backlog even a packet longer than the queue is sent: it does not wait.
        let backlog = self.backlog(now);
        if backlog > 0 && backlog + u64::from(length) > bandwidth.queue {
            return None;
        }
        let departure = self.idle_from.max(now) + bandwidth.serialization(u64::from(length));
        assert!(
            departure >= self.idle_from,
            "a queue is first in, first out"
        );
        self.idle_from = departure;
        Some(departure)
    }
}
