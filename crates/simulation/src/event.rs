//! Simulation events: the closed set of things the world has scheduled, beside the network's own.
//!
//! Owns [`Event`] and the order of events of one instant. It refuses closures: an event is data.

use net::HostId;

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A fault strikes.
    FaultStrikes { fault: u32, generation: u32 },
    /// A fault ceases, unless it has struck again since.
    FaultCeases { fault: u32, generation: u32 },
    /// Faults are off from here on.
    Heal,
    /// A thread's socket call has waited long enough.
    WaitEnds {
        host: HostId,
        thread: u32,
        generation: u32,
    },
    /// A message is submitted to a connector.
    Submission { workload: u32, generation: u32 },
    /// A host is switched on again.
    HostStarts { host: HostId },
    /// A host's service starts.
    ServiceStarts { host: HostId },
    /// A host's threads have something to do.
    Turn { host: HostId, generation: u32 },
}

impl Event {
    /// The place among the events of one instant. Load-bearing: the world changes before packets
    /// arrive (3), packets before timers (4), and threads see all of it.
    pub(crate) const fn class(self) -> u8 {
        match self {
            Self::FaultCeases { .. } => 0,
            Self::FaultStrikes { .. } => 1,
            Self::Heal => 2,
            Self::WaitEnds { .. } => 5,
            Self::Submission { .. } => 6,
            Self::HostStarts { .. } | Self::ServiceStarts { .. } => 7,
            Self::Turn { .. } => 8,
        }
    }
}

/// What the events of a class are, and whether they concern the host of their key.
///
/// # Panics
/// If there is no such class.
#[must_use]
pub const fn in_words(class: u8) -> (&'static str, bool) {
    match class {
        0 => ("a fault is over", false),
        1 => ("a fault is due", false),
        2 => ("the network is healed", false),
        3 => ("a packet comes in", true),
        4 => ("a TCP timer runs out", true),
        5 => ("the wait of a socket call ends", true),
        6 => ("a message comes from above", false),
        7 => ("a service starts", true),
        8 => ("threads take their turns", true),
        _ => panic!("there is no such class of events"),
    }
}
