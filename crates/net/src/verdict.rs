//! The result of one hop: one verdict for each copy of a packet, with a reason for every drop.

use kernel::Instant;

use crate::link::LinkId;
use crate::packet::HostId;

/// What happens to one copy of a packet on one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The copy arrives.
    Deliver {
        /// When its last bit arrives.
        at: Instant,
        /// A uniform random word if the copy is damaged. The owner of the payload turns it into
        /// flipped bits.
        corruption: Option<u64>,
        /// Whether the link made this copy: the sender sent the packet once.
        duplicate: bool,
    },
    /// The copy is lost.
    Drop(DropReason),
}

/// Why a packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// The packet-wise loss model dropped it.
    Loss,
    /// It met an outage, of the loss model or a scheduled one.
    Outage,
    /// The queue in front of the link was full.
    QueueFull,
    /// The link is a black hole ([`crate::LinkState::BlackHole`]).
    BlackHole,
    /// No route leads to the destination. If a withdrawn link is the cause, that link counts the packet.
    NoRoute,
    /// Its time to live reached zero (RFC 792, time exceeded).
    TtlExceeded,
    /// The link's configuration lists this packet ([`crate::ScheduledLosses::drops`]).
    Scheduled,
    /// The router at this end of the link knows that the line is down
    /// ([`crate::KeepAliveConfig::unreachable_after`]).
    LineDown,
    /// The router at this end of the link does not know the packet's connection, which was opened
    /// before the line came back ([`crate::KeepAliveConfig::reset_after`]).
    UnknownConnection,
    /// It is longer than the link's MTU ([`crate::LinkConfig::mtu`]).
    TooLong,
}

/// What happens to a packet that a host sends or forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transit {
    /// The link that took the packet; `None` if no link could.
    pub link: Option<LinkId>,
    /// The host at the other end of the link, where each delivered copy arrives. If it is not the
    /// destination, the caller calls [`crate::Network::transmit`] there again.
    pub next: Option<HostId>,
    /// What happens to the packet.
    pub verdict: Verdict,
    /// What happens to its duplicate, if the link made one.
    pub duplicate: Option<Verdict>,
}

impl DropReason {
    /// Every reason, in the order of discriminants.
    pub const ALL: [Self; 10] = [
        Self::Loss,
        Self::Outage,
        Self::QueueFull,
        Self::BlackHole,
        Self::NoRoute,
        Self::TtlExceeded,
        Self::Scheduled,
        Self::LineDown,
        Self::UnknownConnection,
        Self::TooLong,
    ];
}

impl Transit {
    /// The verdicts on the packet and on its duplicate: one or two.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> + use<> {
        [Some(self.verdict), self.duplicate].into_iter().flatten()
    }

    /// A packet that no link took.
    pub(crate) const fn nowhere(reason: DropReason) -> Self {
        Self {
            link: None,
            next: None,
            verdict: Verdict::Drop(reason),
            duplicate: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Statistics` uses the discriminants as array indices.
    #[test]
    fn reasons_are_listed_in_the_order_of_their_discriminants() {
        for (number, reason) in DropReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
        }
    }
}
