//! The race detector: checks every access and keeps the findings.
//!
//! It only observes: a run takes the same course with the detector off.
//!
//! Two threads synchronise through critical sections, semaphores, event objects, messages,
//! interlocked operations on the same word, and what the environment declares
//! (`SyncObject::External`). `engine/process` calls `acquire` and `release` where a call has such an
//! effect; for the environment, its host does. Interlocked operations themselves race with nothing. A semaphore or event object passes on the clocks of all
//! threads that signalled it since it was last drained. That may hide a race in one schedule, but
//! never reports a false one.

use std::collections::BTreeSet;

use crate::call::{Actor, QueueId, ThreadId};
use crate::memory::address::Location;
use crate::memory::heap_layout::HeapLayout;
use crate::race::access::{Access, AccessKind};
use crate::race::block_event::{BlockEvent, BlockEventKind};
use crate::race::fasttrack::FastTrack;
use crate::race::finding::{Finding, FindingKind, Signature};
use crate::race::heap_shadow::{HeapShadow, Misuse};
use crate::race::queue_clocks::QueueClocks;
use crate::race::sync_clocks::{SyncClocks, SyncObject};
use crate::race::vector_clock::VectorClock;

/// The largest number of findings, of different signatures, that are kept.
pub const FINDINGS_MAX: usize = 64;
/// Detects data races and misuses of the heap.
#[derive(Debug)]
pub struct RaceDetector {
    on: bool,
    /// By thread.
    thread_clocks: Vec<VectorClock>,
    /// Clocks of threads of an earlier run, kept for their allocations.
    spare: Vec<VectorClock>,
    sync_clocks: SyncClocks,
    /// By queue.
    queue_clocks: Vec<QueueClocks>,
    /// The accesses that one access races with; a buffer.
    unordered: Vec<Access>,
    words: FastTrack,
    heap: HeapShadow,
    signatures: BTreeSet<Signature>,
    findings: Vec<Finding>,
    repeated: u64,
    /// Whether the latest access raced with an earlier one.
    pub(crate) last_raced: bool,
}

impl RaceDetector {
    pub(crate) fn new(on: bool, layout: HeapLayout) -> Self {
        Self {
            on,
            thread_clocks: Vec::new(),
            spare: Vec::new(),
            sync_clocks: SyncClocks::default(),
            queue_clocks: Vec::new(),
            unordered: Vec::new(),
            words: FastTrack::default(),
            heap: HeapShadow::new(layout),
            signatures: BTreeSet::new(),
            findings: Vec::new(),
            repeated: 0,
            last_raced: false,
        }
    }

    /// Resets it, with this many queues; keeps allocations.
    pub(crate) fn reset(&mut self, queues: usize) {
        self.queue_clocks.truncate(queues);
        if !self.on {
            return;
        }
        self.spare.append(&mut self.thread_clocks);
        self.spare.iter_mut().for_each(VectorClock::clear);
        self.sync_clocks.reset();
        self.queue_clocks.iter_mut().for_each(QueueClocks::reset);
        self.words.reset();
        self.heap.reset();
        self.signatures.clear();
        self.findings.clear();
        self.repeated = 0;
    }

    /// Whether it checks accesses.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// The findings so far, one for each signature, in the order of detection; at most
    /// [`FINDINGS_MAX`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The number of findings that were not kept, because their signature was known or
    /// [`FINDINGS_MAX`] was reached.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// A new thread. Nothing happened before it.
    pub(crate) fn thread_started(&mut self, thread: ThreadId) {
        if !self.on {
            return;
        }
        assert_eq!(
            thread.index(),
            self.thread_clocks.len(),
            "threads start in the order of their numbers"
        );
        let mut clock = self.spare.pop().unwrap_or_default();
        clock.tick(thread);
        self.thread_clocks.push(clock);
    }

    /// A new queue for `limit` messages.
    pub(crate) fn queue_created(&mut self, limit: usize) {
        self.queue_clocks.push(QueueClocks::new(limit));
    }

    /// All that `parent` did so far happened before all that `child` does.
    pub(crate) fn forked(&mut self, parent: ThreadId, child: ThreadId) {
        if !self.on {
            return;
        }
        let clock = self.thread_clocks[parent.index()].clone();
        self.thread_clocks[child.index()].join(&clock);
        // What the parent does next is not ordered before the child.
        self.thread_clocks[parent.index()].tick(parent);
    }

    /// Checks an access to the word with number `index`.
    pub(crate) fn access(&mut self, index: usize, location: Location, access: Access) {
        self.last_raced = false;
        if !self.on {
            return;
        }
        if access.actor == Actor::Program
            && let Some(misuse) = self.heap.check(location.address, location.origin)
        {
            self.report_misuse(misuse, access);
        }
        // An interlocked operation is checked against the heap, but races with nothing.
        if access.kind == AccessKind::Interlocked {
            self.acquire_release(access.thread, SyncObject::Word(index));
            return;
        }
        let clock = &self.thread_clocks[access.thread.index()];
        self.words
            .access(index, &access, clock, &mut self.unordered);
        if !self.unordered.is_empty() {
            self.last_raced = true;
            self.report_races(access);
        }
    }

    /// The heap has allocated a block, or is about to take one back.
    pub(crate) fn block_event(&mut self, event: BlockEvent) {
        if !self.on {
            return;
        }
        let access = |kind| Access {
            thread: event.thread,
            kind,
            actor: Actor::Heap,
            name: "heap block",
            address: event.address,
            site: event.site,
            at: event.at,
        };
        let (misuse, access) = match event.kind {
            BlockEventKind::Allocated(bytes) => {
                let access = access(AccessKind::Allocate);
                (self.heap.allocate(event.address, bytes, access), access)
            }
            BlockEventKind::Freed => {
                let access = access(AccessKind::Free);
                (self.heap.free(event.address, access), access)
            }
        };
        if let Some(misuse) = misuse {
            self.report_misuse(misuse, access);
        }
    }

    /// `thread` joins its clock into that of `object`.
    pub(crate) fn release(&mut self, thread: ThreadId, object: SyncObject) {
        if !self.on {
            return;
        }
        let own = &mut self.thread_clocks[thread.index()];
        self.sync_clocks.release(object, thread, own);
        // A later acquire is ordered after this release, but not after what the thread does next.
        own.tick(thread);
    }

    /// `thread` joins the clock of `object` into its own, and its own into that of `object`.
    fn acquire_release(&mut self, thread: ThreadId, object: SyncObject) {
        let own = &mut self.thread_clocks[thread.index()];
        let clock = self.sync_clocks.clock_of(object);
        // Interlocked operations on one word are totally ordered, so each acquires and releases.
        own.join(clock);
        clock.join(own);
        own.tick(thread);
    }

    /// `thread` joins the clock of `object` into its own.
    pub(crate) fn acquire(&mut self, thread: ThreadId, object: SyncObject) {
        if self.on {
            let own = &mut self.thread_clocks[thread.index()];
            self.sync_clocks.acquire(object, thread, own);
        }
    }

    /// `object` was drained or reset: earlier signals order nothing any more.
    pub(crate) fn drain(&mut self, object: SyncObject) {
        if self.on {
            self.sync_clocks.clock_of(object).clear();
        }
    }

    /// A message of `thread`, or of the environment, takes a slot in `queue`.
    pub(crate) fn sent(&mut self, thread: Option<ThreadId>, queue: QueueId) {
        if !self.on {
            return;
        }
        let clocks = &mut self.queue_clocks[queue.index()];
        match thread {
            Some(thread) => {
                let own = &mut self.thread_clocks[thread.index()];
                clocks.send(own);
                own.tick(thread);
            }
            // The environment is not a thread: its messages order nothing by themselves.
            None => clocks.send(&mut VectorClock::default()),
        }
    }

    /// `thread` receives the oldest message of `queue`.
    pub(crate) fn received(&mut self, thread: ThreadId, queue: QueueId) {
        if !self.on {
            return;
        }
        let own = &mut self.thread_clocks[thread.index()];
        self.queue_clocks[queue.index()].receive(own);
        // A receive releases too: it frees a slot for a later send.
        own.tick(thread);
    }

    fn report_races(&mut self, access: Access) {
        // Taken out and put back, to keep its allocation.
        let mut unordered = std::mem::take(&mut self.unordered);
        for against in unordered.drain(..) {
            self.report(Finding {
                kind: FindingKind::DataRace,
                access,
                against: Some(against),
                allocated: None,
            });
        }
        self.unordered = unordered;
    }

    fn report_misuse(&mut self, misuse: Misuse, access: Access) {
        let Misuse {
            kind,
            against,
            allocated,
        } = misuse;
        self.report(Finding {
            kind,
            access,
            against,
            allocated,
        });
    }

    fn report(&mut self, finding: Finding) {
        let has_room = self.findings.len() < FINDINGS_MAX;
        if has_room && self.signatures.insert(finding.signature()) {
            self.findings.push(finding);
        } else {
            self.repeated += 1;
        }
    }
}
