//! The parameters of the workloads, the same for every system. The madsim package includes this file.

use std::time::Duration;

/// One-way delay of the association workloads.
pub const ASSOCIATION_DELAY: Duration = Duration::from_millis(20);
/// One-way delay of the message workload.
pub const MESSAGE_DELAY: Duration = Duration::from_millis(1);
/// Bytes of a connect request and a connect confirm.
pub const CONNECT_BYTES: usize = 14;
/// Bytes of the message in an association.
pub const TEXT_BYTES: usize = 1024;
/// Bytes of its acknowledgment.
pub const ACKNOWLEDGMENT_BYTES: usize = 18;
/// Bytes of a message of the message workload.
pub const MESSAGE_BYTES: usize = 64;
/// The port that servers listen on.
pub const PORT: u16 = 102;

/// W1: associations with one server. Each is a connection with a connect request and confirm, a
/// message and its acknowledgment, and a close by the client.
#[derive(Clone, Copy, Debug)]
pub struct AssociationWork {
    /// The number of clients.
    pub clients: u32,
    /// Associations of each client.
    pub each: u32,
    /// Concurrent associations of a client.
    pub at_once: u32,
}

/// W2: one connection with a message that goes back and forth.
#[derive(Clone, Copy, Debug)]
pub struct PingPongWork {
    /// The number of messages in both directions together.
    pub messages: u32,
}

/// W5: timers that expire repeatedly, at pseudo-random times within an hour.
#[derive(Clone, Copy, Debug)]
pub struct TimerWork {
    /// The number of timers.
    pub timers: u32,
    /// Expiries of each timer.
    pub firings: u32,
}

impl AssociationWork {
    /// The number of associations.
    pub const fn total(self) -> u64 {
        self.clients as u64 * self.each as u64
    }

    /// The associations of each of a client's `at_once` concurrent tasks.
    pub fn per_task(self) -> impl Iterator<Item = u32> {
        let (each, remainder) = (self.each / self.at_once, self.each % self.at_once);
        (0..self.at_once).map(move |task| each + u32::from(task < remainder))
    }
}

impl TimerWork {
    /// The number of expiries.
    pub const fn total(self) -> u64 {
        self.timers as u64 * self.firings as u64
    }

    /// The time between two expiries of a timer, uniform between zero and twice its mean. It is a
    /// function of the timer and the expiry (SplitMix64).
    pub const fn gap(self, timer: u32, firing: u32) -> u64 {
        // Milliseconds are the finest resolution that all systems have.
        const HOUR_MILLIS: u64 = 3_600_000;
        let mut word = ((timer as u64) << 32 | firing as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^= word >> 31;
        let bound = 2 * HOUR_MILLIS / self.firings as u64;
        1 + ((word as u128 * bound as u128) >> 64) as u64
    }
}
