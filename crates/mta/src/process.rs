//! The start of an MTA process on a machine, and the interface of a running one: submitting messages,
//! and audits for oracles.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use machine::{Address, Instant, Machine, QueueId, StaticFull, ThreadId};

use crate::blocks::audit::Audit;
use crate::build::decision::FreeList;
use crate::build::{Build, Generation, Structure, StructureOperation};
use crate::config::{Config, Submission};
use crate::coverage::{Coverage, CoverageCounters};
use crate::environment::{Thread, Winsock};
use crate::layout::{BlockIndex, Layout, field, pool, select_copy, wait_array};
use crate::manager::Manager;
use crate::message::{Message, ToMain};
use crate::programs::{driver, main_base, timer, transport_down, transport_up};
use crate::record::Record;
use crate::shared::{FlowLabels, Locks, Queues, SharedState};
use crate::threads::{self, ThreadName, ThreadRole};
use crate::transport_table::TransportTable;

/// The capacity of a message queue. A sender waits while the queue is full.
const QUEUE_LIMIT: usize = 1 << 16;

/// The threads that are spawned before the drivers: MAIN BASE, TIMER, POP4 DOWN, POP4 UP.
const FIRST_DRIVER: u32 = 4;

/// A running MTA process.
#[derive(Clone, Debug)]
pub struct MtaProcess {
    layout: Layout,
    queues: Queues,
    /// The threads of one thread control block: a pair, or one.
    threads_of_block: u32,
    coverage: Rc<CoverageCounters>,
    connections: Rc<TransportTable>,
    build: Rc<dyn Build>,
}

/// Starts an MTA on a new machine.
///
/// # Errors
/// If the machine's static memory does not hold the pool.
///
/// # Panics
/// If `config` asks for fewer than two control blocks or no driver.
pub fn start(machine: &mut Machine<Winsock>, mut config: Config) -> Result<MtaProcess, StaticFull> {
    assert!(
        config.control_blocks >= 2,
        "a pool needs at least 2 control blocks (Q166602)"
    );
    assert!(
        config.driver_threads >= 1,
        "an MTA needs at least one driver thread"
    );
    // One thread waits for at most 63 blocks, so a large pool needs more threads (Q276222).
    let threads = config
        .driver_threads
        .max(config.control_blocks.div_ceil(wait_array::ENTRIES_MAX));
    // A build may lengthen the session timer; the manager knows only the result.
    for connector in &mut config.connectors {
        let configured = connector.session_disconnect;
        connector.session_disconnect = config.build.session_timer(configured);
    }
    let layout = map(
        machine,
        config.build.as_ref(),
        config.control_blocks,
        threads,
    )?;
    let queues = Queues {
        main: machine.create_queue("MAIN BASE", QUEUE_LIMIT),
        up: machine.create_queue("POP4 UP", QUEUE_LIMIT),
        down: machine.create_queue("POP4 DOWN", QUEUE_LIMIT),
        timer: machine.create_queue("TIMER", QUEUE_LIMIT),
        drivers: (0..threads)
            .map(|_| machine.create_queue("TCP/IP DRVR", QUEUE_LIMIT))
            .collect(),
    };
    let manager = Manager::new(&config);
    let queued = config.database.queued;
    let threads_of_block = match config.build.generation() {
        Generation::Pairs => 2,
        Generation::Single => 1,
    };
    let coverage = Rc::new(CoverageCounters::default());
    let connections = Rc::new(TransportTable::default());
    let shared = SharedState {
        locks: make_locks(machine, config.build.as_ref()),
        build: Rc::clone(&config.build),
        layout,
        queues: queues.clone(),
        ready: machine.create_event("start-up", true),
        wake_ups: OnceCell::new(),
        connect_attempts: config.connect_attempts,
        connect_pause: config.connect_pause,
        peers: config.peers,
        keep_alive: config.keep_alive,
        waits_recorded: config.waits_recorded,
        coverage: Rc::clone(&coverage),
        flow_labels: FlowLabels::default(),
        connections: Rc::clone(&connections),
    };
    spawn_all(machine, &Rc::new(shared), manager, queued);
    Ok(MtaProcess {
        layout,
        queues,
        threads_of_block,
        coverage,
        connections,
        build: config.build,
    })
}

/// Maps the pool, the thread control blocks and the stacks of the Async Notify threads, and links all
/// blocks into the free list in order.
fn map(
    machine: &mut Machine<Winsock>,
    build: &dyn Build,
    blocks: u32,
    threads: u32,
) -> Result<Layout, StaticFull> {
    let pool = machine.map_static(Layout::pool_bytes(blocks) / 4, "control block pool")?;
    let words = threads * wait_array::BYTES / 4;
    let thread_blocks = machine.map_static(words, "thread control blocks")?;
    let select_copies = match build.generation() {
        Generation::Pairs => map_stacks(machine, threads)?,
        Generation::Single => Address::NULL,
    };
    let layout = Layout {
        pool,
        blocks,
        thread_blocks,
        threads,
        select_copies,
        head_counts: build.free_list() == FreeList::InterlockedWithCount,
    };
    for index in 0..blocks {
        let next = if index + 1 < blocks {
            layout.block(BlockIndex(index + 1)).0
        } else {
            0
        };
        machine.poke(
            (layout.block(BlockIndex(index)) + field::NEXT).address,
            next,
        );
    }
    let head = layout.head(0, layout.block(BlockIndex(0)));
    machine.poke((pool + pool::FREE).address, head);
    Ok(layout)
}

/// The parts of the stacks that hold the argument of select(), one for each pair.
fn map_stacks(machine: &mut Machine<Winsock>, threads: u32) -> Result<Address, StaticFull> {
    let words = select_copy::STACK_BYTES / 4;
    let first = machine.map_static(words, "thread stack")?;
    for index in 1..threads {
        let stack = machine.map_static(words, "thread stack")?;
        // The page after each stack stays unmapped, as a guard page does: a handle read beyond it
        // is an access violation, not a word of the next stack.
        assert_eq!(stack, first.offset(index * select_copy::STRIDE_BYTES));
    }
    Ok(first)
}

fn make_locks(machine: &mut Machine<Winsock>, build: &dyn Build) -> Locks {
    let mut locks = Locks::default();
    // Equal names are one lock: a build may guard two structures by one critical section.
    let mut by_name = BTreeMap::new();
    for structure in [Structure::Pool, Structure::Blocks, Structure::WaitArrays] {
        for operation in [
            StructureOperation::Allocate,
            StructureOperation::Release,
            StructureOperation::Use,
        ] {
            if let Some(name) = build.guard(structure, operation) {
                let lock = by_name.entry(name);
                let lock = lock.or_insert_with(|| machine.create_lock(name));
                locks.set(structure, operation, *lock);
            }
        }
    }
    locks
}

fn spawn_all(
    machine: &mut Machine<Winsock>,
    shared: &Rc<SharedState>,
    manager: Manager,
    queued: Vec<Submission>,
) {
    // The order of creation is the order in which a scheduler sees the threads.
    spawn(machine, shared, ThreadRole::MainBase, |t, shared| {
        main_base::run(t, shared, manager, queued)
    });
    spawn(machine, shared, ThreadRole::Timer, timer::run);
    spawn(machine, shared, ThreadRole::Down, transport_down::run);
    spawn(machine, shared, ThreadRole::Up, transport_up::run);
    for index in 0..shared.layout.threads {
        match shared.build.generation() {
            Generation::Single => {
                spawn(machine, shared, ThreadRole::Driver(index), |t, shared| {
                    driver::run_single(t, shared, index)
                });
            }
            Generation::Pairs => {
                spawn(machine, shared, ThreadRole::Driver(index), |t, shared| {
                    driver::run_driver(t, shared, index)
                });
                spawn(
                    machine,
                    shared,
                    ThreadRole::AsyncNotify(index),
                    |t, shared| driver::run_async_notify(t, shared, index),
                );
            }
        }
    }
}

fn spawn<F>(
    machine: &mut Machine<Winsock>,
    shared: &Rc<SharedState>,
    role: ThreadRole,
    program: impl FnOnce(Thread, Rc<SharedState>) -> F,
) where
    F: Future<Output = ()> + 'static,
{
    let ThreadName { name, number } = threads::name(shared.build.generation(), role);
    let shared = Rc::clone(shared);
    machine.spawn(name, number, threads::rng_key(number), |t| {
        program(t, shared)
    });
}

impl MtaProcess {
    /// Submits a message for transfer. `false` if the queue of MAIN BASE is full.
    pub fn submit(
        &self,
        machine: &mut Machine<Winsock>,
        at: Instant,
        submission: Submission,
    ) -> bool {
        let message = Message::Main(ToMain::Submit(submission));
        machine.post(at, self.queues.main, message).is_ok()
    }

    /// The thread control block of this thread; `None` if it is not a driver.
    #[must_use]
    pub fn thread_block(&self, thread: ThreadId) -> Option<u32> {
        let driver = u32::try_from(thread.index())
            .ok()?
            .checked_sub(FIRST_DRIVER)?;
        Some(driver / self.threads_of_block)
    }

    /// Passes on what the process tells of a record that a thread has made.
    pub fn tell(&self, record: Record, reader: &mut dyn FnMut(Record)) {
        self.build.tell(record, reader);
    }

    /// The layout of the shared structures.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// A snapshot of the pool, the thread control blocks and the connections of the transport.
    #[must_use]
    pub fn audit(&self, machine: &Machine<Winsock>) -> Audit {
        Audit::read(machine, self.layout, &self.connections)
    }

    /// How often the transport has lost the ability to ask for the close of a block. While this number
    /// stands still, no block has become unreachable by it.
    #[must_use]
    pub fn connections_lost(&self) -> u64 {
        self.connections.lost()
    }

    /// The state coverage so far.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.coverage.snapshot()
    }

    /// Whether all message queues are empty.
    #[must_use]
    pub fn queues_are_empty(&self, machine: &Machine<Winsock>) -> bool {
        let Queues {
            main,
            up,
            down,
            timer,
            drivers,
        } = &self.queues;
        let empty = |queue: &QueueId| machine.queue_length(*queue) == 0;
        [main, up, down, timer]
            .into_iter()
            .chain(drivers)
            .all(empty)
    }
}

#[cfg(test)]
mod tests;
