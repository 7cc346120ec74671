//! What joins two hosts, and how it fails by itself.
//!
//! Owns [`Link`], its two [`Direction`]s and the models of loss. It refuses to solve them: how
//! `ping_success` becomes rates is the network's arithmetic.

use kernel::{Duration, Ratio};

use super::keyword::keywords;
use super::quantity::{Bandwidth, ByteSize};

keywords! {
    /// Whether both directions of a link share one luck.
    pub enum Scope {
        /// One chain: what is down is down both ways.
        Shared = "shared",
        /// Each direction has its own chain.
        PerDirection = "per-direction",
    }
}

/// A link between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The hosts at its ends, by name.
    pub between: [String; 2],
    /// From the first host of `between` to the second.
    pub forward: Direction,
    /// From the second host to the first.
    pub backward: Direction,
}

/// How one direction of a link carries packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direction {
    /// Time a packet travels.
    pub delay: Duration,
    /// Up to this much is added to the delay of each packet.
    pub jitter: Duration,
    /// Rate of transmission; `None` is unlimited.
    pub bandwidth: Option<Bandwidth>,
    /// Bytes that may wait for transmission; what is more is dropped.
    pub queue: ByteSize,
    /// Share of packets held back so that later ones overtake them.
    pub reorder: Ratio,
    /// How long those are held back.
    pub reorder_delay: Duration,
    /// Share of packets that arrive twice.
    pub duplicate: Ratio,
    /// Share of packets that arrive with a bit changed.
    pub corrupt: Ratio,
    /// Which packets never arrive.
    pub loss: Loss,
}

/// Which packets a direction loses by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// None.
    None,
    /// Each packet with the same chance, whatever happened to others.
    Independent(IndependentLoss),
    /// A good and a bad state that change with each packet.
    GilbertElliott {
        /// The chain, given or to be calibrated.
        chain: GilbertElliott,
        /// Whether both directions share it.
        scope: Scope,
    },
    /// Good times and outages that follow each other in time, traffic or not.
    Outages {
        /// The two mean times, given or to be calibrated.
        outages: Outages,
        /// Whether both directions share them.
        scope: Scope,
    },
}

/// How much is lost, independently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndependentLoss {
    /// Share of packets lost in this direction.
    Loss(Ratio),
    /// Share of pings answered if both directions lose alike.
    PingSuccess(Ratio),
}

/// A Gilbert-Elliott chain that moves once a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GilbertElliott {
    /// The chain itself.
    Chain {
        /// Chance to enter the bad state, a packet.
        good_to_bad: Ratio,
        /// Chance to leave the bad state, a packet.
        bad_to_good: Ratio,
        /// Share lost in the good state.
        loss_good: Ratio,
        /// Share lost in the bad state.
        loss_bad: Ratio,
    },
    /// To be calibrated: no loss in the good state, all lost in the bad one.
    Calibrated {
        /// Share of pings answered.
        ping_success: Ratio,
        /// Mean packets lost in a row.
        mean_burst: u32,
    },
}

/// Exponentially distributed good times and outages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outages {
    /// Both means given.
    Times {
        /// Mean time without an outage.
        mean_good: Duration,
        /// Mean length of an outage.
        mean_outage: Duration,
    },
    /// The mean good time is to be calibrated.
    Calibrated {
        /// Share of pings answered.
        ping_success: Ratio,
        /// Mean length of an outage.
        mean_outage: Duration,
    },
}

impl Link {
    /// A link without loss whose settings are at their defaults both ways.
    #[must_use]
    pub fn new(first: &str, second: &str) -> Self {
        Self {
            between: [first.to_owned(), second.to_owned()],
            forward: Direction::DEFAULT,
            backward: Direction::DEFAULT,
        }
    }

    /// Whether both directions are ruled by one chain: the same model on both, and shared.
    #[must_use]
    pub fn shares_loss(&self) -> bool {
        self.forward.loss == self.backward.loss && self.forward.loss.scope() == Scope::Shared
    }
}

impl Direction {
    /// A direction of which nothing is said.
    pub const DEFAULT: Self = Self {
        delay: Duration::from_millis(20),
        jitter: Duration::ZERO,
        bandwidth: None,
        queue: ByteSize(64 * 1024),
        reorder: Ratio::ZERO,
        reorder_delay: Duration::from_millis(10),
        duplicate: Ratio::ZERO,
        corrupt: Ratio::ZERO,
        loss: Loss::None,
    };
}

impl Loss {
    /// Whether one chain rules both directions that name this model.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::None | Self::Independent(_) => Scope::PerDirection,
            Self::GilbertElliott { scope, .. } | Self::Outages { scope, .. } => scope,
        }
    }
}
