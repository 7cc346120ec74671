//! Static words and kernel objects, which the environment makes before threads use them.

use super::Machine;
use crate::call::{EventId, LockId, QueueId, SemaphoreId};
use crate::environment::Environment;
use crate::memory::StaticFull;
use crate::memory::address::Address;
use crate::sync::queue::Queue;
use crate::sync::{EventObject, Lock, Semaphore};

impl<E: Environment> Machine<E> {
    /// Maps `words` zeroed words of static data.
    ///
    /// # Errors
    /// If there is no room between the image and the stacks.
    pub fn map_static(&mut self, words: u32, name: &'static str) -> Result<Address, StaticFull> {
        self.engine_mut().process.memory.map_static(words, name)
    }

    /// Creates a critical section.
    pub fn create_lock(&mut self, name: &'static str) -> LockId {
        let locks = &mut self.engine_mut().process.locks;
        locks.push(Lock::new(name));
        LockId(newest(locks))
    }

    /// Creates a semaphore.
    ///
    /// # Panics
    /// If `maximum` is zero or less than `initial`.
    pub fn create_semaphore(
        &mut self,
        name: &'static str,
        initial: u32,
        maximum: u32,
    ) -> SemaphoreId {
        let semaphores = &mut self.engine_mut().process.semaphores;
        semaphores.push(Semaphore::new(name, initial, maximum));
        SemaphoreId(newest(semaphores))
    }

    /// Creates an NT event object that is not set. A wait resets it unless `manual`.
    pub fn create_event(&mut self, name: &'static str, manual: bool) -> EventId {
        let events = &mut self.engine_mut().process.events;
        events.push(EventObject::new(name, manual));
        EventId(newest(events))
    }

    /// Creates a queue for at most `limit` messages.
    ///
    /// # Panics
    /// If `limit` is zero.
    pub fn create_queue(&mut self, name: &'static str, limit: usize) -> QueueId {
        let process = &mut self.engine_mut().process;
        process.queues.push(Queue::new(name, limit));
        process.detector.queue_created(limit);
        QueueId(newest(&process.queues))
    }
}

/// The number of the newest of `objects`.
fn newest<T>(objects: &[T]) -> u32 {
    u32::try_from(objects.len() - 1).expect("fewer than 2^32 objects")
}
