//! The work, the same for every system.
//!
//! Owns the numbers of each workload. It refuses to know who does it; the package of madsim's side
//! reads this very file.

use std::time::Duration;

/// Time on the line, each way, of the association workloads.
pub const ASSOCIATION_DELAY: Duration = Duration::from_millis(20);
/// Time on the line, each way, of the message workload.
pub const MESSAGE_DELAY: Duration = Duration::from_millis(1);
/// Bytes of a connect request and of a connect confirm.
pub const CONNECT_BYTES: usize = 14;
/// Bytes of the text that an association carries.
pub const TEXT_BYTES: usize = 1024;
/// Bytes of what acknowledges it.
pub const ACKNOWLEDGMENT_BYTES: usize = 18;
/// Bytes of a message of the message workload.
pub const MESSAGE_BYTES: usize = 64;
/// The port that servers listen on.
pub const PORT: u16 = 102;

/// W1: associations with one server. Each is a connection, a connect request and confirm, a text
/// and its acknowledgment, and a close by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Associations {
    /// How many hosts call.
    pub clients: u32,
    /// How many associations each opens.
    pub each: u32,
    /// How many of a client's are under way at the same time.
    pub at_once: u32,
}

/// W2: one connection, on which a message goes to and fro.
#[derive(Clone, Copy, Debug)]
pub struct PingPong {
    /// How many messages, both ways together.
    pub messages: u32,
}

/// W5: timers that fire again and again, at pseudo-random times over an hour.
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// How many timers.
    pub timers: u32,
    /// How often each fires.
    pub firings: u32,
}

impl Associations {
    /// All associations.
    pub const fn total(self) -> u64 {
        self.clients as u64 * self.each as u64
    }

    /// How many associations fall to each of the `at_once` callers of a client, one after the other.
    pub fn shares(self) -> impl Iterator<Item = u32> {
        let (share, rest) = (self.each / self.at_once, self.each % self.at_once);
        (0..self.at_once).map(move |caller| share + u32::from(caller < rest))
    }
}

impl Timers {
    /// All firings.
    pub const fn total(self) -> u64 {
        self.timers as u64 * self.firings as u64
    }

    /// Time from one firing of a timer to its next, in whole milliseconds (the finest that every
    /// contestant knows): uniform below twice its mean, from the timer's own numbers (SplitMix64).
    pub const fn gap(self, timer: u32, firing: u32) -> u64 {
        const HOUR_MILLIS: u64 = 3_600_000;
        let mut word = ((timer as u64) << 32 | firing as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^= word >> 31;
        let bound = 2 * HOUR_MILLIS / self.firings as u64;
        1 + ((word as u128 * bound as u128) >> 64) as u64
    }
}
