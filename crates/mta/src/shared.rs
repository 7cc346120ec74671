//! What the MTA's threads share besides words of memory: queues, locks, names.
//!
//! Owns the addresses and kernel objects of one process, and the few steps that every program
//! takes: posting a message, holding a guard, waking a driver. It
//! refuses to decide anything: that is the build's and the programs' part.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use machine::{Address, Duration, EventId, LockId, QueueId};
use winsock::{EventHandle, SocketAddress, SocketError};

use crate::build::decision::WakeTiming;
use crate::build::{Build, Generation, LockName, Operation, Structure};
use crate::coverage::{CoverageCounters, Stimulus};
use crate::environment::Thread;
use crate::layout::{BlockId, BlockIndex, BlockState, Instance, Layout, NONE, field};
use crate::message::{Message, ToDriver, ToMain, ToUp};
use crate::record::{EventEntry, Fact, LogLine, Record, SocketFunction};
use crate::sockets;

/// The TCP port of RFC 1006.
pub const PORT: u16 = 102;

/// Exception code of a failed consistency check of the BASE (Q157701, Q182547).
pub const INCONSISTENT: u32 = 0xE002_0002;

/// What all threads of one process know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) build: Rc<dyn Build>,
    pub(crate) layout: Layout,
    pub(crate) queues: Queues,
    pub(crate) locks: BTreeMap<LockName, LockId>,
    /// Set once MAIN BASE has made the wake-up events.
    pub(crate) ready: EventId,
    pub(crate) wake_ups: OnceCell<Vec<EventHandle>>,
    pub(crate) connect_attempts: u32,
    pub(crate) connect_pause: Duration,
    pub(crate) peers: BTreeSet<u32>,
    pub(crate) keep_alive: bool,
    pub(crate) waits_recorded: bool,
    pub(crate) coverage: Rc<CoverageCounters>,
}

/// The queues of the threads.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    pub(crate) main: QueueId,
    pub(crate) up: QueueId,
    pub(crate) down: QueueId,
    pub(crate) timer: QueueId,
    pub(crate) drivers: Vec<QueueId>,
}

/// A guard in force; it is given back to [`Layer::unguard`].
#[derive(Debug)]
#[must_use]
pub(crate) struct HeldLock(Option<LockId>);

impl Shared {
    pub(crate) async fn lock(&self, t: &Thread, what: Structure, how: Operation) -> HeldLock {
        let lock = self.build.guard(what, how).map(|name| self.locks[name]);
        if let Some(lock) = lock {
            t.lock(lock).await;
        }
        HeldLock(lock)
    }

    pub(crate) async fn unlock(&self, t: &Thread, guard: HeldLock) {
        if let Some(lock) = guard.0 {
            t.unlock(lock).await;
        }
    }

    pub(crate) fn address(&self, address: BlockIndex) -> Address {
        self.layout.block(address)
    }

    pub(crate) async fn post_main(&self, t: &Thread, message: ToMain) {
        t.send(self.queues.main, Message::Main(message)).await;
    }

    pub(crate) async fn post_up(&self, t: &Thread, message: ToUp) {
        t.send(self.queues.up, Message::Up(message)).await;
    }

    /// Posts a message to the driver that owns the block, and wakes it.
    pub(crate) async fn post_driver(&self, t: &Thread, block: BlockId, message: ToDriver) {
        let guard = self.lock(t, Structure::Blocks, Operation::Use).await;
        let owner = t.read(self.address(block.index) + field::OWNER).await;
        self.unlock(t, guard).await;
        // A block without an owner has been released meanwhile: the first driver finds out.
        self.post_to(t, if owner == NONE { 0 } else { owner }, message)
            .await;
    }

    /// Posts a message to the driver of this thread control block, and wakes it. A number torn
    /// from a block that two threads share may name none.
    pub(crate) async fn post_to(&self, t: &Thread, thread_block: u32, message: ToDriver) {
        if let Some(&queue) = self.queues.drivers.get(thread_block as usize) {
            t.send(queue, Message::Driver(message)).await;
            // In a pair the Driver waits at its queue; a single driver waits for the network too.
            if self.build.generation() == Generation::Single {
                self.wake(t, thread_block).await;
            }
        }
    }

    /// Makes the thread that waits for this thread control block's array look again. A number
    /// torn from a block may name none.
    pub(crate) async fn wake(&self, t: &Thread, thread_block: u32) {
        if thread_block < self.layout.threads {
            sockets::set_event(t, self.wake_up(thread_block)).await;
        }
    }

    /// The event object by which that thread is woken.
    pub(crate) fn wake_up(&self, thread_block: u32) -> EventHandle {
        let wake_ups = self.wake_ups.get().expect("made before drivers begin");
        wake_ups[thread_block as usize]
    }

    /// Wakes it around a change of the array, if the build does so at this moment.
    pub(crate) async fn notify(&self, t: &Thread, thread_block: u32, moment: WakeTiming) {
        if self.build.wake_timing() == moment {
            self.wake(t, thread_block).await;
        }
    }

    /// The state in which `stimulus` finds a block, or `None` when it has another user than `lease` by now and the
    /// build looks at instance numbers. Call it under the guard of [`Structure::Blocks`].
    pub(crate) async fn state(
        &self,
        t: &Thread,
        block: BlockId,
        stimulus: Stimulus,
    ) -> Option<BlockState> {
        let state = self.state_of(t, block).await;
        self.coverage.count(state, stimulus);
        state
    }

    async fn state_of(&self, t: &Thread, block: BlockId) -> Option<BlockState> {
        let address = self.address(block.index);
        let state = t.read(address + field::STATE).await;
        let instance = t.read(address + field::INSTANCE).await;
        if self.build.checks_instance() && Instance(instance) != block.instance {
            return None;
        }
        // A word that is no state was written over: the block counts as free.
        Some(BlockState::of(state).unwrap_or(BlockState::Free))
    }
}

pub(crate) fn log(t: &Thread, line: LogLine) {
    t.record(Record::Log(line));
}

pub(crate) fn fact(t: &Thread, fact: Fact) {
    t.record(Record::Fact(fact));
}

pub(crate) fn event(t: &Thread, entry: EventEntry) {
    t.record(Record::Event(entry));
}

pub(crate) fn log_socket_error(
    t: &Thread,
    function: SocketFunction,
    error: Option<SocketError>,
    address: BlockIndex,
) {
    event(t, EventEntry::Sockets(function, error, address));
}

pub(crate) fn rfc1006_address(host: u32) -> SocketAddress {
    SocketAddress::new(host, PORT)
}
