//! What an observer sees of packets: sent, dropped, damaged, arrived.

use kernel::Instant;
use net::{DropReason, HostId, LinkId, Packet, Transit};

use crate::in_flight::PacketContent;

/// What happens to a packet at one host.
#[derive(Clone, Copy, Debug)]
pub enum PacketEvent<'a> {
    /// The host, its source or a router, offers it to a link. The result for each copy is known at
    /// once, before any arrives.
    Offered(Offer<'a>),
    /// The host is its source and sends it.
    Sent(&'a Packet<PacketContent>),
    /// The packet or its duplicate is dropped.
    Dropped {
        /// The packet.
        packet: &'a Packet<PacketContent>,
        /// The link that dropped it; `None` if it was dropped before it came to a link.
        link: Option<LinkId>,
        /// Why.
        reason: DropReason,
    },
    /// The router at this end of a link makes the packet for the host, instead of putting another
    /// one on the link.
    Answered {
        /// The packet, which arrives at the host.
        packet: &'a Packet<PacketContent>,
        /// The link.
        link: LinkId,
        /// When it arrives.
        at: Instant,
    },
    /// It arrives damaged and is discarded because of its checksum.
    Damaged(&'a Packet<PacketContent>),
    /// It arrives at its destination.
    Arrived(&'a Packet<PacketContent>),
}

/// A packet at one end of a link.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The packet.
    pub packet: &'a Packet<PacketContent>,
    /// What happens to it on this link.
    pub transit: Transit,
}

/// Sees every packet event as it happens, and cannot change anything. `()` ignores all.
pub trait PacketObserver {
    /// Something happens to a packet at `host`.
    fn on_packet(&mut self, at: Instant, host: HostId, event: PacketEvent<'_>);
}

impl PacketObserver for () {
    fn on_packet(&mut self, _: Instant, _: HostId, _: PacketEvent<'_>) {}
}
