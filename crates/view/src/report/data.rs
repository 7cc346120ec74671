//! What the page draws, as columns of numbers.
//!
//! Owns the form in which a run travels inside the page: every text once, times as differences in
//! nanoseconds. It refuses to leave anything out silently: what exceeds a limit is counted.
//!
//! The scripts of the page read this form (`model.js`); nobody else does.

use std::collections::BTreeMap;

use config::plan::{FaultKind, Keyword};
use kernel::Instant;
use logs::{event_log, wall_clock::WallTime, winsock_log};
use net::HostId;
use serde::Serialize;
use simulation::ping;
use simulation::record::{Record, Stage};
use simulation::timeline;

use crate::life::{self, End, Life};
use crate::shown::Shown;

use super::columns::{Texts, Times};
use super::failures::Failure;
use super::packets::{self, Packets};
use super::scenes::{self, Scene};
use super::threads::{self, Thread};

/// Lines of Winsock.log in the page, of each host.
const LINES_MAX: usize = 60_000;
/// Echo requests behind the share that is shown of a link.
const PINGS: u32 = 1_000;

/// Everything that the page draws.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    end: u64,
    began: String,
    texts: Vec<String>,
    hosts: Vec<Host>,
    links: Vec<Link>,
    packets: Packets,
    scenes: Vec<Scene>,
    marks: Vec<Mark>,
    failures: &'a [Failure],
    left_out: u64,
}

#[derive(Debug, Serialize)]
struct Host {
    name: String,
    build: String,
    lives: Vec<Block>,
    threads: Vec<Thread>,
    entries: Entries,
    lines: Lines,
}

/// A life of a control block.
#[derive(Debug, Serialize)]
struct Block {
    block: u32,
    instance: u32,
    thread: u16,
    association: Option<u32>,
    leaked: bool,
    to: u64,
    end: String,
    /// Time and state, by turns.
    phases: Vec<u64>,
}

/// Entries of a host's event log.
#[derive(Debug, Default, Serialize)]
struct Entries {
    at: Times,
    id: Vec<u32>,
    /// 0 information, 1 warning, 2 error.
    kind: Vec<u8>,
    text: Vec<u32>,
}

/// Lines of a host's Winsock.log.
#[derive(Debug, Default, Serialize)]
struct Lines {
    /// The number of the first line in the file.
    first: usize,
    at: Times,
    text: Vec<u32>,
}

#[derive(Debug, Serialize)]
struct Link {
    name: String,
    ends: [u32; 2],
    pings: String,
    /// From and to, by turns.
    outages: Vec<u64>,
    cuts: Vec<u64>,
    offered: u64,
    lost: u64,
}

/// A moment that concerns everybody: a fault, healing, the end of a process.
#[derive(Debug, Serialize)]
struct Mark {
    at: u64,
    host: Option<u32>,
    /// 0 the end of a process, 1 a fault, 2 a finding: what is shown first where room is scarce.
    rank: u8,
    text: String,
}

/// The JSON of a run, safe inside a script element.
pub(super) fn json(run: &Shown<'_>, failures: &[Failure]) -> String {
    let mut texts = Texts::default();
    let mut left_out = run.seen.dropped;
    let lives = life::lives(run.scenario, run.outcome);
    let mut hosts = Vec::new();
    for (view, id) in run.outcome.hosts.iter().zip((0..).map(HostId)) {
        let (lines, more) = lines(run, id, failures, &mut texts);
        left_out += more;
        hosts.push(Host {
            name: view.name.clone(),
            build: view.build.to_string(),
            lives: lives.iter().filter(|it| it.host == id).map(block).collect(),
            threads: threads::threads(run, id, &mut texts),
            entries: entries(run, id, &mut texts),
            lines,
        });
    }
    let (packets, more) = packets::packets(run, &mut texts);
    let data = Data {
        end: run.outcome.simulated.nanos(),
        began: WallTime::at(run.scenario.epoch, Instant::ZERO, Default::default()).to_string(),
        hosts,
        links: links(run),
        packets,
        scenes: scenes::scenes(run, &mut texts),
        marks: marks(run),
        failures,
        left_out: left_out + more,
        texts: texts.into_texts(),
    };
    let json = serde_json::to_string(&data).expect("plain data");
    // In a script element, `<` might end it.
    json.replace('<', "\\u003c")
}

fn block(life: &Life) -> Block {
    let phases = life.phases.iter();
    Block {
        block: life.block.index.0,
        instance: life.block.instance.0,
        thread: life.taken_by.0,
        association: life.association,
        leaked: life.is_leaked,
        to: life.to.nanos(),
        end: match life.end {
            End::Returned(thread) => format!("given back to the pool by thread ({:03})", thread.0),
            End::TakenAgain => "taken out of the pool once more while in use".to_owned(),
            End::Process => "its process ended".to_owned(),
            End::Run => "still in use when the run ended".to_owned(),
        },
        phases: phases
            .flat_map(|(at, phase)| [at.nanos(), *phase as u64])
            .collect(),
    }
}

fn entries(run: &Shown<'_>, host: HostId, texts: &mut Texts) -> Entries {
    let mut entries = Entries::default();
    for (at, entry) in event_log::entries(run.scenario, run.outcome, host) {
        entries.at.push(at);
        entries.id.push(entry.id);
        entries.kind.push(match entry.kind {
            event_log::EntryType::Information => 0,
            event_log::EntryType::Warning => 1,
            event_log::EntryType::Error => 2,
        });
        let text = format!("{}: {}", entry.source, entry.description());
        entries.text.push(texts.number(text));
    }
    entries
}

/// The lines of a host's log; of a log that is too long, those around the first failure.
fn lines(run: &Shown<'_>, host: HostId, failures: &[Failure], texts: &mut Texts) -> (Lines, u64) {
    let all: Vec<(Instant, winsock_log::Line)> = winsock_log::lines(run.outcome, host).collect();
    let center = failures.first().map_or(0, |it| it.times[0].at);
    let center = all.partition_point(|(at, _)| at.nanos() < center);
    let last_first = all.len().saturating_sub(LINES_MAX);
    let first = center.saturating_sub(LINES_MAX / 2).min(last_first);
    let mut lines = Lines {
        first: first + 1,
        ..Lines::default()
    };
    for (at, line) in all.iter().skip(first).take(LINES_MAX) {
        lines.at.push(*at);
        lines.text.push(texts.number(line.to_string()));
    }
    let left_out = all.len() - lines.at.len();
    (lines, left_out as u64)
}

fn links(run: &Shown<'_>) -> Vec<Link> {
    let outages = timeline::outages(run.scenario, run.outcome.seed).unwrap_or_default();
    let links = run.scenario.links.iter().map(|(name, link)| {
        let host = |name: &String| run.outcome.host_named(name).map_or(0, |it| it.0);
        let own = outages.iter().filter(|window| window.link == *name);
        let counts = run.outcome.links.get(name).copied().unwrap_or_default();
        Link {
            name: name.clone(),
            ends: [host(&link.between[0]), host(&link.between[1])],
            pings: pings(run, name),
            outages: own
                .flat_map(|window| [window.from.nanos(), window.to.nanos()])
                .collect(),
            cuts: cuts(run, name),
            offered: counts.offered,
            lost: counts.lost,
        }
    });
    links.collect()
}

/// What an administrator would have measured.
fn pings(run: &Shown<'_>, link: &str) -> String {
    let plan = ping::Settings::windows_nt(PINGS);
    match ping::ping(run.scenario, run.outcome.seed, link, plan) {
        Ok(report) => format!("{} of {PINGS} pings answered", report.received()),
        Err(error) => error.to_string(),
    }
}

fn cuts(run: &Shown<'_>, link: &str) -> Vec<u64> {
    let faults: Vec<&FaultKind> = run.scenario.faults.values().map(|it| &it.kind).collect();
    let mut cuts = Vec::new();
    let mut since: BTreeMap<u32, u64> = BTreeMap::new();
    for (at, record) in &run.outcome.records {
        let Record::Fault(fault, stage) = record else {
            continue;
        };
        let is_own =
            matches!(faults[*fault as usize], FaultKind::Cut { link: cut, .. } if cut == link);
        match stage {
            Stage::Strikes if is_own => drop(since.insert(*fault, at.nanos())),
            Stage::Ceases if is_own => {
                let from = since.remove(fault);
                cuts.extend(from.into_iter().flat_map(|from| [from, at.nanos()]));
            }
            Stage::Strikes | Stage::Ceases => {}
        }
    }
    let end = run.outcome.simulated.nanos();
    cuts.extend(since.into_values().flat_map(|from| [from, end]));
    cuts
}

fn marks(run: &Shown<'_>) -> Vec<Mark> {
    let names: Vec<&String> = run.scenario.faults.keys().collect();
    let mark = |at: &Instant, host: Option<HostId>, rank: u8, text: String| Mark {
        at: at.nanos(),
        host: host.map(|it| it.0),
        rank,
        text,
    };
    let marks = run.outcome.records.iter().filter_map(|(at, record)| {
        Some(match record {
            Record::Fault(fault, Stage::Strikes) => mark(
                at,
                None,
                1,
                format!("fault {} strikes", names[*fault as usize]),
            ),
            Record::Fault(fault, Stage::Ceases) => mark(
                at,
                None,
                1,
                format!("fault {} ceases", names[*fault as usize]),
            ),
            Record::Healed => mark(
                at,
                None,
                1,
                "healed: progress is owed from here on".to_owned(),
            ),
            Record::ClosedDown(host) => {
                mark(at, Some(*host), 0, "the service is stopped".to_owned())
            }
            Record::Exception(host, thread, raised) => {
                let text = format!("exception {:08x} in thread ({:03})", raised.code, thread.0);
                mark(at, Some(*host), 0, text)
            }
            Record::Violation(violation) => {
                let host = run.outcome.host_named(&violation.host);
                let block = violation
                    .block
                    .map(|it| format!(": CB {} (instance {})", it.index, it.instance));
                let text = violation.kind.as_str().to_owned() + &block.unwrap_or_default();
                mark(at, host, 2, text)
            }
            Record::Event(_)
            | Record::Mta(..)
            | Record::PacketSent(..)
            | Record::PacketDropped(..)
            | Record::PacketArrived(..)
            | Record::PacketDamaged(..)
            | Record::ClockSet(..) => return None,
        })
    });
    marks.collect()
}
