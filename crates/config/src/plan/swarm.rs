//! What may differ from seed to seed.
//!
//! Owns [`Swarm`]: what a swarm never switches off, and the settings that it varies. It refuses to
//! draw; [`crate::swarm`] does.

/// What a swarm does to this scenario besides switching faults and impairments on and off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swarm {
    /// Faults and impairments that stay, by dotted path.
    pub always: Vec<String>,
    /// Settings that every seed draws anew.
    pub vary: Vec<Variation>,
}

/// A setting that every seed draws anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variation {
    /// Its dotted path.
    pub key: String,
    /// Domain what.
    pub domain: Domain,
}

/// What a setting is drawn among. Values are written as in `--set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// These, all as likely.
    Values(Vec<String>),
    /// Everything from one quantity to another, all as likely.
    Range([String; 2]),
}
