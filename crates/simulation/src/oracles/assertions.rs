//! The MTA's own checks: which of them failed, and what an exception was about.
//!
//! Property: no thread uses a control block that another thread owns. A build that checks it itself
//! (`SBPDSCLS: CB TID=..., calling TID=...`, event 9405) stops before it does so, and this oracle reports
//! what the event log says. In builds without that check `words` sees the write.

use mta::EventEntry;

use super::ViolationDetails;
use super::pool_words::wrong_thread;

/// The checks of one host's MTA.
#[derive(Debug, Default)]
pub(super) struct Assertions {
    /// The check that failed last.
    last_failed: Option<&'static str>,
}

impl Assertions {
    pub(super) fn on_event(&mut self, entry: &EventEntry) -> Option<ViolationDetails> {
        if matches!(entry, EventEntry::HeapFreeFailure) {
            self.last_failed = Some("ExchHeapFree");
        }
        let EventEntry::WrongThread { owner, caller } = entry else {
            return None;
        };
        self.last_failed = Some("SBPDSCLS");
        Some(wrong_thread(*owner, *caller))
    }

    /// What an exception was about, without what differs from run to run: it is part of the
    /// exception's signature.
    pub(super) fn cause_of(&self, exception: &machine::Exception) -> String {
        match exception.cause {
            machine::Cause::Unmapped(at) => format!("{} is not mapped", at.name),
            machine::Cause::Unaligned(at) => format!("{} is not aligned", at.name),
            machine::Cause::NotOwned(_) => "a critical section left from outside".to_owned(),
            // A check of the MTA logs 9405 before it raises this code.
            machine::Cause::Raised if exception.code == mta::INCONSISTENT => {
                let check = self.last_failed.unwrap_or("a consistency check");
                format!("raised by {check}")
            }
            machine::Cause::Raised => "raised by the heap".to_owned(),
        }
    }
}
