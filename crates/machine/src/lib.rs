//! Threads that take turns on one modeled heap, every access judged.
//!
//! A program is an `async fn` over a [`Thread`]: all it can do is make a call and await the
//! answer. The [pending call](Request) is plain data that the scheduler sees before it happens,
//! and every access to shared memory is one scheduling point.
//!
//! | Module | Owns |
//! |---|---|
//! | [`address`], [`call`], [`exception`] | the words of this crate |
//! | [`thread`], `mailbox`, [`note`] | what a program sees |
//! | `memory`, [`heap`], [`block_header`], [`heap_layout`] | modeled words and the NT heap in them |
//!
//! It never knows sockets, networks, or what a program is for.

#![deny(clippy::float_arithmetic)]

pub mod address;
pub mod call;
pub mod environment;
pub mod exception;
pub mod heap_layout;
mod mailbox;
pub mod note;
pub mod thread;

pub use address::{Address, Field, Place};
pub use call::{
    Actor, CallKind, EventId, LockId, Operation, QueueId, Request, SemaphoreId, ThreadId,
};
pub use environment::Environment;
pub use exception::{Cause, Exception};
pub use heap_layout::HeapLayout;
pub use note::Written;
pub use thread::Thread;
