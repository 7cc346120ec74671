//! A trace of a run for the Perfetto UI.
//!
//! Each host has a track for its messages, one for each control block and one for each thread. Each
//! link has one for its outages and one for each end. Flow arrows lead from submission to delivery
//! and acknowledgment of a message, from sending to arrival of a packet, and from the thread that
//! ends a wait to the one that waited. Time stamps are nanoseconds of virtual time.

mod wire;

use std::collections::BTreeMap;
use std::io::{self, Write};

use kernel::{Instant, JournalEntry, mix};
use mta::Fact;
use simulation::observers::packet_capture::{CapturedPacket, Fate};
use simulation::observers::thread_intervals::{EndedBy, ThreadActivity, ThreadInterval};
use simulation::record::{Record, ThreadNumber};
use simulation::timeline;

use crate::finished_run::FinishedRun;
use crate::lifetime::{self, BlockPhase, Lifetime};
use crate::sent_again::SentAgain;

use wire::{Track, TrackEventFields};

/// Writes a run as a Perfetto trace. It shows threads and packets if they were observed.
///
/// # Errors
/// If `out` cannot be written.
pub fn perfetto(run: &FinishedRun<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut trace = TraceWriter { out, tracks: 0 };
    let lifetimes = lifetime::lifetimes(run.scenario, run.outcome);
    for (host, view) in run.outcome.hosts.iter().enumerate() {
        let process = trace.track(&view.name, None)?;
        let messages = trace.track("messages", Some(process))?;
        trace.messages(run, host, messages)?;
        let mut blocks: BTreeMap<u32, Vec<&Lifetime>> = BTreeMap::new();
        for lifetime in lifetimes.iter().filter(|it| it.host.0 as usize == host) {
            let block = lifetime.block.index.0;
            blocks.entry(block).or_default().push(lifetime);
        }
        for (block, lifetimes) in blocks {
            let track = trace.track(&format!("CB {block}"), Some(process))?;
            lifetimes
                .iter()
                .try_for_each(|it| trace.lifetime(track, it))?;
        }
        trace.threads(run, host, process)?;
    }
    trace.links(run)
}

/// A trace that is being written.
struct TraceWriter<'a, W> {
    out: &'a mut W,
    /// Tracks so far; the last one has this number.
    tracks: u64,
}

impl<W: Write> TraceWriter<'_, W> {
    fn track(&mut self, name: &str, parent: Option<u64>) -> io::Result<u64> {
        // Numbered in the order of writing: the same run gives the same bytes.
        self.tracks += 1;
        let track = Track {
            uuid: self.tracks,
            name: name.to_owned(),
            parent,
        };
        self.out.write_all(&wire::track(&track))?;
        Ok(self.tracks)
    }

    fn put(&mut self, at: Instant, event: TrackEventFields<'_>) -> io::Result<()> {
        self.out.write_all(&wire::event(at.nanos(), event))
    }

    fn slice(&mut self, track: u64, from: Instant, to: Instant, name: &str) -> io::Result<()> {
        self.put(from, TrackEventFields::begin(track, name))?;
        self.put(to, TrackEventFields::end(track))
    }

    /// A lifetime as a slice, with its phases as slices inside.
    fn lifetime(&mut self, track: u64, lifetime: &Lifetime) -> io::Result<()> {
        let Lifetime { phases, to, .. } = lifetime;
        let name = format!("instance {}", lifetime.block.instance);
        // Perfetto nests the slices of a track by their order: the outer one begins first and ends last.
        self.put(lifetime.from(), TrackEventFields::begin(track, &name))?;
        for (index, (at, phase)) in phases.iter().enumerate() {
            let until = phases.get(index + 1).map_or(*to, |(at, _)| *at);
            self.slice(track, *at, until, phase_name(*phase))?;
        }
        self.put(*to, TrackEventFields::end(track))
    }

    /// The messages of a host, with arrows from submission to delivery and acknowledgment.
    fn messages(&mut self, run: &FinishedRun<'_>, host: usize, track: u64) -> io::Result<()> {
        for JournalEntry { at, record } in &run.outcome.records {
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
                Fact::AssociationBegun(..)
                | Fact::BlockBound(..)
                | Fact::AssociationOpened(_)
                | Fact::AssociationEnded(..)
                | Fact::AssociationRefused
                | Fact::TransportBegun(..)
                | Fact::TransportEnded(..)
                | Fact::BlockAllocated(..)
                | Fact::BlockOutOfService(..)
                | Fact::BlockReleased(..)
                | Fact::CloseRequestDropped(..)
                | Fact::CloseApplied { .. } => continue,
            };
            let name = format!("message {message} {what}");
            // Flow ids are one name space for the whole trace: the key keeps messages apart from
            // packets and waits.
            let flow = mix(kernel::key("message"), u64::from(message));
            self.put(
                *at,
                TrackEventFields::instant(track, &name).flowing(flow, is_last),
            )?;
        }
        Ok(())
    }

    fn threads(&mut self, run: &FinishedRun<'_>, host: usize, process: u64) -> io::Result<()> {
        let mut tracks: BTreeMap<ThreadNumber, u64> = BTreeMap::new();
        for (number, name) in &run.outcome.hosts[host].threads {
            let track = self.track(&format!("{name} ({:03})", number.0), Some(process))?;
            tracks.insert(*number, track);
        }
        let mut intervals: Vec<&ThreadInterval> = run.observations.intervals.iter().collect();
        intervals.retain(|it| it.host.0 as usize == host);
        // Intervals were recorded when they ended; slices of a track must be written in order.
        intervals.sort_by_key(|it| (it.thread, it.from, it.to));
        for interval in intervals {
            let track = tracks[&interval.thread];
            let ThreadActivity::Waits { name, ended_by, .. } = interval.activity else {
                self.slice(track, interval.from, interval.to, "runs")?;
                continue;
            };
            // A track has at most one wait that ends at an instant, so both numbers name the arrow.
            let flow = mix(track, interval.to.nanos());
            // An arrow needs a thread at its other end: time and network have no track.
            let waker = match ended_by {
                Some(EndedBy::Thread(thread)) => tracks.get(&thread),
                Some(EndedBy::Time | EndedBy::World) | None => None,
            };
            self.put(
                interval.from,
                TrackEventFields::begin(track, &format!("waits: {name}")),
            )?;
            self.put(interval.to, TrackEventFields::end(track))?;
            if let Some(waker) = waker {
                let ends = TrackEventFields::instant(*waker, "ends a wait").flowing(flow, false);
                self.put(interval.to, ends)?;
                let continues = TrackEventFields::instant(track, "continues").flowing(flow, true);
                self.put(interval.to, continues)?;
            }
        }
        Ok(())
    }

    fn links(&mut self, run: &FinishedRun<'_>) -> io::Result<()> {
        let max = usize::try_from(run.scenario.limits.records).unwrap_or(usize::MAX);
        let end = run.outcome.simulated;
        // This fails only for links that cannot be calibrated, with which there would be no run.
        let outages = timeline::outages_around(run.scenario, run.outcome.seed, end, &[], max);
        let outages = outages.unwrap_or_default();
        for (number, (name, link)) in (0..).zip(&run.scenario.links) {
            let parent = self.track(&format!("link {name}"), None)?;
            let track = self.track("outages", Some(parent))?;
            let own = outages.iter().filter(|it| it.link == *name);
            for outage in own.flat_map(|it| &it.windows) {
                self.slice(track, outage.from, outage.to, "outage")?;
            }
            let mut ends = Vec::new();
            for end in &link.between {
                let host = run.outcome.host_named(end);
                ends.push((host, self.track(&format!("at {end}"), Some(parent))?));
            }
            let mut sent = SentAgain::default();
            let packets = run.observations.packets.iter();
            for packet in packets.filter(|it| it.link.0 == number) {
                let own = usize::from(ends[1].0 == Some(packet.end));
                let tracks = EndTracks {
                    here: ends[own].1,
                    there: ends[1 - own].1,
                };
                self.packet(packet, tracks, sent.is_again(packet))?;
            }
        }
        Ok(())
    }

    /// A packet at the end that sends it, with an arrow to each arrival.
    fn packet(
        &mut self,
        packet: &CapturedPacket,
        EndTracks { here, there }: EndTracks,
        is_again: bool,
    ) -> io::Result<()> {
        let sent = if is_again { "sent again" } else { "sent" };
        let copies = match &packet.fate {
            Fate::Lost(_) => {
                let name = format!("{sent} and lost");
                return self.put(packet.at, TrackEventFields::instant(here, &name));
            }
            Fate::Damaged { .. } => {
                return self.put(packet.at, TrackEventFields::instant(here, "damaged"));
            }
            Fate::FromRouter => {
                let event = TrackEventFields::instant(here, "answer of the router");
                return self.put(packet.at, event);
            }
            Fate::Carried(copies) => copies,
        };
        let flow = mix(mix(packet.identity.flow, packet.identity.unit), {
            // The time, too: after a restart the same bytes can be sent again as the first attempt.
            mix(packet.at.nanos(), u64::from(packet.identity.attempt))
        });
        let event = TrackEventFields::instant(here, sent).flowing(flow, false);
        self.put(packet.at, event)?;
        // The receiver drops a damaged copy by its checksum, so it arrives nowhere.
        for copy in copies.iter().filter(|copy| !copy.is_damaged) {
            let arrived = TrackEventFields::instant(there, "arrived").flowing(flow, true);
            self.put(copy.at, arrived)?;
        }
        Ok(())
    }
}

/// The tracks of a link's two ends, as seen from a packet.
#[derive(Clone, Copy)]
struct EndTracks {
    /// Where it is sent.
    here: u64,
    /// Where it arrives.
    there: u64,
}

const fn phase_name(phase: BlockPhase) -> &'static str {
    match phase {
        BlockPhase::Allocated => "allocated",
        BlockPhase::Connecting => "connecting",
        BlockPhase::Listening => "listening",
        BlockPhase::Open => "open",
        BlockPhase::Closing => "closing",
        BlockPhase::OutOfService => "out of service",
        BlockPhase::Leaked => "leaked",
    }
}
