//! Moves IP packets between hosts: late, twice, damaged or never.
//!
//! It owns links, their queues and faults, and routes. It refuses to look into a payload, to
//! schedule anything and to answer anything: [`Network::transmit`] says what becomes of a packet
//! at one hop, and the world acts on it.
//!
//! - [`packet`]: what travels, and the identity that keys its luck.
//! - [`link`]: how a link is configured.
//! - [`queue`]: bandwidth and the drop-tail queue in front of it.
//! - [`loss`], [`outage`]: loss packet by packet, and interruptions in time.
//! - [`impairment`]: jitter, reordering, duplicates, damage.
//! - [`calibration`]: from "one of eight pings answers" to the parameters of a model, and back.
//! - [`route`], [`network`], [`verdict`], [`statistics`]: hop by hop, and what came of it.
//! - [`icmp`], [`ipv4`]: the messages of RFC 792 and the header before them, as data and bytes.

#![deny(clippy::float_arithmetic)]

pub mod calibration;
pub mod icmp;
pub mod impairment;
pub mod ipv4;
mod line;
pub mod link;
pub mod loss;
pub mod network;
pub mod outage;
pub mod packet;
pub mod queue;
pub mod route;
mod share;
pub mod statistics;
pub mod verdict;

pub use impairment::Impairment;
pub use link::{Cut, Direction, LinkConfig, LinkFault, LinkId, Loss, Pinned, Way};
pub use loss::{GilbertElliott, LossModel};
pub use network::{Network, NetworkError};
pub use outage::{Outages, Window};
pub use packet::{HostId, Identity, Packet, Protocol};
pub use queue::Bandwidth;
pub use statistics::Statistics;
pub use verdict::{DropReason, Transit, Verdict};
