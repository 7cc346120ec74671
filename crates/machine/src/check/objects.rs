//! A mutex with the value that it guards, and a condition variable.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::thread::Thread;
use crate::call::{EventId, LockId};
use crate::memory::address::Location;

/// A mutex with the value that it guards. Clones are the same mutex.
///
/// Waiters enter first come, first served. Access to the value is not a scheduling point: only the
/// owner of the lock has it.
#[derive(Debug)]
pub struct Mutex<T> {
    lock: LockId,
    name: &'static str,
    value: Rc<RefCell<T>>,
}

/// Access to the value of a locked [`Mutex`]. The thread leaves the lock after the guard is dropped,
/// before its next call.
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    thread: &'a Thread,
    /// `None` only while a condition variable has given the lock back.
    value: Option<RefMut<'a, T>>,
}

/// A condition variable. Clones are the same one.
///
/// Waiters are woken first come, first served, and never without a notification: real condition
/// variables promise neither.
#[derive(Clone, Debug)]
pub struct Condvar {
    /// Every operation accesses it, so that schedulers see which operations depend on each other.
    word: Location,
    waiters: Rc<RefCell<VecDeque<EventId>>>,
}

impl<T> Mutex<T> {
    pub(super) fn new(lock: LockId, name: &'static str, value: T) -> Self {
        Self {
            lock,
            name,
            value: Rc::new(RefCell::new(value)),
        }
    }

    /// Locks the mutex; waits while another thread has it.
    ///
    /// # Panics
    /// If the thread has it already: with a real mutex it would wait for ever, or panic.
    #[track_caller]
    pub fn lock<'a>(
        &'a self,
        thread: &'a Thread,
    ) -> impl Future<Output = MutexGuard<'a, T>> + use<'a, T> {
        let call = thread.lock(self.lock);
        async move {
            call.await;
            MutexGuard {
                mutex: self,
                thread,
                value: Some(self.borrow()),
            }
        }
    }

    fn borrow(&self) -> RefMut<'_, T> {
        let value = self.value.try_borrow_mut();
        value.unwrap_or_else(|_| panic!("a thread locks mutex `{}` that it has", self.name))
    }

    pub(super) fn value(&self) -> Ref<'_, T> {
        self.value.borrow()
    }
}

impl Condvar {
    pub(super) fn new(word: Location) -> Self {
        Self {
            word,
            waiters: Rc::default(),
        }
    }

    /// Gives the mutex back and waits for a notification, in one step; then locks the mutex again.
    #[track_caller]
    pub fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> impl Future<Output = MutexGuard<'a, T>> + use<'_, 'a, T> {
        let (mutex, thread) = (guard.mutex, guard.thread);
        let registers = thread.fetch_add(self.word, 1);
        let unlocks = thread.unlock(mutex.lock);
        let waits = thread.wait_for_wake_up(self.word.name);
        let locks = mutex.lock(thread);
        async move {
            registers.await;
            // A program goes on right after its call: no other thread comes between the two.
            self.waiters.borrow_mut().push_back(thread.wake_up());
            guard.give_back();
            unlocks.await;
            waits.await;
            locks.await
        }
    }

    /// Wakes the thread that has waited longest, if any waits.
    #[track_caller]
    pub fn notify_one(&self, thread: &Thread) -> impl Future<Output = ()> {
        self.notify(thread, 1)
    }

    /// Wakes all threads that wait.
    #[track_caller]
    pub fn notify_all(&self, thread: &Thread) -> impl Future<Output = ()> {
        self.notify(thread, usize::MAX)
    }

    #[track_caller]
    fn notify(&self, thread: &Thread, most: usize) -> impl Future<Output = ()> {
        let looks = thread.fetch_add(self.word, 0);
        async move {
            looks.await;
            let woken: Vec<EventId> = {
                let mut waiters = self.waiters.borrow_mut();
                let count = most.min(waiters.len());
                waiters.drain(..count).collect()
            };
            for event in woken {
                thread.set_event(event).await;
            }
        }
    }
}

impl<T> MutexGuard<'_, T> {
    /// Ends the access to the value; the caller leaves the lock.
    fn give_back(mut self) {
        self.value = None;
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.value.is_some() {
            self.thread.owe_unlock(self.mutex.lock);
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("a guard has the value")
    }
}

impl<T> Clone for Mutex<T> {
    fn clone(&self) -> Self {
        Self {
            lock: self.lock,
            name: self.name,
            value: Rc::clone(&self.value),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}
