//! The message databases of the MTAs, which outlive their processes.

use std::collections::BTreeMap;

use mta::{Database, Fact, MessageId, Submission};
use net::HostId;

/// What the databases of all hosts hold. A process that starts reads its own.
#[derive(Debug, Default)]
pub(crate) struct MessageStore {
    messages: BTreeMap<u32, Stored>,
}

#[derive(Debug)]
struct Stored {
    submission: Submission,
    sender: HostId,
    /// The sender's address.
    from: u32,
    /// Whether it is neither acknowledged nor returned.
    is_queued: bool,
    arrived_at: Option<HostId>,
}

impl MessageStore {
    pub(super) fn on_submission(&mut self, sender: HostId, from: u32, submission: Submission) {
        // Stored even if the service is down: the message waits in the database for its next start.
        let stored = Stored {
            submission,
            sender,
            from,
            is_queued: true,
            arrived_at: None,
        };
        self.messages.insert(submission.message, stored);
    }

    pub(super) fn on_fact(&mut self, host: HostId, fact: Fact) {
        if let Fact::MessageArrived { message, .. } = fact
            && let Some(stored) = self.messages.get_mut(&message)
        {
            // A restarted process must know it: the sender may send the message again, and it must
            // not be delivered twice.
            stored.arrived_at = Some(host);
        }
        if let Fact::MessageAcknowledged(message) | Fact::MessageReturned(message) = fact
            && let Some(stored) = self.messages.get_mut(&message)
        {
            stored.is_queued = false;
        }
    }

    /// The database of a host: its own messages that are still queued, and the messages of others
    /// that have arrived, so that a second copy is recognised.
    pub(super) fn database(&self, host: HostId) -> Database {
        let stored = || self.messages.values();
        let queued = stored().filter(|it| it.sender == host && it.is_queued);
        let arrived = stored().filter(|it| it.arrived_at == Some(host));
        Database {
            queued: queued.map(|it| it.submission).collect(),
            arrived: arrived
                .map(|it| MessageId {
                    from: it.from,
                    message: it.submission.message,
                })
                .collect(),
        }
    }
}
