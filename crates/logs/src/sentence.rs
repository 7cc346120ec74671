//! Puts records into English.
//!
//! A sentence says no more than its record. Programs read the keywords of [`journal`](crate::journal)
//! instead, which do not change.

use mta::{AssociationEnd, BlockId, Fact};
use net::DropReason;

use super::winsock_log;
use config::plan::Scenario;
use simulation::outcome::Outcome;
use simulation::record::{EventClass, PacketSummary, Record, Stage, ThreadNumber};

/// A record of this run in English, without its time.
///
/// # Panics
/// If the record is not one of this run.
#[must_use]
pub fn record(scenario: &Scenario, outcome: &Outcome, record: &Record) -> String {
    let host = |id: u32| outcome.hosts[id as usize].name.as_str();
    match record {
        Record::Event(key) => event_class(EventClass::of(key), host(key.host)),
        Record::Mta(id, thread, record) => {
            let who = thread_name(outcome, id.0, *thread);
            match record {
                mta::Record::Fact(it) => format!("{who}: {}", fact(*it)),
                mta::Record::Log(line) => {
                    let (thread, line) = (*thread, *line);
                    format!("{who} logs {}", winsock_log::Line { thread, line })
                }
                mta::Record::Event(entry) => format!("{who} writes event {}", entry.id()),
            }
        }
        Record::Exception(id, thread, exception) => {
            let who = thread_name(outcome, id.0, *thread);
            format!("{who}: exception {:08x}: {exception}", exception.code)
        }
        Record::PacketSent(id, _, segment) => {
            format!("{} sends {}", host(id.0), self::segment(*segment))
        }
        Record::PacketDropped(id, _, _, reason) => {
            format!(
                "a packet from {} is dropped: {}",
                host(id.0),
                drop_reason(*reason)
            )
        }
        Record::PacketArrived(id, _) => format!("a packet arrives at {}", host(id.0)),
        Record::PacketDamaged(id, _) => format!("a packet arrives damaged at {}", host(id.0)),
        Record::Fault(fault, stage) => {
            let name = scenario.faults.keys().nth(*fault as usize);
            let name = name.expect("faults are numbered by name");
            match stage {
                Stage::Starts => format!("fault {name} starts"),
                Stage::Ends => format!("fault {name} ends"),
            }
        }
        Record::ClosedDown(id) => format!("the service of {} stops", host(id.0)),
        Record::ClockSet(id, _) => format!("the clock of {} is set", host(id.0)),
        Record::Healed => "the network heals".to_owned(),
        Record::Violation(violation) => {
            format!("{}: {}", violation.host, violation.signature())
        }
        Record::Guest(id, text) => format!("{}: {text}", host(id.0)),
        Record::Gauge(name, value) => format!("{name} = {value}"),
    }
}

fn event_class(class: EventClass, host: &str) -> String {
    match class {
        EventClass::FaultEnds => "a fault ends".to_owned(),
        EventClass::FaultStarts => "a fault starts".to_owned(),
        EventClass::Heal => "the healing phase begins".to_owned(),
        EventClass::Arrival => format!("a packet reaches {host}"),
        EventClass::TcpTimer => format!("a TCP timer expires at {host}"),
        EventClass::WaitEnds => format!("the timeout of a socket call expires at {host}"),
        EventClass::Submission => "a message is submitted".to_owned(),
        EventClass::Start => format!("the service of {host} starts"),
        EventClass::ThreadsRun => format!("threads run at {host}"),
    }
}

/// `PARIS, MAIN BASE (001)`.
fn thread_name(outcome: &Outcome, host: u32, thread: ThreadNumber) -> String {
    let view = &outcome.hosts[host as usize];
    let name = view.threads.get(&thread).map_or("?", String::as_str);
    format!("{}, {name} ({:03})", view.name, thread.0)
}

/// A fact of an MTA in English, without its time and thread.
#[must_use]
pub fn fact(fact: Fact) -> String {
    match fact {
        Fact::AssociationBegun(association, _) => format!("begins association {}", association.0),
        Fact::BlockBound(association, BlockId { index, instance }) => {
            format!(
                "association {} is bound to block {index}, instance {instance}",
                association.0
            )
        }
        Fact::AssociationOpened(association) => format!("association {} is open", association.0),
        Fact::AssociationEnded(association, ending) => {
            let how = match ending {
                AssociationEnd::Orderly => "in order",
                AssociationEnd::NotOpened => "before it was open",
                AssociationEnd::Broken => "because the connection broke",
            };
            format!("association {} ends {how}", association.0)
        }
        Fact::AssociationRefused => "cannot begin an association: no block is free".to_owned(),
        Fact::TransportBegun(BlockId { index, instance }) => {
            format!("the transport starts on block {index}, instance {instance}")
        }
        Fact::TransportEnded(BlockId { index, instance }) => {
            format!("the transport forgets block {index}, instance {instance}")
        }
        Fact::BlockAllocated(BlockId { index, instance }) => {
            format!("allocates block {index} from the pool: instance {instance}")
        }
        Fact::BlockOutOfService(BlockId { index, instance }) => {
            format!("a timeout takes block {index}, instance {instance}, out of service")
        }
        Fact::CloseRequestDropped(BlockId { index, instance }) => {
            format!("WinSock drops the close request for block {index}, instance {instance}")
        }
        Fact::BlockReleased(BlockId { index, instance }) => {
            format!("releases block {index}, instance {instance}, to the pool")
        }
        Fact::CloseApplied {
            block,
            meant,
            found,
        } => {
            format!("a close request for instance {meant} of block {block} finds instance {found}")
        }
        Fact::MessageSubmitted(message) => format!("accepts message {message}"),
        Fact::MessageArrived { message, .. } => format!("message {message} has arrived completely"),
        Fact::MessageAcknowledged(message) => format!("message {message} is acknowledged"),
        Fact::MessageReturned(message) => format!("message {message} is returned to its sender"),
    }
}

/// Why a packet was dropped, as a noun.
#[must_use]
pub const fn drop_reason(reason: DropReason) -> &'static str {
    match reason {
        DropReason::Loss => "random loss",
        DropReason::Outage => "outage",
        DropReason::QueueFull => "full queue",
        DropReason::BlackHole => "cut link",
        DropReason::NoRoute => "no route",
        DropReason::TtlExceeded => "time to live exceeded",
        DropReason::Scheduled => "pinned by the scenario",
        DropReason::LineDown => "line known to be down",
        DropReason::UnknownConnection => "connection unknown to the router",
        DropReason::TooLong => "longer than the link's MTU",
    }
}

/// The flags and the length of what a packet carries.
#[must_use]
pub fn segment(segment: PacketSummary) -> String {
    /// From the lowest bit of the flags (RFC 9293 section 3.1).
    const FLAGS: [&str; 6] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
    match segment {
        PacketSummary::Icmp => "an ICMP message".to_owned(),
        PacketSummary::Udp { length, .. } => format!("a datagram with {length} bytes"),
        PacketSummary::Tcp { flags, length, .. } => {
            // In the order of the header's bits (RFC 9293 section 3.1), from the lowest.
            let set = (0..).zip(FLAGS).filter(|(bit, _)| flags >> bit & 1 == 1);
            let set: Vec<&str> = set.map(|(_, name)| name).collect();
            format!("{} with {length} bytes", set.join(" "))
        }
    }
}
