//! Three small programs with a known race, and their right twins.
//!
//! Owns what schedulers and the exhaustive search are measured on: an unguarded free list, a
//! compare-and-swap free list with ABA, and a control block that a timer still points to. Every
//! access to a shared word is one call; `noise` is the number of private steps around each shared
//! part. It refuses to plant anything: a drill fails by its interleaving alone.

use kernel::{Choices, Duration, Instant, Ratio};

use machine::memory::heap_layout::HEAP_BYTES_MIN;
use machine::{
    Address, Config, Costs, Environment, Field, HeapConfig, Location, LockId, Machine, Progress,
    Scheduler, Strategy, Thread,
};

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Two threads take a block each from a free list that nothing guards. It fails if both take
    /// the same one.
    FreeList,
    /// Two threads on a free list under compare-and-swap: one takes two blocks, the other takes
    /// two and gives the first back. It fails if a block is held twice, or held and still in the
    /// list, for which the head must be the same block again between a read and its compare (ABA).
    Aba,
    /// A timer keeps a pointer to a control block while another thread closes it and a third opens
    /// it anew. It fails if the opener finds its fresh block timed out.
    StaleBlock,
}

/// A program, how far its shared parts lie apart, and whether it is the right twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LitmusTest {
    /// Which program.
    pub program: Program,
    /// Private steps before, between and after the shared parts; each costs one access's time.
    pub private_steps: u32,
    /// Whether it is put right: by a critical section around each shared part.
    pub fixed: bool,
}

/// The environment of the drills: programs that talk to nobody.
#[derive(Debug)]
pub enum NoEnvironment {}

impl Environment for NoEnvironment {
    type Call = ();
    type Reply = ();
    type Message = ();
    type Record = Outcome;
}

/// What a drill's thread writes down when it is through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds this block.
    Holds(Address),
    /// It found its own block in this state, if it got one.
    Found(u32),
}

impl Program {
    /// All three.
    pub const ALL: [Self; 3] = [Self::FreeList, Self::Aba, Self::StaleBlock];
}

/// A drill laid out on a machine, to be run again and again.
#[derive(Debug)]
pub struct Runner {
    machine: Machine<NoEnvironment>,
    table: Table,
    program: Program,
}

/// The shared words.
#[derive(Clone, Copy, Debug)]
struct Table {
    words: Address,
    lock: LockId,
    private_steps: u32,
    fixed: bool,
}

const HEAD: Field = Field::new(0, "free list.head");
const SLOT: Field = Field::new(4, "slot");
/// The first of four blocks.
const BLOCKS: u32 = 16;
const BLOCK_BYTES: u32 = 8;
const BLOCK_COUNT: u32 = 4;
const NEXT: Field = Field::new(0, "block.next");
const STATE: Field = Field::new(4, "block.state");

/// States of a control block.
const OPEN: u32 = 1;
const TIMED_OUT: u32 = 2;

impl LitmusTest {
    /// The drill on a machine of its own: the smallest heap, and no luck in what calls cost.
    #[must_use]
    pub fn runner(self, detect_races: bool) -> Runner {
        self.runner_with(Costs::default(), detect_races)
    }

    /// The same for an exhaustive search: calls take no time.
    #[must_use]
    pub fn runner_at_zero_cost(self, detect_races: bool) -> Runner {
        self.runner_with(Costs::FREE, detect_races)
    }

    fn runner_with(self, costs: Costs, detect_races: bool) -> Runner {
        let config = config(detect_races, costs);
        let machine = Machine::new(config, Strategy::Timed, Choices::new(0), 0);
        let mut machine = machine.expect("a sound configuration");
        let words = machine.map_static(BLOCKS / 4 + BLOCK_COUNT * BLOCK_BYTES / 4, "drill");
        let table = Table {
            words: words.expect("a fresh machine has room for a few words"),
            lock: machine.create_lock("drill"),
            private_steps: self.private_steps,
            fixed: self.fixed,
        };
        match self.program {
            Program::FreeList => table.link(&mut machine, 2),
            Program::Aba => table.link(&mut machine, BLOCK_COUNT),
            Program::StaleBlock => machine.poke(table.slot().address, table.block(0).0),
        }
        machine.save_initial_state();
        Runner {
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
        trace_hash: detect_races,
        heap: HeapConfig {
            bytes: HEAP_BYTES_MIN,
            serialize: false,
        },
        ..Config::default()
    }
}

impl Runner {
    /// Runs the drill under a scheduler; whether it failed.
    ///
    /// # Panics
    /// If it does not end.
    pub fn run(&mut self, scheduler: Box<dyn Scheduler>) -> bool {
        self.machine
            .reset_with(Strategy::Controlled(scheduler), Choices::new(0));
        self.fails()
    }

    /// The same under the scheduler of the last run, with other luck: for one that remembers nothing.
    ///
    /// # Panics
    /// If it does not end.
    pub fn rerun(&mut self, luck: Choices) -> bool {
        self.machine.reset(luck);
        self.fails()
    }

    /// Whether the run that has begun fails.
    fn fails(&mut self) -> bool {
        self.spawn();
        let end = self.machine.run(Instant::ZERO, Instant::MAX);
        assert!(matches!(end, Progress::Idle), "a drill ends");
        self.has_failed()
    }

    /// The machine, as the last run left it.
    #[must_use]
    pub const fn machine(&self) -> &Machine<NoEnvironment> {
        &self.machine
    }

    fn spawn(&mut self) {
        let (machine, table) = (&mut self.machine, self.table);
        match self.program {
            Program::FreeList => {
                machine.spawn("one", 1, 1, |t| free_list(t, table));
                machine.spawn("two", 2, 2, |t| free_list(t, table));
            }
            Program::Aba => {
                machine.spawn("one", 1, 1, |t| aba_taker(t, table));
                machine.spawn("two", 2, 2, |t| aba_giver(t, table));
            }
            Program::StaleBlock => {
                machine.spawn("timer", 1, 1, |t| timer(t, table));
                machine.spawn("closer", 2, 2, |t| closer(t, table));
                machine.spawn("opener", 3, 3, |t| opener(t, table));
            }
        }
    }

    fn has_failed(&mut self) -> bool {
        let (table, mut held, mut failed) = (self.table, 0, false);
        self.machine.drain_records(|written| match written.record {
            Outcome::Holds(block) => {
                failed |= held & table.bit(block) != 0;
                held |= table.bit(block);
            }
            Outcome::Found(state) => failed |= state != OPEN,
        });
        failed | (held & self.listed() != 0)
    }

    /// The blocks in the free list, a bit for each; at most as many as there are.
    fn listed(&self) -> u32 {
        let word = |place: Location| self.machine.peek(place.address).unwrap_or(0);
        let first = Address(word(self.table.head()));
        let next = move |block: &Address| Some(Address(word(*block + NEXT)));
        std::iter::successors(Some(first), next)
            .take_while(|block| !block.is_null())
            .take(BLOCK_COUNT as usize)
            .fold(0, |listed, block| listed | self.table.bit(block))
    }
}

impl Table {
    fn block(self, index: u32) -> Address {
        self.words.offset(BLOCKS + index * BLOCK_BYTES)
    }

    /// The bit that stands for a block.
    fn bit(self, block: Address) -> u32 {
        let index = block.0.wrapping_sub(self.block(0).0) / BLOCK_BYTES;
        assert!(index < BLOCK_COUNT, "{block} is no block");
        1 << index
    }

    /// Links the first `count` blocks into the free list.
    fn link(self, machine: &mut Machine<NoEnvironment>, count: u32) {
        machine.poke(self.head().address, self.block(0).0);
        for index in 1..count {
            let place = self.block(index - 1) + NEXT;
            machine.poke(place.address, self.block(index).0);
        }
    }

    fn head(self) -> Location {
        self.words + HEAD
    }

    fn slot(self) -> Location {
        self.words + SLOT
    }

    /// Private steps: nobody can notice where one ends and the next begins, so they are one call
    /// that takes the time of all.
    async fn rest(self, t: &Thread<NoEnvironment>) {
        if self.private_steps > 0 {
            t.work(STEP.saturating_mul(u64::from(self.private_steps)))
                .await;
        }
    }

    /// PreemptionPoint a shared part: enters the critical section if the drill is put right.
    async fn enter(self, t: &Thread<NoEnvironment>) {
        if self.fixed {
            t.lock(self.lock).await;
        }
    }

    /// After a shared part.
    async fn leave(self, t: &Thread<NoEnvironment>) {
        if self.fixed {
            t.unlock(self.lock).await;
        }
    }
}

/// A private step takes as long as a shared access.
const STEP: Duration = Duration::from_nanos(200);

async fn free_list(t: Thread<NoEnvironment>, table: Table) {
    table.rest(&t).await;
    table.enter(&t).await;
    let block = t.read(table.head()).await;
    let next = t.read(Address(block) + NEXT).await;
    t.write(table.head(), next).await;
    table.leave(&t).await;
    table.rest(&t).await;
    t.record(Outcome::Holds(Address(block)));
}

async fn aba_taker(t: Thread<NoEnvironment>, table: Table) {
    table.rest(&t).await;
    let first = pop(&t, table).await;
    table.rest(&t).await;
    let second = pop(&t, table).await;
    table.rest(&t).await;
    t.record(Outcome::Holds(first));
    t.record(Outcome::Holds(second));
}

async fn aba_giver(t: Thread<NoEnvironment>, table: Table) {
    table.rest(&t).await;
    let first = pop(&t, table).await;
    table.rest(&t).await;
    let second = pop(&t, table).await;
    table.rest(&t).await;
    push(&t, table, first).await;
    table.rest(&t).await;
    t.record(Outcome::Holds(second));
}

async fn pop(t: &Thread<NoEnvironment>, table: Table) -> Address {
    table.enter(t).await;
    let block = loop {
        let block = t.read(table.head()).await;
        assert_ne!(block, 0, "there is a block for everyone");
        let next = t.read(Address(block) + NEXT).await;
        if t.compare_exchange(table.head(), block, next).await == block {
            break Address(block);
        }
    };
    table.leave(t).await;
    block
}

async fn push(t: &Thread<NoEnvironment>, table: Table, block: Address) {
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

async fn timer(t: Thread<NoEnvironment>, table: Table) {
    table.rest(&t).await;
    table.enter(&t).await;
    let block = Address(t.read(table.slot()).await);
    if !block.is_null() {
        table.rest(&t).await;
        t.write(block + STATE, TIMED_OUT).await;
    }
    table.leave(&t).await;
    table.rest(&t).await;
}

async fn closer(t: Thread<NoEnvironment>, table: Table) {
    table.rest(&t).await;
    table.enter(&t).await;
    let block = t.read(table.slot()).await;
    t.write(table.slot(), 0).await;
    t.write(table.head(), block).await;
    table.leave(&t).await;
    table.rest(&t).await;
}

async fn opener(t: Thread<NoEnvironment>, table: Table) {
    table.rest(&t).await;
    table.enter(&t).await;
    let block = Address(t.read(table.head()).await);
    if !block.is_null() {
        t.write(table.head(), 0).await;
        t.write(block + STATE, OPEN).await;
    }
    table.leave(&t).await;
    let mut found = OPEN;
    if !block.is_null() {
        table.rest(&t).await;
        found = t.read(block + STATE).await;
    }
    table.rest(&t).await;
    t.record(Outcome::Found(found));
}
