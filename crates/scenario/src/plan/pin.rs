//! Single happenings laid down in advance.
//!
//! Owns [`Pins`], with which a shrunk scenario says exactly what chance did when it failed, and an
//! explanation until when it is to be as it was. It refuses chance itself: a pin always comes
//! true.

use kernel::Instant;

/// What is laid down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// Times in which a link carries nothing either way.
    pub outages: Vec<OutageWindow>,
    /// Packets that are lost.
    pub drop: Vec<DroppedPacket>,
    /// Points at which a thread is put aside.
    pub preempt: Vec<Preemption>,
    /// Times from which on chance is that of another seed, in order.
    pub luck: Vec<FreshLuck>,
}

/// A link is down from `from` up to, not including, `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageWindow {
    /// Which link.
    pub link: String,
    /// It begins.
    pub from: Instant,
    /// It is over.
    pub to: Instant,
}

/// One packet, known by its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedPacket {
    /// The link that loses it.
    pub link: String,
    /// The packet's flow.
    pub flow: u64,
    /// The unit within the flow, such as a sequence number.
    pub unit: u64,
    /// Which transmission of that unit, from 0.
    pub attempt: u32,
}

/// A thread loses its processor before its call number `before_call`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// Which host.
    pub host: String,
    /// The thread's number.
    pub thread: u32,
    /// The call, counted from 0.
    pub before_call: u64,
    /// The number of the thread that goes on instead; `None`: whoever the scheduler takes.
    pub to: Option<u32>,
}

/// From here on chance is that of another seed. Everything before is as it was; what waits
/// without memory for something to come - an arrival, a fault, the end of an outage - waits anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshLuck {
    /// The first moment that it holds for.
    pub from: Instant,
    /// The seed from there on.
    pub seed: u64,
}
