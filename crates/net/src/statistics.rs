//! What one way of a link did.
//!
//! Owns the counters and their balance: every packet offered is delivered or dropped for a
//! reason. It refuses rates and percentages, which the reader can form.

use crate::verdict::{DropReason, Verdict};

/// Counters of one way of a link since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets offered to the link.
    pub offered: u64,
    /// Their bytes.
    pub offered_bytes: u64,
    /// Packets that arrive, duplicates not counted.
    pub delivered: u64,
    /// Second copies that arrive.
    pub duplicates: u64,
    /// Copies that arrive damaged.
    pub corrupted: u64,
    dropped: [u64; DropReason::ALL.len()],
}

impl Statistics {
    /// Packets dropped for this reason.
    #[must_use]
    pub const fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Packets dropped for any reason.
    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Counts a packet of `length` bytes and what became of it and of its duplicate.
    pub(crate) fn count(&mut self, length: u32, (first, second): (Verdict, Option<Verdict>)) {
        self.offered += 1;
        self.offered_bytes += u64::from(length);
        self.count_copy(first);
        if let Some(second) = second {
            self.count_copy(second);
        }
        debug_assert_eq!(self.offered, self.delivered + self.dropped_total());
    }

    fn count_copy(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Deliver {
                corruption,
                duplicate,
                ..
            } => {
                self.delivered += u64::from(!duplicate);
                self.duplicates += u64::from(duplicate);
                self.corrupted += u64::from(corruption.is_some());
            }
            Verdict::Drop(reason) => self.dropped[reason as usize] += 1,
        }
    }
}
