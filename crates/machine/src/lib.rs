//! Threads that take turns on one modeled heap, every access judged.
//!
//! A program is an `async fn` over a [`Thread`]: all it can do is make a call and await the
//! answer. The [pending call](Request) is plain data that the scheduler sees before it happens,
//! and every access to shared memory is one scheduling point.
//!
//! | Module | Owns |
//! |---|---|
//! | [`address`], [`call`], `asked`, [`exception`], [`environment`] | the words of this crate |
//! | [`thread`], [`note`], `mailbox`, `program` | what a program sees |
//! | [`heap`], [`heap_layout`], [`heap_census`], [`block_header`], `memory` | the NT heap, word by word |
//! | [`sync`], `queue`, `process` | what a call does |
//! | [`scheduler`], [`candidates`], [`schedulers`], [`costs`] | who goes next, and when |
//! | [`exhaustive`] | every order there is |
//! | [`judge`], [`violation`], [`access`], `races`, `blocks`, `flights`, `vector_clock` | what was wrong |
//! | [`machine`], [`config`], `engine`, `running`, `audit`, `footprints`, `trail`, [`activity`] | the whole |
//! | `restart` | the same once more |
//! | `fingerprint`, `told` | whether two moments are the same |
//! | [`drills`] | programs to measure schedulers on |
//!
//! Two threads that count without a lock:
//!
//! ```
//! use kernel::{Choices, Instant};
//! use machine::{Config, Environment, Machine, Place, Progress, Strategy, Thread};
//!
//! struct Alone;
//! impl Environment for Alone {
//!     type Call = ();
//!     type Reply = ();
//!     type Message = ();
//!     type Record = u32;
//! }
//!
//! async fn count(thread: Thread<Alone>, counter: Place) {
//!     let before = thread.read(counter).await;
//!     thread.write(counter, before + 1).await;
//!     thread.record(before);
//! }
//!
//! let two = Config { processors: 2, ..Config::default() };
//! let mut machine = Machine::new(two, Strategy::Timed, Choices::new(7), 0)?;
//! let counter = Place::new(machine.map_static(1, "data")?, "counter");
//! machine.spawn("one", 1, 1, |thread| count(thread, counter));
//! machine.spawn("two", 2, 2, |thread| count(thread, counter));
//! let progress = machine.run(Instant::ZERO, Instant::MAX);
//! assert!(matches!(progress, Progress::Idle));
//! let found = machine.judge().violations()[0].signature().to_string();
//! assert_eq!(found, "data race: read of counter against write of counter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It never knows sockets, networks, or what a program is for.

#![deny(clippy::float_arithmetic)]

pub mod access;
pub mod activity;
pub mod address;
mod asked;
mod audit;
pub mod block_header;
mod blocks;
pub mod call;
pub mod candidates;
pub mod config;
pub mod costs;
pub mod drills;
mod engine;
pub mod environment;
pub mod exception;
pub mod exhaustive;
mod fingerprint;
mod flights;
mod footprints;
pub mod heap;
pub mod heap_census;
pub mod heap_layout;
pub mod judge;
pub mod machine;
mod mailbox;
mod memory;
pub mod note;
mod process;
mod program;
mod queue;
mod races;
mod restart;
mod running;
pub mod scheduler;
pub mod schedulers;
pub mod sync;
pub mod thread;

mod told;
mod trail;
mod vector_clock;
pub mod violation;

pub use access::{Access, AccessKind};
pub use activity::{Activity, Came, Waker};
pub use address::{Address, Field, Place};
pub use call::{
    Actor, CallKind, Deed, EventId, LockId, Operation, QueueId, Request, SemaphoreId, Subject,
    ThreadId, Touch,
};
pub use candidates::{Candidate, Candidates, Prospect};
pub use config::{Config, ConfigError, HeapConfig};
pub use costs::Costs;
pub use environment::Environment;
pub use exception::{Cause, Exception};
pub use exhaustive::{Bound, Exhaustive, Explorer, Turning};
pub use footprints::Footprint;
pub use heap::BlockFault;
pub use heap_census::{HeapCensus, HeapFault};
pub use heap_layout::HeapLayout;
pub use judge::Judge;
pub use machine::{Machine, Progress};
pub use memory::StaticFull;
pub use note::Written;
pub use running::{ThreadState, ThreadView};
pub use scheduler::{Before, Preemption, Scheduler, Strategy};
pub use schedulers::{
    Cooperative, Counts, Paced, Parallel, Pct, Portfolio, Pos, Preempting, Random, RoundRobin,
    Selection, Surw, Tally,
};
pub use thread::Thread;
pub use told::Printed;
pub use violation::{Signature, Violation, ViolationKind};

// Programs speak of time and of keys; they know no other part of the kernel.
pub use kernel::{Duration, Instant, key, mix};
