//! Loss models: independent loss and the Gilbert-Elliott chain per packet, outages by time.
//!
//! What a new model needs elsewhere (calibration, keys, lowering): docs/CONTRIBUTING.md.

pub mod outage;

use kernel::{Choices, Ratio, Site};

use crate::packet::Identity;
use outage::Outages;

const INDEPENDENT: Site = Site::new("net.loss");
const INITIAL: Site = Site::new("net.gilbert-elliott.initial");
const STEP: Site = Site::new("net.gilbert-elliott.step");

/// How a direction of a link loses packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossModel {
    /// No loss.
    None,
    /// Each packet is lost independently of all others.
    Independent {
        /// Probability of loss.
        loss: Ratio,
    },
    /// A two-state Markov chain that moves once per packet. A burst of losses lasts for a number of
    /// packets: while no host sends, it does not end.
    GilbertElliott(GilbertElliott),
    /// A two-state Markov chain in continuous time. A burst of losses ends after a time, whether or
    /// not anybody sends.
    Outages(Outages),
}

/// Parameters of the chain of Gilbert (1960) and Elliott (1963): p, r, 1-k and 1-h of tc-netem(8).
///
/// A packet is lost with the loss probability of the state it finds, then the state may move. The
/// chain starts in its stationary distribution.
///
/// The state that a packet finds depends on the packets before it. That is part of the model. Each move
/// is keyed by the identity of the packet that causes it, and the same random word decides the
/// move from either state. Two runs that differ in one packet therefore agree again after the next
/// packet whose word leads both states to the same successor: after `n` packets they still differ
/// with probability |1 - p - r|^n.
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

/// A packet-wise loss model with its state.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PacketLoss {
    Never,
    Independent { loss: Ratio },
    Chain { model: GilbertElliott, bad: bool },
}

impl GilbertElliott {
    /// The stationary probability of the bad state, to 62 binary digits; zero if the chain never
    /// moves.
    #[must_use]
    pub fn stationary_bad(&self) -> Ratio {
        // p / (p + r), with both fractions brought to one denominator.
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
                    .rng(INITIAL, entity, [0, 0])
                    .chance(model.stationary_bad()),
            },
        }
    }

    /// Whether the next packet finds a chain in its bad state.
    pub(crate) const fn is_bad(&self) -> bool {
        matches!(self, Self::Chain { bad: true, .. })
    }

    /// Whether the packet is lost. `entity` is the key of the link's direction.
    pub(crate) fn loses(&mut self, choices: Choices, entity: u64, identity: Identity) -> bool {
        match self {
            Self::Never => false,
            Self::Independent { loss } if loss.is_zero() || loss.is_one() => loss.is_one(),
            Self::Independent { loss } => choices
                .rng(INDEPENDENT, entity, identity.words())
                .chance(*loss),
            Self::Chain { model, bad } => {
                let mut rng = choices.rng(STEP, entity, identity.words());
                let loss = if *bad {
                    model.loss_bad
                } else {
                    model.loss_good
                };
                let is_lost = rng.chance(loss);
                // Low words lead to bad from both states ("stay bad" is the complement of
                // `bad_to_good`): with this coupling two runs in different states meet soon.
                let word = rng.next_u64();
                *bad = if *bad {
                    model.bad_to_good.complement().contains(word)
                } else {
                    model.good_to_bad.contains(word)
                };
                is_lost
            }
        }
    }
}
