//! The judge: every access weighed, findings kept.
//!
//! Owns [`RaceDetector`]: the threads' knowledge of each other, the races and the
//! shadow of the heap. It refuses to change anything in the modeled process:
//! a run with the judge off takes the same course.
//!
//! What orders two threads: critical sections, semaphores, event objects, messages, interlocked
//! operations on one word, and what the environment says. Interlocked operations are not
//! themselves plain accesses and race with nothing. A semaphore or an event object passes on the
//! knowledge of everyone who signalled since it was last drained, which may hide a race in one
//! schedule but never invents one.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{Actor, EventId, LockId, QueueId, SemaphoreId, ThreadId};
use crate::memory::address::Location;
use crate::memory::heap_layout::HeapLayout;
use crate::race::access::{Access, AccessKind};
use crate::race::block_event::{BlockEvent, BlockEventKind};
use crate::race::fasttrack::FastTrack;
use crate::race::heap_shadow::{HeapShadow, Misuse};
use crate::race::queue_clocks::QueueClocks;
use crate::race::vector_clock::VectorClock;
use crate::race::violation::{Signature, Violation, ViolationKind};

/// The most findings of different signature that are kept.
pub const VIOLATIONS_MAX: usize = 64;
/// The most things whose knowledge is kept apart. What comes later shares one clock: races may be
/// missed then, none is invented.
pub const SYNC_OBJECTS_MAX: usize = 65_536;

/// The most meeting points that a restart keeps the room of.
const POINTS_KEPT: usize = 64;

/// Something through which one thread hears of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SyncObject {
    Lock(LockId),
    Semaphore(SemaphoreId),
    Event(EventId),
    /// A word under interlocked operations, by its dense number.
    Word(usize),
    /// Whatever the environment means by this key.
    Outside(u64),
    /// Where the table of meeting points is full.
    Overflow,
}

/// Weighs every access.
#[derive(Debug)]
pub struct RaceDetector {
    on: bool,
    knowledge: Vec<VectorClock>,
    /// Clocks of threads that a restart took away, kept for their room.
    spare: Vec<VectorClock>,
    points: BTreeMap<SyncObject, VectorClock>,
    flights: Vec<QueueClocks>,
    /// Room for what one access races with.
    unheard: Vec<Access>,
    races: FastTrack,
    blocks: HeapShadow,
    seen: BTreeSet<Signature>,
    violations: Vec<Violation>,
    repeated: u64,
    /// Whether the access weighed last raced with an earlier one.
    pub(crate) raced: bool,
}

impl RaceDetector {
    pub(crate) fn new(on: bool, layout: HeapLayout) -> Self {
        Self {
            on,
            knowledge: Vec::new(),
            spare: Vec::new(),
            points: BTreeMap::new(),
            flights: Vec::new(),
            unheard: Vec::new(),
            races: FastTrack::default(),
            blocks: HeapShadow::new(layout),
            seen: BTreeSet::new(),
            violations: Vec::new(),
            repeated: 0,
            raced: false,
        }
    }

    /// As new: nothing known, nothing found, and so many queues.
    pub(crate) fn reset(&mut self, queues: usize) {
        self.flights.truncate(queues);
        if !self.on {
            return;
        }
        self.spare.append(&mut self.knowledge);
        self.spare.iter_mut().for_each(VectorClock::clear);
        // A point at which nothing was left is as good as none, and mostly met again.
        if self.points.len() > POINTS_KEPT {
            self.points.clear();
        }
        self.points.values_mut().for_each(VectorClock::clear);
        self.flights.iter_mut().for_each(QueueClocks::clear);
        self.races.reset();
        self.blocks.reset();
        self.seen.clear();
        self.violations.clear();
        self.repeated = 0;
    }

    /// Whether accesses are weighed at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// The findings so far, one of each signature, in the order they were made; at most
    /// [`VIOLATIONS_MAX`].
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many findings were not kept because their signature was known or there was no room.
    #[must_use]
    pub const fn repeated(&self) -> u64 {
        self.repeated
    }

    /// A new thread, which has heard of nothing.
    pub(crate) fn spawned(&mut self, thread: ThreadId) {
        if !self.on {
            return;
        }
        assert_eq!(
            thread.index(),
            self.knowledge.len(),
            "threads come in order"
        );
        let mut clock = self.spare.pop().unwrap_or_default();
        clock.tick(thread);
        self.knowledge.push(clock);
    }

    /// A new queue for `limit` messages.
    pub(crate) fn queue_created(&mut self, limit: usize) {
        self.flights.push(QueueClocks::new(limit));
    }

    /// `child` hears of everything `parent` did so far.
    pub(crate) fn forked(&mut self, parent: ThreadId, child: ThreadId) {
        if !self.on {
            return;
        }
        let known = self.knowledge[parent.index()].clone();
        self.knowledge[child.index()].join(&known);
        self.knowledge[parent.index()].tick(parent);
    }

    /// Weighs a plain or interlocked access to the word `index`.
    pub(crate) fn access(&mut self, index: usize, place: Location, access: Access) {
        self.raced = false;
        if !self.on {
            return;
        }
        if access.actor == Actor::Program
            && let Some(wrong) = self.blocks.check(place.address, place.origin)
        {
            self.find_wrong(wrong, access);
        }
        if access.kind == AccessKind::Interlocked {
            self.meet(access.thread, SyncObject::Word(index));
            return;
        }
        let clock = &self.knowledge[access.thread.index()];
        self.races.enter(index, access, clock, &mut self.unheard);
        if !self.unheard.is_empty() {
            self.raced = true;
            self.find_races(access);
        }
    }

    /// What the heap says it did with a block.
    pub(crate) fn block(&mut self, note: BlockEvent) {
        if !self.on {
            return;
        }
        let access = |kind| Access {
            thread: note.thread,
            kind,
            actor: Actor::Heap,
            name: "heap block",
            address: note.address,
            site: note.site,
            at: note.at,
        };
        let (wrong, access) = match note.deed {
            BlockEventKind::Allocated(bytes) => {
                let access = access(AccessKind::Allocate);
                (self.blocks.allocate(note.address, bytes, access), access)
            }
            BlockEventKind::Freed => {
                let access = access(AccessKind::Free);
                (self.blocks.free(note.address, access), access)
            }
        };
        if let Some(wrong) = wrong {
            self.find_wrong(wrong, access);
        }
    }

    /// `thread` leaves what it knows at `point`.
    pub(crate) fn release(&mut self, thread: ThreadId, point: SyncObject) {
        if !self.on {
            return;
        }
        let mine = &mut self.knowledge[thread.index()];
        point_of(&mut self.points, point).join(mine);
        mine.tick(thread);
    }

    /// `thread` learns what others left at `point`, and leaves what it knows.
    fn meet(&mut self, thread: ThreadId, point: SyncObject) {
        let mine = &mut self.knowledge[thread.index()];
        let left = point_of(&mut self.points, point);
        mine.join(left);
        left.join(mine);
        mine.tick(thread);
    }

    /// `thread` learns what others left at `point`.
    pub(crate) fn acquire(&mut self, thread: ThreadId, point: SyncObject) {
        if !self.on {
            return;
        }
        let found = self
            .points
            .get(&point)
            .or_else(|| self.points.get(&SyncObject::Overflow));
        if let Some(left) = found {
            self.knowledge[thread.index()].join(left);
        }
    }

    /// What was left at `point` is gone: it was drained or reset.
    pub(crate) fn drain(&mut self, point: SyncObject) {
        if self.on
            && let Some(left) = self.points.get_mut(&point)
        {
            left.clear();
        }
    }

    /// A message of `thread`, or of the world, takes a place in `queue`.
    pub(crate) fn sent(&mut self, thread: Option<ThreadId>, queue: QueueId) {
        if !self.on {
            return;
        }
        let flights = &mut self.flights[queue.index()];
        match thread {
            Some(thread) => {
                let mine = &mut self.knowledge[thread.index()];
                flights.send(mine);
                mine.tick(thread);
            }
            None => flights.send(&mut VectorClock::default()),
        }
    }

    /// The oldest message of `queue` reaches `thread`.
    pub(crate) fn received(&mut self, thread: ThreadId, queue: QueueId) {
        if !self.on {
            return;
        }
        let mine = &mut self.knowledge[thread.index()];
        self.flights[queue.index()].receive(mine);
        mine.tick(thread);
    }

    fn find_races(&mut self, access: Access) {
        let mut unheard = std::mem::take(&mut self.unheard);
        for against in unheard.drain(..) {
            self.find(Violation {
                kind: ViolationKind::DataRace,
                access,
                against: Some(against),
                allocated: None,
            });
        }
        self.unheard = unheard;
    }

    fn find_wrong(&mut self, wrong: Misuse, access: Access) {
        let Misuse {
            kind,
            against,
            allocated,
        } = wrong;
        self.find(Violation {
            kind,
            access,
            against,
            allocated,
        });
    }

    fn find(&mut self, violation: Violation) {
        let room = self.violations.len() < VIOLATIONS_MAX;
        if room && self.seen.insert(violation.signature()) {
            self.violations.push(violation);
        } else {
            self.repeated += 1;
        }
    }
}

/// Where that is left which is left at `point`.
fn point_of(points: &mut BTreeMap<SyncObject, VectorClock>, point: SyncObject) -> &mut VectorClock {
    let has_room = points.len() < SYNC_OBJECTS_MAX || points.contains_key(&point);
    let point = if has_room {
        point
    } else {
        SyncObject::Overflow
    };
    points.entry(point).or_default()
}
