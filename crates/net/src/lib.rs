//! A network emulator: IP packets between hosts, with delay, loss, queueing, duplication and damage.
//!
//! [`Network::transmit`] takes one packet across one hop and returns a [`Transit`]: when each copy
//! arrives, or why it was dropped. The crate keeps no event queue and never reads a payload; the
//! caller schedules arrivals and calls `transmit` again at the next host.
//!
//! | module | contents |
//! |---|---|
//! | [`packet`] | packets, and the identity that keys their random choices |
//! | [`link`](mod@link) | link configuration; bandwidth and drop-tail queue, impairments |
//! | [`keep_alive`] | routers that notice an outage, and lines whose session an outage ends |
//! | [`loss`] | loss per packet (independent, Gilbert-Elliott) and outages in continuous time |
//! | [`calibration`] | model parameters for a wanted ping success rate, and the reverse |
//! | [`network`] | hosts, routes and links at run time |
//! | [`verdict`], [`statistics`] | the result of one hop, and counters |
//! | [`icmp`], [`ipv4`] | ICMP messages and the IPv4 header as data and bytes |
//!
//! Two hosts on a link that loses one packet in ten, in bursts of five on average:
//!
//! ```
//! use kernel::{Choices, Duration, Instant, Ratio};
//! use net::{
//!     DirectionConfig, GilbertElliott, HostId, Identity, KeepAliveConfig, LinkConfig, Loss, LossModel,
//!     Network, Packet, Protocol, Verdict,
//! };
//!
//! let ratio = |numerator, denominator| Ratio::new(numerator, denominator).expect("at most one");
//! let chain = GilbertElliott {
//!     good_to_bad: ratio(1, 45),
//!     bad_to_good: ratio(1, 5),
//!     loss_good: Ratio::ZERO,
//!     loss_bad: Ratio::ONE,
//! };
//! let direction = DirectionConfig { delay: Duration::from_millis(20), ..DirectionConfig::default() };
//! let link = LinkConfig {
//!     key: kernel::key("paris-rome"),
//!     ends: [HostId(0), HostId(1)],
//!     addresses: Vec::new(),
//!     forward: direction.clone(),
//!     backward: direction,
//!     loss: Loss::Shared(LossModel::GilbertElliott(chain)),
//!     keep_alive: KeepAliveConfig::default(),
//!     mtu: None,
//! };
//! let mut network = Network::new(Choices::new(1), 2, &[link])?;
//!
//! let mut lost = 0;
//! for number in 0..10_000 {
//!     let mut packet = Packet {
//!         source: HostId(0),
//!         destination: HostId(1),
//!         addresses: [0x0A00_0001, 0x0A00_0002],
//!         protocol: Protocol::Icmp,
//!         time_to_live: net::packet::TIME_TO_LIVE,
//!         length: 60,
//!         identity: Identity { flow: 0, unit: number, attempt: 0 },
//!         payload: (),
//!     };
//!     let now = Instant::ZERO + Duration::from_millis(number);
//!     match network.transmit(now, HostId(0), &mut packet).verdict {
//!         Verdict::Deliver { at, .. } => assert_eq!(at, now + Duration::from_millis(20)),
//!         Verdict::Drop(_) => lost += 1,
//!     }
//! }
//! assert!((800..1_200).contains(&lost), "{lost}");
//! # Ok::<(), net::NetworkError>(())
//! ```

#![deny(clippy::float_arithmetic)]

pub mod calibration;
pub mod icmp;
pub mod ipv4;
pub mod keep_alive;
pub mod link;
pub mod loss;
pub mod network;
pub mod packet;
pub mod statistics;
pub mod verdict;

pub use keep_alive::KeepAliveConfig;
pub use link::impairment::Impairment;
pub use link::queue::Bandwidth;
pub use link::{
    BadState, Direction, DirectionConfig, LinkConfig, LinkConfigError, LinkId, LinkState, Loss,
    ScheduledLosses,
};
pub use loss::outage::{OutageInterval, Outages};
pub use loss::{GilbertElliott, LossModel};
pub use network::{HOSTS_MAX, Network, NetworkError, ROUTERS_MAX};
pub use packet::{Endpoints, HostId, Identity, Packet, Protocol};
pub use statistics::Statistics;
pub use verdict::{DropReason, Transit, Verdict};
