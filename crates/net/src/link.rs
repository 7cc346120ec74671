//! How a link is configured.
//!
//! Owns [`LinkConfig`] and the limits of its numbers. It refuses behaviour: what the numbers do
//! to a packet is told by [`crate::queue`], [`crate::loss`], [`crate::outage`] and
//! [`crate::impairment`].

use std::fmt;

use kernel::{Duration, mix};

use crate::impairment::Impairment;
use crate::loss::LossModel;
use crate::outage::{self, Outages, Window};
use crate::packet::{HostId, Identity};
use crate::queue::{Bandwidth, QUEUE_MAX};

/// A link, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// One of the two ways along a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From `ends[0]` to `ends[1]`.
    Forward,
    /// From `ends[1]` to `ends[0]`.
    Backward,
}

/// A link between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// Keys the link's luck: [`kernel::key`] of its name. With it, other links may come and go
    /// without a change to this one.
    pub key: u64,
    /// The hosts it joins.
    pub ends: [HostId; 2],
    /// From `ends[0]` to `ends[1]`.
    pub forward: Direction,
    /// From `ends[1]` to `ends[0]`.
    pub backward: Direction,
    /// How packets are lost.
    pub loss: Loss,
}

/// One way along a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Direction {
    /// Time on the line, from the last bit out to the last bit in; at most [`DELAY_MAX`].
    pub delay: Duration,
    /// Bandwidth and queue; `None`: bits take no time and nothing waits.
    pub bandwidth: Option<Bandwidth>,
    /// What else may befall a packet that is not lost.
    pub impairment: Impairment,
    /// What the scenario fixes beforehand.
    pub pinned: Pinned,
}

/// Losses without luck, in addition to those of the loss model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// Outages, sorted and apart from each other; at most [`PINNED_MAX`].
    pub outages: Vec<Window>,
    /// Packets that are lost, sorted and each once; at most [`PINNED_MAX`].
    pub drops: Vec<Identity>,
}

/// How a link loses packets: the two ways together or each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// One chain for both ways: an outage interrupts both at once, a packet of either way moves
    /// the Gilbert-Elliott chain. (Independent loss knows no difference.)
    Shared(LossModel),
    /// Two chains that know nothing of each other.
    PerDirection {
        /// From `ends[0]` to `ends[1]`.
        forward: LossModel,
        /// From `ends[1]` to `ends[0]`.
        backward: LossModel,
    },
}

/// Whether a link is cut. A cut concerns packets offered to the link; those already on it (or
/// in its queue) arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// It is not.
    #[default]
    None,
    /// A black hole: routes still lead over it, and it swallows everything.
    Silent,
    /// Withdrawn: routes avoid it. Without another way, a router answers "unreachable" and a
    /// local `connect` gets 10051 (KB Q152941, Q154301).
    Withdrawn,
}

/// Why a link cannot be configured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// An end is not among the hosts.
    UnknownHost(HostId),
    /// Both ends are one host.
    SameEnds(HostId),
    /// A delay, jitter or hold-back exceeds [`DELAY_MAX`].
    Delay(Duration),
    /// A queue exceeds [`QUEUE_MAX`] bytes.
    Queue(u64),
    /// Mean good and mean outage are both zero.
    NoSojourn,
    /// A mean sojourn exceeds [`outage::MEAN_MAX`].
    Mean(Duration),
    /// A pinned outage is empty, out of order or touches the one before it.
    Windows,
    /// Pinned drops are out of order or name a packet twice.
    Drops,
    /// More than [`PINNED_MAX`] pinned outages or drops.
    TooManyPinned(usize),
}

/// The longest delay, jitter or hold-back.
pub const DELAY_MAX: Duration = Duration::from_secs(3_600);

/// The most pinned outages, and the most pinned drops, of one way of a link.
pub const PINNED_MAX: usize = 100_000;

impl Way {
    /// Both ways, in the order of a link's `ends`.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Forward => 0,
            Self::Backward => 1,
        }
    }

    /// What keys the luck of this way of the link `key`.
    pub(crate) const fn key(self, key: u64) -> u64 {
        mix(key, 1 + self.index() as u64)
    }
}

impl Loss {
    /// The model that packets of this way meet.
    #[must_use]
    pub const fn model(self, way: Way) -> LossModel {
        match (self, way) {
            (Self::Shared(model), _)
            | (Self::PerDirection { forward: model, .. }, Way::Forward)
            | (
                Self::PerDirection {
                    backward: model, ..
                },
                Way::Backward,
            ) => model,
        }
    }
}

impl LinkConfig {
    /// The settings of one way.
    #[must_use]
    pub const fn direction(&self, way: Way) -> &Direction {
        match way {
            Way::Forward => &self.forward,
            Way::Backward => &self.backward,
        }
    }

    /// The time from the moment an echo request passes the faulty spot, half-way along the line,
    /// until its reply does: half the round trip, without queues and jitter. It is the
    /// `separation` that [`crate::calibration`] asks for, whichever end sends the ping.
    #[must_use]
    pub fn separation(&self) -> Duration {
        Duration::from_nanos((self.forward.delay + self.backward.delay).nanos() / 2)
    }

    /// Refuses what the limits of this module do not allow.
    ///
    /// # Errors
    /// The first [`LinkFault`] found.
    pub fn check(&self, hosts: u32) -> Result<(), LinkFault> {
        for end in self.ends {
            if end.0 >= hosts {
                return Err(LinkFault::UnknownHost(end));
            }
        }
        if self.ends[0] == self.ends[1] {
            return Err(LinkFault::SameEnds(self.ends[0]));
        }
        for way in Way::BOTH {
            self.direction(way).check()?;
            if let LossModel::Outages(outages) = self.loss.model(way) {
                check_means(outages)?;
            }
        }
        Ok(())
    }
}

impl Direction {
    fn check(&self) -> Result<(), LinkFault> {
        let impairment = &self.impairment;
        for delay in [self.delay, impairment.jitter, impairment.reorder_delay] {
            if delay > DELAY_MAX {
                return Err(LinkFault::Delay(delay));
            }
        }
        match self.bandwidth {
            Some(bandwidth) if bandwidth.queue > QUEUE_MAX => {
                return Err(LinkFault::Queue(bandwidth.queue));
            }
            Some(_) | None => {}
        }
        self.pinned.check()
    }
}

impl Pinned {
    fn check(&self) -> Result<(), LinkFault> {
        for count in [self.outages.len(), self.drops.len()] {
            if count > PINNED_MAX {
                return Err(LinkFault::TooManyPinned(count));
            }
        }
        let apart = self
            .outages
            .is_sorted_by(|window, next| window.until < next.from);
        let empty = self
            .outages
            .iter()
            .any(|window| window.from >= window.until);
        if empty || !apart {
            return Err(LinkFault::Windows);
        }
        if !self.drops.is_sorted_by(|drop, next| drop < next) {
            return Err(LinkFault::Drops);
        }
        Ok(())
    }
}

fn check_means(outages: Outages) -> Result<(), LinkFault> {
    for mean in [outages.mean_good, outages.mean_outage] {
        if mean > outage::MEAN_MAX {
            return Err(LinkFault::Mean(mean));
        }
    }
    if outages.mean_good.is_zero() && outages.mean_outage.is_zero() {
        return Err(LinkFault::NoSojourn);
    }
    Ok(())
}

impl fmt::Display for LinkFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHost(HostId(host)) => write!(formatter, "there is no host {host}"),
            Self::SameEnds(HostId(host)) => {
                write!(formatter, "both ends are host {host}")
            }
            Self::Delay(delay) => {
                write!(formatter, "a delay of {delay} exceeds {DELAY_MAX}")
            }
            Self::Queue(bytes) => {
                write!(formatter, "a queue of {bytes} bytes exceeds {QUEUE_MAX}")
            }
            Self::NoSojourn => formatter.write_str("mean good and mean outage cannot both be zero"),
            Self::Mean(mean) => write!(formatter, "a mean of {mean} exceeds {}", outage::MEAN_MAX),
            Self::Windows => formatter
                .write_str("pinned outages must be sorted, apart from each other and not empty"),
            Self::Drops => {
                formatter.write_str("pinned drops must be sorted and name each packet once")
            }
            Self::TooManyPinned(count) => {
                write!(formatter, "{count} pinned faults exceed {PINNED_MAX}")
            }
        }
    }
}

impl std::error::Error for LinkFault {}
