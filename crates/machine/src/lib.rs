//! Modeled threads on a modeled heap, under a scheduler that decides the order of their calls.
//!
//! A program is an `async fn` over a [`Thread`]: all it can do is make a call and await the answer.
//! The [pending call](PendingCall) is plain data that the scheduler sees before the call happens, and
//! every access to shared memory is one scheduling point.
//!
//! | module | contents |
//! |---|---|
//! | [`check`] | tests of concurrent programs: start here |
//! | [`machine`], [`thread`], [`config`], [`environment`] | what a user builds and writes |
//! | [`call`], [`costs`], [`exception`] | calls as plain data, their costs, and how a process ends |
//! | [`memory`] | mapped words, addresses, where the heap lies |
//! | [`heap`] | the NT heap: block headers, free lists, coalescing |
//! | [`sync`] | critical sections, semaphores, event objects, queues |
//! | `engine` | carries calls out, ends waits, and shows the run to observers |
//! | [`race`] | the race detector: vector clocks, FastTrack, a shadow of the heap |
//! | [`schedulers`] | modeled time, and adversaries: random walk, PCT, POS, SURW and others |
//! | [`dpor`] | the exhaustive search |
//! | `sparse_table` | tables that take memory only where they are used |
//!
//! Two threads that count without a lock:
//!
//! ```
//! use kernel::{Choices, Instant};
//! use machine::{Config, Environment, Location, Machine, Progress, Strategy, Thread};
//!
//! struct NoEnvironment;
//! impl Environment for NoEnvironment {
//!     type Call = ();
//!     type Reply = ();
//!     type Message = ();
//!     type Record = u32;
//! }
//!
//! async fn count(thread: Thread<NoEnvironment>, counter: Location) {
//!     let before = thread.read(counter).await;
//!     thread.write(counter, before + 1).await;
//!     thread.record(before);
//! }
//!
//! let two = Config { processors: 2, ..Config::default() };
//! let mut machine = Machine::new(two, Strategy::Timed, Choices::new(7), 0)?;
//! let counter = Location::new(machine.map_static(1, "data")?, "counter");
//! machine.spawn("one", 1, 1, |thread| count(thread, counter));
//! machine.spawn("two", 2, 2, |thread| count(thread, counter));
//! let progress = machine.run(Instant::ZERO, Instant::MAX);
//! assert!(matches!(progress, Progress::Idle));
//! let found = machine.race_detector().findings()[0].signature().to_string();
//! assert_eq!(found, "data race: read of counter against write of counter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same program in a thousand random schedules, on one machine:
//!
//! ```
//! # use kernel::{Choices, Instant};
//! # use machine::{Config, Environment, Location, Machine, Random, Strategy, Thread};
//! # struct NoEnvironment;
//! # impl Environment for NoEnvironment {
//! #     type Call = ();
//! #     type Reply = ();
//! #     type Message = ();
//! #     type Record = u32;
//! # }
//! # async fn count(thread: Thread<NoEnvironment>, counter: Location) {
//! #     let before = thread.read(counter).await;
//! #     thread.write(counter, before + 1).await;
//! # }
//! let walk = Strategy::Controlled(Box::new(Random::new(Choices::new(0), 0)));
//! let mut machine = Machine::new(Config::default(), walk, Choices::new(0), 0)?;
//! let counter = Location::new(machine.map_static(1, "data")?, "counter");
//! machine.save_initial_state();
//! let lost_updates = (0..1_000).filter(|&seed| {
//!     machine.reset(Choices::new(seed));
//!     machine.spawn("one", 1, 1, |thread| count(thread, counter));
//!     machine.spawn("two", 2, 2, |thread| count(thread, counter));
//!     machine.run(Instant::ZERO, Instant::MAX);
//!     machine.peek(counter.address) == Some(1)
//! });
//! // Four of six orders lose an update. The walk takes each of the two others with probability 1/4.
//! assert!((420..580).contains(&lost_updates.count()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(clippy::float_arithmetic)]

pub mod call;
pub mod check;
pub mod config;
pub mod costs;
mod debug_hash;
pub mod dpor;
mod engine;
pub mod environment;
pub mod exception;
pub mod heap;
mod ids;
pub mod machine;
pub mod memory;
pub mod race;
pub mod schedulers;
mod sparse_table;
pub mod sync;
pub mod thread;

pub use call::{
    Actor, CallSite, CostClass, EnvironmentCall, EnvironmentDependence, EventId, LockId, Operation,
    OperationKind, QueueId, Request, Resource, SemaphoreId, ThreadId,
};
pub use config::{Config, ConfigError, HeapConfig, Preemption, PreemptionPoint};
pub use costs::{Costs, Interrupts};
pub use debug_hash::DebugHash;
pub use dpor::{
    Bound, Exhaustive, Explorer, ScheduleDeviation, THREADS_MAX as SEARCHED_THREADS_MAX,
};
pub use engine::access_log::AccessLogEntry;
pub use engine::activity::{Activity, CallOutcome, WokenBy};
pub use engine::record::{RECORDS_MAX, Recorded};
pub use engine::thread_state::{ThreadState, ThreadView};
pub use engine::watch::{Watched, WatchedAccess};
pub use environment::Environment;
pub use exception::{Cause, Exception};
pub use heap::BlockFault;
pub use heap::census::{HeapCensus, HeapFault};
pub use machine::{Machine, Progress};
pub use memory::StaticFull;
pub use memory::address::{Address, Field, Location};
pub use memory::heap_layout::HeapLayout;
pub use race::access::{Access, AccessKind};
pub use race::detector::RaceDetector;
pub use race::finding::{Finding, FindingKind, Signature};
pub use schedulers::enabled_set::EnabledSet;
pub use schedulers::pending_call::{Enabledness, PendingCall};
pub use schedulers::{
    CallCounter, Cooperative, Counts, DelayBounding, Increment, InterestingCalls, Parallel, Pct,
    Portfolio, Pos, Preempting, Random, ReadsFrom, ReadsFromSearch, RoundRobin, Scheduler,
    Strategy, Surw, TimeWeighted,
};
pub use thread::Thread;

// Programs need time and keys, and no other part of the kernel.
pub use kernel::{Duration, Instant, key, mix};
