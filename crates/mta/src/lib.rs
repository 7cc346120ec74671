//! The subject: a message transfer agent's socket layer.
//!
//! Control blocks are taken out of a pool and given back, threads wait for their events, a
//! transport of class 0 runs over them, and an association manager opens and closes
//! associations. All of it is programs of modeled threads on modeled memory.
//!
//! | Module | Owns |
//! |---|---|
//! | [`build`], [`decision`] | what differs between builds, and what a variant can decide |
//! | [`config`] | what one MTA is told |
//! | [`environment`], [`layer`] | what surrounds the threads, and what they share |
//! | [`block`] | the layout of control blocks and thread control blocks |
//! | `free_list`, `pool`, `wait_array`, `select_set`, `exchmem` | the procedures on the shared structures |
//! | [`iso`], [`content`] | the bytes on the wire |
//! | `manager` | the association manager, without threads |
//! | [`message`], `programs` | the threads and what they send each other |
//! | [`process`], [`threads`] | one process and its start |
//! | [`record`], [`audit`], [`coverage`] | what is written down, what oracles may see, what was tried |
//!
//! It never sees TCP, packets or the event queue; it contains no oracle and formats no text.

#![deny(clippy::float_arithmetic)]

pub mod audit;
pub mod block;
pub mod build;
pub mod config;
pub mod content;
pub mod coverage;
pub mod decision;
pub mod environment;
mod exchmem;
mod free_list;
pub mod iso;
pub mod layer;
mod manager;
pub mod message;
mod pool;
pub mod process;
mod programs;
pub mod record;
mod select_set;
mod sockets;
pub mod threads;
mod wait_array;

pub use audit::{Audit, BlockWords};
pub use block::{BlockIndex, BlockState, Instance, Lease};
pub use build::{Build, Generation, LockName, Operation, Shipped, Structure, Version};
pub use config::{Config, Connector, Database, Patience, Priority, Submission};
pub use coverage::{Coverage, Stimulus};
pub use decision::{FreeList, Notice, OnClose, OnEmptyPool, OnFailure, OnTimeout, Reset, Walk};
pub use environment::{SocketAnswer, SocketRequest, Winsock};
pub use layer::{INCONSISTENT, PORT};
pub use process::{Process, start};
pub use record::{
    AssociationIndex, Ending, EventEntry, Fact, Function, LogLine, MessageType, Record,
};
