//! Bandwidth and the drop-tail queue in front of it.
//!
//! The queue is one number, the instant at which the link becomes idle; no packet is stored. Where the rate
//! changes, that instant does not say how many bytes wait, and the last bits of the packets are listed.

use std::collections::VecDeque;
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
    /// `None` if there is one rate. Boxed: few links have two.
    waiting: Option<Box<Waiting>>,
}

/// The packets whose last bit is not sent, in their order.
#[derive(Clone, Debug, Default)]
struct Waiting {
    packets: VecDeque<WaitingPacket>,
    /// The sum of the lengths.
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct WaitingPacket {
    /// When its last bit is sent.
    departure: Instant,
    bytes: u32,
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
    /// A queue, with another rate at times if `has_two_rates`.
    pub(crate) fn new(bandwidth: Option<Bandwidth>, has_two_rates: bool) -> Self {
        Self {
            bandwidth,
            idle_from: Instant::ZERO,
            waiting: has_two_rates.then(Box::default),
        }
    }

    /// Queues a packet of `length` bytes and returns the instant at which its last bit is sent, with the
    /// bandwidth of the bad state or the usual one; `None` if the queue is full.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        length: u32,
        bad: Option<Bandwidth>,
    ) -> Option<Instant> {
        let Some(bandwidth) = bad.or(self.bandwidth) else {
            // Nothing waits but behind the packets of a bad state, where it takes no room.
            return Some(self.idle_from.max(now));
        };
        // With an empty backlog even a packet longer than the queue is sent: it does not wait.
        let backlog = match &mut self.waiting {
            // Bytes not sent at `now`, the rest of the packet in transmission included.
            None => bandwidth.bytes_within(self.idle_from.saturating_since(now)),
            Some(waiting) => waiting.bytes_at(now),
        };
        if backlog > 0 && backlog + u64::from(length) > bandwidth.queue {
            return None;
        }
        let departure = self.idle_from.max(now) + bandwidth.serialization(u64::from(length));
        assert!(
            departure >= self.idle_from,
            "a queue is first in, first out"
        );
        self.idle_from = departure;
        if let Some(waiting) = &mut self.waiting {
            waiting.packets.push_back(WaitingPacket {
                departure,
                bytes: length,
            });
            waiting.bytes += u64::from(length);
        }
        Some(departure)
    }
}

impl Waiting {
    /// Bytes of the packets not sent at `now`, the one in transmission included as a whole.
    fn bytes_at(&mut self, now: Instant) -> u64 {
        while let Some(first) = self.packets.front()
            && first.departure <= now
        {
            self.bytes -= u64::from(first.bytes);
            self.packets.pop_front();
        }
        self.bytes
    }
}
