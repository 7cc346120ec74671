//! What the MTAs of a run schedule.

use net::HostId;

use crate::record::EventClass;

/// Something that is due for an MTA. Events are plain data, so that runs can be compared event by event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MtaEvent {
    /// The timeout of a thread's socket call expires.
    WaitEnds {
        /// The host.
        host: HostId,
        /// The thread, in the order of creation.
        thread: u32,
        /// Tells the wait from later ones.
        generation: u32,
    },
    /// A workload submits its next message.
    Submission {
        /// The workload, in the order of their names.
        workload: u32,
        /// Increases whenever the time is drawn again.
        generation: u32,
    },
    /// A host's service starts.
    ServiceStarts {
        /// The host.
        host: HostId,
    },
    /// A host's threads can run.
    ThreadsRun {
        /// The host.
        host: HostId,
        /// Increases whenever an earlier time replaces this one.
        generation: u32,
    },
}

impl MtaEvent {
    /// Its rank among the events of one instant.
    #[must_use]
    pub const fn class(self) -> u8 {
        let class = match self {
            Self::WaitEnds { .. } => EventClass::WaitEnds,
            Self::Submission { .. } => EventClass::Submission,
            Self::ServiceStarts { .. } => EventClass::Start,
            Self::ThreadsRun { .. } => EventClass::ThreadsRun,
        };
        class as u8
    }
}
