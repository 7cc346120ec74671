//! The configuration of a link, and the limits that [`LinkConfig::check`] enforces.

pub mod impairment;
pub mod queue;

use kernel::{Duration, mix};
use thiserror::Error;

use crate::keep_alive::KeepAliveConfig;
use crate::loss::LossModel;
use crate::loss::outage::{MEAN_MAX, OutageInterval, Outages};
use crate::packet::{HostId, Identity};
use impairment::Impairment;
use queue::{Bandwidth, QUEUE_MAX};

/// The index of a link, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// One of the two directions of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From `ends[0]` to `ends[1]`.
    Forward,
    /// From `ends[1]` to `ends[0]`.
    Backward,
}

/// A link between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// Keys the link's random choices, usually [`kernel::key`] of its name. It does not depend on
    /// the index of the link, so adding or removing another link leaves them unchanged.
    pub key: u64,
    /// The hosts that the link joins.
    pub ends: [HostId; 2],
    /// The IPv4 addresses of its ends that belong to it, as those of an interface do: a packet to one of
    /// them reaches its host over this link only, and a packet from one of them leaves its host over
    /// this link. All other addresses belong to the whole host.
    pub addresses: Vec<u32>,
    /// From `ends[0]` to `ends[1]`.
    pub forward: DirectionConfig,
    /// From `ends[1]` to `ends[0]`.
    pub backward: DirectionConfig,
    /// How packets are lost.
    pub loss: Loss,
    /// What the routers at the ends make of an outage.
    pub keep_alive: KeepAliveConfig,
    /// The longest IP packet in bytes, header included (RFC 791 section 3.2); at least [`MTU_MIN`]. Longer
    /// packets are dropped: nothing is fragmented. `None`: any packet fits.
    pub mtu: Option<u32>,
}

/// The configuration of one direction of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectionConfig {
    /// Propagation delay, from the last bit sent to the last bit received; at most [`DELAY_MAX`].
    pub delay: Duration,
    /// Bandwidth and queue; `None`: unlimited bandwidth, nothing waits.
    pub bandwidth: Option<Bandwidth>,
    /// What is worse while the chain of a Gilbert-Elliott model is in its bad state.
    pub bad: BadState,
    /// Jitter, reordering, duplication and damage.
    pub impairment: Impairment,
    /// Losses at fixed times and of fixed packets.
    pub scheduled: ScheduledLosses,
}

/// How a direction carries the packets that find the chain of its [`LossModel::GilbertElliott`] in the bad
/// state and are not lost. Other loss models lose every packet of their bad state, or have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadState {
    /// Propagation delay; at most [`DELAY_MAX`]. `None`: as in the good state.
    pub delay: Option<Duration>,
    /// Bandwidth and queue. `None`: as in the good state.
    pub bandwidth: Option<Bandwidth>,
}

/// Losses without randomness, in addition to those of the loss model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduledLosses {
    /// Outages, sorted and with a gap between each two; at most [`SCHEDULED_MAX`].
    pub outages: Vec<OutageInterval>,
    /// Packets that are lost, sorted and without repetition; at most [`SCHEDULED_MAX`].
    pub drops: Vec<Identity>,
}

/// How a link loses packets: with one model state for both directions, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// One state for both directions: an outage interrupts both at once, and packets of both
    /// directions move one Gilbert-Elliott chain. Independent loss has no state to share.
    Shared(LossModel),
    /// Independent states.
    PerDirection {
        /// From `ends[0]` to `ends[1]`.
        forward: LossModel,
        /// From `ends[1]` to `ends[0]`.
        backward: LossModel,
    },
}

/// Whether a link is up. A change affects packets that are sent afterwards; those in the queue or
/// under way still arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    /// The link works.
    #[default]
    Up,
    /// Routes still lead over the link, and every packet is lost.
    BlackHole,
    /// Routes still lead over the link, and every packet in this direction is lost.
    BlackHoleOneWay(Direction),
    /// Routes avoid the link. Without another path, a router answers "unreachable" and a local
    /// `connect` fails with 10051 (KB Q152941, Q154301).
    Withdrawn,
}

/// Why the configuration of a link is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkConfigError {
    /// An end is not among the hosts.
    #[error("there is no host {}", .0.0)]
    UnknownHost(HostId),
    /// Both ends are the same host.
    #[error("both ends are host {}", .0.0)]
    SameEnds(HostId),
    /// A delay, jitter or reorder delay exceeds [`DELAY_MAX`].
    #[error("a delay of {0} exceeds {DELAY_MAX}")]
    Delay(Duration),
    /// A link does not carry packets of [`MTU_MIN`] bytes.
    #[error("an MTU of {0} bytes is below {MTU_MIN}")]
    Mtu(u32),
    /// A queue exceeds [`QUEUE_MAX`] bytes.
    #[error("a queue of {0} bytes exceeds {QUEUE_MAX}")]
    Queue(u64),
    /// Mean good time and mean outage are both zero.
    #[error("mean good and mean outage cannot both be zero")]
    NoSojourn,
    /// A mean sojourn time exceeds [`MEAN_MAX`].
    #[error("a mean of {0} exceeds {MEAN_MAX}")]
    Mean(Duration),
    /// A scheduled outage is empty, out of order, or touches the one before it.
    #[error("scheduled outages must be sorted, not empty, and with a gap between each two")]
    Outages,
    /// Scheduled drops are out of order or repeat a packet.
    #[error("scheduled drops must be sorted and name each packet once")]
    Drops,
    /// More than [`SCHEDULED_MAX`] scheduled outages or drops.
    #[error("{0} scheduled losses exceed {SCHEDULED_MAX}")]
    TooManyScheduled(usize),
}

/// The longest delay, jitter or reorder delay.
pub const DELAY_MAX: Duration = Duration::from_secs(3_600);

/// Every link carries packets of this many bytes (RFC 791 section 3.2).
pub const MTU_MIN: u32 = 68;

/// The largest number of scheduled outages, and of scheduled drops, of one direction of a link.
pub const SCHEDULED_MAX: usize = 100_000;

impl Direction {
    /// Both directions, in the order of a link's `ends`.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Forward => 0,
            Self::Backward => 1,
        }
    }

    /// Keys the random choices of this direction of the link with key `key`.
    pub(crate) const fn key(self, key: u64) -> u64 {
        mix(key, 1 + self.index() as u64)
    }
}

impl Loss {
    /// The loss model of one direction.
    #[must_use]
    pub const fn model(self, direction: Direction) -> LossModel {
        match (self, direction) {
            (Self::Shared(model), _)
            | (Self::PerDirection { forward: model, .. }, Direction::Forward)
            | (
                Self::PerDirection {
                    backward: model, ..
                },
                Direction::Backward,
            ) => model,
        }
    }
}

impl LinkConfig {
    /// The settings of one direction.
    #[must_use]
    pub const fn direction(&self, direction: Direction) -> &DirectionConfig {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }

    /// The mean time from the moment at which an echo request from `ends[0]` passes the midpoint of the
    /// link until its reply of `length` bytes does, if neither waits for other packets: half of both
    /// delays, what holds the request back behind the midpoint, and the transmission of the reply. It is
    /// the `separation` that [`crate::calibration`] needs.
    #[must_use]
    pub fn separation(&self, length: u32) -> Duration {
        let halves = (self.forward.delay + self.backward.delay).nanos() / 2;
        let bandwidth = self.backward.bandwidth;
        let reply = bandwidth.map_or(Duration::ZERO, |it| it.serialization(u64::from(length)));
        let held = self.forward.impairment.mean_hold();
        Duration::from_nanos(halves) + reply + held
    }

    /// Checks the configuration for a network of `hosts` hosts.
    ///
    /// # Errors
    /// The first [`LinkConfigError`] found.
    pub fn check(&self, hosts: u32) -> Result<(), LinkConfigError> {
        for end in self.ends {
            if end.0 >= hosts {
                return Err(LinkConfigError::UnknownHost(end));
            }
        }
        if self.ends[0] == self.ends[1] {
            return Err(LinkConfigError::SameEnds(self.ends[0]));
        }
        if let Some(mtu) = self.mtu.filter(|mtu| *mtu < MTU_MIN) {
            return Err(LinkConfigError::Mtu(mtu));
        }
        for direction in Direction::BOTH {
            self.direction(direction).check()?;
            if let LossModel::Outages(outages) = self.loss.model(direction) {
                check_means(outages)?;
            }
        }
        Ok(())
    }
}

impl DirectionConfig {
    fn check(&self) -> Result<(), LinkConfigError> {
        let impairment = &self.impairment;
        let delays = [self.delay, impairment.jitter, impairment.reorder_delay];
        for delay in delays.into_iter().chain(self.bad.delay) {
            if delay > DELAY_MAX {
                return Err(LinkConfigError::Delay(delay));
            }
        }
        for bandwidth in [self.bandwidth, self.bad.bandwidth].into_iter().flatten() {
            if bandwidth.queue > QUEUE_MAX {
                return Err(LinkConfigError::Queue(bandwidth.queue));
            }
        }
        self.scheduled.check()
    }
}

impl ScheduledLosses {
    fn check(&self) -> Result<(), LinkConfigError> {
        for count in [self.outages.len(), self.drops.len()] {
            if count > SCHEDULED_MAX {
                return Err(LinkConfigError::TooManyScheduled(count));
            }
        }
        let is_disjoint = self
            .outages
            .is_sorted_by(|outage, next| outage.until < next.from);
        let has_empty = self
            .outages
            .iter()
            .any(|outage| outage.from >= outage.until);
        if has_empty || !is_disjoint {
            return Err(LinkConfigError::Outages);
        }
        if !self.drops.is_sorted_by(|drop, next| drop < next) {
            return Err(LinkConfigError::Drops);
        }
        Ok(())
    }
}

fn check_means(outages: Outages) -> Result<(), LinkConfigError> {
    for mean in [outages.mean_good, outages.mean_outage] {
        if mean > MEAN_MAX {
            return Err(LinkConfigError::Mean(mean));
        }
    }
    if outages.mean_good.is_zero() && outages.mean_outage.is_zero() {
        return Err(LinkConfigError::NoSojourn);
    }
    Ok(())
}
