//! RFC 9293 as a state machine that neither sleeps, draws nor sends.
//!
//! A [`Connection`] is told what happened (`on_segment`, `on_timeout`, `on_unreachable`, and
//! the application's calls) and asked what follows (`poll_transmit`, `poll_event`,
//! `poll_timeout`); `now` is always an argument. **After every call, ask `poll_transmit` until
//! it answers `None`**: that is also where retransmission timers are started, since a timer
//! counts from the moment a segment leaves.
//!
//! | module | owns |
//! |---|---|
//! | [`uptime`] | time since the host started, in integer nanoseconds |
//! | [`seq`] | arithmetic modulo 2^32 |
//! | [`payload`], [`segment`], [`wire`] | what travels, shared and as bytes |
//! | [`profile`] | every constant of Windows NT 3.51, NT 4.0, 2000 and Linux, with its source |
//! | [`state`] | the transition table of RFC 9293 figure 5 |
//! | [`event`] | what an application learns, and how a connection can fail |
//! | [`connection`] | the control block, and what answers it |
//! | `arrives`, `calls`, `output`, `deadlines` | what happens to it, in the RFC's order |
//! | `time_wait` | what is left of it at last |
//! | `acceptance`, `send_buffer`, `reassembly`, `rto`, `congestion`, `timer`, `attempts`, `short_queue` | its organs |
//!
//! Not here: LISTEN and demultiplexing (the socket layer's), urgent data, IP options, window
//! scaling, timestamps, SACK and ECN (the profiles' systems date from 1996 to 2001; the Linux
//! profile is a peer, not a portrait), and congestion window validation after idle time.
//! There is no dependency: this crate cannot schedule, draw or send.

#![deny(clippy::float_arithmetic)]

mod acceptance;
mod arrives;
mod attempts;
mod calls;
mod congestion;
pub mod connection;
mod deadlines;
pub mod event;
mod output;
pub mod payload;
pub mod profile;
mod reassembly;
mod rto;
pub mod segment;
mod send_buffer;
pub mod seq;
mod short_queue;
pub mod state;
mod time_wait;
mod timer;
pub mod uptime;
pub mod wire;

pub use connection::{Connection, Transmit};
pub use event::{Event, ReceiveError, SendError, Unreachable};
pub use payload::Payload;
pub use profile::Profile;
pub use segment::{Flags, Segment, reset_for};
pub use seq::SeqNum;
pub use state::State;
pub use time_wait::TimeWait;
pub use uptime::{Span, Uptime};
