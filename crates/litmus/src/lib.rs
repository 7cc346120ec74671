//! Litmus tests for schedulers: small programs with a known race, and a fixed variant of each.
//!
//! Schedulers and the exhaustive search are measured on them: an unguarded free list, a
//! compare-and-swap free list with the ABA problem, and a control block that a timer still points to.
//! Every access to a shared word is one call. A test fails by its interleaving alone; nothing is
//! injected.
//!
//! [`sctbench`] has programs with which other people have measured their schedulers, [`search`] searches of them.

pub mod sctbench;
pub mod search;

use kernel::{Choices, Duration, Instant, Ratio};
use machine::memory::heap_layout::HEAP_BYTES_MIN;
use machine::{
    Address, Config, Costs, Environment, Field, HeapConfig, Location, LockId, Machine, Progress,
    Scheduler, Strategy, Thread,
};

/// The programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LitmusProgram {
    /// Two threads each take a block from an unguarded free list. It fails if both take the same
    /// one.
    FreeList,
    /// Two threads use a free list with compare-and-swap: one takes two blocks, the other takes two
    /// and puts the first one back. It fails if two threads hold the same block, or if a held block
    /// is still in the list. For that the head must be the same block again between a read and its
    /// compare (ABA).
    Aba,
    /// A timer keeps a pointer to a control block while another thread closes the block and a third
    /// opens it again. It fails if the opener finds its new block timed out.
    StaleBlock,
}

/// A program, the distance between its shared parts, and whether it is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LitmusTest {
    /// The program.
    pub program: LitmusProgram,
    /// Private steps before, between and after the shared parts. Each takes as long as an access.
    pub private_steps: u32,
    /// Whether a critical section guards each shared part.
    pub fixed: bool,
}

/// The environment of the programs, which make no environment calls.
#[derive(Debug)]
pub enum NoEnvironment {}

impl Environment for NoEnvironment {
    type Call = ();
    type Reply = ();
    type Message = ();
    type Record = Observation;
}

/// What a thread records at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observation {
    /// It holds this block.
    Holds(Address),
    /// It found its own block in this state.
    Found(u32),
    /// A check of it did not hold.
    Failed,
    /// It has come to its end.
    Ended,
}

impl LitmusProgram {
    /// All programs.
    pub const ALL: [Self; 3] = [Self::FreeList, Self::Aba, Self::StaleBlock];
}

/// A litmus test on a machine, ready for many runs.
#[derive(Debug)]
pub struct LitmusRunner {
    machine: Machine<NoEnvironment>,
    table: SharedWords,
    program: LitmusProgram,
}

/// The shared words, and how the program uses them.
#[derive(Clone, Copy, Debug)]
struct SharedWords {
    words: Address,
    lock: LockId,
    private_steps: u32,
    fixed: bool,
}

const HEAD: Field = Field::new(0, "free list.head");
const SLOT: Field = Field::new(4, "slot");
/// Offset of the first block.
const BLOCKS: u32 = 16;
const BLOCK_BYTES: u32 = 8;
const BLOCK_COUNT: u32 = 4;
const NEXT: Field = Field::new(0, "block.next");
const STATE: Field = Field::new(4, "block.state");

/// States of a control block.
const OPEN: u32 = 1;
const TIMED_OUT: u32 = 2;

impl LitmusTest {
    /// A machine for the test, with the smallest heap and without jitter.
    #[must_use]
    pub fn runner(self, detect_races: bool) -> LitmusRunner {
        self.runner_with(Costs::default(), detect_races)
    }

    /// The same with calls that take no time, for the exhaustive search.
    #[must_use]
    pub fn runner_at_zero_cost(self, detect_races: bool) -> LitmusRunner {
        self.runner_with(Costs::FREE, detect_races)
    }

    fn runner_with(self, costs: Costs, detect_races: bool) -> LitmusRunner {
        let config = config(detect_races, costs);
        let machine = Machine::new(config, Strategy::Timed, Choices::new(0), 0);
        let mut machine = machine.expect("the configuration is valid");
        let words = machine.map_static(BLOCKS / 4 + BLOCK_COUNT * BLOCK_BYTES / 4, "litmus");
        let table = SharedWords {
            words: words.expect("a fresh machine has room for a few words"),
            lock: machine.create_lock("litmus"),
            private_steps: self.private_steps,
            fixed: self.fixed,
        };
        match self.program {
            LitmusProgram::FreeList => table.link(&mut machine, 2),
            LitmusProgram::Aba => table.link(&mut machine, BLOCK_COUNT),
            LitmusProgram::StaleBlock => machine.poke(table.slot().address, table.block(0).0),
        }
        machine.save_initial_state();
        LitmusRunner {
            machine,
            table,
            program: self.program,
        }
    }
}

fn config(detect_races: bool, costs: Costs) -> Config {
    Config {
        costs,
        jitter: Ratio::ZERO,
        detect_races,
        // Both cost time, and only tests that look at the findings read them.
        trace_hash: detect_races,
        heap: HeapConfig {
            bytes: HEAP_BYTES_MIN,
            serialize: false,
        },
        ..Config::default()
    }
}

impl LitmusRunner {
    /// Runs the test under a scheduler and returns whether it failed.
    ///
    /// # Panics
    /// If the program does not end.
    pub fn run(&mut self, scheduler: Box<dyn Scheduler>) -> bool {
        self.machine
            .reset_with(Strategy::Controlled(scheduler), Choices::new(0));
        self.run_threads()
    }

    /// The same under the scheduler of the last run, reseeded. Only for schedulers that keep no state
    /// of a run.
    ///
    /// # Panics
    /// If the program does not end.
    pub fn rerun(&mut self, choices: Choices) -> bool {
        self.machine.reset(choices);
        self.run_threads()
    }

    fn run_threads(&mut self) -> bool {
        self.spawn();
        let end = self.machine.run(Instant::ZERO, Instant::MAX);
        assert!(matches!(end, Progress::Idle), "a litmus test ends");
        self.has_failed()
    }

    /// The machine after the last run.
    #[must_use]
    pub const fn machine(&self) -> &Machine<NoEnvironment> {
        &self.machine
    }

    fn spawn(&mut self) {
        let (machine, table) = (&mut self.machine, self.table);
        match self.program {
            LitmusProgram::FreeList => {
                machine.spawn("one", 1, 1, |t| free_list(t, table));
                machine.spawn("two", 2, 2, |t| free_list(t, table));
            }
            LitmusProgram::Aba => {
                machine.spawn("one", 1, 1, |t| aba_taker(t, table));
                machine.spawn("two", 2, 2, |t| aba_giver(t, table));
            }
            LitmusProgram::StaleBlock => {
                machine.spawn("timer", 1, 1, |t| timer(t, table));
                machine.spawn("closer", 2, 2, |t| closer(t, table));
                machine.spawn("opener", 3, 3, |t| opener(t, table));
            }
        }
    }

    fn has_failed(&mut self) -> bool {
        let (table, mut held, mut failed) = (self.table, 0, false);
        self.machine
            .drain_records(|recorded| match recorded.record {
                Observation::Holds(block) => {
                    failed |= held & table.bit(block) != 0;
                    held |= table.bit(block);
                }
                Observation::Found(state) => failed |= state != OPEN,
                Observation::Failed => failed = true,
                Observation::Ended => {}
            });
        failed | (held & self.listed() != 0)
    }

    /// The blocks in the free list, one bit each. A damaged list may be cyclic, so the walk is bounded.
    fn listed(&self) -> u32 {
        let word = |location: Location| self.machine.peek(location.address).unwrap_or(0);
        let first = Address(word(self.table.head()));
        let next = move |block: &Address| Some(Address(word(*block + NEXT)));
        std::iter::successors(Some(first), next)
            .take_while(|block| !block.is_null())
            .take(BLOCK_COUNT as usize)
            .fold(0, |listed, block| listed | self.table.bit(block))
    }
}

impl SharedWords {
    fn block(self, index: u32) -> Address {
        self.words.offset(BLOCKS + index * BLOCK_BYTES)
    }

    /// The bit of a block.
    fn bit(self, block: Address) -> u32 {
        let index = block.0.wrapping_sub(self.block(0).0) / BLOCK_BYTES;
        assert!(index < BLOCK_COUNT, "{block} is no block");
        1 << index
    }

    /// Links the first `count` blocks into the free list.
    fn link(self, machine: &mut Machine<NoEnvironment>, count: u32) {
        machine.poke(self.head().address, self.block(0).0);
        for index in 1..count {
            let next = self.block(index - 1) + NEXT;
            machine.poke(next.address, self.block(index).0);
        }
    }

    fn head(self) -> Location {
        self.words + HEAD
    }

    fn slot(self) -> Location {
        self.words + SLOT
    }

    /// The private steps, as one call that takes the time of all: no other thread can tell the
    /// difference.
    async fn compute(self, t: &Thread<NoEnvironment>) {
        if self.private_steps > 0 {
            t.work(STEP.saturating_mul(u64::from(self.private_steps)))
                .await;
        }
    }

    /// Enters the critical section before a shared part, in the fixed variant.
    async fn enter(self, t: &Thread<NoEnvironment>) {
        if self.fixed {
            t.lock(self.lock).await;
        }
    }

    /// Leaves the critical section after a shared part, in the fixed variant.
    async fn leave(self, t: &Thread<NoEnvironment>) {
        if self.fixed {
            t.unlock(self.lock).await;
        }
    }
}

/// The time of a private step: that of an access.
const STEP: Duration = Duration::from_nanos(200);

async fn free_list(t: Thread<NoEnvironment>, table: SharedWords) {
    table.compute(&t).await;
    table.enter(&t).await;
    // A thread that reads the head here before the other has written it below takes the same block.
    let block = t.read(table.head()).await;
    let next = t.read(Address(block) + NEXT).await;
    t.write(table.head(), next).await;
    table.leave(&t).await;
    table.compute(&t).await;
    t.record(Observation::Holds(Address(block)));
}

async fn aba_taker(t: Thread<NoEnvironment>, table: SharedWords) {
    table.compute(&t).await;
    // A schedule fails that interrupts this pop between its two reads and its exchange, while the other thread
    // takes two blocks and gives the first back: the head is the same again, the second block is not free.
    let first = pop(&t, table).await;
    table.compute(&t).await;
    let second = pop(&t, table).await;
    table.compute(&t).await;
    t.record(Observation::Holds(first));
    t.record(Observation::Holds(second));
}

async fn aba_giver(t: Thread<NoEnvironment>, table: SharedWords) {
    table.compute(&t).await;
    let first = pop(&t, table).await;
    table.compute(&t).await;
    let second = pop(&t, table).await;
    table.compute(&t).await;
    push(&t, table, first).await;
    table.compute(&t).await;
    t.record(Observation::Holds(second));
}

async fn pop(t: &Thread<NoEnvironment>, table: SharedWords) -> Address {
    table.enter(t).await;
    let block = loop {
        let block = t.read(table.head()).await;
        assert_ne!(block, 0, "there are enough blocks");
        let next = t.read(Address(block) + NEXT).await;
        // The exchange compares the head alone. The defect is that an equal head does not mean an equal list; a
        // tagged pointer would tell them apart.
        if t.compare_exchange(table.head(), block, next).await == block {
            break Address(block);
        }
    };
    table.leave(t).await;
    block
}

async fn push(t: &Thread<NoEnvironment>, table: SharedWords, block: Address) {
    table.enter(t).await;
    loop {
        let head = t.read(table.head()).await;
        t.write(block + NEXT, head).await;
        if t.compare_exchange(table.head(), head, block.0).await == head {
            break;
        }
    }
    table.leave(t).await;
}

async fn timer(t: Thread<NoEnvironment>, table: SharedWords) {
    table.compute(&t).await;
    table.enter(&t).await;
    // Between this read and the write, the closer may free the block and the opener may allocate it.
    let block = Address(t.read(table.slot()).await);
    if !block.is_null() {
        table.compute(&t).await;
        t.write(block + STATE, TIMED_OUT).await;
    }
    table.leave(&t).await;
    table.compute(&t).await;
}

async fn closer(t: Thread<NoEnvironment>, table: SharedWords) {
    table.compute(&t).await;
    table.enter(&t).await;
    let block = t.read(table.slot()).await;
    t.write(table.slot(), 0).await;
    t.write(table.head(), block).await;
    table.leave(&t).await;
    table.compute(&t).await;
}

async fn opener(t: Thread<NoEnvironment>, table: SharedWords) {
    table.compute(&t).await;
    table.enter(&t).await;
    let block = Address(t.read(table.head()).await);
    if !block.is_null() {
        t.write(table.head(), 0).await;
        t.write(block + STATE, OPEN).await;
    }
    table.leave(&t).await;
    // Read again later, outside of the lock: no other thread may change a block that this one has allocated.
    let mut found = OPEN;
    if !block.is_null() {
        table.compute(&t).await;
        found = t.read(block + STATE).await;
    }
    table.compute(&t).await;
    t.record(Observation::Found(found));
}
