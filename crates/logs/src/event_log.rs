//! The application event log of a host.
//!
//! Entries carry the time that the host's clock shows. What the MTA does not log has no entry, and
//! the log never fills up, unlike that of a real machine.
//!
//! - `wording`: the texts by event id, with their sources.
//! - `exception`: 9405 and 4097 of a process that ended by an exception.

mod exception;
mod wording;

use std::fmt;

use kernel::{Instant, JournalEntry};
use mta::{EventEntry, Generation};
use net::HostId;

use super::wall_clock::WallTime;
use config::plan::{Host, Offset, Scenario};
use simulation::outcome::{HostView, Outcome};
use simulation::record::{Record, ThreadNumber};

/// An entry of the application event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The time that the host's clock showed.
    pub at: WallTime,
    /// The computer.
    pub computer: String,
    /// The program that wrote it.
    pub source: Source,
    /// The event id.
    pub id: u32,
    /// Its type.
    pub kind: EntryType,
    /// Its category.
    pub category: Category,
    /// The number in parentheses at its end, 8 to 16.
    pub severity: u8,
    /// The contents of its brackets; Dr. Watson's entries and access violations of 4.0 have none.
    pub origin: Option<Origin>,
    /// The description without brackets and severity.
    pub text: String,
    /// The lines of EV0.LOG instead of the description.
    pub short: Vec<String>,
}

/// A program that writes entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The MTA.
    Mta,
    /// The debugger that catches the exceptions of a process.
    DrWatson,
}

/// The type of an entry, as Event Viewer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryType {
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Information.
    Information,
}

/// The MTA's categories that are used here, with their numbers (Q163032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Dr. Watson's entries have no category.
    None,
    /// Category 1.
    X400Service,
    /// Category 2.
    Resource,
    /// Category 5.
    FieldEngineering,
    /// Category 7.
    Configuration,
    /// Category 9.
    OperatingSystem,
    /// Category 10.
    InternalProcessing,
}

/// The part of the MTA that wrote an entry: `[BASE IL TCP/IP DRVR 8 274]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The product.
    pub product: &'static str,
    /// The thread's name.
    pub thread: String,
    /// The thread's number.
    pub number: u16,
    /// The procedure within the product; 9405 has none.
    pub procedure: Option<u32>,
}

/// An entry in Event Viewer's form, as support articles quote it.
#[derive(Clone, Copy, Debug)]
pub struct NtForm<'a>(pub &'a Entry);

/// An entry in the form of EV0.LOG (Q303102).
#[derive(Clone, Copy, Debug)]
pub struct TextForm<'a>(pub &'a Entry);

/// The application event log of a host, in the order of time. Empty if no records were kept.
///
/// # Panics
/// If the outcome is not one of this scenario.
#[must_use]
pub fn entries(scenario: &Scenario, outcome: &Outcome, host: HostId) -> Vec<(Instant, Entry)> {
    let mut builder = EventLogBuilder::new(scenario, outcome);
    let mut entries = Vec::new();
    for JournalEntry { at, record } in &outcome.records {
        for (_, entry) in builder
            .entries_of(*at, record)
            .filter(|(whose, _)| *whose == host)
        {
            entries.push((*at, entry));
        }
    }
    entries
}

/// Turns the records of a run, in their order, into entries of all hosts' logs. It keeps track of
/// the hosts' clocks.
#[derive(Debug)]
pub struct EventLogBuilder<'a> {
    scenario: &'a Scenario,
    views: &'a [HostView],
    offsets: Vec<Offset>,
}

impl<'a> EventLogBuilder<'a> {
    /// At the start of a run.
    ///
    /// # Panics
    /// If the outcome is not one of this scenario.
    #[must_use]
    pub fn new(scenario: &'a Scenario, outcome: &'a Outcome) -> Self {
        let views = &outcome.hosts;
        let offsets = views
            .iter()
            .map(|view| scenario.hosts[&view.name].clock_offset);
        Self {
            scenario,
            views,
            offsets: offsets.collect(),
        }
    }

    /// The entries of a record, each with the host whose log it is in: none for most records, two
    /// if an exception ends a process.
    pub fn entries_of(
        &mut self,
        at: Instant,
        record: &Record,
    ) -> impl Iterator<Item = (HostId, Entry)> + use<> {
        let (host, entries) = match record {
            Record::Mta(host, thread, mta::Record::Event(event)) => {
                let entry = wording::entry(&self.writer(*host, at), *thread, event);
                (*host, [Some(entry), None])
            }
            // The end of a service is not a record of the MTA, since the world stops it.
            Record::ClosedDown(host) => {
                let writer = self.writer(*host, at);
                let event = writer.view.build.map(EventEntry::ClosedownComplete);
                let entry = event.map(|event| wording::entry(&writer, MAIN_BASE, &event));
                (*host, [entry, None])
            }
            Record::Exception(host, thread, raised) => {
                let entries = exception::entries(&self.writer(*host, at), *thread, raised.into());
                (*host, entries.map(Some))
            }
            Record::ClockSet(host, nanos) => {
                self.offsets[host.0 as usize] = Offset { nanos: *nanos };
                (*host, [None, None])
            }
            Record::Mta(host, _, mta::Record::Log(_) | mta::Record::Fact(_))
            | Record::PacketSent(host, ..)
            | Record::PacketDropped(host, ..)
            | Record::PacketArrived(host, _)
            | Record::PacketDamaged(host, _)
            | Record::Guest(host, _) => (*host, [None, None]),
            Record::Event(_)
            | Record::Fault(..)
            | Record::Healed
            | Record::Violation(_)
            | Record::Gauge(..) => (HostId(0), [None, None]),
        };
        entries
            .into_iter()
            .flatten()
            .map(move |entry| (host, entry))
    }

    fn writer(&self, host: HostId, at: Instant) -> Writer<'a> {
        let view = &self.views[host.0 as usize];
        // Entries show what the host's own clock says, right or wrong: an administrator who
        // compares two hosts sees the difference.
        let offset = self.offsets[host.0 as usize];
        Writer {
            view,
            plan: &self.scenario.hosts[&view.name],
            clock: WallTime::at(self.scenario.epoch, at, offset),
        }
    }
}

/// MAIN BASE has number 1 in every build.
const MAIN_BASE: ThreadNumber = ThreadNumber(1);

/// The host that writes an entry, and its clock.
struct Writer<'a> {
    view: &'a HostView,
    plan: &'a Host,
    clock: WallTime,
}

impl Writer<'_> {
    /// The name of a thread. MAIN BASE logs the end of a service, even if the service stops before
    /// its threads have started.
    ///
    /// Number 11 is an Async Notify: Q170006 names it so in its event 9234, where it calls select().
    /// In all other events, the articles call both threads of a pair drivers, 11 too (Q157701).
    fn thread(&self, number: ThreadNumber, calls_select: bool) -> &str {
        match self.view.threads.get(&number).map(String::as_str) {
            Some("TCP/IP ASYNC") if !calls_select => "TCP/IP DRVR",
            Some(name) => name,
            None => "MAIN BASE",
        }
    }
}

impl Entry {
    /// The description in Event Viewer: `A sockets error 10060 … [BASE IL TCP/IP DRVR 54 274] (12)`.
    #[must_use]
    pub fn description(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} [{origin}] ({})", self.text, self.severity),
            None => self.text.clone(),
        }
    }
}

impl Category {
    /// The phrase at the start of an entry in EV0.LOG. Those of Operating System, Internal
    /// Processing and X.400 Service are quoted in articles (Q303102, Q151626, Q153188); the
    /// others are formed by analogy.
    const fn phrase(self) -> &'static str {
        match self {
            Self::None => "Event",
            Self::X400Service => "X.400 Service Event",
            Self::Resource => "Resource Event",
            Self::FieldEngineering => "Field Engineering Event",
            Self::Configuration => "Configuration Event",
            Self::OperatingSystem => "Internal Operating System Error",
            Self::InternalProcessing => "Internal Processing Error",
        }
    }
}

/// `Socket error   0`: three spaces in 5.5 (Q303102), one in 4.0 (Q151626, Q170007).
const fn socket_error_gap(generation: Generation) -> &'static str {
    match generation {
        Generation::Pairs => " ",
        Generation::Single => "   ",
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Mta => "MSExchangeMTA",
            Self::DrWatson => "DrWatson",
        })
    }
}

impl fmt::Display for EntryType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Information => "Information",
        })
    }
}

impl fmt::Display for Category {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "None",
            Self::X400Service => "X.400 Service",
            Self::Resource => "Resource",
            Self::FieldEngineering => "Field Engineering",
            Self::Configuration => "Configuration",
            Self::OperatingSystem => "Operating System",
            Self::InternalProcessing => "Internal Processing",
        })
    }
}

/// `BASE IL TCP/IP DRVR 8 274`.
impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.product, self.thread, self.number)?;
        match self.procedure {
            Some(procedure) => write!(out, " {procedure}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for NtForm<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry {
            at,
            computer,
            source,
            id,
            kind,
            category,
            ..
        } = self.0;
        let (hour, half) = at.twelve_hours();
        // Event Viewer of NT shows dates in the format of the user's locale; the articles quote the
        // American one.
        let (half, at) = (half.to_uppercase(), at.date_time());
        writeln!(out, "Event ID: {id}")?;
        writeln!(out, "Source: {source}")?;
        writeln!(out, "Type: {kind}")?;
        writeln!(out, "Category: {category}")?;
        writeln!(out, "Computer: {computer}")?;
        writeln!(
            out,
            "Date: {}/{}/{} {hour}:{:02}:{:02} {half}",
            at.month(),
            at.day(),
            at.year(),
            at.minute(),
            at.second()
        )?;
        writeln!(out, "Description: {}", self.0.description())
    }
}

impl fmt::Display for TextForm<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.0;
        let (id, phrase) = (entry.id, entry.category.phrase());
        writeln!(
            out,
            "message NMI{id}: {phrase}, severity {}\n",
            entry.severity
        )?;
        if let Some(origin) = &entry.origin {
            let Origin {
                product,
                thread,
                number,
                procedure,
            } = origin;
            write!(out, "          ({product} {thread}({number})")?;
            if let Some(procedure) = procedure {
                write!(out, " Proc {procedure}")?;
            }
            writeln!(out, ") {}", entry.at)?;
        } else {
            writeln!(out, "          {}", entry.at)?;
        }
        // The first line is below the opening parenthesis, further lines two columns deeper
        // (Q303102).
        let mut indent = "          ";
        for line in &entry.short {
            writeln!(out, "{indent}{line}")?;
            indent = "            ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
