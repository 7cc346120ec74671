//! Exhaustive search: dynamic partial-order reduction.
//!
//! The search runs a program again and again as a [`Scheduler`](crate::Scheduler). Two runs that differ only in the
//! order of independent calls are equivalent (one Mazurkiewicz trace), and the search runs one of
//! them. It implements *source-DPOR*: dynamic partial-order reduction (Flanagan, Godefroid, POPL
//! 2005) with source sets and sleep sets (Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic
//! partial order reduction", POPL 2014). There are no wakeup trees, so a few runs are begun and then
//! found redundant (sleep-set blocked).
//!
//! | module | contents |
//! |---|---|
//! | `exhaustive`, `explorer` | what a caller sees: the series of runs, and the scheduler of one run |
//! | `exploration_tree` | the exploration tree along the current path: choices, sleep sets, visited states |
//! | `race_reversal` | backtrack points: a race is reversed in another run |
//! | `dependence` | which calls depend on each other |
//! | `trace` | the calls of a run, and the races between them |
//! | `preemption_count` | preemptions of the path, and whether a prefix can stay within the bound |
//! | `preemption_bound` | the least number of preemptions that a trace needs |
//!
//! A preemption bound (Musuvathi, Qadeer, "Iterative context bounding", PLDI 2007) excludes traces
//! that need more preemptions in every order of their calls. An unfinished trace may seem to need
//! more preemptions than the finished one: up to the number of threads less two (Marmanis,
//! Vafeiadis, "Reconciling preemption bounding with DPOR", TACAS 2023). The search allows for that.
//!
//! The search needs [`Costs::FREE`](crate::Costs::FREE): time then passes only when all threads are
//! blocked. The calls between two such moments form a *stretch*; calls of different stretches are
//! never reordered.

mod dependence;
mod exhaustive;
mod exploration_tree;
mod explorer;
mod preemption_bound;
mod preemption_count;
mod race_reversal;
mod thread_set;
mod trace;

pub use exhaustive::{Bound, Exhaustive};
pub use explorer::{Explorer, ScheduleDeviation};
pub use thread_set::THREADS_MAX;
