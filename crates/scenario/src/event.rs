//! Simulation events: the closed set of things the world has scheduled.
//!
//! Owns [`Event`] and the order of events of one instant. It refuses closures: an event is data.

use net::HostId;

/// A packet in flight, by its place in the world's list.
pub(crate) type Flight = usize;

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A fault strikes.
    FaultStrikes { fault: u32, occurrence: u32 },
    /// A fault ceases, unless it has struck again since.
    FaultCeases { fault: u32, struck: u64 },
    /// Faults are off from here on.
    Heal,
    /// A packet arrives at a host.
    Arrival { at: HostId, flight: Flight },
    /// A TCP timer of a host may be due.
    TcpTimer { host: HostId, generation: u32 },
    /// A thread's socket call has waited long enough.
    WaitEnds {
        host: HostId,
        thread: u32,
        generation: u32,
    },
    /// A message is submitted to a connector.
    Submission { workload: u32, ordinal: u64 },
    /// A host is switched on again.
    HostStarts { host: HostId },
    /// A host's service starts.
    ServiceStarts { host: HostId },
    /// A host's threads have something to do.
    Turn { host: HostId, generation: u32 },
}

impl Event {
    /// The place among the events of one instant. Load-bearing: the world changes before packets
    /// arrive, packets before timers, and threads see all of it.
    pub(crate) const fn class(self) -> u8 {
        match self {
            Self::FaultCeases { .. } => 0,
            Self::FaultStrikes { .. } => 1,
            Self::Heal => 2,
            Self::Arrival { .. } => 3,
            Self::TcpTimer { .. } => 4,
            Self::WaitEnds { .. } => 5,
            Self::Submission { .. } => 6,
            Self::HostStarts { .. } | Self::ServiceStarts { .. } => 7,
            Self::Turn { .. } => 8,
        }
    }
}
