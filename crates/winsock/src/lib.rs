//! The socket layer of one Windows host as a deterministic state machine.
//!
//! A [`SocketTable`] implements WinSock's documented behaviour on top of the `tcp` crate: handles,
//! ports, error codes, the rules of `WSAEventSelect`, and waiting for up to 64 handles. It has no
//! threads, no clock and no network. Every call returns at once, as on a non-blocking socket; a
//! call that must wait returns [`Reply::Pending`], and [`SocketTable::poll_signal`] says when to
//! call again.
//!
//! # Example
//!
//! Two hosts; the loop delivers segments without delay or loss:
//!
//! ```
//! use tcp::Uptime;
//! use winsock::{Config, FlowLabel, NetworkEvents, SocketAddress, SocketError, SocketTable};
//!
//! fn exchange(now: Uptime, hosts: &mut [SocketTable; 2]) {
//!     let mut idle = 0;
//!     for from in [0, 1].into_iter().cycle() {
//!         let Some(outgoing) = hosts[from].poll_transmit(now) else {
//!             idle += 1;
//!             if idle == 2 {
//!                 return;
//!             }
//!             continue;
//!         };
//!         idle = 0;
//!         let segment = outgoing.transmit.segment;
//!         let addresses = [outgoing.from, outgoing.to];
//!         hosts[1 - from].on_segment(now, addresses, outgoing.label, segment);
//!     }
//! }
//!
//! let now = Uptime::ZERO;
//! let mut hosts = [Config::nt4(0x0A00_0001), Config::nt4(0x0A00_0002)].map(SocketTable::new);
//!
//! let listener = hosts[1].socket()?;
//! hosts[1].bind(listener, 102)?;
//! hosts[1].listen(listener, 5)?;
//!
//! let client = hosts[0].socket()?;
//! let event = hosts[0].create_event()?;
//! hosts[0].event_select(client, event, NetworkEvents::CONNECT | NetworkEvents::WRITE)?;
//! let server = SocketAddress::new(0x0A00_0002, 102);
//! let connecting = hosts[0].connect(now, client, server, FlowLabel(1));
//! assert_eq!(connecting, Err(SocketError::WouldBlock));
//! exchange(now, &mut hosts);
//!
//! // FD_CONNECT is recorded, and the event object is signalled.
//! assert_eq!(hosts[0].wait(&[event])?, Some(0));
//! let recorded = hosts[0].enum_events(client, Some(event))?;
//! assert!(recorded.events.contains(NetworkEvents::CONNECT));
//!
//! let (accepted, _) = hosts[1].accept(listener)?;
//! hosts[0].send(now, client, b"hello")?;
//! exchange(now, &mut hosts);
//! assert_eq!(hosts[1].receive(now, accepted, 100)?.as_slice(), b"hello");
//! # Ok::<(), SocketError>(())
//! ```
//!
//! # Where to find what
//!
//! | module | contents |
//! |---|---|
//! | `table` | [`SocketTable`] |
//! | `table/socket_calls`, `table/stream_calls` | socket to closesocket; send, receive, shutdown |
//! | `table/event_calls`, `table/wait_calls` | `WSAEventSelect` and event objects; `WSAWaitForMultipleEvents`, `select` |
//! | `table/input`, `table/output` | segments, ICMP errors and timeouts; segments and signals to the outside |
//! | `table/network_events`, `table/snapshots` | when an event is recorded; the state of sockets for observers |
//! | `call`, `wait`, `error`, `config`, `address` | the types of calls |
//! | `flow_label`, `initial_sequence` | what a connection is for; its initial sequence number |
//! | `events` | network events, event objects, the record of `WSAEventSelect` |
//! | `socket`, `backlog` | the state of a socket; a listener's backlog |
//! | `connections` | storage and look-up of TCP connections, their timeouts |
//! | `handles`, `ports` | NT handles; TCP ports |
//! | `resets`, `outgoing` | resets of closed ports; segments to send |
//! | `statistics` | counters and snapshots |
//!
//! `[I]` in comments marks behaviour that is inferred or chosen because no source was found.

#![deny(clippy::float_arithmetic)]

mod address;
mod backlog;
mod call;
mod config;
mod connections;
mod error;
mod events;
mod flow_label;
mod handles;
mod initial_sequence;
mod outgoing;
mod ports;
mod resets;
mod socket;
mod statistics;
mod table;
mod wait;

pub use address::SocketAddress;
pub use call::{Call, Reply};
pub use config::{Config, FullBacklog, WinsockVersion};
pub use error::SocketError;
pub use events::{EnumeratedEvents, NetworkEvents};
pub use flow_label::FlowLabel;
pub use handles::{EventHandle, SocketHandle};
pub use outgoing::Outgoing;
pub use statistics::{ConnectionSnapshot, Counters, SocketSnapshot, SocketState, Totals};
pub use table::SocketTable;
pub use wait::{MAXIMUM_WAIT_EVENTS, SELECT_SET_SIZE, Signal, SocketSets};

/// The bytes of [`Call::Send`] and [`Reply::Received`].
pub use tcp::Payload;
