//! The records of a run, and the bytes that they add to its digest.

use std::hash::{Hash, Hasher};

use kernel::EventKey;
use machine::Exception;
use net::{DropReason, HostId, Identity, LinkId};

use crate::violation::Violation;

/// Something that happened in a run. Its variants, their order and their fields are part of every
/// digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A simulation event was handled.
    Event(EventKey),
    /// A thread of a host's MTA wrote a record.
    Mta(HostId, ThreadNumber, mta::Record),
    /// The process of a host ended by an exception.
    Exception(HostId, ThreadNumber, Exception),
    /// A packet was put on a link by this host.
    PacketSent(HostId, Identity, PacketSummary),
    /// A packet, or one copy of it, was dropped.
    PacketDropped(HostId, Identity, Option<LinkId>, DropReason),
    /// A packet arrived at this host.
    PacketArrived(HostId, Identity),
    /// A packet arrived damaged and was discarded because of its checksum.
    PacketDamaged(HostId, Identity),
    /// A fault began or ended. Faults are numbered in the order of their names.
    Fault(u32, Stage),
    /// The service of a host was stopped in order.
    ClosedDown(HostId),
    /// A host's clock was set this many nanoseconds ahead of true time.
    ClockSet(HostId, i64),
    /// The healing phase began.
    Healed,
    /// An oracle found a violated property.
    Violation(Box<Violation>),
    /// A guest of this host reports something.
    Guest(HostId, String),
    /// A named quantity of the guests has this value from now on.
    Gauge(String, i64),
}

/// What a simulation event does. The discriminant is the class of its [`EventKey`], which ranks
/// the events of one instant: links and hosts change before packets arrive, packets arrive before
/// timers expire, and threads run last and see all of it. The order is part of every digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventClass {
    /// A fault ends.
    FaultEnds,
    /// A fault starts.
    FaultStarts,
    /// The healing phase begins.
    Heal,
    /// A packet arrives at a host.
    Arrival,
    /// A TCP timer of a host expires.
    TcpTimer,
    /// The timeout of a socket call expires.
    WaitEnds,
    /// A workload submits a message.
    Submission,
    /// A host or a service starts.
    Start,
    /// The threads of a host can run.
    ThreadsRun,
}

impl EventClass {
    const ALL: [Self; 9] = [
        Self::FaultEnds,
        Self::FaultStarts,
        Self::Heal,
        Self::Arrival,
        Self::TcpTimer,
        Self::WaitEnds,
        Self::Submission,
        Self::Start,
        Self::ThreadsRun,
    ];

    /// The class of an event.
    ///
    /// # Panics
    /// If the key is not of an event of a run.
    #[must_use]
    pub fn of(key: &EventKey) -> Self {
        Self::ALL[usize::from(key.class)]
    }
}

/// A thread by its number in the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadNumber(pub u16);

/// What a packet carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketSummary {
    /// TCP: ports, flags and payload bytes.
    Tcp {
        /// The sender's port.
        source_port: u16,
        /// The receiver's port.
        destination_port: u16,
        /// The flags' byte.
        flags: u8,
        /// Payload bytes.
        length: u32,
    },
    /// An ICMP message.
    Icmp,
    /// UDP: ports and bytes of data.
    Udp {
        /// The sender's port.
        source_port: u16,
        /// The receiver's port.
        destination_port: u16,
        /// Bytes of data.
        length: u32,
    },
}

/// A fault's start or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It starts.
    Starts,
    /// It ends.
    Ends,
}

impl Record {
    /// Whether it is part of the digest. "Wait for" lines of Winsock.log are not: the MTA writes them
    /// only if records are kept.
    #[must_use]
    pub const fn is_digested(&self) -> bool {
        !matches!(
            self,
            Self::Mta(_, _, mta::Record::Log(mta::LogLine::WaitFor(..)))
        )
    }
}

impl kernel::Record for Record {
    fn write_canonical(&self, bytes: &mut Vec<u8>) {
        let mut canonical = Canonical(bytes);
        match self {
            Self::Event(key) => (0_u8, key).hash(&mut canonical),
            Self::Mta(host, thread, record) => (1_u8, host, thread, record).hash(&mut canonical),
            Self::Exception(host, thread, exception) => {
                // Not the source location: a line inserted above it would change every digest with
                // a crash.
                let Exception { code, address, .. } = exception;
                (2_u8, host, thread, code, address).hash(&mut canonical);
            }
            Self::PacketSent(host, identity, segment) => {
                (3_u8, host, identity, segment).hash(&mut canonical);
            }
            Self::PacketDropped(host, identity, link, reason) => {
                (4_u8, host, identity, link, reason).hash(&mut canonical);
            }
            Self::PacketArrived(host, identity) => (5_u8, host, identity).hash(&mut canonical),
            Self::PacketDamaged(host, identity) => (6_u8, host, identity).hash(&mut canonical),
            Self::Fault(fault, stage) => (7_u8, fault, stage).hash(&mut canonical),
            Self::ClockSet(host, nanos) => (10_u8, host, nanos).hash(&mut canonical),
            Self::ClosedDown(host) => (11_u8, host).hash(&mut canonical),
            Self::Healed => 8_u8.hash(&mut canonical),
            // Not the detail, which is text for people and may be worded better.
            Self::Violation(violation) => (9_u8, violation.signature()).hash(&mut canonical),
            Self::Guest(host, text) => (13_u8, host.0, text).hash(&mut canonical),
            Self::Gauge(name, value) => (12_u8, name, value).hash(&mut canonical),
        }
    }
}

/// Collects the bytes that `Hash` feeds to a hasher, in little-endian order on every machine.
struct Canonical<'a>(&'a mut Vec<u8>);

impl Hasher for Canonical<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }
    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }
    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }
    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
    /// `derive(Hash)` feeds the discriminant of an enum as an `isize`; one byte is enough.
    fn write_isize(&mut self, number: isize) {
        self.write(&[number as u8]);
    }
    fn finish(&self) -> u64 {
        unreachable!("the bytes are collected, not hashed")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use config::plan::ViolationKind;
    use kernel::{Instant, Record as _};

    use super::*;

    /// Two records of different kinds never add the same bytes to a digest.
    #[test]
    fn every_kind_begins_with_a_byte_of_its_own() {
        const HOST: HostId = HostId(0);
        let key = EventKey {
            at: Instant::ZERO,
            class: 0,
            host: 0,
            sequence: 0,
        };
        let packet = Identity {
            flow: 0,
            unit: 0,
            attempt: 0,
        };
        let violation = Violation {
            kind: ViolationKind::Liveness,
            host: String::new(),
            at: Instant::ZERO,
            location: String::new(),
            block: None,
            detail: String::new(),
        };
        // What an MTA writes and an exception are 1 and 2.
        let kinds = [
            Record::Event(key),
            Record::PacketSent(HOST, packet, PacketSummary::Icmp),
            Record::PacketDropped(HOST, packet, None, DropReason::Loss),
            Record::PacketArrived(HOST, packet),
            Record::PacketDamaged(HOST, packet),
            Record::Fault(0, Stage::Starts),
            Record::ClosedDown(HOST),
            Record::ClockSet(HOST, 0),
            Record::Healed,
            Record::Violation(Box::new(violation)),
            Record::Guest(HOST, String::new()),
            Record::Gauge(String::new(), 0),
        ];
        let first = |record: &Record| {
            let mut bytes = Vec::new();
            record.write_canonical(&mut bytes);
            bytes[0]
        };
        let tags: BTreeSet<u8> = kinds.iter().map(first).chain([1, 2]).collect();
        assert_eq!(tags.len(), kinds.len() + 2);
    }
}
