//! A TCP endpoint (RFC 9293) as a deterministic state machine without I/O.
//!
//! A [`Connection`] takes segments ([`on_segment`](Connection::on_segment)), the passage of time
//! ([`on_timeout`](Connection::on_timeout)), ICMP errors
//! ([`on_unreachable`](Connection::on_unreachable)) and the user calls of RFC 9293 section 3.10
//! (`send`, `receive`, `close`, `abort`). It produces segments
//! ([`poll_transmit`](Connection::poll_transmit)), events for the application
//! ([`poll_event`](Connection::poll_event)) and the time of its next timeout
//! ([`poll_timeout`](Connection::poll_timeout)). The current time is always an argument: a
//! connection has no clock, no socket and no random numbers.
//!
//! **After every other call, call `poll_transmit` until it returns `None`.** Retransmission timers
//! start there, because a timer counts from the moment a segment leaves.
//!
//! # Example
//!
//! Two connections exchange segments over a perfect link:
//!
//! ```
//! use tcp::{Connection, Event, Profile, SeqNum, Uptime};
//!
//! let now = Uptime::ZERO;
//! let mut client = Connection::connect(Profile::nt4(), 1025, 102, SeqNum::new(7), now);
//! let syn = client.poll_transmit(now).expect("a SYN").segment;
//! let mut server = Connection::accept(Profile::w2k(), &syn, SeqNum::new(9), now);
//! client.send(now, b"hello")?;
//!
//! // The link: deliver segments until neither side has anything to send.
//! loop {
//!     let to_client = server.poll_transmit(now);
//!     let to_server = client.poll_transmit(now);
//!     if to_client.is_none() && to_server.is_none() {
//!         break;
//!     }
//!     if let Some(transmit) = to_client {
//!         client.on_segment(now, transmit.segment);
//!     }
//!     if let Some(transmit) = to_server {
//!         server.on_segment(now, transmit.segment);
//!     }
//! }
//!
//! assert_eq!(client.poll_event(), Some(Event::Connected));
//! assert_eq!(server.receive(now, 100)?.as_slice(), b"hello");
//! // The server delays its acknowledgment: its timer is running.
//! assert!(server.poll_timeout().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to find what
//!
//! | module | contents |
//! |---|---|
//! | `connection` | [`Connection`]: the OPEN call and the variables of a connection |
//! | `connection/input` | SEGMENT ARRIVES (section 3.10.7), one function for each check |
//! | `connection/acceptability` | which segments concern the receive window (section 3.4) |
//! | `connection/extensions` | window scale, timestamps, selective acknowledgments (RFC 7323, RFC 2018) |
//! | `connection/scoreboard` | what the peer has reported as arrived, what is lost (RFC 6675) |
//! | `connection/selective_recovery` | loss recovery with selective acknowledgments (RFC 6675) |
//! | `connection/output` | what to send: Nagle, silly window avoidance, probes |
//! | `connection/timeouts` | timer expiry and ICMP errors |
//! | `connection/user_calls` | SEND, RECEIVE, CLOSE, ABORT (section 3.10) |
//! | `connection/state` | the state diagram (figure 5) |
//! | `connection/sequence_space` | SND.UNA, SND.NXT, RCV.NXT and the others (section 3.3.1) |
//! | `connection/retransmission_timeout` | RTO (RFC 6298) |
//! | `connection/time_wait` | a smaller record for a connection in TIME-WAIT |
//! | `congestion` | slow start, congestion avoidance, fast recovery (RFC 5681, RFC 6582, RFC 6675) |
//! | `buffers` | send buffer, reassembly queue |
//! | `segment` | segments, control bits, sequence numbers, payloads |
//! | [`wire`] | segments as bytes (section 3.1) |
//! | `profile` | the constants of Windows NT 3.51, NT 4.0, 2000 and Linux, with their sources |
//!
//! Not implemented: LISTEN and demultiplexing (the caller's), urgent data, IP options, ECN, path MTU
//! discovery, congestion window validation after an idle period, and of Linux's loss recovery RACK,
//! the tail loss probe (RFC 8985), F-RTO (RFC 5682) and proportional rate reduction (RFC 6937). The
//! modeled systems date from 1996 to 2001; the Linux profile is a typical peer, not a model of
//! Linux.

#![deny(clippy::float_arithmetic)]

mod buffers;
mod congestion;
mod connection;
mod profile;
mod segment;
mod time;
pub mod wire;

pub use connection::{
    Connection, Event, ReceiveError, SendError, State, TimeWait, Transmit, Unreachable,
};
pub use profile::{OfferedOptions, Profile, RetryLimit, Validation};
pub use segment::{Flags, Payload, SackBlock, Segment, SeqNum, TcpOptions, Timestamps, reset_for};
pub use time::{TimeSpan, Uptime};
