//! Who looks on: [`Watch`], and the [`News`] it hears.
//!
//! Owns the words for what becomes of a packet. It refuses to keep any of it.

use kernel::Instant;
use net::{DropReason, HostId, LinkId, Packet, Transit};

use crate::flights::Payload;

/// What became of a packet, at one host.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// The host put it on a link, or would have: what becomes of each copy is known at once.
    Offered(Offer<'a>),
    /// The host made it and offered it to a link.
    Sent(&'a Packet<Payload>),
    /// It goes no farther, or one copy of it does not.
    Dropped {
        /// The packet.
        packet: &'a Packet<Payload>,
        /// The link that lost it; `None` if it was offered to none.
        link: Option<LinkId>,
        /// Why.
        reason: DropReason,
    },
    /// It arrived damaged, and its checksum said so.
    Damaged(&'a Packet<Payload>),
    /// It arrived at its destination.
    Arrived(&'a Packet<Payload>),
}

/// A packet at one end of a link.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The packet.
    pub packet: &'a Packet<Payload>,
    /// What becomes of it on this link.
    pub transit: Transit,
    /// The addresses of its source and its destination.
    pub addresses: [u32; 2],
}

/// Hears of every packet as it happens, and can change nothing. `()` does not listen.
pub trait Watch {
    /// Something became of a packet at `host`.
    fn on_news(&mut self, at: Instant, host: HostId, news: News<'_>);
}

impl Watch for () {
    fn on_news(&mut self, _: Instant, _: HostId, _: News<'_>) {}
}
