//! A message transfer agent: its threads, the control blocks of its socket layer, and its
//! association manager.
//!
//! This is the system under test. Threads allocate control blocks from a pool, wait for the network
//! events of their sockets, and run transport class 0 over them; an association manager opens and
//! closes associations. All of it is programs of modeled threads on modeled memory. TCP, packets and
//! the event queue are not known here, nor are oracles and log text.
//!
//! | module | contents |
//! |---|---|
//! | [`build`], [`version`] | what differs between builds, the answers a variant can give, and versions |
//! | [`config`] | the configuration of one MTA |
//! | [`environment`], [`shared`] | the environment of the threads, and the state they share |
//! | [`layout`] | the layout of control blocks and thread control blocks in modeled memory |
//! | [`blocks`] | the operations on the shared structures, and an audit of them |
//! | [`iso`], [`content`] | the bytes on the wire |
//! | `manager` | the association manager, independent of threads |
//! | [`message`], `programs`, `transport_table` | the threads, the messages they send each other, and the transport's table |
//! | [`process`], [`threads`] | the start of a process; names and numbers of its threads |
//! | [`record`], [`coverage`] | records for logs and oracles; counts of state and stimulus |

#![deny(clippy::float_arithmetic)]

pub mod blocks;
pub mod build;
pub mod config;
pub mod content;
pub mod coverage;
pub mod environment;
pub mod iso;
pub mod layout;
mod manager;
pub mod message;
pub mod process;
mod programs;
pub mod record;
pub mod shared;
mod sockets;
pub mod threads;
mod transport_table;
pub mod version;

pub use blocks::audit::{Audit, BlockSnapshot};
pub use build::decision::{
    CloseAction, ConnectFailureAction, EmptyPoolAction, EventReset, FreeList, TimeoutAction,
    WaitArrayScan, WakeTiming,
};
pub use build::release::{Release, ReleaseStep};
pub use build::{
    Build, ConnectFailure, Generation, LockName, Shipped, Structure, StructureOperation, Version,
    named,
};
pub use config::{Config, Connector, Database, MessageId, Priority, ResponderTimeouts, Submission};
pub use coverage::{Coverage, Stimulus};
pub use environment::{SocketRequest, SocketResponse, Winsock, closed_block};
pub use layout::{BlockId, BlockIndex, BlockState, Instance, Layout, PoolWord};
pub use process::{MtaProcess, start};
pub use record::{
    AssociationEnd, AssociationIndex, ConnectorIndex, EventEntry, Fact, LogLine, MessageType,
    Record, SocketFunction,
};
pub use shared::{INCONSISTENT, PORT};
