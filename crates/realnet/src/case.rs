//! The links and transfers that are compared.

use std::num::NonZeroU64;

use kernel::{Choices, Duration, Instant, Ratio};
use net::{
    Bandwidth, DirectionConfig, HostId, KeepAliveConfig, LinkConfig, Loss, LossModel, Network,
    OutageInterval, ScheduledLosses, calibration,
};

/// A link and the octets that are sent over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkCase {
    /// Nothing is lost.
    Clean,
    /// One packet in a hundred is lost, each independently.
    OnePercent,
    /// One ping in eight is answered, because of outages of 3 s on average.
    Outages3,
    /// One ping in eight is answered, because of outages of 10 s on average.
    Outages10,
    /// Nothing passes from one second on.
    Silent,
    /// Nothing ever passes.
    NobodyThere,
}

/// How long a transfer is watched.
pub const WATCHED: Duration = Duration::from_secs(240);
/// The retransmissions after which a connection fails, on both sides: Linux has 15 (`tcp_retries2`), which takes a
/// quarter of an hour.
pub const DATA_RETRIES: u8 = 8;

const DELAY: Duration = Duration::from_millis(45);
const BITS_PER_SECOND: NonZeroU64 = NonZeroU64::new(2_000_000).expect("not zero");
/// Larger than any window, so that the queue does not overflow.
const QUEUE: u64 = 256 * 1024;
const KEY: u64 = 1;

impl LinkCase {
    /// All cases.
    pub const ALL: [Self; 6] = [
        Self::Clean,
        Self::OnePercent,
        Self::Outages3,
        Self::Outages10,
        Self::Silent,
        Self::NobodyThere,
    ];

    /// The name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::OnePercent => "1 % lost",
            Self::Outages3 => "outages of 3 s",
            Self::Outages10 => "outages of 10 s",
            Self::Silent => "silent from 1 s",
            Self::NobodyThere => "nobody there",
        }
    }

    /// The octets that the client sends.
    #[must_use]
    pub const fn octets(self) -> u32 {
        match self {
            Self::Clean | Self::OnePercent | Self::Silent => 500_000,
            Self::Outages3 | Self::Outages10 | Self::NobodyThere => 20_000,
        }
    }

    /// The network of hosts 0 and 1, with the random choices of this seed.
    ///
    /// # Panics
    /// Never: the configuration is valid.
    #[must_use]
    pub fn network(self, seed: u64) -> Network {
        let silence = |seconds| OutageInterval {
            from: Instant::ZERO + Duration::from_secs(seconds),
            until: Instant::MAX,
        };
        let outages = match self {
            Self::Silent => vec![silence(1)],
            Self::NobodyThere => vec![silence(0)],
            Self::Clean | Self::OnePercent | Self::Outages3 | Self::Outages10 => vec![],
        };
        let direction = DirectionConfig {
            delay: DELAY,
            bandwidth: Some(Bandwidth {
                bits_per_second: BITS_PER_SECOND,
                queue: QUEUE,
            }),
            scheduled: ScheduledLosses {
                outages,
                drops: vec![],
            },
            ..DirectionConfig::default()
        };
        let mut link = LinkConfig {
            key: KEY,
            ends: [HostId(0), HostId(1)],
            addresses: Vec::new(),
            forward: direction.clone(),
            backward: direction,
            loss: Loss::Shared(LossModel::None),
            keep_alive: KeepAliveConfig::default(),
            mtu: None,
        };
        link.loss = Loss::Shared(self.loss(link.separation(calibration::PING_LENGTH)));
        Network::new(Choices::new(seed), 2, &[link]).expect("a valid configuration")
    }

    fn loss(self, separation: Duration) -> LossModel {
        let ratio = |part, of| Ratio::new(part, of).expect("at most one");
        let outages = |seconds| {
            let mean = Duration::from_secs(seconds);
            calibration::outages_shared(ratio(1, 8), mean, separation).expect("a mean above zero")
        };
        match self {
            Self::Clean | Self::Silent | Self::NobodyThere => LossModel::None,
            Self::OnePercent => LossModel::Independent {
                loss: ratio(1, 100),
            },
            Self::Outages3 => outages(3),
            Self::Outages10 => outages(10),
        }
    }
}
