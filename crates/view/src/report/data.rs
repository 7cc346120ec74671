//! The data inside the page. `page/src/data.d.ts` describes it for the scripts.
//!
//! It is compact - columns, every text once, times as differences - because a run has hundreds of
//! thousands of items. A test compares the keys with `data.d.ts`.

use std::collections::BTreeMap;

use config::plan::{FaultKind, Keyword};
use config::untrusted_text;
use kernel::{Duration, Instant, JournalEntry};
use logs::{event_log, winsock_log};
use net::HostId;
use serde::Serialize;
use simulation::ping;
use simulation::record::{Record, Stage};
use simulation::timeline::DrawnOutages;

use crate::finished_run::FinishedRun;
use crate::lifetime::{self, LifetimeEnd};

use super::access_contexts::{self, AccessContext};
use super::columns::{LogLines, Texts, Times};
use super::failures::{self, Failure, Occurrence};
use super::packets::{self, Packets};
use super::selection::{self, DrawnCount};
use super::threads::{self, Thread};

/// Lines of Winsock.log per host.
const LINES_MAX: usize = 60_000;
/// Echo requests behind a link's success rate.
const PINGS: u32 = 1_000;

/// Everything that the timeline shows.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    end: u64,
    texts: Vec<String>,
    log_lines: LogLines,
    hosts: Vec<Host>,
    links: Vec<Link>,
    packets: Packets,
    contexts: Vec<AccessContext>,
    marks: Vec<Mark>,
    failures: Vec<&'a [Occurrence]>,
    /// How many packets are drawn.
    #[serde(skip)]
    pub(super) packets_drawn: DrawnCount,
    /// How many lines of Winsock.log are shown.
    #[serde(skip)]
    pub(super) lines_drawn: DrawnCount,
}

#[derive(Debug, Serialize)]
struct Host {
    name: String,
    build: String,
    lifetimes: Vec<Lifetime>,
    threads: Vec<Thread>,
    event_log: EventLog,
    winsock_log: WinsockLog,
}

#[derive(Debug, Serialize)]
struct Lifetime {
    block: u32,
    instance: u32,
    thread: u16,
    association: Option<u32>,
    leaked: bool,
    to: u64,
    end: String,
    /// Alternating start and phase.
    phases: Vec<u64>,
}

#[derive(Debug, Default, Serialize)]
struct EventLog {
    at: Times,
    id: Vec<u32>,
    /// 0 information, 1 warning, 2 error.
    kind: Vec<u8>,
    text: Vec<u32>,
}

#[derive(Debug, Default, Serialize)]
struct WinsockLog {
    at: Times,
    /// Line numbers in the file, as differences.
    number: Times,
    /// Indices into [`LogLines`].
    line: Vec<u32>,
}

#[derive(Debug, Serialize)]
struct Link {
    name: String,
    ends: [u32; 2],
    pings: String,
    /// Alternating start and end.
    outages: Vec<u64>,
    /// Alternating start and end.
    cuts: Vec<u64>,
    offered: u64,
    lost: u64,
}

/// A fault, a failure, or the end of a process.
#[derive(Debug, Serialize)]
struct Mark {
    at: u64,
    host: Option<u32>,
    /// The order in which marks get space for their text.
    rank: u8,
    text: String,
}

const RANK_PROCESS_END: u8 = 0;
const RANK_FAULT: u8 = 1;
const RANK_VIOLATION: u8 = 2;
const RANK_GUEST: u8 = 3;

impl<'a> Data<'a> {
    /// Collects the data of a run.
    pub(super) fn of(
        run: &FinishedRun<'_>,
        failures: &'a [Failure],
        outages: &[DrawnOutages],
    ) -> Self {
        let mut texts = Texts::default();
        let mut log_lines = LogLines::default();
        let findings = failures::moments(failures);
        let mut lines_drawn = DrawnCount::default();
        let lifetimes = lifetime::lifetimes(run.scenario, run.outcome);
        let mut hosts = Vec::new();
        for (view, id) in run.outcome.hosts.iter().zip((0..).map(HostId)) {
            let lifetimes = lifetimes.iter().filter(|it| it.host == id);
            let (winsock_log, more) = winsock_log(run, id, &findings, &mut log_lines, &mut texts);
            lines_drawn = lines_drawn.and(more);
            hosts.push(Host {
                name: view.name.clone(),
                build: view.program(),
                lifetimes: lifetimes.map(encode).collect(),
                threads: threads::threads(run, id, &findings, &mut texts),
                event_log: event_log(run, id, &mut texts),
                winsock_log,
            });
        }
        let (packets, packets_drawn) = packets::packets(run, &findings, &mut texts);
        let occurrences = failures.iter().map(|it| it.occurrences.as_slice());
        Self {
            end: run.outcome.simulated.nanos(),
            log_lines,
            hosts,
            links: links(run, outages),
            packets,
            contexts: access_contexts::access_contexts(run, &mut texts),
            marks: marks(run),
            failures: occurrences.collect(),
            packets_drawn,
            lines_drawn,
            texts: texts.into_texts(),
        }
    }

    /// How many waits of threads are drawn.
    pub(super) fn waits_drawn(&self) -> DrawnCount {
        let threads = self.hosts.iter().flat_map(|it| &it.threads);
        threads.fold(DrawnCount::default(), |sum, it| sum.and(it.waits_drawn))
    }

    /// As JSON for a script element.
    pub(super) fn to_json(&self) -> String {
        let json = serde_json::to_string(self).expect("plain data");
        // `</script>` in a text would end the element.
        untrusted_text::json(&json).replace('<', "\\u003c")
    }
}

fn encode(lifetime: &lifetime::Lifetime) -> Lifetime {
    let phases = lifetime.phases.iter();
    Lifetime {
        block: lifetime.block.index.0,
        instance: lifetime.block.instance.0,
        thread: lifetime.allocated_by.0,
        association: lifetime.association,
        leaked: lifetime.is_leaked,
        to: lifetime.to.nanos(),
        end: match lifetime.end {
            LifetimeEnd::Released(thread) => {
                format!("released to the pool by thread ({:03})", thread.0)
            }
            LifetimeEnd::AllocatedAgain => "allocated again while in use".to_owned(),
            LifetimeEnd::Process => "the process ended".to_owned(),
            LifetimeEnd::Run => "in use when the run ended".to_owned(),
        },
        phases: phases
            .flat_map(|(at, phase)| [at.nanos(), *phase as u64])
            .collect(),
    }
}

fn event_log(run: &FinishedRun<'_>, host: HostId, texts: &mut Texts) -> EventLog {
    let mut log = EventLog::default();
    for (at, entry) in event_log::entries(run.scenario, run.outcome, host) {
        log.at.push(at);
        log.id.push(entry.id);
        log.kind.push(match entry.kind {
            event_log::EntryType::Information => 0,
            event_log::EntryType::Warning => 1,
            event_log::EntryType::Error => 2,
        });
        let text = format!("{}: {}", entry.source, entry.description());
        log.text.push(texts.index(text));
    }
    log
}

/// A host's Winsock.log, around findings at these times and thinned out elsewhere.
fn winsock_log(
    run: &FinishedRun<'_>,
    host: HostId,
    findings: &[u64],
    log_lines: &mut LogLines,
    texts: &mut Texts,
) -> (WinsockLog, DrawnCount) {
    let all: Vec<(Instant, winsock_log::Line)> = winsock_log::lines(run.outcome, host).collect();
    let times: Vec<Instant> = all.iter().map(|it| it.0).collect();
    let is_drawn = selection::selected(&times, findings, LINES_MAX);
    let mut log = WinsockLog::default();
    for ((number, (at, line)), _) in (1..).zip(&all).zip(is_drawn).filter(|it| it.1) {
        log.at.push(*at);
        log.number.push_nanos(number);
        log.line.push(log_lines.index(*line, texts));
    }
    let drawn = DrawnCount {
        drawn: log.line.len() as u64,
        all: all.len() as u64,
    };
    (log, drawn)
}

fn links(run: &FinishedRun<'_>, outages: &[DrawnOutages]) -> Vec<Link> {
    let links = run.scenario.links.iter().map(|(name, link)| {
        let host = |name: &String| run.outcome.host_named(name).map_or(0, |it| it.0);
        let own = outages.iter().filter(|it| it.link == *name);
        let outages = own.flat_map(|it| &it.windows);
        let counts = run.outcome.links.get(name).cloned().unwrap_or_default();
        Link {
            name: name.clone(),
            ends: [host(&link.between[0]), host(&link.between[1])],
            pings: pings(run, name),
            outages: outages
                .flat_map(|outage| [outage.from.nanos(), outage.to.nanos()])
                .collect(),
            cuts: cuts(run, name),
            offered: counts.offered,
            lost: counts.lost,
        }
    });
    links.collect()
}

/// What an administrator would measure with ping: requests all over the run, at least a second apart.
fn pings(run: &FinishedRun<'_>, link: &str) -> String {
    let simulated = run.outcome.simulated.since_start();
    let count = simulated.whole_secs().clamp(1, u64::from(PINGS));
    let settings = ping::PingSeries {
        interval: Duration::from_nanos(simulated.nanos() / count),
        ..ping::PingSeries::windows_nt(count as u32)
    };
    match ping::ping(run.scenario, run.outcome.seed, link, settings) {
        Ok(report) => format!("{} of {count} pings answered", report.received()),
        Err(error) => error.to_string(),
    }
}

/// When faults cut a link: alternating start and end.
fn cuts(run: &FinishedRun<'_>, link: &str) -> Vec<u64> {
    let faults: Vec<&FaultKind> = run.scenario.faults.values().map(|it| &it.kind).collect();
    let mut cuts = Vec::new();
    let mut active: BTreeMap<u32, u64> = BTreeMap::new();
    for JournalEntry { at, record } in &run.outcome.records {
        let Record::Fault(fault, stage) = record else {
            continue;
        };
        let kind = faults[*fault as usize];
        if !matches!(kind, FaultKind::Cut { link: cut, .. } if cut == link) {
            continue;
        }
        match stage {
            Stage::Starts => drop(active.insert(*fault, at.nanos())),
            Stage::Ends => {
                let from = active.remove(fault).into_iter();
                cuts.extend(from.flat_map(|from| [from, at.nanos()]));
            }
        }
    }
    // A cut that outlasts the run has no record of its end.
    let end = run.outcome.simulated.nanos();
    cuts.extend(active.into_values().flat_map(|from| [from, end]));
    cuts
}

fn marks(run: &FinishedRun<'_>) -> Vec<Mark> {
    let faults: Vec<&String> = run.scenario.faults.keys().collect();
    let records = run.outcome.records.iter();
    let marks = records.filter_map(|JournalEntry { at, record }| {
        let (host, rank, text) = match record {
            Record::Fault(fault, Stage::Starts) => {
                let text = format!("fault {} starts", faults[*fault as usize]);
                (None, RANK_FAULT, text)
            }
            Record::Fault(fault, Stage::Ends) => {
                let text = format!("fault {} ends", faults[*fault as usize]);
                (None, RANK_FAULT, text)
            }
            Record::Healed => {
                let text = "healing: no faults from here on".to_owned();
                (None, RANK_FAULT, text)
            }
            Record::ClosedDown(host) => {
                let text = "the service stops".to_owned();
                (Some(*host), RANK_PROCESS_END, text)
            }
            Record::Exception(host, thread, raised) => {
                let text = format!("exception {:08x} in thread ({:03})", raised.code, thread.0);
                (Some(*host), RANK_PROCESS_END, text)
            }
            Record::Violation(violation) => {
                let host = run.outcome.host_named(&violation.host);
                let mut text = violation.kind.as_str().to_owned();
                if let Some(block) = violation.block {
                    text += &format!(": {block}");
                }
                (host, RANK_VIOLATION, text)
            }
            Record::Guest(host, text) => (Some(*host), RANK_GUEST, text.clone()),
            Record::Event(_)
            | Record::Mta(..)
            | Record::PacketSent(..)
            | Record::PacketDropped(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::ClockSet(..)
            | Record::Gauge(..) => return None,
        };
        Some(Mark {
            at: at.nanos(),
            host: host.map(|it| it.0),
            rank,
            text,
        })
    });
    marks.collect()
}
