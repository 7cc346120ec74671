//! Pins: single events fixed in advance.
//!
//! A shrunk scenario states with them which random choices made it fail, and an explanation from when
//! on chance is drawn anew. Pins are not random.

use std::fmt;

use kernel::{Duration, Instant};

use super::quantity::DAY;
use crate::format::declare::keywords;
use crate::format::declare::{choice, section};

section! {
    /// The events that are fixed.
    pub struct Pins: Default {
        /// Periods in which a link carries nothing in either direction.
        outages: Vec<OutageWindow> = Vec::new();
        /// Packets that are lost, identified by flow, unit and attempt.
        drop: Vec<DroppedPacket> = Vec::new();
        /// Points at which a thread is preempted.
        preempt: Vec<Preemption> = Vec::new();
        /// Times from which random choices come from another seed; everything before stays the same.
        #[key("reseed")]
        reseeds: Vec<Reseed> = Vec::new();
    }
}

section! {
    /// A period in which a link is down.
    pub struct OutageWindow {
        /// The name of the link.
        link: String, names "link";
        /// When the outage begins.
        from: Instant;
        /// When the outage ends; the link carries packets again at this time.
        to: Instant;
    }
}

section! {
    /// A lost packet. Identified by its role, so that it is lost whatever else changes.
    pub struct DroppedPacket {
        /// The name of the link that loses the packet.
        link: String, names "link";
        /// The packet's flow.
        flow: u64;
        /// The unit within the flow, such as a sequence number.
        unit: u64;
        /// The transmission of that unit, from 0.
        attempt: u32 = 0;
    }
}

keywords! {
    /// An operation before which a thread can be preempted.
    pub enum OperationKind {
        /// Reads a word of shared memory.
        Read = "read",
        /// Writes a word of shared memory.
        Write = "write",
        /// Reads and writes a word of shared memory atomically.
        Interlocked = "interlocked",
        /// Enters a critical section.
        Enter = "enter",
    }
}

section! {
    /// A preemption: a thread loses its processor just before a call that other threads can observe.
    ///
    /// A point named by its operation stays valid when other calls of the thread change.
    pub struct Preemption {
        /// The name of the host.
        host: String, names "host";
        /// The number of the thread.
        thread: u32, in 0..=9_999;
        /// The point before which the thread is preempted.
        #[key(flatten)]
        before: PreemptionPoint;
        /// How long the thread is suspended; 0s lets one other ready thread run first.
        #[key("for")]
        length: Duration = Duration::ZERO, in 0..=DAY;
        /// The number of the thread that runs instead.
        to: Option<u32> = None, default "the scheduler chooses", in 0..=9_999;
    }
}

choice! {
    /// The point before which a thread is preempted.
    pub enum PreemptionPoint {
        /// An operation on a memory location or critical section.
        "before" + Operation {
            /// The operation before which the thread is preempted.
            #[key("before")]
            kind: OperationKind;
            /// The memory location or critical section, by its name in reports.
            of: String, in 1..=200;
            /// The nth such operation of the thread since its service started (1-based).
            nth: u64 = 1, in 1..=u64::MAX;
        };
        /// The number of the call before which the thread is preempted, since its service started
        /// (1-based).
        "before_call" => Call(call: u64), in 1..=u64::MAX;
    }
}

section! {
    /// A reseed: from here on, random choices come from another seed.
    ///
    /// Everything before stays the same. Memoryless waits for an arrival, a fault or the end of an
    /// outage start again.
    #[derive(Copy)]
    pub struct Reseed {
        /// The first time for which the seed holds.
        from: Instant;
        /// The seed of the random choices from then on.
        seed: u64;
    }
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
