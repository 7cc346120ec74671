//! Counters of one direction of a link.

use crate::verdict::{DropReason, Verdict};

/// Counters of one direction of a link since the start. Every offered packet is either delivered
/// or dropped: `offered == delivered + dropped_total()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets offered to the link. If it is withdrawn, also those that have no other route.
    pub offered: u64,
    /// Their bytes.
    pub offered_bytes: u64,
    /// Packets delivered, without duplicates.
    pub delivered: u64,
    /// Duplicates delivered.
    pub duplicates: u64,
    /// Copies delivered damaged.
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

    /// Counts a packet of `length` bytes and its duplicate.
    pub(crate) fn count(&mut self, length: u32, packet: Verdict, duplicate: Option<Verdict>) {
        self.offered += 1;
        self.offered_bytes += u64::from(length);
        self.count_copy(packet);
        if let Some(duplicate) = duplicate {
            self.count_copy(duplicate);
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
