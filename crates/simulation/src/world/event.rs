//! The simulation events that the world schedules, besides those of the network.

use net::HostId;

use crate::record::EventClass;

/// Something that is due at a point in time. Events are plain data, so that runs can be compared
/// event by event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A fault begins.
    FaultStarts { fault: u32, generation: u32 },
    /// A fault ends, unless it has begun again since.
    FaultEnds { fault: u32, generation: u32 },
    /// The healing phase begins.
    Heal,
    /// The timeout of a thread's socket call expires.
    WaitEnds {
        host: HostId,
        thread: u32,
        generation: u32,
    },
    /// A workload submits its next message.
    Submission { workload: u32, generation: u32 },
    /// A host is switched on again.
    HostStarts { host: HostId },
    /// A host's service starts.
    ServiceStarts { host: HostId },
    /// A host's threads can run.
    ThreadsRun { host: HostId, generation: u32 },
}

impl Event {
    /// Its rank among the events of one instant.
    pub(crate) const fn class(self) -> u8 {
        let class = match self {
            Self::FaultEnds { .. } => EventClass::FaultEnds,
            Self::FaultStarts { .. } => EventClass::FaultStarts,
            Self::Heal => EventClass::Heal,
            Self::WaitEnds { .. } => EventClass::WaitEnds,
            Self::Submission { .. } => EventClass::Submission,
            Self::HostStarts { .. } | Self::ServiceStarts { .. } => EventClass::Start,
            Self::ThreadsRun { .. } => EventClass::ThreadsRun,
        };
        class as u8
    }
}
