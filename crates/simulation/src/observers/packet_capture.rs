//! Captures packets at the ends of links, as the bytes of the wire.
//!
//! The bytes begin with the IP header and include all checksums; the model has no link layer.

use internet::{Offer, PacketContent, wire};
use kernel::Instant;
use net::{DropReason, HostId, Identity, LinkId, Packet, Protocol, Verdict};

/// A packet at one end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedPacket {
    /// When it passed this end.
    pub at: Instant,
    /// The link.
    pub link: LinkId,
    /// The host at this end of the link.
    pub end: HostId,
    /// What the packet is for.
    pub identity: Identity,
    /// What happens to it on the link.
    pub fate: Fate,
    /// The IP packet.
    pub bytes: Box<[u8]>,
}

/// What happens to a packet on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was put on the link, and these copies arrive at the other end.
    Carried(Vec<ArrivingCopy>),
    /// It was put on the link, and nothing arrives.
    Lost(DropReason),
    /// It arrived at this end with one bit of the IP payload flipped.
    Damaged {
        /// The number of the bit, counted from the first of the IP payload.
        bit: u64,
    },
    /// The router at this end made it, and it arrives at the host.
    FromRouter,
}

/// A copy of a packet that arrives at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivingCopy {
    /// When it arrives.
    pub at: Instant,
    /// Whether a bit of it is flipped in transit.
    pub is_damaged: bool,
}

/// Captures a packet that `end` puts on a link, and each copy that arrives damaged at the other
/// end. Returns nothing if no link leads on.
pub(super) fn capture(now: Instant, end: HostId, offer: Offer<'_>) -> Vec<CapturedPacket> {
    let Offer { packet, transit } = offer;
    let (Some(link), Some(next)) = (transit.link, transit.next) else {
        return Vec::new();
    };
    let header = wire::header(packet).encode();
    let body = wire::body(&packet.payload, packet.addresses);
    let captured = |at, end, fate, body: &[u8]| CapturedPacket {
        at,
        link,
        end,
        identity: packet.identity,
        fate,
        bytes: [&header, body].concat().into(),
    };
    let (mut copies, mut lost, mut damaged) = (Vec::new(), None, Vec::new());
    for verdict in transit.verdicts() {
        match verdict {
            Verdict::Drop(reason) => lost = Some(reason),
            Verdict::Deliver { at, corruption, .. } => {
                // The model corrupts only what the checksums of TCP and UDP cover.
                let word = corruption.filter(|_| packet.protocol != Protocol::Icmp);
                let is_damaged = word.is_some();
                copies.push(ArrivingCopy { at, is_damaged });
                if let Some(word) = word {
                    let mut body = body.clone();
                    let bit = wire::damage(&mut body, word);
                    damaged.push(captured(at, next, Fate::Damaged { bit }, &body));
                }
            }
        }
    }
    let fate = lost.map_or(Fate::Carried(copies), Fate::Lost);
    damaged.insert(0, captured(now, end, fate, &body));
    damaged
}

/// Captures a packet that the router at an end of a link makes for the host there.
pub(super) fn from_router(
    at: Instant,
    end: HostId,
    link: LinkId,
    packet: &Packet<PacketContent>,
) -> CapturedPacket {
    let header = wire::header(packet).encode();
    let body = wire::body(&packet.payload, packet.addresses);
    CapturedPacket {
        at,
        link,
        end,
        identity: packet.identity,
        fate: Fate::FromRouter,
        bytes: [&header, body.as_slice()].concat().into(),
    }
}
