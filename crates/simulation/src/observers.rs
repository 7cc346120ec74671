//! Observes a run beyond its records: packets as bytes, what threads do, memory accesses.
//!
//! Observing is off by default and costs nothing then. It never changes a run: nothing observed
//! is part of the digest.
//!
//! - [`packet_capture`]: packets at the ends of links.
//! - [`thread_intervals`]: when threads ran and what they waited for.
//! - [`access_context`]: the memory accesses around a finding or an exception.

pub mod access_context;
pub mod packet_capture;
pub mod thread_intervals;

use internet::{Offer, PacketContent};
use kernel::Instant;
use machine::{Exception, Finding};
use mta::Winsock;
use net::{HostId, LinkId, Packet};

use crate::record::ThreadNumber;

use access_context::{AccessContext, ContextRecorder};
use packet_capture::CapturedPacket;
use thread_intervals::{IntervalRecorder, ThreadInterval};

/// What to observe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observe {
    /// Packets at the ends of links.
    pub packets: bool,
    /// Threads and their accesses to memory.
    pub threads: bool,
}

/// What was observed.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// Packets, in the order of time.
    pub packets: Vec<CapturedPacket>,
    /// What threads did, in the order in which the intervals ended.
    pub intervals: Vec<ThreadInterval>,
    /// The accesses around each finding and each exception, in the order of time.
    pub contexts: Vec<AccessContext>,
    /// Packets and intervals beyond the limit on records.
    pub dropped: u64,
}

/// Collects the observations of a run.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    observe: Observe,
    /// The most packets, and the most intervals, that are kept.
    limit: usize,
    packets: Vec<CapturedPacket>,
    packets_dropped: u64,
    intervals: IntervalRecorder,
    contexts: ContextRecorder,
}

impl Observer {
    pub(crate) fn new(observe: Observe, limit: usize) -> Self {
        Self {
            observe,
            limit,
            ..Self::default()
        }
    }

    pub(crate) const fn observes_threads(&self) -> bool {
        self.observe.threads
    }

    /// A packet is put on a link at this host.
    pub(crate) fn on_offer(&mut self, at: Instant, host: HostId, offer: Offer<'_>) {
        if !self.observe.packets {
            return;
        }
        let packets = packet_capture::capture(at, host, offer);
        self.keep(packets);
    }

    /// A router at this end of a link makes a packet for the host, which arrives at `at`.
    pub(crate) fn on_answer(
        &mut self,
        at: Instant,
        host: HostId,
        link: LinkId,
        packet: &Packet<PacketContent>,
    ) {
        if self.observe.packets {
            let captured = packet_capture::from_router(at, host, link, packet);
            self.keep(vec![captured]);
        }
    }

    fn keep(&mut self, mut packets: Vec<CapturedPacket>) {
        let room = self.limit.saturating_sub(self.packets.len());
        self.packets_dropped += packets.len().saturating_sub(room) as u64;
        packets.truncate(room);
        self.packets.append(&mut packets);
    }

    /// The process of a host starts.
    pub(crate) fn on_start(&mut self, host: HostId, now: Instant) {
        self.intervals.on_start(host, now);
    }

    /// Takes what the threads of a host did since the last time, and what the race detector found
    /// in it.
    pub(crate) fn on_threads(
        &mut self,
        host: HostId,
        machine: &mut machine::Machine<Winsock>,
        numbers: &[ThreadNumber],
        findings: &[Finding],
    ) {
        let activities = machine.take_activity();
        // Before the accesses: each finding waits for the access that it is about.
        self.contexts.expect(findings);
        for activity in activities {
            self.contexts.on_activity(host, numbers, &activity);
            self.intervals
                .on_activity(host, numbers, machine, &activity);
        }
        self.contexts.add_unmatched(host, numbers);
    }

    /// An exception ends the process of a host.
    pub(crate) fn on_exception(&mut self, host: HostId, thread: ThreadNumber, raised: &Exception) {
        if self.observe.threads {
            self.contexts.on_exception(host, thread, raised);
        }
    }

    /// The process of a host has ended, or the run is over.
    pub(crate) fn on_end(&mut self, host: HostId, now: Instant) {
        self.intervals.on_end(host, now);
        self.contexts.on_end(host);
    }

    pub(crate) fn into_observations(mut self) -> Observations {
        // A damaged copy is captured when its packet is sent, with the time of its arrival.
        self.packets.sort_by_key(|packet| packet.at);
        let (intervals, intervals_dropped) = self.intervals.into_kept(self.limit);
        Observations {
            packets: self.packets,
            intervals,
            contexts: self.contexts.into_contexts(),
            dropped: self.packets_dropped + intervals_dropped,
        }
    }
}
