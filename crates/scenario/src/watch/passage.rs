//! Packets at the ends of links.
//!
//! Owns [`Passage`]. Its bytes are those of the wire, IP header and checksums included; they are
//! made only where somebody watches. It refuses a link layer: the model has none.

use kernel::Instant;
use net::{DropReason, HostId, Identity, LinkId};

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
