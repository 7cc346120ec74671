//! The simulation events that the world schedules, besides those of the network.

use net::HostId;

use crate::mta_hosts::MtaEvent;
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
    /// A host is switched on again.
    HostStarts { host: HostId },
    /// Something is due for an MTA.
    Mta(MtaEvent),
}

impl Event {
    /// Its rank among the events of one instant.
    pub(crate) const fn class(self) -> u8 {
        match self {
            Self::FaultEnds { .. } => EventClass::FaultEnds as u8,
            Self::FaultStarts { .. } => EventClass::FaultStarts as u8,
            Self::Heal => EventClass::Heal as u8,
            Self::HostStarts { .. } => EventClass::Start as u8,
            Self::Mta(event) => event.class(),
        }
    }
}

impl From<MtaEvent> for Event {
    fn from(event: MtaEvent) -> Self {
        Self::Mta(event)
    }
}
