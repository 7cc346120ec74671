//! Packets at the ends of links.
//!
//! Owns [`Passage`]. Its bytes are those of the wire, IP header and checksums included; they are
//! made only where somebody watches. It refuses a link layer: the model has none.

use internet::{Offer, wire};
use kernel::Instant;
use net::{DropReason, HostId, Identity, LinkId, Protocol, Verdict};

/// A packet at one end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When.
    pub at: Instant,
    /// The link.
    pub link: LinkId,
    /// At which end.
    pub end: HostId,
    /// What the packet is for.
    pub identity: Identity,
    /// Whether it was made here, rather than passed on.
    pub is_made_here: bool,
    /// What becomes of it.
    pub fate: Fate,
    /// The IP packet.
    pub bytes: Box<[u8]>,
}

/// What becomes of a packet at an end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was put on the link, and this many copies arrive at the other end.
    Carried(Vec<Copy>),
    /// It was put on the link, and nothing arrives.
    Lost(DropReason),
    /// It came in with this bit of what the IP packet carries changed, counted from its first.
    Damaged {
        /// Which bit.
        bit: u64,
    },
}

/// A copy of a packet that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// When.
    pub at: Instant,
    /// Whether a bit of it is changed on the way.
    pub is_damaged: bool,
}

/// What is seen of a packet that `end` puts on a link: itself, and each copy of it that comes in
/// damaged at the other end. Nothing, if there is no link to put it on.
pub(super) fn passages(now: Instant, end: HostId, offer: Offer<'_>) -> Vec<Passage> {
    let Offer {
        packet,
        transit,
        addresses,
    } = offer;
    let (Some(link), Some(next)) = (transit.link, transit.next) else {
        return Vec::new();
    };
    let header = wire::header(packet, addresses).encode();
    let body = wire::body(&packet.payload, addresses);
    let passage = |at, end, fate, body: &[u8]| Passage {
        at,
        link,
        end,
        identity: packet.identity,
        is_made_here: end == packet.source,
        fate,
        bytes: [&header, body].concat().into(),
    };
    let (mut copies, mut lost, mut seen) = (Vec::new(), None, Vec::new());
    for verdict in transit.verdicts() {
        match verdict {
            Verdict::Drop(reason) => lost = Some(reason),
            Verdict::Deliver { at, corruption, .. } => {
                // Only what TCP's checksum covers is ever damaged.
                let word = corruption.filter(|_| packet.protocol == Protocol::Tcp);
                let is_damaged = word.is_some();
                copies.push(Copy { at, is_damaged });
                if let Some(word) = word {
                    let mut body = body.clone();
                    let bit = wire::damage(&mut body, word);
                    seen.push(passage(at, next, Fate::Damaged { bit }, &body));
                }
            }
        }
    }
    let fate = lost.map_or(Fate::Carried(copies), Fate::Lost);
    seen.insert(0, passage(now, end, fate, &body));
    seen
}
