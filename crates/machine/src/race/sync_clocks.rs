//! The vector clocks of synchronisation objects.

use std::collections::BTreeMap;

use crate::call::{EventId, LockId, SemaphoreId, ThreadId};
use crate::race::vector_clock::VectorClock;

/// The largest number of words under interlocked operations, and of objects of the environment, with
/// their own clocks. All further ones share one clock, which may hide races but never reports a
/// false one.
pub(crate) const SYNC_OBJECTS_MAX: usize = 65_536;

/// The largest number of clocks of one kind that a reset keeps allocated.
const SPARE_CLOCKS_MAX: usize = 64;

/// Something that passes clocks from one thread to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SyncObject {
    Lock(LockId),
    Semaphore(SemaphoreId),
    Event(EventId),
    /// A word under interlocked operations, by its dense number.
    Word(usize),
    /// An object of the environment, by its key.
    External(u64),
    /// Shared by all words and keys for which the table has no room.
    Overflow,
}

/// The clocks of all objects.
#[derive(Debug, Default)]
pub(super) struct SyncClocks {
    locks: Vec<LockClock>,
    semaphores: Vec<VectorClock>,
    events: Vec<VectorClock>,
    others: BTreeMap<SyncObject, VectorClock>,
}

#[derive(Debug, Default)]
struct LockClock {
    clock: VectorClock,
    released_by: Option<ThreadId>,
}

impl SyncClocks {
    /// Clears all clocks. A cleared clock acts like a missing one, and the next run mostly uses the
    /// same objects.
    pub(super) fn reset(&mut self) {
        self.locks.truncate(SPARE_CLOCKS_MAX);
        for lock in &mut self.locks {
            lock.clock.clear();
            lock.released_by = None;
        }
        for clocks in [&mut self.semaphores, &mut self.events] {
            clocks.truncate(SPARE_CLOCKS_MAX);
            clocks.iter_mut().for_each(VectorClock::clear);
        }
        if self.others.len() > SPARE_CLOCKS_MAX {
            self.others.clear();
        }
        self.others.values_mut().for_each(VectorClock::clear);
    }

    /// Joins the clock of `thread`, which is `own`, into that of `object`.
    #[inline]
    pub(super) fn release(&mut self, object: SyncObject, thread: ThreadId, own: &VectorClock) {
        if let SyncObject::Lock(lock) = object {
            let lock = entry(&mut self.locks, lock.index());
            // Who leaves has entered, and knows all that was released here before.
            lock.clock.copy_from(own);
            lock.released_by = Some(thread);
        } else {
            self.clock_of(object).join(own);
        }
    }

    /// Joins the clock of `object` into that of `thread`, which is `own`.
    #[inline]
    pub(super) fn acquire(&self, object: SyncObject, thread: ThreadId, own: &mut VectorClock) {
        let clock = match object {
            // Who released a critical section last had acquired it before, so that its own clock
            // contains all that was released there.
            SyncObject::Lock(lock) => self
                .locks
                .get(lock.index())
                .filter(|lock| lock.released_by != Some(thread))
                .map(|lock| &lock.clock),
            SyncObject::Semaphore(semaphore) => self.semaphores.get(semaphore.index()),
            SyncObject::Event(event) => self.events.get(event.index()),
            SyncObject::Word(_) | SyncObject::External(_) | SyncObject::Overflow => self
                .others
                .get(&object)
                .or_else(|| self.others.get(&SyncObject::Overflow)),
        };
        if let Some(clock) = clock {
            own.join(clock);
        }
    }

    /// The clock of `object`, which is no critical section; the shared one if the table has no
    /// room.
    pub(super) fn clock_of(&mut self, object: SyncObject) -> &mut VectorClock {
        match object {
            SyncObject::Lock(lock) => &mut entry(&mut self.locks, lock.index()).clock,
            SyncObject::Semaphore(semaphore) => entry(&mut self.semaphores, semaphore.index()),
            SyncObject::Event(event) => entry(&mut self.events, event.index()),
            SyncObject::Word(_) | SyncObject::External(_) | SyncObject::Overflow => {
                let others = &mut self.others;
                let has_room = others.len() < SYNC_OBJECTS_MAX || others.contains_key(&object);
                let object = if has_room {
                    object
                } else {
                    SyncObject::Overflow
                };
                others.entry(object).or_default()
            }
        }
    }
}

/// The element with this index; the list grows as far as needed.
#[inline]
fn entry<T: Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}
