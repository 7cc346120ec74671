//! The journal: every record as a line of JSON, for programs.
//!
//! A line is one flat object: `at_ns` and `kind` first, then `host` and `thread` if the record has
//! them, then the fields of its kind. `text` is what a log says. Names do not change; new ones may
//! be added. Times are integers of nanoseconds.

use std::fmt::{Display, Write};

use kernel::{EventKey, Instant, JournalEntry};
use mta::{AssociationEnd, Fact};
use net::{DropReason, HostId, Identity};

use super::event_log::{EventLogBuilder, Source};
use super::winsock_log;
use config::plan::{Keyword, Scenario};
use config::untrusted_text;
use simulation::outcome::{Outcome, Violation};
use simulation::record::{PacketSummary, Record, Stage};

/// The version of the format of a line.
const VERSION: u32 = 1;

/// The lines of the journal in the order of time, without line ends. Empty if no records were kept.
///
/// # Panics
/// If the outcome is not one of this scenario.
pub fn lines<'a>(
    scenario: &'a Scenario,
    outcome: &'a Outcome,
) -> impl Iterator<Item = String> + 'a {
    let mut builder = EventLogBuilder::new(scenario, outcome);
    outcome
        .records
        .iter()
        .map(move |JournalEntry { at, record }| {
            let names = NameLookup { scenario, outcome };
            let mut line = JsonObject::new(*at);
            names.write(&mut line, record);
            for (_, entry) in builder.entries_of(*at, record) {
                // An exception makes two entries; Dr. Watson's repeats what the MTA's says.
                if entry.source == Source::Mta {
                    line.number("id", entry.id);
                    line.text("text", entry.description());
                }
            }
            line.end()
        })
}

/// The line before them in a file: the version of this format, the build and the run.
#[must_use]
pub fn first_line(build: &str, scenario: &Scenario, outcome: &Outcome) -> String {
    let mut line = JsonObject::new(Instant::ZERO);
    line.text("kind", "journal");
    line.number("schema_version", VERSION);
    line.text("mtasim", build);
    line.text("title", &scenario.title);
    line.number("seed", outcome.seed);
    line.text("digest", outcome.digest);
    // Fewer are kept than there are if the scenario's limit of records is lower.
    line.number("records", outcome.record_count);
    line.number("records_kept", outcome.records.len());
    line.end()
}

/// Looks up the names that records refer to by number.
struct NameLookup<'a> {
    scenario: &'a Scenario,
    outcome: &'a Outcome,
}

impl NameLookup<'_> {
    fn host(&self, line: &mut JsonObject, host: HostId) {
        line.text("host", &self.outcome.hosts[host.0 as usize].name);
    }

    fn write(&self, line: &mut JsonObject, record: &Record) {
        match record {
            Record::Event(key) => self.event(line, key),
            Record::Mta(host, thread, record) => {
                line.text("kind", kind_of(record));
                self.host(line, *host);
                line.number("thread", thread.0);
                match record {
                    mta::Record::Log(said) => {
                        let (thread, said) = (*thread, *said);
                        line.text("text", winsock_log::Line { thread, line: said });
                    }
                    mta::Record::Event(_) => {}
                    mta::Record::Fact(fact) => write_fact(line, *fact),
                }
            }
            Record::Exception(host, thread, exception) => {
                line.text("kind", "exception");
                self.host(line, *host);
                line.number("thread", thread.0);
                line.text("code", format_args!("{:08x}", exception.code));
                line.text("cause", exception);
            }
            Record::PacketSent(host, identity, segment) => {
                self.packet(line, "packet-sent", *host, *identity);
                write_segment(line, *segment);
            }
            Record::PacketDropped(host, identity, link, reason) => {
                self.packet(line, "packet-dropped", *host, *identity);
                if let Some(link) = link {
                    let name = self.scenario.links.keys().nth(link.0 as usize);
                    line.text("link", name.expect("links are numbered by name"));
                }
                line.text("reason", drop_reason(*reason));
            }
            Record::PacketArrived(host, identity) => {
                self.packet(line, "packet-arrived", *host, *identity);
            }
            Record::PacketDamaged(host, identity) => {
                self.packet(line, "packet-damaged", *host, *identity);
            }
            Record::Fault(fault, stage) => {
                line.text("kind", "fault");
                let name = self.scenario.faults.keys().nth(*fault as usize);
                line.text("fault", name.expect("faults are numbered by name"));
                line.text(
                    "stage",
                    match stage {
                        Stage::Starts => "starts",
                        Stage::Ends => "ends",
                    },
                );
            }
            Record::ClosedDown(host) => {
                line.text("kind", "closed-down");
                self.host(line, *host);
            }
            Record::ClockSet(host, nanos) => {
                line.text("kind", "clock-set");
                self.host(line, *host);
                line.number("ahead_ns", nanos);
            }
            Record::Healed => line.text("kind", "healed"),
            Record::Violation(violation) => write_violation(line, violation),
            Record::Guest(host, text) => {
                line.text("kind", "guest");
                self.host(line, *host);
                line.text("text", text);
            }
            Record::Gauge(name, value) => {
                line.text("kind", "gauge");
                line.text("name", name);
                line.number("value", value);
            }
        }
    }

    fn event(&self, line: &mut JsonObject, key: &EventKey) {
        line.text("kind", "event");
        self.host(line, HostId(key.host));
        line.number("class", key.class);
        line.number("sequence", key.sequence);
    }

    /// Numbers of 64 bits are written as text: many JSON readers keep only 53 bits of a number.
    fn packet(&self, line: &mut JsonObject, kind: &str, host: HostId, identity: Identity) {
        let Identity {
            flow,
            unit,
            attempt,
        } = identity;
        line.text("kind", kind);
        self.host(line, host);
        // In hexadecimal, as a text: programs read JSON's numbers as floating point, which has 53
        // bits.
        line.text("flow", format_args!("{flow:016x}"));
        line.text("unit", format_args!("{unit:016x}"));
        line.number("attempt", attempt);
    }
}

/// The `kind` of a record of an MTA.
const fn kind_of(record: &mta::Record) -> &'static str {
    match record {
        mta::Record::Log(_) => "winsock-log",
        mta::Record::Event(_) => "event-log",
        mta::Record::Fact(fact) => match fact {
            Fact::AssociationBegun(..) => "association-begun",
            Fact::BlockBound(..) => "block-bound",
            Fact::AssociationOpened(_) => "association-opened",
            Fact::AssociationEnded(..) => "association-ended",
            Fact::AssociationRefused => "association-refused",
            Fact::TransportBegun(..) => "transport-begun",
            Fact::TransportEnded(..) => "transport-ended",
            Fact::BlockAllocated(..) => "block-taken",
            Fact::BlockOutOfService(..) => "block-out-of-service",
            Fact::CloseRequestDropped(..) => "close-request-dropped",
            Fact::BlockReleased(..) => "block-returned",
            Fact::CloseApplied { .. } => "close-applied",
            Fact::MessageSubmitted(_) => "message-submitted",
            Fact::MessageArrived { .. } => "message-arrived",
            Fact::MessageAcknowledged(_) => "message-acknowledged",
            Fact::MessageReturned(_) => "message-returned",
        },
    }
}

fn write_fact(line: &mut JsonObject, fact: Fact) {
    match fact {
        Fact::AssociationRefused => {}
        Fact::BlockBound(association, block) => {
            line.number("association", association.0);
            line.number("cb", block.index);
            line.number("instance", block.instance);
        }
        Fact::AssociationBegun(association, _) | Fact::AssociationOpened(association) => {
            line.number("association", association.0)
        }
        Fact::AssociationEnded(association, ending) => {
            line.number("association", association.0);
            line.text(
                "ending",
                match ending {
                    AssociationEnd::Orderly => "orderly",
                    AssociationEnd::NotOpened => "not-opened",
                    AssociationEnd::Broken => "broken",
                },
            );
        }
        Fact::TransportBegun(block)
        | Fact::TransportEnded(block)
        | Fact::BlockAllocated(block)
        | Fact::BlockOutOfService(block)
        | Fact::CloseRequestDropped(block)
        | Fact::BlockReleased(block) => {
            line.number("cb", block.index);
            line.number("instance", block.instance);
        }
        Fact::CloseApplied {
            block,
            meant,
            found,
        } => {
            line.number("cb", block);
            line.number("meant", meant);
            line.number("instance", found);
        }
        Fact::MessageSubmitted(message)
        | Fact::MessageAcknowledged(message)
        | Fact::MessageReturned(message) => {
            line.number("message", message);
        }
        Fact::MessageArrived {
            from,
            message,
            length,
            hash,
        } => {
            line.number("message", message);
            line.text("from", std::net::Ipv4Addr::from(from));
            line.number("bytes", length);
            line.text("hash", format_args!("{hash:016x}"));
        }
    }
}

fn write_segment(line: &mut JsonObject, segment: PacketSummary) {
    match segment {
        PacketSummary::Tcp {
            source_port,
            destination_port,
            flags,
            length,
        } => {
            line.number("source_port", source_port);
            line.number("destination_port", destination_port);
            line.number("flags", flags);
            line.number("bytes", length);
        }
        PacketSummary::Icmp => line.text("protocol", "icmp"),
        PacketSummary::Udp {
            source_port,
            destination_port,
            length,
        } => {
            line.text("protocol", "udp");
            line.number("source_port", source_port);
            line.number("destination_port", destination_port);
            line.number("bytes", length);
        }
    }
}

fn write_violation(line: &mut JsonObject, violation: &Violation) {
    line.text("kind", "violation");
    line.text("host", &violation.host);
    line.text("violation", violation.kind.as_str());
    line.text("signature", violation.signature());
    if let Some(block) = violation.block {
        line.number("cb", block.index);
        line.number("instance", block.instance);
    }
    line.text("text", &violation.detail);
}

/// Why a packet was dropped, as a word for programs.
#[must_use]
pub const fn drop_reason(reason: DropReason) -> &'static str {
    match reason {
        DropReason::Loss => "loss",
        DropReason::Outage => "outage",
        DropReason::QueueFull => "queue-full",
        DropReason::BlackHole => "cut",
        DropReason::NoRoute => "no-route",
        DropReason::TtlExceeded => "ttl-exceeded",
        DropReason::Scheduled => "pinned",
        DropReason::LineDown => "line-down",
        DropReason::UnknownConnection => "unknown-connection",
        DropReason::TooLong => "too-long",
    }
}

/// A JSON object that is being written.
struct JsonObject(String);

impl JsonObject {
    fn new(at: Instant) -> Self {
        Self(format!("{{\"at_ns\":{}", at.nanos()))
    }

    /// Adds a value whose `Display` form is a JSON number.
    fn number(&mut self, name: &str, value: impl Display) {
        write!(self.0, ",\"{name}\":{value}").expect("writing to a string cannot fail");
    }

    fn text(&mut self, name: &str, value: impl Display) {
        let quoted = serde_json::Value::from(value.to_string()).to_string();
        let quoted = untrusted_text::json(&quoted);
        write!(self.0, ",\"{name}\":{quoted}").expect("writing to a string cannot fail");
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests;
