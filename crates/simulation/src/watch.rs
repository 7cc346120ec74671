//! What may be seen of a run besides its records.
//!
//! Owns [`Watch`], which asks for it, and [`Seen`], what came. Looking on is off by default, costs
//! nothing then, and changes nothing about a run: what is seen is in no digest. It refuses to
//! judge or to show anything.
//!
//! - [`passage`]: packets at the ends of links, as bytes.
//! - [`stay`]: what threads were doing, and who waited for whom.
//! - [`scene`]: the accesses to memory around a finding or an exception.

pub mod passage;
pub mod scene;
pub mod stay;

use internet::Offer;
use kernel::Instant;
use machine::{Exception, Violation};
use mta::Winsock;
use net::HostId;

use crate::record::ThreadNumber;

use passage::Passage;
use scene::{Scene, Scenes};
use stay::{Stay, Stays};

/// What is to be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// Packets at the ends of links.
    pub packets: bool,
    /// Threads and their accesses to memory.
    pub threads: bool,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Packets, in the order of time.
    pub passages: Vec<Passage>,
    /// What threads were doing, in the order in which each ended.
    pub stays: Vec<Stay>,
    /// The moments at which memory was found to be touched wrongly, in order.
    pub scenes: Vec<Scene>,
    /// Passages and stays that were not kept, since there were too many.
    pub missed: u64,
}

/// Looks on while a world runs.
#[derive(Debug, Default)]
pub(crate) struct Observer {
    watch: Watch,
    /// Passages or stays that are kept.
    limit: usize,
    passages: Vec<Passage>,
    missed: u64,
    stays: Stays,
    scenes: Scenes,
}

impl Observer {
    pub(crate) fn new(watch: Watch, limit: usize) -> Self {
        Self {
            watch,
            limit,
            ..Self::default()
        }
    }

    pub(crate) const fn watches_threads(&self) -> bool {
        self.watch.threads
    }

    /// A packet is put on a link at this host.
    pub(crate) fn on_offer(&mut self, at: Instant, host: HostId, offer: Offer<'_>) {
        if !self.watch.packets {
            return;
        }
        let mut passages = passage::passages(at, host, offer);
        let room = self.limit.saturating_sub(self.passages.len());
        self.missed += passages.len().saturating_sub(room) as u64;
        passages.truncate(room);
        self.passages.append(&mut passages);
    }

    /// The process of a host begins.
    pub(crate) fn on_start(&mut self, host: HostId, now: Instant) {
        self.stays.on_start(host, now);
    }

    /// What the threads of a host did since the last time, and what the judge found meanwhile.
    pub(crate) fn on_threads(
        &mut self,
        host: HostId,
        machine: &mut machine::Machine<Winsock>,
        numbers: &[ThreadNumber],
        findings: &[Violation],
    ) {
        let seen = machine.take_activity();
        self.scenes.expect(findings);
        for activity in seen {
            self.scenes.on_activity(host, numbers, &activity);
            self.stays.on_activity(host, numbers, machine, &activity);
        }
        self.scenes.settle(host, numbers);
    }

    /// The process of a host ends by an exception.
    pub(crate) fn on_exception(&mut self, host: HostId, thread: ThreadNumber, raised: &Exception) {
        if self.watch.threads {
            self.scenes.on_exception(host, thread, raised);
        }
    }

    /// The process of a host is gone, or the run is over.
    pub(crate) fn on_end(&mut self, host: HostId, now: Instant) {
        self.stays.on_end(host, now);
        self.scenes.on_end(host);
    }

    pub(crate) fn into_seen(mut self) -> Seen {
        self.passages.sort_by_key(|passage| passage.at);
        let (stays, missed) = self.stays.into_kept(self.limit);
        Seen {
            passages: self.passages,
            stays,
            scenes: self.scenes.into_scenes(),
            missed: self.missed + missed,
        }
    }
}
