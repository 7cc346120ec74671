//! The application event log of a host.
//!
//! Owns what an entry is made of and which records are entries of which host, with the time
//! that the host's clock showed. It refuses two things the subject does not do either: entries
//! for what it keeps to itself, and the "event log is full" of a real machine.
//!
//! - `wording`: the texts by event id, with their sources.
//! - `exception`: 9405 and 4097 of a process that ended.

mod exception;
mod wording;

use std::fmt;

use kernel::Instant;
use mta::{EventEntry, Generation};
use net::HostId;

use super::wall_clock::WallTime;
use config::plan::{Host, Offset, Scenario};
use simulation::outcome::{HostView, Outcome};
use simulation::record::{Record, ThreadNumber};

/// An entry of the application event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the host's clock showed.
    pub at: WallTime,
    /// The computer.
    pub computer: String,
    /// Who wrote it.
    pub source: Source,
    /// The event id.
    pub id: u32,
    /// Its type.
    pub kind: Kind,
    /// Its category.
    pub category: Category,
    /// The number in the last parentheses, 8 to 16.
    pub severity: u8,
    /// What stands in the brackets; none of Dr. Watson's, nor of an access violation of 4.0.
    pub origin: Option<Origin>,
    /// The description without brackets and severity.
    pub text: String,
    /// What EV0.LOG says instead of the description, line by line.
    pub short: Vec<String>,
}

/// Who writes entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The MTA.
    Mta,
    /// The debugger that sees a process end.
    DrWatson,
}

/// The type of an entry, as Event Viewer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A red sign.
    Error,
    /// A yellow one.
    Warning,
    /// A blue one.
    Information,
}

/// The MTA's categories that occur here (order: Q163032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Dr. Watson has none.
    None,
    /// 1.
    X400Service,
    /// 2.
    Resource,
    /// 5.
    FieldEngineering,
    /// 7.
    Configuration,
    /// 9.
    OperatingSystem,
    /// 10.
    InternalProcessing,
}

/// Where in the MTA an entry comes from: `[BASE IL TCP/IP DRVR 8 274]`.
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

/// The application event log of a host, oldest entry first. Empty if no records were kept.
///
/// # Panics
/// If the outcome is not one of this scenario.
#[must_use]
pub fn entries(scenario: &Scenario, outcome: &Outcome, host: HostId) -> Vec<(Instant, Entry)> {
    let mut reader = Reader::new(scenario, outcome);
    let mut entries = Vec::new();
    for (at, record) in &outcome.records {
        for (_, entry) in reader.read(*at, record).filter(|(whose, _)| *whose == host) {
            entries.push((*at, entry));
        }
    }
    entries
}

/// Turns the records of a run, in their order, into entries of all hosts' logs. It follows how
/// the hosts' clocks are set.
#[derive(Debug)]
pub struct Reader<'a> {
    scenario: &'a Scenario,
    views: &'a [HostView],
    offsets: Vec<Offset>,
}

impl<'a> Reader<'a> {
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

    /// The entries that a record makes, and in whose log: mostly none, two where a process ends
    /// by an exception.
    pub fn read(
        &mut self,
        at: Instant,
        record: &Record,
    ) -> impl Iterator<Item = (HostId, Entry)> + use<> {
        let (host, entries) = match record {
            Record::Mta(host, thread, mta::Record::Event(event)) => {
                let entry = wording::entry(&self.scene(*host, at), *thread, event);
                (*host, [Some(entry), None])
            }
            Record::ClosedDown(host) => {
                let scene = self.scene(*host, at);
                let event = EventEntry::ClosedownComplete(scene.view.build);
                (
                    *host,
                    [Some(wording::entry(&scene, MAIN_BASE, &event)), None],
                )
            }
            Record::Exception(host, thread, raised) => {
                let entries = exception::entries(&self.scene(*host, at), *thread, raised.into());
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
            | Record::PacketDamaged(host, _) => (*host, [None, None]),
            Record::Event(_) | Record::Fault(..) | Record::Healed | Record::Violation(_) => {
                (HostId(0), [None, None])
            }
        };
        entries
            .into_iter()
            .flatten()
            .map(move |entry| (host, entry))
    }

    fn scene(&self, host: HostId, at: Instant) -> Scene<'a> {
        let view = &self.views[host.0 as usize];
        let offset = self.offsets[host.0 as usize];
        Scene {
            view,
            plan: &self.scenario.hosts[&view.name],
            shows: WallTime::at(self.scenario.epoch, at, offset),
        }
    }
}

/// MAIN BASE has this number in every build.
const MAIN_BASE: ThreadNumber = ThreadNumber(1);

/// What a record is seen against.
struct Scene<'a> {
    view: &'a HostView,
    plan: &'a Host,
    shows: WallTime,
}

impl Scene<'_> {
    /// A thread's name. A service that is stopped before it ever ran has no threads; its end is
    /// MAIN BASE's to say.
    fn thread(&self, number: ThreadNumber) -> &str {
        self.view
            .threads
            .get(&number)
            .map_or("MAIN BASE", String::as_str)
    }
}

impl Entry {
    /// The whole description: `A sockets error 10060 … [BASE IL TCP/IP DRVR 54 274] (12)`.
    #[must_use]
    pub fn description(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} [{origin}] ({})", self.text, self.severity),
            None => self.text.clone(),
        }
    }
}

impl Category {
    /// The phrase that begins an entry of EV0.LOG. Those of Operating System, Internal
    /// Processing and X.400 Service are sourced (Q303102, Q151626, Q153188); the others go by
    /// analogy.
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

impl fmt::Display for Kind {
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
        let half = half.to_uppercase();
        writeln!(out, "Event ID: {id}")?;
        writeln!(out, "Source: {source}")?;
        writeln!(out, "Type: {kind}")?;
        writeln!(out, "Category: {category}")?;
        writeln!(out, "Computer: {computer}")?;
        writeln!(
            out,
            "Date: {}/{}/{} {hour}:{:02}:{:02} {half}",
            at.month, at.day, at.year, at.minute, at.second
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
