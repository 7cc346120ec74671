//! What a socket call answers.
//!
//! One host's socket layer over TCP, as WinSock documents it: handles, ports, error codes, the
//! rules of `WSAEventSelect`, the wait for at most 64 handles. It knows no thread, no packet,
//! no event queue and not who calls: a call that must wait answers [`Reply::Pending`], and
//! [`SocketTable::poll_signal`] says when to ask again.
//!
//! Every call is answered as on a non-blocking socket; a blocking one is its caller's loop.
//!
//! | module | owns |
//! |---|---|
//! | `table` | [`SocketTable`]: calls and segments in, replies, segments and signals out |
//! | `call` | [`Call`], [`Reply`]: the same as plain data |
//! | `socket`, `listen` | a socket's life; a listener's backlog |
//! | `selection`, `network_events`, `event_object` | when a network event is recorded; its set; NT event objects |
//! | `wait` | the sets and limits of waiting |
//! | `handle`, `ports` | NT handle numbers; TCP ports |
//! | `connections`, `connection_id` | the host's connections; their names |
//! | `pair_index`, `deadline` | which connection has a pair of addresses; the earliest of their deadlines |
//! | `shelves`, `slab` | a list that grows without moving what it holds; one whose places are used again |
//! | `turns` | a queue that is emptied again and again |
//! | `outgoing`, `refusal` | what leaves a host; RSTs no connection sends |
//! | `address`, `error`, `config`, `audit` | names, numbers, constants, facts |

#![deny(clippy::float_arithmetic)]

mod address;
mod audit;
mod call;
mod config;
mod connection_id;
mod connections;
mod deadline;
mod error;
mod event_object;
mod handle;
mod listen;
mod network_events;
mod outgoing;
mod pair_index;
mod ports;
mod refusal;
mod selection;
mod shelves;
mod slab;
mod socket;
mod table;
mod turns;
mod wait;

pub use address::{FlowLabel, SocketAddress};
pub use audit::{ConnectionFacts, Counters, SocketFacts, SocketState, Totals};
pub use call::{Call, Reply};
pub use config::{Config, FullBacklog, Version};
pub use error::SocketError;
pub use handle::{EventHandle, SocketHandle};
pub use network_events::{EnumeratedEvents, NetworkEvents};
pub use outgoing::Outgoing;
pub use table::SocketTable;
pub use wait::{MAXIMUM_WAIT_EVENTS, SELECT_SET_SIZE, Signal, SocketSets};

// The bytes of a call are those of the layer below.
pub use tcp::Payload;
