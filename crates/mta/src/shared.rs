//! The state that all threads of one process share outside modeled memory: addresses, queues, locks
//! and event objects.
//!
//! It also has the operations that several programs need: posting a message, holding a lock, waking
//! a driver.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use machine::{Address, Duration, EventId, LockId, QueueId};
use winsock::{EventHandle, FlowLabel, SocketAddress, SocketError};

use crate::build::decision::WakeTiming;
use crate::build::{Build, Generation, Structure, StructureOperation};
use crate::coverage::{CoverageCounters, Stimulus};
use crate::environment::Thread;
use crate::layout::{BlockId, BlockIndex, BlockState, Instance, Layout, NONE, field};
use crate::message::{Message, ToDriver, ToMain, ToUp};
use crate::record::{EventEntry, Fact, LogLine, Record, SocketFunction};
use crate::sockets;
use crate::transport_table::TransportTable;

/// The TCP port of RFC 1006.
pub const PORT: u16 = 102;

/// Exception code of a failed consistency check of the BASE (Q157701, Q182547).
pub const INCONSISTENT: u32 = 0xE002_0002;

/// The shared state of one process.
#[derive(Debug)]
pub(crate) struct SharedState {
    pub(crate) build: Rc<dyn Build>,
    pub(crate) layout: Layout,
    pub(crate) queues: Queues,
    pub(crate) locks: Locks,
    /// Set once MAIN BASE has created the wake-up events.
    pub(crate) ready: EventId,
    pub(crate) wake_ups: OnceCell<Vec<EventHandle>>,
    pub(crate) connect_attempts: u32,
    pub(crate) connect_pause: Duration,
    pub(crate) peers: BTreeSet<u32>,
    pub(crate) keep_alive: bool,
    pub(crate) waits_recorded: bool,
    pub(crate) coverage: Rc<CoverageCounters>,
    pub(crate) flow_labels: FlowLabels,
    /// The table of POP4 UP. It is here so that an audit can read it.
    pub(crate) connections: Rc<TransportTable>,
}

/// The keys of the network's random choices for the outgoing connections, by block.
///
/// They belong to the simulator, not to the modeled program. In modeled memory, a race in the program
/// could change them, and with them the packet loss of the run.
#[derive(Debug, Default)]
pub(crate) struct FlowLabels(RefCell<BTreeMap<BlockIndex, FlowLabel>>);

impl FlowLabels {
    pub(crate) fn set(&self, block: BlockIndex, label: FlowLabel) {
        self.0.borrow_mut().insert(block, label);
    }

    /// The label for another connect() after `failed` attempts. Each attempt is a connection with
    /// its own random choices.
    pub(crate) fn for_retry(&self, block: BlockIndex, failed: u32) -> FlowLabel {
        let first = self.0.borrow().get(&block).map_or(0, |label| label.0);
        FlowLabel(machine::mix(first, u64::from(failed)))
    }
}

/// The message queues of the threads.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    pub(crate) main: QueueId,
    pub(crate) up: QueueId,
    pub(crate) down: QueueId,
    pub(crate) timer: QueueId,
    pub(crate) drivers: Vec<QueueId>,
}

/// A lock that is held, or none if the build has no lock here. [`SharedState::unlock`] releases it.
#[derive(Debug)]
#[must_use]
pub(crate) struct HeldLock(Option<LockId>);

impl SharedState {
    /// Acquires the lock that the build has for this operation, if any.
    pub(crate) async fn lock(
        &self,
        t: &Thread,
        what: Structure,
        how: StructureOperation,
    ) -> HeldLock {
        let lock = self.locks.of(what, how);
        if let Some(lock) = lock {
            t.lock(lock).await;
        }
        HeldLock(lock)
    }

    pub(crate) async fn unlock(&self, t: &Thread, lock: HeldLock) {
        if let Some(lock) = lock.0 {
            t.unlock(lock).await;
        }
    }

    pub(crate) fn address(&self, block: BlockIndex) -> Address {
        self.layout.block(block)
    }

    pub(crate) async fn post_main(&self, t: &Thread, message: ToMain) {
        t.send(self.queues.main, Message::Main(message)).await;
    }

    pub(crate) async fn post_up(&self, t: &Thread, message: ToUp) {
        t.send(self.queues.up, Message::Up(message)).await;
    }

    /// Posts a message to the driver that owns the block, and wakes it.
    pub(crate) async fn post_driver(&self, t: &Thread, block: BlockId, message: ToDriver) {
        let lock = self
            .lock(t, Structure::Blocks, StructureOperation::Use)
            .await;
        let owner = t.read(self.address(block.index) + field::OWNER).await;
        self.unlock(t, lock).await;
        // A block without an owner was released meanwhile. Driver 0 finds that out.
        self.post_to(t, if owner == NONE { 0 } else { owner }, message)
            .await;
    }

    /// Posts a message to the driver of this thread control block, and wakes it. An index read from
    /// a corrupted block may name none; the message is lost then.
    pub(crate) async fn post_to(&self, t: &Thread, thread_block: u32, message: ToDriver) {
        if let Some(&queue) = self.queues.drivers.get(thread_block as usize) {
            t.send(queue, Message::Driver(message)).await;
            // The Driver of a pair waits at its queue. A single driver waits for event objects, and
            // needs its wake-up event to look at the queue.
            if self.build.generation() == Generation::Single {
                self.wake(t, thread_block).await;
            }
        }
    }

    /// Wakes the thread that waits for this thread control block's array, so that it reads the array
    /// again. An index read from a corrupted block may name none.
    pub(crate) async fn wake(&self, t: &Thread, thread_block: u32) {
        if thread_block < self.layout.threads {
            sockets::set_event(t, self.wake_up_event(thread_block)).await;
        }
    }

    /// The wake-up event of that thread.
    pub(crate) fn wake_up_event(&self, thread_block: u32) -> EventHandle {
        let wake_ups = self
            .wake_ups
            .get()
            .expect("`ready` is set after the wake-up events are created");
        wake_ups[thread_block as usize]
    }

    /// Wakes that thread, if the build does so at this moment of a change.
    pub(crate) async fn notify(&self, t: &Thread, thread_block: u32, moment: WakeTiming) {
        if self.build.wake_timing() == moment {
            self.wake(t, thread_block).await;
        }
    }

    /// The state in which `stimulus` finds a block; `None` if the block was reused since and the
    /// build checks instance numbers. The caller holds the lock of [`Structure::Blocks`].
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
        // A corrupted state counts as free.
        Some(BlockState::of(state).unwrap_or(BlockState::Free))
    }
}

pub(crate) fn log(t: &Thread, line: LogLine) {
    t.record(Record::Log(line));
}

pub(crate) fn record_fact(t: &Thread, fact: Fact) {
    t.record(Record::Fact(fact));
}

pub(crate) fn log_event(t: &Thread, entry: EventEntry) {
    t.record(Record::Event(entry));
}

pub(crate) fn log_socket_error(
    t: &Thread,
    function: SocketFunction,
    error: Option<SocketError>,
    address: BlockIndex,
) {
    log_event(t, EventEntry::Sockets(function, error, address));
}

/// The address that other MTAs listen at.
pub(crate) fn rfc1006_address(host: u32) -> SocketAddress {
    SocketAddress::new(host, PORT)
}

/// The lock of each structure and operation, see [`Build::guard`].
#[derive(Debug, Default)]
pub(crate) struct Locks([[Option<LockId>; 3]; 3]);

impl Locks {
    pub(crate) fn set(&mut self, what: Structure, how: StructureOperation, lock: LockId) {
        self.0[what as usize][how as usize] = Some(lock);
    }

    fn of(&self, what: Structure, how: StructureOperation) -> Option<LockId> {
        self.0[what as usize][how as usize]
    }
}
