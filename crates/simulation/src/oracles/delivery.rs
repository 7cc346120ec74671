//! Delivery of messages.
//!
//! Property: a message arrives as it was submitted - sender, length and bytes - and once, and it is
//! acknowledged to its sender only after it has arrived.
//!
//! That a message has arrived or is acknowledged is what the MTA tells its users: facts. Whether it is
//! true is not taken from facts: `transfers` reads the message in the bytes that the receiver's sockets
//! have given out, and the acknowledgment in those of the sender's. The hash of the fact is compared
//! besides, since the MTA could spoil a message after it has read it. A message that never arrives violates
//! nothing here; see `liveness`.

mod transfers;

use std::collections::BTreeMap;

use mta::{Fact, Submission, content};
use net::HostId;

use super::ViolationDetails;
use config::plan::ViolationKind;

pub(crate) use self::transfers::SocketDid;
use self::transfers::Transfers;

/// The messages of a run.
#[derive(Debug)]
pub(super) struct Delivery {
    addresses: Vec<u32>,
    messages: BTreeMap<u32, TrackedMessage>,
    transfers: Transfers,
}

#[derive(Debug)]
struct TrackedMessage {
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
            transfers: Transfers::default(),
        }
    }

    /// A socket of a host gives out bytes, or is closed.
    pub(super) fn on_socket(&mut self, host: HostId, did: &SocketDid) {
        self.transfers.on_socket(host, did);
    }

    /// The process of a host has ended.
    pub(super) fn on_end(&mut self, host: HostId) {
        self.transfers.on_end(host);
    }

    pub(super) fn on_submission(&mut self, sender: HostId, submission: Submission) {
        let message = TrackedMessage {
            sender,
            submission,
            has_arrived: false,
        };
        let before = self.messages.insert(submission.message, message);
        assert!(before.is_none(), "message numbers are unique in a run");
    }

    pub(super) fn on_fact(&mut self, host: HostId, fact: Fact) -> Option<ViolationDetails> {
        if let Fact::MessageArrived {
            from,
            message,
            length,
            hash,
        } = fact
        {
            let found = self.on_arrival(from, message, length, hash);
            let has_bytes = self.transfers.has_message(host, message, length);
            let invented = || defect("arrived without its bytes", message);
            // One defect for a message: what arrived instead says more than that its bytes are missing.
            return found.or_else(|| (!has_bytes).then(invented));
        }
        let Fact::MessageAcknowledged(number) = fact else {
            return None;
        };
        if !self.messages.get(&number)?.has_arrived {
            return Some(defect("acknowledged before it arrived", number));
        }
        let is_invented = !self.transfers.has_acknowledgment(host, number);
        is_invented.then(|| defect("acknowledged without an acknowledgment", number))
    }

    fn on_arrival(
        &mut self,
        from: u32,
        number: u32,
        length: u32,
        hash: u64,
    ) -> Option<ViolationDetails> {
        let Some(message) = self.messages.get_mut(&number) else {
            return Some(defect("a message nobody sent", number));
        };
        let is_second = std::mem::replace(&mut message.has_arrived, true);
        let sent = message.submission;
        let sender = self.addresses[message.sender.0 as usize];
        if sender != from || sent.length != length || content::hash(number, length) != hash {
            let detail = format!("message {number} of {} bytes", sent.length);
            let kind = ViolationKind::Delivery;
            return Some(ViolationDetails::new(kind, "not what was sent", detail));
        }
        is_second.then(|| defect("arrived twice", number))
    }
}

fn defect(location: &str, message: u32) -> ViolationDetails {
    let detail = format!("message {message}");
    ViolationDetails::new(ViolationKind::Delivery, location, detail)
}

#[cfg(test)]
mod tests {
    use mta::iso::spdu::Spdu;
    use mta::iso::tpdu::Tpdu;
    use mta::iso::tpkt;
    use winsock::SocketHandle;

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
        oracle
    }

    /// A socket of a host gives out these session units.
    fn give_out(oracle: &mut Delivery, host: HostId, units: &[Spdu<'_>]) {
        for unit in units {
            let user = unit.encode();
            let tpdu = Tpdu::Data {
                end: true,
                user: &user,
            };
            let packet = tpkt::encode(&tpdu.encode());
            let did = SocketDid::GaveOut(SocketHandle(8), packet.into());
            oracle.on_socket(host, &did);
        }
    }

    /// The first bytes of message 7 come out at the receiver.
    fn give_out_message(oracle: &mut Delivery, bytes: u32) {
        let start = Spdu::ActivityStart {
            message: 7,
            length: 100,
        };
        let user = content::bytes(7, 0, bytes);
        give_out(oracle, RECEIVER, &[start, Spdu::Data { user: &user }]);
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
        give_out_message(&mut oracle, 100);
        let acknowledgment = Spdu::ActivityEndAck { serial: 7 };
        give_out(&mut oracle, HostId(0), &[acknowledgment]);
        let defects = facts.iter().filter_map(|fact| {
            let is_sender = matches!(fact, Fact::MessageAcknowledged(_));
            let at = if is_sender { HostId(0) } else { RECEIVER };
            oracle.on_fact(at, *fact)
        });
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
            give_out_message(&mut oracle, taken);
            let found = oracle.on_fact(RECEIVER, arrival(7, 100));
            let location = found.map(|it| it.location);
            let invented = location.as_deref() == Some("arrived without its bytes");
            assert_eq!(invented, reported, "{taken}: {location:?}");
        }
    }

    /// The message is there, but its sender cannot know that.
    #[test]
    fn an_acknowledgment_that_no_socket_gave_out_is_reported() {
        let mut oracle = oracle();
        give_out_message(&mut oracle, 100);
        assert_eq!(oracle.on_fact(RECEIVER, arrival(7, 100)), None);
        let found = oracle.on_fact(HostId(0), Fact::MessageAcknowledged(7));
        let location = found.map(|it| it.location);
        assert_eq!(
            location.as_deref(),
            Some("acknowledged without an acknowledgment")
        );
    }
}
