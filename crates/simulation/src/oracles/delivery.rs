//! Delivery of messages.
//!
//! Property: a message arrives as it was submitted - sender, length and bytes - and once, and it is
//! acknowledged to its sender only after it has arrived. Arrivals are compared by a hash of the
//! bytes in the order in which they were read, from the MTA's facts. That the MTA has the bytes is not
//! taken from its facts: the messages that have arrived at a host are no longer than what its sockets
//! have given out. A message that never arrives violates nothing here; see `liveness`.

use std::collections::BTreeMap;

use mta::{Fact, Submission, content};
use net::HostId;

use super::Defect;
use config::plan::ViolationKind;

/// The messages of a run.
#[derive(Debug)]
pub(super) struct Delivery {
    addresses: Vec<u32>,
    messages: BTreeMap<u32, Message>,
    hosts: BTreeMap<HostId, Bytes>,
}

/// The bytes of a host.
#[derive(Debug, Default)]
struct Bytes {
    /// Taken out of sockets.
    taken: u64,
    /// In messages that have arrived.
    arrived: u64,
}

#[derive(Debug)]
struct Message {
    sender: HostId,
    submission: Submission,
    has_arrived: bool,
}

impl Delivery {
    /// `addresses` are those of the hosts, by number.
    pub(super) fn new(addresses: Vec<u32>) -> Self {
        Self {
            addresses,
            messages: BTreeMap::new(),
            hosts: BTreeMap::new(),
        }
    }

    /// The threads of a host have taken this many bytes out of their sockets so far.
    pub(super) fn on_bytes_taken(&mut self, host: HostId, bytes: u64) {
        self.hosts.entry(host).or_default().taken = bytes;
    }

    pub(super) fn on_submission(&mut self, sender: HostId, submission: Submission) {
        let message = Message {
            sender,
            submission,
            has_arrived: false,
        };
        let before = self.messages.insert(submission.message, message);
        assert!(before.is_none(), "message numbers are unique in a run");
    }

    pub(super) fn on_fact(&mut self, host: HostId, fact: Fact) -> Option<Defect> {
        if let Fact::MessageArrived {
            from,
            message,
            length,
            hash,
        } = fact
        {
            let found = self.on_arrival(from, message, length, hash);
            let bytes = self.hosts.entry(host).or_default();
            bytes.arrived += u64::from(length);
            let has_bytes = bytes.arrived <= bytes.taken;
            let invented = || defect("arrived without its bytes", message);
            return found.or_else(|| (!has_bytes).then(invented));
        }
        let Fact::MessageAcknowledged(number) = fact else {
            return None;
        };
        let is_early = !self.messages.get(&number)?.has_arrived;
        is_early.then(|| defect("acknowledged before it arrived", number))
    }

    fn on_arrival(&mut self, from: u32, number: u32, length: u32, hash: u64) -> Option<Defect> {
        let Some(message) = self.messages.get_mut(&number) else {
            return Some(defect("a message nobody sent", number));
        };
        let is_second = std::mem::replace(&mut message.has_arrived, true);
        let sent = message.submission;
        let sender = self.addresses[message.sender.0 as usize];
        if sender != from || sent.length != length || content::hash(number, length) != hash {
            let detail = format!("message {number} of {} bytes", sent.length);
            let kind = ViolationKind::Delivery;
            return Some(Defect::new(kind, "not what was sent", detail));
        }
        is_second.then(|| defect("arrived twice", number))
    }
}

fn defect(location: &str, message: u32) -> Defect {
    let detail = format!("message {message}");
    Defect::new(ViolationKind::Delivery, location, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: u32 = 0x0a00_0001;
    const RECEIVER: HostId = HostId(1);

    /// An oracle after the submission of message 7, of 100 bytes.
    fn oracle() -> Delivery {
        let mut oracle = Delivery::new(vec![SENDER]);
        let submission = Submission {
            connector: 0,
            message: 7,
            rng_key: 0,
            length: 100,
            priority: mta::Priority::Normal,
        };
        oracle.on_submission(HostId(0), submission);
        oracle.on_bytes_taken(RECEIVER, 1_000);
        oracle
    }

    fn arrival(message: u32, length: u32) -> Fact {
        Fact::MessageArrived {
            from: SENDER,
            message,
            length,
            hash: content::hash(message, length),
        }
    }

    fn locations(facts: &[Fact]) -> Vec<String> {
        let mut oracle = oracle();
        let defects = facts
            .iter()
            .filter_map(|fact| oracle.on_fact(RECEIVER, *fact));
        defects.map(|defect| defect.location).collect()
    }

    #[test]
    fn a_message_that_arrives_and_is_acknowledged_violates_nothing() {
        let facts = [arrival(7, 100), Fact::MessageAcknowledged(7)];
        assert!(locations(&facts).is_empty());
    }

    #[test]
    fn each_kind_of_wrong_delivery_is_reported() {
        let early = Fact::MessageAcknowledged(7);
        assert_eq!(locations(&[early]), ["acknowledged before it arrived"]);
        let twice = [arrival(7, 100), arrival(7, 100)];
        assert_eq!(locations(&twice), ["arrived twice"]);
        assert_eq!(locations(&[arrival(7, 99)]), ["not what was sent"]);
        assert_eq!(locations(&[arrival(8, 100)]), ["a message nobody sent"]);
    }

    /// An MTA that claims an arrival and has received nothing, or too little, lies.
    #[test]
    fn a_message_whose_bytes_no_socket_gave_out_is_reported() {
        for (taken, reported) in [(0, true), (99, true), (100, false)] {
            let mut oracle = oracle();
            oracle.on_bytes_taken(RECEIVER, taken);
            let found = oracle.on_fact(RECEIVER, arrival(7, 100));
            let location = found.map(|it| it.location);
            let invented = location.as_deref() == Some("arrived without its bytes");
            assert_eq!(invented, reported, "{taken}: {location:?}");
        }
    }
}
