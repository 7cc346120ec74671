//! Single happenings laid down in advance.
//!
//! Owns [`Pins`], with which a shrunk scenario says exactly what chance did when it failed, and an
//! explanation until when it is to be as it was. It refuses chance itself: a pin always comes
//! true.

use std::fmt;

use kernel::{Duration, Instant};

use super::keyword::keywords;

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
    pub reseeds: Vec<Reseed>,
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

keywords! {
    /// What a thread can be put aside before.
    pub enum OperationKind {
        /// It reads a word of shared memory.
        Read = "read",
        /// It writes one.
        Write = "write",
        /// It reads and writes one in a single indivisible step.
        Interlocked = "interlocked",
        /// It enters a critical section.
        Enter = "enter",
    }
}

/// What a thread is put aside before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreemptionPoint {
    /// Its call of this number since the service started, from 1.
    Call(u64),
    /// A deed.
    Operation {
        /// What it does.
        kind: OperationKind,
        /// The name of the place or the critical section, as it stands in reports.
        of: String,
        /// The how-manieth such deed of the thread since the service started, from 1.
        nth: u64,
    },
}

/// A thread loses its processor just before it does something that other threads can notice. That
/// is named by what is done to what, so that the pin outlives changes of whatever else the
/// thread does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// Which host.
    pub host: String,
    /// The thread's number.
    pub thread: u32,
    /// Before what.
    pub before: PreemptionPoint,
    /// How long it stands still then; zero if it only lets go first whoever can.
    pub length: Duration,
    /// The number of the thread that goes on instead; `None`: whoever the scheduler takes.
    pub to: Option<u32>,
}

/// `write number 3 of thread control block.count`
impl fmt::Display for PreemptionPoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => write!(formatter, "call {call}"),
            Self::Operation { kind, of, nth } => write!(formatter, "{kind} number {nth} of {of}"),
        }
    }
}

/// From here on chance is that of another seed. Everything before is as it was; what waits
/// without memory for something to come - an arrival, a fault, the end of an outage - waits anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reseed {
    /// The first moment that it holds for.
    pub from: Instant,
    /// The seed from there on.
    pub seed: u64,
}
