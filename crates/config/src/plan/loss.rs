//! Loss models of a link, given by their parameters or calibrated by the success of pings.

use kernel::{Duration, Ratio};

use super::quantity::{DAY, MILLISECOND};
use crate::format::declare::{choice, keywords};
use crate::format::key::scalar::YEAR;

keywords! {
    /// Whether the two directions of a link share one loss process.
    pub enum Scope {
        /// One process: both directions lose packets at the same time.
        Shared = "shared",
        /// An independent process for each direction.
        PerDirection = "per-direction",
    }
}

choice! {
    /// Which packets a direction loses. The network crate turns `ping_success` into rates.
    #[derive(Copy)]
    pub enum Loss or "none" = None {
        /// Each packet is lost with the same probability, independently of the others.
        "independent" => Independent(independent: IndependentLoss);
        /// A chain of a good and a bad state that can change with each packet: four probabilities, or
        /// `ping_success` and `mean_burst`.
        "gilbert-elliott" => GilbertElliott {
            /// The chain, given or calibrated.
            #[key(flatten)]
            chain: GilbertElliott;
            /// Whether both directions share one chain or have one each.
            scope: Scope = Scope::PerDirection;
        };
        /// Exponentially distributed good periods and outages in alternation, independent of traffic:
        /// `mean_good` or `ping_success`, and `mean_outage`.
        "outages" => Outages {
            /// The two mean times, given or calibrated.
            #[key(flatten)]
            outages: Outages;
            /// Whether both directions share the outages or have their own.
            scope: Scope = Scope::Shared;
        };
    }
}

choice! {
    /// How many packets are lost, independently of each other.
    #[derive(Copy)]
    pub enum IndependentLoss {
        /// Fraction of packets lost in each direction.
        "loss" => Loss(loss: Ratio);
        /// Fraction of pings answered, from which the loss follows. Q152941 reports one in eight.
        "ping_success" => PingSuccess(ping_success: Ratio), source "Q152941";
    }
}

choice! {
    /// A Gilbert-Elliott chain, which takes one step per packet.
    #[derive(Copy)]
    pub enum GilbertElliott {
        /// The four probabilities.
        "good_to_bad" + Chain {
            /// Probability per packet to enter the bad state.
            good_to_bad: Ratio;
            /// Probability per packet to leave the bad state.
            bad_to_good: Ratio;
            /// Fraction of packets lost in the good state.
            loss_good: Ratio = Ratio::ZERO;
            /// Fraction of packets lost in the bad state.
            loss_bad: Ratio = Ratio::ONE;
        };
        /// Calibrated: no loss in the good state, total loss in the bad state.
        "ping_success" + Calibrated {
            /// Fraction of pings answered, from which the loss follows. Q152941 reports one in eight.
            ping_success: Ratio, source "Q152941";
            /// Mean number of packets lost in a row.
            mean_burst: u32 = 10, in 1..=1_000_000;
        };
    }
}

choice! {
    /// The mean lengths of good periods and outages.
    #[derive(Copy)]
    pub enum Outages {
        /// Both means.
        "mean_good" + Times {
            /// Mean length of a good period.
            mean_good: Duration, in MILLISECOND..=YEAR;
            /// Mean length of an outage.
            mean_outage: Duration, in MILLISECOND..=DAY;
        };
        /// The mean good period is calibrated.
        "ping_success" + Calibrated {
            /// Fraction of pings answered, from which the loss follows. Q152941 reports one in eight.
            ping_success: Ratio, source "Q152941";
            /// Mean length of an outage.
            mean_outage: Duration, in MILLISECOND..=DAY;
        };
    }
}

impl Loss {
    /// Whether one process governs both directions that name this model.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::None | Self::Independent(_) => Scope::PerDirection,
            Self::GilbertElliott { scope, .. } | Self::Outages { scope, .. } => scope,
        }
    }

    /// Whether packets can arrive in a bad state: that of a Gilbert-Elliott chain which does not lose them
    /// all.
    #[must_use]
    pub fn has_bad_state(self) -> bool {
        match self {
            Self::GilbertElliott {
                chain: GilbertElliott::Chain { loss_bad, .. },
                ..
            } => loss_bad != Ratio::ONE,
            Self::GilbertElliott {
                chain: GilbertElliott::Calibrated { .. },
                ..
            }
            | Self::None
            | Self::Independent(_)
            | Self::Outages { .. } => false,
        }
    }
}
