//! What is due at given times, besides packets and TCP timers.

use net::HostId;
use simulation::mta_hosts::MtaEvent;
use simulation::record::EventClass;

/// The class of the end of a run among the events of its instant: the last, after modeled threads.
const END: u8 = EventClass::ThreadsRun as u8 + 1;

/// Something that is due, besides packets and TCP timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScheduledEvent {
    /// A fault begins, unless it has begun again since.
    Begins { fault: usize, occurrence: u32 },
    /// A fault ends, unless it has begun again since.
    Ends { fault: usize, occurrence: u32 },
    /// From now on random choices come from another seed: the entry of the scenario's pins.
    Reseed(usize),
    /// The healing phase begins.
    Heal,
    /// A host starts.
    Starts(HostId),
    /// A stall of a host may be over.
    Resumes(HostId),
    /// The run is over.
    End,
    /// Something is due for an MTA.
    Mta(MtaEvent),
}

impl From<MtaEvent> for ScheduledEvent {
    fn from(event: MtaEvent) -> Self {
        Self::Mta(event)
    }
}

impl ScheduledEvent {
    pub(crate) const fn class(self) -> u8 {
        match self {
            Self::Reseed(_) | Self::Ends { .. } => EventClass::FaultEnds as u8,
            Self::Begins { .. } => EventClass::FaultStarts as u8,
            Self::Heal => EventClass::Heal as u8,
            Self::Resumes(_) => EventClass::WaitEnds as u8,
            Self::Starts(_) => EventClass::Start as u8,
            Self::End => END,
            Self::Mta(event) => event.class(),
        }
    }

    /// The host that it concerns, or host 0.
    pub(crate) const fn host(self) -> HostId {
        match self {
            Self::Starts(host)
            | Self::Resumes(host)
            | Self::Mta(
                MtaEvent::WaitEnds { host, .. }
                | MtaEvent::ServiceStarts { host }
                | MtaEvent::ThreadsRun { host, .. },
            ) => host,
            Self::Begins { .. }
            | Self::Ends { .. }
            | Self::Reseed(_)
            | Self::Heal
            | Self::End
            | Self::Mta(MtaEvent::Submission { .. }) => HostId(0),
        }
    }
}
