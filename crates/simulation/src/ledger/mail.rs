//! The books on messages.
//!
//! Owns what was submitted, arrived, was acknowledged and returned, and the promise between:
//! what is acknowledged has arrived intact, once. It refuses to know how it travelled.

use std::collections::BTreeMap;

use mta::{Database, Fact, Submission, content};
use net::HostId;

use crate::outcome::Messages;
use config::plan::ViolationKind;

use super::Broken;

#[derive(Debug)]
pub(super) struct Mail {
    addresses: Vec<u32>,
    letters: BTreeMap<u32, Letter>,
    totals: Messages,
}

#[derive(Debug)]
struct Letter {
    from: HostId,
    submission: Submission,
    arrived_at: Option<HostId>,
    acknowledged: bool,
    returned: bool,
    /// It was there when the network healed: from then on progress is owed.
    owed: bool,
}

impl Mail {
    pub(super) fn new(addresses: Vec<u32>) -> Self {
        Self {
            addresses,
            letters: BTreeMap::new(),
            totals: Messages::default(),
        }
    }

    pub(super) fn totals(&self) -> Messages {
        self.totals
    }

    pub(super) fn on_submission(&mut self, from: HostId, submission: Submission) {
        self.totals.submitted += 1;
        let letter = Letter {
            from,
            submission,
            arrived_at: None,
            acknowledged: false,
            returned: false,
            owed: false,
        };
        let before = self.letters.insert(submission.message, letter);
        assert!(before.is_none(), "every message has a number of its own");
    }

    pub(super) fn on_fact(&mut self, host: HostId, fact: Fact) -> Option<Broken> {
        match fact {
            Fact::MessageArrived {
                from,
                message,
                length,
                hash,
            } => {
                self.totals.arrived += 1;
                self.on_arrival(host, from, message, (length, hash))
            }
            Fact::MessageAcknowledged(message) => {
                self.totals.acknowledged += 1;
                let letter = self.letters.get_mut(&message)?;
                letter.acknowledged = true;
                letter.arrived_at.is_none().then(|| {
                    broken(
                        "acknowledged before it arrived",
                        format!("message {message}"),
                    )
                })
            }
            Fact::MessageReturned(message) => {
                self.totals.returned += 1;
                self.letters.get_mut(&message)?.returned = true;
                None
            }
            Fact::BlockBound(..)
            | Fact::AssociationOpened(_)
            | Fact::AssociationEnded(..)
            | Fact::AssociationBegun(_)
            | Fact::AssociationRefused
            | Fact::TransportBegun(..)
            | Fact::TransportEnded(..)
            | Fact::BlockAllocated(..)
            | Fact::BlockOutOfService(..)
            | Fact::BlockReleased(..)
            | Fact::CloseApplied { .. }
            | Fact::MessageSubmitted(_) => None,
        }
    }

    fn on_arrival(
        &mut self,
        host: HostId,
        from: u32,
        message: u32,
        (length, hash): (u32, u64),
    ) -> Option<Broken> {
        let Some(letter) = self.letters.get_mut(&message) else {
            return Some(broken(
                "a message nobody sent",
                format!("message {message}"),
            ));
        };
        let sent = letter.submission;
        let twice = letter.arrived_at.replace(host).is_some();
        let sender = self.addresses[letter.from.0 as usize];
        if sender != from || sent.length != length || content::hash(message, length) != hash {
            let detail = format!("message {message} of {} bytes", sent.length);
            return Some(broken("not what was sent", detail));
        }
        twice.then(|| broken("arrived twice", format!("message {message}")))
    }

    pub(super) fn on_healing(&mut self) {
        self.letters
            .values_mut()
            .for_each(|letter| letter.owed = true);
    }

    /// Messages that should have got through after healing and did not.
    pub(super) fn overdue(&self) -> Vec<(HostId, Broken)> {
        let overdue = self
            .letters
            .values()
            .filter(|letter| letter.owed && !letter.acknowledged && !letter.returned);
        let mut counts: BTreeMap<HostId, u64> = BTreeMap::new();
        overdue.for_each(|letter| *counts.entry(letter.from).or_default() += 1);
        let violation = |(host, count)| {
            let detail = format!("{count} messages are still queued after healing");
            (
                host,
                Broken::new(ViolationKind::Liveness, "message queue", detail),
            )
        };
        counts.into_iter().map(violation).collect()
    }

    /// What a host's database holds: its own messages that are not through, and those of others
    /// that have arrived here.
    pub(super) fn database(&self, host: HostId) -> Database {
        let mine = self.letters.values().filter(|letter| letter.from == host);
        let waiting = mine.filter(|letter| !letter.acknowledged && !letter.returned);
        let arrived = self
            .letters
            .values()
            .filter(|letter| letter.arrived_at == Some(host));
        let key = |letter: &Letter| {
            (
                self.addresses[letter.from.0 as usize],
                letter.submission.message,
            )
        };
        Database {
            queued: waiting.map(|letter| letter.submission).collect(),
            arrived: arrived.map(key).collect(),
        }
    }
}

fn broken(place: &str, detail: String) -> Broken {
    Broken::new(ViolationKind::Delivery, place, detail)
}
