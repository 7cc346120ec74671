//! Programs of SCTBench and ConVul, with which other people have measured their schedulers.
//!
//! Each is written again from its source (SCTBench and the kernels of ConVul have the MIT licence) or
//! from its algorithm (work-stealing queue, SafeStack), as programs of the machine: every access to a
//! shared word, lock and unlock is one call. All threads start at once; in the originals the main
//! thread starts them one by one. Each program has a right variant, which must never fail.

mod locks;
mod memory;
mod queues;

use kernel::{Choices, Instant};
use machine::{
    Address, Costs, Field, Location, LockId, Machine, Progress, Scheduler, Strategy, Thread,
};

use crate::{NoEnvironment, Observation, config};

/// Words that a program may use: beyond the largest of them.
const WORDS: u32 = 64;
/// Critical sections that a program may use.
const LOCKS: usize = 4;

/// A program of the suites. Threads are counted as in the suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Benchmark {
    /// CS/reorder: `setters` write two words without a lock, `checkers` see one without the other.
    Reorder {
        /// Threads that write.
        setters: u16,
        /// Threads that check.
        checkers: u16,
    },
    /// CS/twostage: two words, each under its own lock; `checkers` see one stage of two.
    TwoStage {
        /// Threads that write.
        setters: u16,
        /// Threads that check.
        checkers: u16,
    },
    /// CS/wronglock: one thread and seven others guard the same word by different locks.
    WrongLock,
    /// CS/stack: a flag that is set with the first push allows ten pops.
    Stack,
    /// CS/bluetooth_driver: a driver stops while a request enters.
    BluetoothDriver,
    /// CS/deadlock01: two locks in opposite orders.
    Deadlock,
    /// CS/token_ring: three threads pass on a number in any order, a fourth checks.
    TokenRing,
    /// CB/stringbuffer-jdk1.4: the length is read, and the text copied later.
    StringBuffer,
    /// Chess/WorkStealQueue: THE protocol; `steal` does not put the head back.
    WorkStealQueue,
    /// Chess/InterlockedWorkStealQueueWithState: without locks; the owner takes the last item without a compare.
    InterlockedQueue,
    /// ConVul/CVE-2013-1792: a keyring is used before it is installed.
    Keyrings,
    /// ConVul/CVE-2016-1972: a lock is freed that another thread is about to enter.
    FreedLock,
    /// ConVul/CVE-2017-15265: a port is used after it was deleted.
    DeletedPort,
    /// SafeStack: a lock-free stack of three elements with three threads.
    SafeStack,
}

impl Benchmark {
    /// All programs by their names in the suites.
    pub const ALL: [(&'static str, Self); 20] = [
        ("CS/reorder_3", Self::reorder(2, 1)),
        ("CS/reorder_5", Self::reorder(4, 1)),
        ("CS/reorder_10", Self::reorder(9, 1)),
        ("CS/reorder_20", Self::reorder(10, 10)),
        ("CS/reorder_100", Self::reorder(99, 1)),
        ("CS/twostage", Self::two_stage(1, 1)),
        ("CS/twostage_20", Self::two_stage(10, 10)),
        ("CS/twostage_100", Self::two_stage(99, 1)),
        ("CS/wronglock", Self::WrongLock),
        ("CS/stack", Self::Stack),
        ("CS/bluetooth_driver", Self::BluetoothDriver),
        ("CS/deadlock01", Self::Deadlock),
        ("CS/token_ring", Self::TokenRing),
        ("CB/stringbuffer-jdk1.4", Self::StringBuffer),
        ("Chess/WorkStealQueue", Self::WorkStealQueue),
        ("Chess/IWSQWithState", Self::InterlockedQueue),
        ("ConVul/CVE-2013-1792", Self::Keyrings),
        ("ConVul/CVE-2016-1972", Self::FreedLock),
        ("ConVul/CVE-2017-15265", Self::DeletedPort),
        ("SafeStack", Self::SafeStack),
    ];

    const fn reorder(setters: u16, checkers: u16) -> Self {
        Self::Reorder { setters, checkers }
    }

    const fn two_stage(setters: u16, checkers: u16) -> Self {
        Self::TwoStage { setters, checkers }
    }

    /// The program on a machine, ready for many runs.
    ///
    /// # Panics
    /// Never: the words fit any machine.
    #[must_use]
    pub fn runner(self, fixed: bool) -> BenchmarkRunner {
        self.runner_with(Costs::default(), fixed)
    }

    /// The same with calls that take no time, for the exhaustive search.
    ///
    /// # Panics
    /// Never: the words fit any machine.
    #[must_use]
    pub fn runner_at_zero_cost(self, fixed: bool) -> BenchmarkRunner {
        self.runner_with(Costs::FREE, fixed)
    }

    fn runner_with(self, costs: Costs, fixed: bool) -> BenchmarkRunner {
        let config = config(false, costs);
        let machine = Machine::new(config, Strategy::Timed, Choices::new(0), 0);
        let mut machine = machine.expect("the configuration is valid");
        let words = machine.map_static(WORDS, "benchmark");
        let shared = Shared {
            words: words.expect("a fresh machine has room for a few words"),
            locks: ["one", "two", "three", "four"].map(|name| machine.create_lock(name)),
            fixed,
        };
        self.initialize(&mut machine, shared);
        machine.save_initial_state();
        BenchmarkRunner {
            machine,
            shared,
            benchmark: self,
        }
    }

    /// Sets the words that are not zero at first.
    fn initialize(self, machine: &mut Machine<NoEnvironment>, shared: Shared) {
        let initial: &[(u32, u32)] = match self {
            Self::BluetoothDriver => &[(locks::PENDING_IO, 1)],
            Self::TokenRing => &[(0, 1), (1, 2), (2, 1)],
            Self::StringBuffer => &[(memory::LENGTH, 3)],
            Self::SafeStack => &queues::SAFE_STACK,
            Self::Reorder { .. }
            | Self::TwoStage { .. }
            | Self::WrongLock
            | Self::Stack
            | Self::Deadlock
            | Self::WorkStealQueue
            | Self::InterlockedQueue
            | Self::Keyrings
            | Self::FreedLock
            | Self::DeletedPort => &[],
        };
        for (index, value) in initial {
            machine.poke(shared.word(*index).address, *value);
        }
    }
}

/// A program on its machine.
#[derive(Debug)]
pub struct BenchmarkRunner {
    machine: Machine<NoEnvironment>,
    shared: Shared,
    benchmark: Benchmark,
}

/// The words and locks of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared {
    words: Address,
    locks: [LockId; LOCKS],
    pub(crate) fixed: bool,
}

impl Shared {
    /// The nth word.
    pub(crate) fn word(&self, index: u32) -> Location {
        assert!(index < WORDS, "a program has {WORDS} words");
        self.words.offset(4 * index) + Field::new(0, "word")
    }

    pub(crate) const fn lock(&self, index: usize) -> LockId {
        self.locks[index]
    }
}

/// A thread of a program.
pub(crate) type Caller = Thread<NoEnvironment>;

/// Records that the program has failed unless `holds`.
pub(crate) fn check(t: &Caller, holds: bool) {
    if !holds {
        t.record(Observation::Failed);
    }
}

impl BenchmarkRunner {
    /// Runs the program under a scheduler. Returns whether it failed: a check did not hold, or a thread
    /// did not come to its end.
    ///
    /// # Panics
    /// If the machine stops for any other reason.
    pub fn run(&mut self, scheduler: Box<dyn Scheduler>) -> bool {
        let strategy = Strategy::Controlled(scheduler);
        self.machine.reset_with(strategy, Choices::new(0));
        let threads = self.spawn();
        let end = self.machine.run(Instant::ZERO, Instant::MAX);
        assert!(matches!(end, Progress::Idle), "no thread can go on");
        let (mut failed, mut ended) = (false, 0);
        self.machine.drain_records(|it| match it.record {
            Observation::Failed => failed = true,
            Observation::Ended => ended += 1,
            Observation::Holds(_) | Observation::Found(_) => {}
        });
        // A thread that waits for ever is a deadlock.
        failed || ended < threads
    }

    fn spawn(&mut self) -> u16 {
        let shared = self.shared;
        let mut threads = Threads {
            machine: &mut self.machine,
            shared,
            count: 0,
        };
        match self.benchmark {
            Benchmark::Reorder { setters, checkers } => {
                threads.start(setters, locks::reorder_setter);
                threads.start(checkers, locks::reorder_checker);
            }
            Benchmark::TwoStage { setters, checkers } => {
                threads.start(setters, locks::two_stage_setter);
                threads.start(checkers, locks::two_stage_checker);
            }
            Benchmark::WrongLock => {
                threads.start(1, locks::wrong_lock_checker);
                threads.start(7, locks::wrong_lock_other);
            }
            Benchmark::Stack => {
                threads.start(1, locks::stack_pusher);
                threads.start(1, locks::stack_popper);
            }
            Benchmark::BluetoothDriver => {
                threads.start(1, locks::bluetooth_stop);
                threads.start(1, locks::bluetooth_add);
            }
            Benchmark::Deadlock => {
                threads.start(1, locks::deadlock_one);
                threads.start(1, locks::deadlock_other);
            }
            Benchmark::TokenRing => threads.start_numbered(4, locks::token_ring),
            Benchmark::StringBuffer => {
                threads.start(1, memory::string_eraser);
                threads.start(1, memory::string_appender);
            }
            Benchmark::WorkStealQueue => {
                threads.start(1, queues::owner);
                threads.start(1, queues::stealer);
            }
            Benchmark::InterlockedQueue => {
                threads.start(1, queues::interlocked_owner);
                threads.start(1, queues::interlocked_stealer);
            }
            Benchmark::Keyrings => {
                threads.start(1, memory::keyring_user);
                threads.start(1, memory::keyring_installer);
            }
            Benchmark::FreedLock => threads.start(2, memory::once),
            Benchmark::DeletedPort => {
                threads.start(1, memory::port_creator);
                threads.start(1, memory::port_deleter);
            }
            Benchmark::SafeStack => threads.start_numbered(3, queues::safe_stack),
        }
        threads.count
    }
}

/// Starts the threads of a run.
struct Threads<'a> {
    machine: &'a mut Machine<NoEnvironment>,
    shared: Shared,
    count: u16,
}

impl Threads<'_> {
    /// `count` threads with the same program.
    fn start<F>(&mut self, count: u16, program: fn(Caller, Shared) -> F)
    where
        F: Future<Output = Caller> + 'static,
    {
        self.start_numbered(count, move |t, shared, _| program(t, shared));
    }

    /// `count` threads with the same program, which knows its number from 0.
    fn start_numbered<F>(
        &mut self,
        count: u16,
        program: impl Fn(Caller, Shared, u32) -> F + Copy + 'static,
    ) where
        F: Future<Output = Caller> + 'static,
    {
        let shared = self.shared;
        for index in 0..count {
            self.count += 1;
            let number = self.count;
            self.machine
                .spawn("thread", number, u64::from(number), move |t| async move {
                    let t = program(t, shared, u32::from(index)).await;
                    t.record(Observation::Ended);
                });
        }
    }
}
