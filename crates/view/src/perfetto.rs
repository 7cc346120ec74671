//! A run for the Perfetto UI.
//!
//! Owns which tracks there are and what stands on them: for each host its threads, running or
//! waiting, its control blocks with each use and its states, and its messages; for each link its
//! outages and packets. Flow arrows lead from who sent a message, or ended a wait, to who got it.
//! Times are nanoseconds of virtual time. It refuses numbers about a run; they stand elsewhere.

mod wire;

use std::collections::BTreeMap;
use std::io::{self, Write};

use kernel::{Instant, mix};
use mta::Fact;
use simulation::observers::packet_capture::Fate;
use simulation::observers::thread_intervals::{EndedBy, ThreadActivity, ThreadInterval};
use simulation::record::{Record, ThreadNumber};
use simulation::timeline;

use crate::life::{self, Life, Phase};
use crate::shown::Shown;

use wire::{Event, Track};

/// Writes a run as a Perfetto trace. The run has to be watched: threads, and packets if they are
/// to be shown.
///
/// # Errors
/// If `out` refuses.
pub fn perfetto(run: &Shown<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut trace = Trace { out, tracks: 0 };
    let lives = life::lives(run.scenario, run.outcome);
    for (host, view) in run.outcome.hosts.iter().enumerate() {
        let process = trace.track(&view.name, None)?;
        let messages = trace.track("messages", Some(process))?;
        trace.messages(run, host, messages)?;
        let mut own: BTreeMap<u32, Vec<&Life>> = BTreeMap::new();
        for life in lives.iter().filter(|it| it.host.0 as usize == host) {
            own.entry(life.block.index.0).or_default().push(life);
        }
        for (block, lives) in own {
            let track = trace.track(&format!("CB {block}"), Some(process))?;
            lives.iter().try_for_each(|it| trace.life(track, it))?;
        }
        trace.threads(run, host, process)?;
    }
    trace.links(run)
}

/// A trace in the making.
struct Trace<'a, W> {
    out: &'a mut W,
    tracks: u64,
}

impl<W: Write> Trace<'_, W> {
    fn track(&mut self, name: &str, parent: Option<u64>) -> io::Result<u64> {
        self.tracks += 1;
        let track = Track {
            uuid: self.tracks,
            name: name.to_owned(),
            parent,
        };
        self.out.write_all(&wire::track(&track))?;
        Ok(self.tracks)
    }

    fn put(&mut self, at: Instant, event: Event<'_>) -> io::Result<()> {
        self.out.write_all(&wire::event(at.nanos(), event))
    }

    fn slice(&mut self, track: u64, (from, to): (Instant, Instant), name: &str) -> io::Result<()> {
        self.put(from, Event::begin(track, name))?;
        self.put(to, Event::end(track))
    }

    fn life(&mut self, track: u64, life: &Life) -> io::Result<()> {
        let name = format!("instance {}", life.block.instance);
        self.put(life.from(), Event::begin(track, &name))?;
        for (place, (at, phase)) in life.phases.iter().enumerate() {
            let until = life.phases.get(place + 1).map_or(life.to, |(at, _)| *at);
            self.slice(track, (*at, until), in_words(*phase))?;
        }
        self.put(life.to, Event::end(track))
    }

    /// What became of messages at one host, with arrows from their coming to their arrival and on
    /// to their acknowledgment.
    fn messages(&mut self, run: &Shown<'_>, host: usize, track: u64) -> io::Result<()> {
        for (at, record) in &run.outcome.records {
            let Record::Mta(by, _, mta::Record::Fact(fact)) = record else {
                continue;
            };
            if by.0 as usize != host {
                continue;
            }
            let (message, what, is_last) = match fact {
                Fact::MessageSubmitted(message) => (*message, "submitted", false),
                Fact::MessageArrived { message, .. } => (*message, "arrived", false),
                Fact::MessageAcknowledged(message) => (*message, "acknowledged", true),
                Fact::MessageReturned(message) => (*message, "returned", true),
                Fact::AssociationBegun(_)
                | Fact::BlockBound(..)
                | Fact::AssociationOpened(_)
                | Fact::AssociationEnded(..)
                | Fact::AssociationRefused
                | Fact::TransportBegun(..)
                | Fact::TransportEnded(..)
                | Fact::BlockAllocated(..)
                | Fact::BlockOutOfService(..)
                | Fact::BlockReleased(..)
                | Fact::CloseApplied { .. } => continue,
            };
            let name = format!("message {message} {what}");
            let flow = mix(kernel::key("message"), u64::from(message));
            self.put(*at, Event::instant(track, &name).flowing(flow, is_last))?;
        }
        Ok(())
    }

    fn threads(&mut self, run: &Shown<'_>, host: usize, process: u64) -> io::Result<()> {
        let mut tracks: BTreeMap<ThreadNumber, u64> = BTreeMap::new();
        for (number, name) in &run.outcome.hosts[host].threads {
            let track = self.track(&format!("{name} ({:03})", number.0), Some(process))?;
            tracks.insert(*number, track);
        }
        let mut stays: Vec<&ThreadInterval> = run.seen.intervals.iter().collect();
        stays.retain(|stay| stay.host.0 as usize == host);
        // What a thread does follows on what it did before.
        stays.sort_by_key(|stay| (stay.thread, stay.from, stay.to));
        for stay in stays {
            let track = tracks[&stay.thread];
            let ThreadActivity::Waits { name, ended_by, .. } = stay.activity else {
                self.slice(track, (stay.from, stay.to), "runs")?;
                continue;
            };
            let flow = mix(track, stay.to.nanos());
            let waker = match ended_by {
                Some(EndedBy::Thread(thread)) => tracks.get(&thread),
                Some(EndedBy::Time | EndedBy::World) | None => None,
            };
            self.put(stay.from, Event::begin(track, &format!("waits: {name}")))?;
            self.put(stay.to, Event::end(track))?;
            if let Some(waker) = waker {
                let ends = Event::instant(*waker, "ends a wait").flowing(flow, false);
                self.put(stay.to, ends)?;
                let goes_on = Event::instant(track, "goes on").flowing(flow, true);
                self.put(stay.to, goes_on)?;
            }
        }
        Ok(())
    }

    fn links(&mut self, run: &Shown<'_>) -> io::Result<()> {
        let outages = timeline::outages(run.scenario, run.outcome.seed).unwrap_or_default();
        for (number, (name, link)) in (0..).zip(&run.scenario.links) {
            let parent = self.track(&format!("link {name}"), None)?;
            let track = self.track("outages", Some(parent))?;
            for window in outages.iter().filter(|window| window.link == *name) {
                self.slice(track, (window.from, window.to), "outage")?;
            }
            let mut ends = Vec::new();
            for end in &link.between {
                let host = run.outcome.host_named(end);
                ends.push((host, self.track(&format!("at {end}"), Some(parent))?));
            }
            let passages = run.seen.packets.iter();
            for passage in passages.filter(|it| it.link.0 == number) {
                let own = usize::from(ends[1].0 == Some(passage.end));
                let (here, there) = (ends[own].1, ends[1 - own].1);
                let attempt = passage.identity.attempt;
                match &passage.fate {
                    Fate::Lost(_) => self.put(passage.at, Event::instant(here, "sent and lost"))?,
                    Fate::Damaged { .. } => {
                        self.put(passage.at, Event::instant(here, "damaged"))?
                    }
                    Fate::Carried(copies) => {
                        let name = if attempt > 0 { "sent again" } else { "sent" };
                        let flow = mix(mix(passage.identity.flow, passage.identity.unit), {
                            mix(passage.at.nanos(), u64::from(attempt))
                        });
                        self.put(passage.at, Event::instant(here, name).flowing(flow, false))?;
                        for copy in copies.iter().filter(|copy| !copy.is_damaged) {
                            let arrived = Event::instant(there, "arrived").flowing(flow, true);
                            self.put(copy.at, arrived)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

const fn in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Allocated => "allocated",
        Phase::Connecting => "connecting",
        Phase::Listening => "listening",
        Phase::Open => "open",
        Phase::Closing => "closing",
        Phase::OutOfService => "out of service",
        Phase::Leaked => "leaked",
    }
}
