//! Progress after the network has healed.
//!
//! Property: a message that is queued when the network heals has arrived and is acknowledged, or is
//! returned, before the run ends. It is checked only in scenarios with a healing phase, at their end.
//! An arrival and an acknowledgment count only if `delivery` found them true: the message's bytes came
//! out of the receiver's sockets, and its acknowledgment out of the sender's. That a message was returned
//! is taken from the sender's facts: a return goes to the local user, and nothing else in a run shows it.
//! If the phase is too short for a correct MTA to drain its queues, the report is wrong.

use std::collections::BTreeMap;

use mta::Fact;
use net::HostId;

use super::ViolationDetails;
use config::plan::ViolationKind;

/// The messages that are neither acknowledged nor returned.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    pending: BTreeMap<u32, PendingMessage>,
}

#[derive(Debug)]
struct PendingMessage {
    from: HostId,
    /// Whether it was queued when the network healed.
    is_owed: bool,
    has_arrived: bool,
}

impl Liveness {
    pub(super) fn on_submission(&mut self, from: HostId, message: u32) {
        let pending = PendingMessage {
            from,
            is_owed: false,
            has_arrived: false,
        };
        self.pending.insert(message, pending);
    }

    /// A fact that `delivery` found true, or does not check.
    pub(super) fn on_fact(&mut self, fact: Fact) {
        if let Fact::MessageArrived { message, .. } = fact
            && let Some(pending) = self.pending.get_mut(&message)
        {
            pending.has_arrived = true;
        }
        if let Fact::MessageReturned(message) = fact {
            self.pending.remove(&message);
        }
        let has_arrived = |it: &PendingMessage| it.has_arrived;
        if let Fact::MessageAcknowledged(message) = fact
            && self.pending.get(&message).is_some_and(has_arrived)
        {
            self.pending.remove(&message);
        }
    }

    pub(super) fn on_healing(&mut self) {
        self.pending.values_mut().for_each(|it| it.is_owed = true);
    }

    /// One violation for each host with messages that are still queued.
    pub(super) fn overdue(&self) -> Vec<(HostId, ViolationDetails)> {
        let mut counts: BTreeMap<HostId, u64> = BTreeMap::new();
        for message in self.pending.values().filter(|it| it.is_owed) {
            *counts.entry(message.from).or_default() += 1;
        }
        let defect = |(host, count)| {
            let messages = if count == 1 {
                "message is"
            } else {
                "messages are"
            };
            let detail = format!("{count} {messages} still queued after healing");
            let kind = ViolationKind::Liveness;
            (host, ViolationDetails::new(kind, "message queue", detail))
        };
        counts.into_iter().map(defect).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(message: u32) -> Fact {
        Fact::MessageArrived {
            from: 0,
            message,
            length: 1,
            hash: 0,
        }
    }

    #[test]
    fn only_messages_queued_at_healing_and_still_pending_are_overdue() {
        let mut oracle = Liveness::default();
        for message in 1..=4 {
            oracle.on_submission(HostId(0), message);
        }
        oracle.on_fact(arrival(1));
        oracle.on_fact(Fact::MessageAcknowledged(1));
        assert!(
            oracle.overdue().is_empty(),
            "nothing is owed before healing"
        );
        oracle.on_healing();
        oracle.on_submission(HostId(1), 5);
        oracle.on_fact(Fact::MessageReturned(2));
        let overdue = oracle.overdue();
        let [(host, defect)] = overdue.as_slice() else {
            panic!("one host has overdue messages: {overdue:?}");
        };
        assert_eq!(*host, HostId(0));
        assert_eq!(defect.detail, "2 messages are still queued after healing");
    }

    /// The sender says that the receiver has it; the receiver has nothing.
    #[test]
    fn an_acknowledgment_of_what_has_not_arrived_settles_nothing() {
        let mut oracle = Liveness::default();
        oracle.on_submission(HostId(0), 1);
        oracle.on_fact(Fact::MessageAcknowledged(1));
        oracle.on_healing();
        assert_eq!(oracle.overdue().len(), 1);
        oracle.on_fact(arrival(1));
        oracle.on_fact(Fact::MessageAcknowledged(1));
        assert!(oracle.overdue().is_empty());
    }
}
