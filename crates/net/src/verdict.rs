//! What becomes of a packet at one hop.
//!
//! Owns [`Transit`], one verdict per copy, each with its reason. It refuses silence: a packet
//! that goes nowhere says why.

use kernel::Instant;

use crate::link::LinkId;
use crate::packet::HostId;

/// The fate of one copy of a packet on one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives.
    Deliver {
        /// When its last bit is there.
        at: Instant,
        /// A uniform word if it is damaged on the way; the payload's owner turns it into flipped
        /// bits.
        corruption: Option<u64>,
        /// Whether it is the second copy of a packet that was sent once.
        duplicate: bool,
    },
    /// It does not.
    Drop(DropReason),
}

/// Why a packet went nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// The loss model took this packet.
    Loss,
    /// It met an outage: of the loss model or a pinned one.
    Outage,
    /// The queue before the link was full.
    QueueFull,
    /// The link is cut ([`crate::Cut::Silent`]) and swallows everything.
    Cut,
    /// No route leads to the destination.
    NoRoute,
    /// It crossed as many routers as it was allowed to (RFC 792, time exceeded).
    TtlExceeded,
    /// The scenario names this very packet.
    Pinned,
}

/// What becomes of a packet that a host sends or forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transit {
    /// The link it was offered to; `None` if there was none to offer it to.
    pub link: Option<LinkId>,
    /// The host at the link's other end, where each delivered copy arrives. If it is not the
    /// destination, the world calls [`crate::Network::transmit`] again there.
    pub next: Option<HostId>,
    pub(crate) first: Verdict,
    pub(crate) second: Option<Verdict>,
}

impl DropReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Loss,
        Self::Outage,
        Self::QueueFull,
        Self::Cut,
        Self::NoRoute,
        Self::TtlExceeded,
        Self::Pinned,
    ];
}

impl Transit {
    /// One verdict per copy: one, or two if the link made a duplicate.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> + use<> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    /// The same, one by one: of the packet, and of its duplicate if the link made one.
    #[must_use]
    pub const fn fates(&self) -> (Verdict, Option<Verdict>) {
        (self.first, self.second)
    }

    pub(crate) const fn nowhere(reason: DropReason) -> Self {
        Self {
            link: None,
            next: None,
            first: Verdict::Drop(reason),
            second: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_in_the_order_of_their_numbers() {
        for (number, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
        }
    }
}
