//! Loss packet by packet.
//!
//! Owns [`LossModel`] and the models that decide per packet: independent loss and the
//! Gilbert-Elliott chain. It refuses time: outages that pass while nobody sends are
//! [`crate::outage`]'s.

use kernel::{Choices, Ratio, Site};

use crate::outage::Outages;
use crate::packet::Identity;

const INDEPENDENT: Site = Site::new("net.loss");
const INITIAL: Site = Site::new("net.gilbert-elliott.initial");
const STEP: Site = Site::new("net.gilbert-elliott.step");

/// How a direction of a link loses packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossModel {
    /// Not at all.
    None,
    /// Each packet alone.
    Independent {
        /// Probability of loss.
        loss: Ratio,
    },
    /// A two-state chain that steps once per packet: idle time freezes a burst.
    GilbertElliott(GilbertElliott),
    /// A two-state chain in continuous time: a burst passes while nobody sends.
    Outages(Outages),
}

/// Parameters of the chain that steps per packet, spelled out (in the letters of tc-netem(8):
/// p, r, 1-k, 1-h).
///
/// A packet is lost with the probability of the state it finds; then the state moves. The chain
/// starts in its stationary distribution. Which state a packet finds depends on the packets
/// before it - that is the model - but each move is keyed by the identity of the packet that
/// causes it, and one word decides the move from either state. Two histories that differ in one
/// packet therefore fall together at the next packet whose word leaves no choice: after `n`
/// packets they differ with probability |1 - p - r|^n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GilbertElliott {
    /// Probability of the move from good to bad, per packet.
    pub good_to_bad: Ratio,
    /// Probability of the move from bad to good, per packet.
    pub bad_to_good: Ratio,
    /// Probability of loss in the good state.
    pub loss_good: Ratio,
    /// Probability of loss in the bad state.
    pub loss_bad: Ratio,
}

/// The state of a packet-wise model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PacketLoss {
    Never,
    Independent { loss: Ratio },
    Chain { model: GilbertElliott, bad: bool },
}

impl GilbertElliott {
    /// The stationary share of the bad state, to 62 binary digits; the good state if the chain
    /// never moves.
    #[must_use]
    pub fn share_bad(&self) -> Ratio {
        let cross = |one: Ratio, other: Ratio| {
            u128::from(one.numerator()) * u128::from(other.denominator())
        };
        let bad = cross(self.good_to_bad, self.bad_to_good);
        let good = cross(self.bad_to_good, self.good_to_bad);
        let digits = u128::BITS - bad.max(good).leading_zeros();
        let excess = digits.saturating_sub(u64::BITS - 2);
        let fit = |part: u128| u64::try_from(part >> excess).expect("shifted into 62 bits");
        Ratio::new(fit(bad), fit(bad) + fit(good)).unwrap_or(Ratio::ZERO)
    }
}

impl PacketLoss {
    /// `entity` keys the draw of the initial state.
    pub(crate) fn new(model: LossModel, choices: Choices, entity: u64) -> Self {
        match model {
            LossModel::None | LossModel::Outages(_) => Self::Never,
            LossModel::Independent { loss } => Self::Independent { loss },
            LossModel::GilbertElliott(model) => Self::Chain {
                model,
                bad: choices
                    .draw(INITIAL, entity, [0, 0])
                    .chance(model.share_bad()),
            },
        }
    }

    /// Whether the packet is lost. `entity` is the link and way, which keys the packet's luck.
    pub(crate) fn takes(&mut self, choices: Choices, entity: u64, identity: Identity) -> bool {
        match self {
            Self::Never => false,
            Self::Independent { loss } if loss.is_zero() || loss.is_one() => loss.is_one(),
            Self::Independent { loss } => choices
                .draw(INDEPENDENT, entity, identity.words())
                .chance(*loss),
            Self::Chain { model, bad } => {
                let mut draw = choices.draw(STEP, entity, identity.words());
                let loss = if *bad {
                    model.loss_bad
                } else {
                    model.loss_good
                };
                let lost = draw.chance(loss);
                let word = draw.next_u64();
                *bad = if *bad {
                    model.bad_to_good.complement().holds(word)
                } else {
                    model.good_to_bad.holds(word)
                };
                lost
            }
        }
    }
}
