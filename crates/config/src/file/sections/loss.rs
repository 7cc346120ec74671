//! The keys of `loss`: no loss, or one of three models.
//!
//! A rate is given as such or as the share of pings answered, from which the network
//! calculates it.

use kernel::{Duration, Ratio};
use serde_json::{Value as Json, json};

use super::super::fields::{Choice, Fields, Key, Section, Shorthand};
use super::super::value::word::read_word;
use super::super::value::{Value, quoted};
use super::{DAY, MILLISECOND};
use crate::format::diagnostic::Diagnostic;
use crate::format::document::Node;
use crate::plan::{GilbertElliott, IndependentLoss, Keyword, Loss, Outages, Scope};

/// Mean packets lost in a row, unless the scenario says otherwise.
const MEAN_BURST: u32 = 10;

const PING_SUCCESS: Key = Key::new(
    "ping_success",
    "Share of pings answered; Q152941 speaks of one in eight.",
)
.from("Q152941");

/// The word `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::file) enum NoLoss {
    /// No packet is lost by itself.
    None,
}

impl Keyword for NoLoss {
    const ALL: &'static [Self] = &[Self::None];

    fn as_str(self) -> &'static str {
        "none"
    }
}

impl Value for NoLoss {
    fn read(node: &Node) -> Result<Self, Diagnostic> {
        read_word(node).map_err(|found| {
            found.help("write \"none\", or loss.independent, loss.gilbert-elliott or loss.outages")
        })
    }

    fn print(&self) -> String {
        quoted(self.as_str())
    }

    fn form() -> String {
        "`none`".to_owned()
    }

    fn schema() -> Json {
        json!({ "const": Self::None.as_str() })
    }
}

impl Shorthand for Loss {
    type Scalar = NoLoss;

    fn expand(scalar: NoLoss) -> Self {
        match scalar {
            NoLoss::None => Self::None,
        }
    }

    fn abbreviate(&self) -> Option<NoLoss> {
        (*self == Self::None).then_some(NoLoss::None)
    }
}

impl Section for Loss {
    fn blank() -> Self {
        Self::None
    }

    fn fields<F: Fields>(&mut self, fields: &mut F, _: &Self) {
        fields.one_of(self, None);
    }
}

impl Choice for Loss {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::Independent(IndependentLoss::Loss(Ratio::ZERO)),
            Self::GilbertElliott {
                chain: GilbertElliott::Calibrated {
                    ping_success: Ratio::ONE,
                    mean_burst: MEAN_BURST,
                },
                scope: Scope::PerDirection,
            },
            Self::Outages {
                outages: Outages::Calibrated {
                    ping_success: Ratio::ONE,
                    mean_outage: Duration::ZERO,
                },
                scope: Scope::Shared,
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::None | Self::Independent(_) => Key::new(
                "independent",
                "Each packet is lost with the same chance, whatever happened to others.",
            ),
            Self::GilbertElliott { .. } => Key::new(
                "gilbert-elliott",
                "A good and a bad state that change with each packet: a chain, or `ping_success` and `mean_burst`.",
            ),
            Self::Outages { .. } => Key::new(
                "outages",
                "Good times and outages in turn, traffic or not: `mean_good` or `ping_success`.",
            ),
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        fields.table(key, |fields| match self {
            Self::None => {}
            Self::Independent(independent) => fields.one_of(independent, None),
            Self::GilbertElliott { chain, scope } => {
                fields.one_of(chain, None);
                scope_field(scope, Scope::PerDirection, fields);
            }
            Self::Outages { outages, scope } => {
                fields.one_of(outages, None);
                scope_field(scope, Scope::Shared, fields);
            }
        });
    }
}

impl Choice for IndependentLoss {
    fn alternatives() -> Vec<Self> {
        vec![Self::Loss(Ratio::ZERO), Self::PingSuccess(Ratio::ONE)]
    }

    fn key(&self) -> Key {
        match self {
            Self::Loss(_) => Key::new("loss", "Share of packets lost, each way."),
            Self::PingSuccess(_) => PING_SUCCESS,
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Loss(share) | Self::PingSuccess(share) => fields.required(key, share),
        }
    }
}

fn scope_field<F: Fields>(scope: &mut Scope, default: Scope, fields: &mut F) {
    fields.value(
        Key::new(
            "scope",
            "Whether both directions share one chain or have one each.",
        ),
        scope,
        default,
    );
}

impl Choice for GilbertElliott {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::Chain {
                good_to_bad: Ratio::ZERO,
                bad_to_good: Ratio::ONE,
                loss_good: Ratio::ZERO,
                loss_bad: Ratio::ONE,
            },
            Self::Calibrated {
                ping_success: Ratio::ONE,
                mean_burst: MEAN_BURST,
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::Chain { .. } => {
                Key::new("good_to_bad", "Chance to enter the bad state, a packet.")
            }
            Self::Calibrated { .. } => PING_SUCCESS,
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Chain {
                good_to_bad: share, ..
            }
            | Self::Calibrated {
                ping_success: share,
                ..
            } => fields.required(key, share),
        }
    }

    fn companions<F: Fields>(&mut self, fields: &mut F) {
        match self {
            Self::Chain {
                bad_to_good,
                loss_good,
                loss_bad,
                ..
            } => {
                fields.required(
                    Key::new("bad_to_good", "Chance to leave the bad state, a packet."),
                    bad_to_good,
                );
                fields.value(
                    Key::new("loss_good", "Share lost in the good state."),
                    loss_good,
                    Ratio::ZERO,
                );
                fields.value(
                    Key::new("loss_bad", "Share lost in the bad state."),
                    loss_bad,
                    Ratio::ONE,
                );
            }
            Self::Calibrated { mean_burst, .. } => fields.value(
                Key::new("mean_burst", "Mean packets lost in a row.").within(1, 1_000_000),
                mean_burst,
                MEAN_BURST,
            ),
        }
    }
}

impl Choice for Outages {
    fn alternatives() -> Vec<Self> {
        vec![
            Self::Times {
                mean_good: Duration::ZERO,
                mean_outage: Duration::ZERO,
            },
            Self::Calibrated {
                ping_success: Ratio::ONE,
                mean_outage: Duration::ZERO,
            },
        ]
    }

    fn key(&self) -> Key {
        match self {
            Self::Times { .. } => {
                Key::new("mean_good", "Mean time without an outage.").within(MILLISECOND, 366 * DAY)
            }
            Self::Calibrated { .. } => PING_SUCCESS,
        }
    }

    fn payload<F: Fields>(&mut self, key: Key, fields: &mut F) {
        match self {
            Self::Times { mean_good, .. } => fields.required(key, mean_good),
            Self::Calibrated { ping_success, .. } => fields.required(key, ping_success),
        }
    }

    fn companions<F: Fields>(&mut self, fields: &mut F) {
        match self {
            Self::Times { mean_outage, .. } | Self::Calibrated { mean_outage, .. } => fields
                .required(
                    Key::new("mean_outage", "Mean length of an outage.").within(MILLISECOND, DAY),
                    mean_outage,
                ),
        }
    }
}
